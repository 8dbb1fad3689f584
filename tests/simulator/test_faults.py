from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests

from simulator import Account, Change, Fault, serve

if TYPE_CHECKING:
    from tests.simulator.conftest import Client, Start


def statuses(client: Client, count: int) -> list[int]:
    return [client.post("branch/index").status_code for _ in range(count)]


def test_a_fault_hits_the_requests_it_is_meant_for(start: Start) -> None:
    client = start(faults=[Fault("status", at=2, times=2, status=500)])
    assert statuses(client, 4) == [200, 500, 500, 200]
    assert [request.fault for request in client.server.data_requests] == [
        None,
        "status",
        "status",
        None,
    ]


def test_a_fault_may_choose_its_requests(start: Start) -> None:
    fault = Fault("status", at=lambda request: request.page == 1, status=408)
    client = start(faults=[fault])
    assert client.post("customer/index", {"page": 0}).status_code == 200
    assert client.post("customer/index", {"page": 1}).status_code == 408
    assert client.post("customer/index", {"page": 1}).status_code == 200


def test_429_may_say_when_to_come_back(start: Start) -> None:
    client = start(
        faults=[Fault("status", status=429, retry_after="3"), Fault("status", status=429)]
    )
    first, second = client.post("branch/index"), client.post("branch/index")
    assert (first.status_code, first.headers["Retry-After"]) == (429, "3")
    assert (second.status_code, "Retry-After" in second.headers) == (429, False)


def test_a_login_may_fail_apart_from_the_data(start: Start) -> None:
    client = start(faults=[Fault("status", on="login", status=500)], logged_in=False)
    assert client.log_in().status_code == 500
    assert client.log_in().status_code == 200
    assert statuses(client, 1) == [200]


@pytest.mark.parametrize("status", [200, 502])
def test_a_response_may_be_a_web_page(start: Start, status: int) -> None:
    response = start(faults=[Fault("html", status=status)]).post("branch/index")
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.text.startswith("<!DOCTYPE html>")


def test_a_response_may_be_empty(start: Start) -> None:
    response = start(faults=[Fault("empty", status=503)]).post("branch/index")
    assert (response.status_code, response.content) == (503, b"")


def test_json_may_be_truncated(start: Start) -> None:
    response = start(faults=[Fault("truncated")]).post("branch/index")
    assert response.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        response.json()


def test_the_connection_may_be_cut_before_the_answer(start: Start) -> None:
    client = start(faults=[Fault("reset")])
    with pytest.raises(requests.ConnectionError):
        client.post("branch/index")
    assert client.server.data_requests[0].status is None
    assert statuses(client, 1) == [200]


def test_the_connection_may_be_cut_inside_the_body(start: Start) -> None:
    client = start(faults=[Fault("reset_in_body")])
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.post("customer/index")
    assert statuses(client, 1) == [200]


def test_a_response_may_stall(start: Start) -> None:
    client = start(faults=[Fault("stall", seconds=1_200)])
    with pytest.raises(requests.Timeout):
        client.session.post(f"{client.server.url}/v2api/branch/index", json={}, timeout=0.1)
    assert statuses(client, 1) == [200]


def test_a_stall_ends_with_its_condition(start: Start) -> None:
    answers = iter([False, False, True])
    client = start(faults=[Fault("stall", seconds=0, until=lambda: next(answers))])
    assert statuses(client, 1) == [200]
    assert not list(answers)


def test_a_stalled_response_does_not_delay_the_end() -> None:
    with serve(Account.build(), faults=[Fault("stall", seconds=1_200)]) as server:
        with pytest.raises(requests.Timeout):
            requests.post(f"{server.url}/v2api/branch/index", json={}, timeout=0.1)
        ended = time.monotonic()
    assert time.monotonic() - ended < 600


def test_tokens_may_die_at_a_request(start: Start) -> None:
    client = start(faults=[Fault("expire_tokens", at=2)])
    assert statuses(client, 3) == [200, 401, 401]
    client.log_in()
    assert statuses(client, 1) == [200]


def test_a_response_may_redirect(start: Start) -> None:
    response = start(faults=[Fault("redirect", location="http://127.0.0.1:9/x")]).post("branch")
    assert (response.status_code, response.headers["Location"]) == (302, "http://127.0.0.1:9/x")


def test_rows_move_while_paging(start: Start) -> None:
    account = Account.build(leads=10)
    newest, second, *_ = start(account=account).ids(is_study=0)
    new: list[int] = []
    client = start(
        account=account,
        changes=[
            Change(2, lambda account: new.append(account.insert_customer(0))),
            Change(3, lambda account: account.delete_customer(newest)),
            Change(3, lambda account: account.archive(second)),
        ],
    )
    pages = [client.ids(is_study=0, page=page, pageSize=4) for page in range(3)]
    assert pages[1][0] == pages[0][3]
    assert client.ids(is_study=0)[0] == new[0]
    assert newest not in client.ids(is_study=2, removed=1)
    assert second in client.ids(is_study=0, removed=2)


def test_a_card_is_converted_archived_and_restored(start: Start) -> None:
    client = start()
    account = client.server.account
    id_ = account.insert_customer(0, name="Проба")
    account.convert(id_)
    assert client.items(id=id_)[0]["is_study"] == 1
    account.archive(id_)
    assert account.is_archived(id_)
    archived = client.items(id=id_, removed=2)[0]
    assert archived["customer_reject_id"]
    assert archived["e_date"] != "2030-12-31"
    account.restore(id_)
    restored = client.items(id=id_)[0]
    assert (restored["e_date"], restored["customer_reject_id"]) == ("2030-12-31", None)
    assert restored["updated_at"] > archived["updated_at"]


def test_a_mistake_in_a_change_is_not_lost() -> None:
    def fail(_: Account) -> None:
        raise LookupError

    with (
        pytest.raises(LookupError),
        serve(Account.build(), changes=[Change(1, fail)]) as server,
    ):
        requests.post(f"{server.url}/v2api/branch/index", json={}, timeout=60)
