from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests

from simulator import Quirks

if TYPE_CHECKING:
    from tests.simulator.conftest import Start


def test_a_login_gives_a_token_that_opens_the_lists(start: Start) -> None:
    client = start(logged_in=False)
    token = client.log_in().json()["token"]
    assert len(token) == 32
    assert client.post("customer/index").status_code == 200
    assert [request.status for request in client.server.logins] == [200]
    assert [request.n for request in client.server.data_requests] == [1]


@pytest.mark.parametrize("status", [401, 403])
def test_a_bad_token_is_refused_with_the_status_of_the_account(start: Start, status: int) -> None:
    client = start(Quirks(bad_token_status=status), logged_in=False)
    client.session.headers["X-ALFACRM-TOKEN"] = "0" * 32
    response = client.post("customer/index")
    assert response.status_code == status
    assert set(response.json()) == {"name", "message", "code", "status", "type"}
    assert response.json()["status"] == status


@pytest.mark.parametrize("status", [401, 403])
def test_bad_credentials_are_refused_with_the_status_of_the_account(
    start: Start, status: int
) -> None:
    client = start(Quirks(bad_login_status=status), logged_in=False)
    wrong = {"email": client.server.email, "api_key": "wrong"}
    assert client.post("auth/login", wrong).status_code == status


def test_a_token_dies_after_its_time(start: Start) -> None:
    assert start(Quirks(token_ttl_seconds=600)).post("branch/index").status_code == 200
    client = start(Quirks(token_ttl_seconds=0.01))
    time.sleep(0.02)
    assert client.post("branch/index").status_code == 401


def test_a_token_may_be_good_for_few_requests(start: Start) -> None:
    client = start(Quirks(token_uses=3))
    assert [client.post("branch/index").status_code for _ in range(4)] == [200, 200, 401, 401]
    client.log_in()
    assert client.post("branch/index").status_code == 200


@pytest.mark.parametrize(("cancels", "status"), [(False, 200), (True, 401)])
def test_a_new_login_may_cancel_the_older_token(start: Start, cancels: bool, status: int) -> None:  # noqa: FBT001 - a parameter of the test
    client = start(Quirks(login_cancels_older_tokens=cancels))
    older = str(client.session.headers["X-ALFACRM-TOKEN"])
    client.log_in()
    assert client.post("branch/index").status_code == 200
    assert client.post("branch/index", **{"X-ALFACRM-TOKEN": older}).status_code == status


def test_an_app_key_is_wanted_on_login_and_on_every_call(start: Start) -> None:
    client = start(Quirks(requires_app_key="k"), logged_in=False)
    assert client.server.app_key == "k"
    assert client.log_in().status_code == 401
    assert client.log_in(**{"X-APP-KEY": "k"}).status_code == 200
    assert client.post("branch/index").status_code == 401
    assert client.post("branch/index", **{"X-APP-KEY": "k"}).status_code == 200


@pytest.mark.parametrize("retry_after", [None, "2"])
def test_one_request_too_many_in_a_second_gets_429(start: Start, retry_after: str | None) -> None:
    client = start(Quirks(rate_limit=3, rate_window_seconds=600, retry_after=retry_after))
    responses = [client.post("branch/index") for _ in range(3)]
    assert [response.status_code for response in responses] == [200, 200, 429]
    assert responses[-1].headers.get("Retry-After") == retry_after


def test_the_rate_limit_counts_the_requests_of_its_window(start: Start) -> None:
    client = start(Quirks(rate_limit=1, rate_window_seconds=0.01))
    for _ in range(5):
        time.sleep(0.02)
        assert client.post("branch/index").status_code == 200


def test_latency_is_the_least_time_an_answer_takes(start: Start) -> None:
    client = start(Quirks(latency_seconds=0.1))
    started = time.monotonic()
    client.post("branch/index")
    assert time.monotonic() - started >= 0.1


def test_rights_and_entities_differ_between_accounts(start: Start) -> None:
    client = start(
        Quirks(
            forbidden=frozenset({"lead-status"}),
            absent=frozenset({"lead-reject"}),
            needs_branch=frozenset({"customer-reject"}),
            needs_branch_status=400,
        )
    )
    assert client.post("lead-status/index").status_code == 403
    assert client.post("lead-status/index").json()["message"] == "Access Denied"
    assert client.post("lead-reject/index").status_code == 404
    assert client.post("customer-reject/index").status_code == 400
    assert client.post("1/customer-reject/index").status_code == 200


@pytest.mark.parametrize("path", ["lead/index", "customer/view", "archive", "lead/reject"])
def test_an_unknown_route_is_404(start: Start, path: str) -> None:
    assert start().post(path).status_code == 404


@pytest.mark.parametrize("path", ["auth/login", "customer/index"])
def test_only_post_is_meant(start: Start, path: str) -> None:
    client = start()
    response = client.session.get(f"{client.server.url}/v2api/{path}", timeout=60)
    assert response.status_code == 405


def test_the_action_index_may_be_left_out(start: Start) -> None:
    client = start()
    assert client.envelope("1/customer") == client.envelope("1/customer/index")


def test_a_stopped_simulator_is_gone(start: Start) -> None:
    client = start()
    _, context = start.running.pop()
    context.__exit__(None, None, None)
    with pytest.raises(requests.ConnectionError):
        client.post("branch/index")
    client.session.close()
