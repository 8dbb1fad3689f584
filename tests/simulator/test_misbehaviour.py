"""Each misbehaviour does what its name promises, and ends with `behave()`."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import simulator
from simulator import MISBEHAVIOURS, Account, Quirks
from simulator.misbehaviours.base import Misbehaviour

if TYPE_CHECKING:
    from tests.simulator.conftest import Client, Start


@pytest.fixture(scope="module")
def account() -> Account:
    """Sixty active clients in three branches, all with the same name."""
    account = Account.build(clients=60, archived_clients=12, leads=30, pays=30)
    for number, id_ in enumerate(sorted(account.customer_ids(1, archived=False))):
        account.update_customer(
            id_, name="Same Name", branch_ids=[1, 2] if number % 10 == 0 else [1 + number % 3]
        )
    return account


@pytest.fixture
def client(start: Start, account: Account) -> Client:
    return start(account=account)


def clients(account: Account) -> set[int]:
    return account.customer_ids(1, archived=False)


def sweep(client: Client, size: int = 7, path: str = "customer/index", **body: Any) -> list[int]:
    """The ids on all pages up to the number of pages that the rows need."""
    return [id_ for page in range(12) for id_ in client.ids(path, page=page, pageSize=size, **body)]


def totals(client: Client, pages: int = 1, **body: Any) -> list[Any]:
    return [client.envelope(page=page, **body).get("total") for page in range(pages)]


def assert_healthy(client: Client, account: Account) -> None:
    client.server.behave()
    assert sweep(client) == sorted(clients(account))
    assert totals(client, 2) == [60, 60]


# --- which requests are affected ---


def test_only_the_requests_aimed_at_are_affected(client: Client, account: Account) -> None:
    lie = client.server.misbehave("total_too_large", resource="customer", branch=2, page=1)
    for path, page in [("customer", 1), ("2/customer", 0), ("2/group", 1), ("1/customer", 1)]:
        right = client.envelope(f"{path}/index", page=page)["total"]
        client.server.misbehave("total_missing", resource="nothing")
        assert client.envelope(f"{path}/index", page=page)["total"] == right
    assert lie.hits == 0
    here = client.envelope("2/customer/index")["total"]
    assert client.envelope("2/customer/index", page=1)["total"] == here + 7
    assert lie.hits == 1
    assert_healthy(client, account)


def test_a_path_without_a_branch_may_be_aimed_at(client: Client) -> None:
    client.server.misbehave("total_missing", branch="none")
    assert "total" not in client.envelope("customer/index")
    assert "total" in client.envelope("1/customer/index")


def test_a_number_of_requests_is_affected(client: Client) -> None:
    client.server.misbehave("total_missing", after=1, every=2, times=2)
    shown = ["total" in client.envelope() for _ in range(7)]
    assert shown == [True, False, True, False, True, True, True]


def test_it_lasts_some_seconds_from_the_first_request_on(client: Client) -> None:
    client.server.misbehave("total_missing", seconds=0.0)
    assert "total" in client.envelope()
    client.server.behave()
    client.server.misbehave("total_missing", seconds=60.0)
    assert "total" not in client.envelope()
    assert "total" not in client.envelope()


def test_some_parents_may_be_aimed_at(client: Client, account: Account) -> None:
    first, second = sorted({row["customer_id"] for row in account.rows("customer-tariff")})[:2]
    client.server.misbehave("total_missing", parents={first})
    assert "total" not in client.envelope(f"1/customer-tariff/index?customer_id={first}")
    assert "total" in client.envelope(f"1/customer-tariff/index?customer_id={second}")


def test_several_are_combined_and_switched_off_by_name(client: Client, account: Account) -> None:
    client.server.misbehave("total_too_large", by=5)
    client.server.misbehave("total_as_text")
    assert totals(client) == ["65"]
    client.server.behave("total_too_large")
    assert totals(client) == ["60"]
    assert_healthy(client, account)


def test_names_and_parameters_are_checked(client: Client) -> None:
    with pytest.raises(KeyError):
        client.server.misbehave("no_such")
    with pytest.raises(TypeError):
        client.server.misbehave("total_missing", no_such=1)


# --- totals ---


def copies(row: dict[str, Any]) -> int:
    return len(row["branch_ids"]) * max(len(row["teacher_ids"]), 1)


def test_joined_rows_are_counted_and_repeated(client: Client, account: Account) -> None:
    rows = [row for row in account.rows("customer") if row["id"] in clients(account)]
    joined = sum(copies(row) for row in rows)
    assert joined > 60
    client.server.misbehave("total_joined")
    assert totals(client) == [joined]
    assert Counter(sweep(client, size=20)) == {row["id"]: copies(row) for row in rows}
    assert_healthy(client, account)


def test_joined_rows_may_be_unique_on_a_page(client: Client, account: Account) -> None:
    client.server.misbehave("total_joined", fields=("branch_ids",), rows="unique_on_page")
    envelope = client.envelope(pageSize=20)
    ids = [row["id"] for row in envelope["items"]]
    assert envelope["total"] == 66
    assert envelope["count"] == len(ids) == len(set(ids)) < 20
    assert set(sweep(client, 20)) == clients(account)
    assert_healthy(client, account)


def test_joined_rows_may_come_once(client: Client, account: Account) -> None:
    client.server.misbehave("total_joined", fields=("branch_ids",), rows="once")
    assert totals(client, 2) == [66, 66]
    assert sweep(client) == sorted(clients(account))
    assert_healthy(client, account)


@pytest.mark.parametrize(
    ("name", "parameters", "shown"),
    [
        ("total_of_page", {}, [50, 10, 0]),
        ("total_of_pages", {}, [50, 60, 60]),
        ("total_of_pages", {"counts": "left"}, [60, 10, 0]),
        ("total_missing", {"pages": "first"}, [None, 60, 60]),
        ("total_missing", {"pages": "later"}, [60, None, None]),
        ("total_capped", {"cap": 40}, [40, 40, 40]),
        ("total_capped", {}, [60, 60, 60]),
        ("total_missing", {}, [None, None, None]),
        ("total_too_small", {}, [59, 59, 59]),
        ("total_too_small", {"by": 100}, [0, 0, 0]),
        ("total_too_small", {"share": 0.5}, [30, 30, 30]),
        ("total_too_small", {"share": 0.0}, [0, 0, 0]),
        ("total_too_large", {}, [67, 67, 67]),
        ("total_wobbles", {"by": 3}, [60, 63, 57]),
        ("total_as_text", {}, ["60", "60", "60"]),
    ],
)
def test_a_total_is_wrong_and_the_rows_are_right(
    client: Client, account: Account, name: str, parameters: dict[str, Any], shown: list[Any]
) -> None:
    client.server.misbehave(name, **parameters)
    assert totals(client, 3) == shown
    assert sweep(client) == sorted(clients(account))
    assert_healthy(client, account)


def test_a_total_may_be_stale(start: Start, own: Account) -> None:
    client = start(account=own)
    right = client.envelope("0/pay/index")["total"]
    client.server.misbehave("total_stale", resource="pay")
    assert client.envelope("0/pay/index")["total"] == right
    new = own.insert("pay")
    shown = client.envelope("0/pay/index")
    assert (shown["total"], new in client.ids("0/pay/index")) == (right, True)
    here = client.envelope("0/pay/index", id=new)
    assert here["total"] == 1
    client.server.behave()
    client.server.misbehave("total_stale", ttl=0.0)
    assert client.envelope("0/pay/index")["total"] == right + 1
    own.delete("pay", new)
    assert client.envelope("0/pay/index")["total"] == right
    client.server.behave()
    assert client.envelope("0/pay/index")["total"] == right


# --- pages ---


def test_ties_lose_the_same_rows_at_the_same_page_size(client: Client, account: Account) -> None:
    client.server.misbehave("ties", resource="customer")
    found = sweep(client, 7)
    assert sweep(client, 7) == found
    assert totals(client) == [60]
    lost, others = clients(account) - set(found), clients(account) - set(sweep(client, 11))
    assert len(found) == 60
    assert lost
    assert others
    assert lost != others
    assert_healthy(client, account)


def test_ties_may_be_at_random(client: Client, account: Account) -> None:
    client.server.misbehave("ties", order="per_request")
    assert client.ids() != client.ids()
    assert set(client.ids()) == clients(account)
    assert_healthy(client, account)


def test_ties_keep_rows_that_sort_apart(client: Client) -> None:
    right = client.ids(is_study=0)
    client.server.misbehave("ties")
    assert client.ids(is_study=0) == right


def test_ties_may_be_of_a_day(client: Client, account: Account) -> None:
    day = {row["id"]: row["document_date"] for row in account.rows("pay")}
    for id_ in sorted(day)[:20]:
        account.update("pay", id_, document_date="01.02.2024")
    day = {row["id"]: row["document_date"] for row in account.rows("pay")}
    right = client.ids("0/pay/index")
    client.server.misbehave("ties", by="document_date")
    shown = client.ids("0/pay/index")
    assert shown != right
    assert [day[id_] for id_ in shown] == [day[id_] for id_ in right]
    assert set(sweep(client, 3, "0/pay/index")) < set(right)
    client.server.behave()
    assert client.ids("0/pay/index") == right


def test_a_page_may_be_ignored(client: Client, account: Account) -> None:
    client.server.misbehave("page_ignored")
    first = client.envelope(page=0)
    assert first["count"] == 50
    assert client.envelope(page=1) == client.envelope(page=7) == first
    client.server.behave()
    client.server.misbehave("page_ignored", shows="requested")
    assert client.envelope(page=7) == {**first, "page": 7}
    assert_healthy(client, account)


def test_the_last_page_may_be_repeated(client: Client, account: Account) -> None:
    client.server.misbehave("last_page_repeated", shows="requested")
    last, beyond = client.envelope(page=1), client.envelope(page=4)
    assert last["count"] == 10
    assert (beyond["items"], beyond["page"]) == (last["items"], 4)
    assert_healthy(client, account)


def test_pages_may_begin_again_beyond_the_end(client: Client, account: Account) -> None:
    right = [client.ids(page=page, pageSize=20) for page in range(3)]
    client.server.misbehave("pages_wrap")
    assert [client.ids(page=page, pageSize=20) for page in range(7)] == [*right, *right, right[0]]
    assert client.envelope(page=4, pageSize=20)["page"] == 1
    client.server.behave()
    client.server.misbehave("pages_wrap", shows="requested")
    assert client.envelope(page=4, pageSize=20)["page"] == 4
    assert client.ids("1/room/index", page=3) == client.ids("1/room/index")
    assert_healthy(client, account)


@pytest.mark.parametrize(
    ("parameters", "lengths"),
    [
        ({}, [23, 23, 10]),
        ({"rows": 5}, [20, 20, 10]),
        ({"rows": 100}, [1, 1, 1]),
        ({"cuts": "last"}, [25, 25, 0]),
    ],
)
def test_pages_may_lack_their_last_rows(
    client: Client, account: Account, parameters: dict[str, Any], lengths: list[int]
) -> None:
    right = [client.ids(page=page, pageSize=25) for page in range(3)]
    client.server.misbehave("page_cut", **parameters)
    pages = [client.envelope(page=page, pageSize=25) for page in range(3)]
    assert [page["total"] for page in pages] == [60] * 3
    assert [[row["id"] for row in page["items"]] for page in pages] == [
        ids[:length] for ids, length in zip(right, lengths, strict=True)
    ]
    assert_healthy(client, account)


def test_pages_may_be_counted_from_one(client: Client, account: Account) -> None:
    right = client.ids(pageSize=20)
    client.server.misbehave("page_from_one")
    assert client.ids(page=0, pageSize=20) == client.ids(page=1, pageSize=20) == right
    assert client.ids(page=3, pageSize=20) == sorted(clients(account))[40:]
    assert client.envelope(page=3)["page"] == 2
    client.server.behave()
    client.server.misbehave("page_from_one", shows="requested")
    assert client.envelope(page=3)["page"] == 3
    assert_healthy(client, account)


@pytest.mark.parametrize(("total", "shown"), [("right", 60), ("cut", 25)])
def test_an_offset_may_be_capped(client: Client, account: Account, total: str, shown: int) -> None:
    client.server.misbehave("offset_capped", cap=25, total=total)
    assert sweep(client, 10) == sorted(clients(account))[:25]
    assert totals(client, 4, pageSize=10) == [shown] * 4
    assert_healthy(client, account)


def test_a_page_size_may_be_ignored(client: Client, account: Account) -> None:
    client.server.misbehave("page_size_ignored", size=20)
    assert [client.envelope(page=page, pageSize=50)["count"] for page in range(4)] == [
        20,
        20,
        20,
        0,
    ]
    assert_healthy(client, account)


# --- empty, short, refused ---


def test_a_list_may_be_empty_once(client: Client, account: Account) -> None:
    client.server.misbehave("empty", resource="customer", times=1)
    assert client.envelope() == {"total": 0, "count": 0, "page": 0, "items": []}
    assert client.server.data_requests[-1].rows == 0
    assert client.envelope()["count"] == 50
    assert_healthy(client, account)


def test_a_list_may_be_empty_for_a_night(client: Client, account: Account) -> None:
    client.server.misbehave("empty", resource="customer")
    assert (sweep(client), totals(client, 3)) == ([], [0, 0, 0])
    assert client.ids("branch/index")
    assert_healthy(client, account)


def test_a_list_may_be_empty_in_one_branch(client: Client) -> None:
    right = [client.ids(f"{branch}/customer/index") for branch in (1, 2, 3)]
    client.server.misbehave("empty", branch=2)
    found = [client.ids(f"{branch}/customer/index") for branch in (1, 2, 3)]
    assert found == [right[0], [], right[2]]
    client.server.behave()
    assert [client.ids(f"{branch}/customer/index") for branch in (1, 2, 3)] == right


@pytest.mark.parametrize(("total", "shown"), [("zero", 0), ("right", 60), ("missing", None)])
def test_one_page_may_be_empty(
    client: Client, account: Account, total: str, shown: int | None
) -> None:
    client.server.misbehave("empty", page=1, total=total)
    assert totals(client, 3, pageSize=20) == [60, shown, 60]
    assert sweep(client, 20) == [*sorted(clients(account))[:20], *sorted(clients(account))[40:]]
    assert_healthy(client, account)


def test_a_parent_may_have_no_children(client: Client, account: Account) -> None:
    parents = sorted({row["customer_id"] for row in account.rows("customer-tariff")})
    paths = [f"1/customer-tariff/index?customer_id={parent}" for parent in parents]
    right = [client.ids(path) for path in paths]
    full = next(number for number, ids in enumerate(right) if ids)
    client.server.misbehave("empty", parents={parents[full]})
    found = [client.ids(path) for path in paths]
    assert found == [[] if number == full else ids for number, ids in enumerate(right)]
    client.server.behave()
    assert [client.ids(path) for path in paths] == right


def test_what_comes_in_place_of_a_list_may_be_empty(client: Client, account: Account) -> None:
    lesson = account.rows("lesson")[0]
    query = f"id={lesson['customer_ids'][0]}&date1=01.01.2018&date2=31.12.2030"
    right = client.post(f"1/calendar/customer?{query}").json()
    client.server.misbehave("empty", resource="calendar/customer")
    assert client.post(f"1/calendar/customer?{query}").json() == []
    client.server.behave()
    assert client.post(f"1/calendar/customer?{query}").json() == right != []


@pytest.mark.parametrize(
    ("instead", "shown"),
    [
        ("failure", {"success": False}),
        ("object", {}),
        ("array", []),
        ("items_false", {"items": False, "total": 0}),
        ("items_null", {"items": None}),
        ("null", None),
        ("false", False),
    ],
)
def test_there_may_be_no_list(client: Client, account: Account, instead: str, shown: Any) -> None:
    client.server.misbehave("no_list", instead=instead)
    response = client.post("customer/index")
    assert (response.status_code, response.json()) == (200, shown)
    assert_healthy(client, account)


def test_there_may_be_a_web_page(client: Client, account: Account) -> None:
    client.server.misbehave("no_list", instead="html")
    response = client.post("customer/index")
    assert (response.status_code, response.text[:15]) == (200, "<!DOCTYPE html>")
    assert_healthy(client, account)


def test_items_may_be_an_object(client: Client, account: Account) -> None:
    right = client.items(pageSize=3)
    client.server.misbehave("items_as_object")
    items = client.envelope(pageSize=3)["items"]
    assert items == {"0": right[0], "2": right[1], "3": right[2]}
    assert client.server.data_requests[-1].ids == [row["id"] for row in right]
    assert client.envelope(page=99)["items"] == []
    assert_healthy(client, account)


def statuses(client: Client, *paths: str, **body: Any) -> list[int]:
    return [client.post(path, body).status_code for path in paths]


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_a_list_may_be_refused_for_some_requests(
    client: Client, account: Account, status: int
) -> None:
    refusal = client.server.misbehave("refused", status=status, resource="customer", times=2)
    assert statuses(client, *["customer/index"] * 3) == [status, status, 200]
    assert client.server.data_requests[0].status == status
    assert refusal.hits == 2
    assert_healthy(client, account)


def test_a_list_may_be_refused_for_good(client: Client, account: Account) -> None:
    client.server.misbehave("refused", resource="customer")
    assert statuses(client, *["customer/index"] * 5, "group/index") == [403] * 5 + [200]
    assert client.post("customer/index").json()["status"] == 403
    client.server.behave()
    client.server.misbehave("refused", html=True, seconds=60.0)
    response = client.post("group/index")
    assert (response.status_code, response.text[:15]) == (403, "<!DOCTYPE html>")
    assert_healthy(client, account)


def test_a_list_may_be_refused_where_it_is_aimed_at(client: Client, account: Account) -> None:
    client.server.misbehave("refused", branch=2)
    assert statuses(client, "1/customer/index", "2/customer/index") == [200, 403]
    client.server.behave()
    client.server.misbehave("refused", page=2)
    assert [statuses(client, "customer/index", page=page) for page in (1, 2, 3)] == [
        [200],
        [403],
        [200],
    ]
    client.server.behave()
    client.server.misbehave("refused", branch="none")
    assert statuses(client, "customer/index", "1/customer/index") == [403, 200]
    client.server.behave()
    client.server.misbehave("refused", parents={7, 9})
    path = "1/customer-tariff/index?customer_id="
    assert statuses(client, f"{path}7", f"{path}8", f"{path}9") == [403, 200, 403]
    assert_healthy(client, account)


def test_a_list_may_collapse(client: Client, account: Account) -> None:
    client.server.misbehave("list_collapses", resource="customer")
    found = sweep(client)
    assert sweep(client, 20) == found
    assert 15 < len(found) < 45
    assert totals(client, 2) == [len(found)] * 2
    assert set(found) < clients(account)
    client.server.behave()
    client.server.misbehave("list_collapses", total="right")
    assert sweep(client) == found
    assert totals(client, 2, pageSize=20) == [60, 60]
    assert client.envelope(pageSize=20)["count"] < 20
    assert_healthy(client, account)


# --- filters ---


def test_a_filter_may_be_ignored(client: Client, account: Account) -> None:
    right = client.ids(is_study=0, removed=2)
    client.server.misbehave("filter_ignored", filters={"is_study", "removed"})
    assert client.ids(is_study=0, removed=2) == client.ids() == sorted(clients(account))
    client.server.behave()
    client.server.misbehave("filter_ignored", filters=["is_study", "removed"], default=False)
    assert set(client.ids(is_study=0, removed=2)) == account.customer_ids()
    assert client.ids() == sorted(clients(account))
    client.server.behave()
    assert client.ids(is_study=0, removed=2) == right
    assert_healthy(client, account)


@pytest.mark.parametrize("resource", ["group", "teacher"])
def test_the_archive_may_be_ignored(client: Client, resource: str) -> None:
    path = f"{resource}/index"
    right = [client.ids(path, removed=removed) for removed in (0, 1, 2)]
    client.server.misbehave("filter_ignored", filters="removed", resource=resource)
    assert [client.ids(path, removed=removed) for removed in (0, 1, 2)] == [right[0]] * 3
    assert client.ids(removed=2)
    client.server.behave()
    assert [client.ids(path, removed=removed) for removed in (0, 1, 2)] == right


@pytest.mark.parametrize(("applied", "place"), [(0, 0), (2, 2)])
def test_the_archive_may_be_another_one(client: Client, applied: int, place: int) -> None:
    right = [client.ids(removed=removed) for removed in (0, 1, 2)]
    client.server.misbehave("filter_replaced", filters="removed", values={1: applied})
    found = [client.ids(removed=removed) for removed in (0, 1, 2)]
    assert found == [right[0], right[place], right[2]]
    client.server.behave()
    assert [client.ids(removed=removed) for removed in (0, 1, 2)] == right


def test_a_filter_may_find_nothing(client: Client, account: Account) -> None:
    right = [client.ids("lesson/index", status=status) for status in (1, 2, 3)]
    client.server.misbehave("filter_dead", filters="status", values={1, 2})
    found = [client.ids("lesson/index", status=status) for status in (1, 2, 3)]
    assert found == [[], [], right[2]]
    assert client.envelope("lesson/index", status=1)["total"] == 0
    client.server.behave()
    assert [client.ids("lesson/index", status=status) for status in (1, 2, 3)] == right
    client.server.misbehave("filter_dead", filters="status")
    assert client.ids("lesson/index", status=3) == []
    assert client.ids("lesson/index") == right[2]
    assert_healthy(client, account)


def test_dates_may_be_compared_as_text(client: Client, account: Account) -> None:
    day = {row["id"]: row["updated_at"] for row in account.rows("lesson") if row["status"] == 3}
    right = client.ids("lesson/index", updated_at_from="02.06.2025")
    client.server.misbehave("filter_as_text", filters={"updated_at_from", "date_from", "date_to"})
    found = set(client.ids("lesson/index", updated_at_from="02.06.2025"))
    written = {id_: f"{at[8:10]}.{at[5:7]}.{at[:4]}" for id_, at in day.items()}
    assert found == {id_ for id_, at in written.items() if at >= "02.06.2025"} != set(right)
    found = set(client.ids("lesson/index", date_from="2025-06-02", date_to="2025-06-20"))
    held = {row["id"]: row["date"] for row in account.rows("lesson") if row["id"] in day}
    assert found == {id_ for id_, at in held.items() if at[8:] + "." + at[5:7] >= "02.06"} - {
        id_ for id_, at in held.items() if f"{at[8:]}.{at[5:7]}.{at[:4]}" > "20.06.2025"
    }
    client.server.behave()
    assert client.ids("lesson/index", updated_at_from="02.06.2025") == right


def test_numbers_may_be_compared_as_text(client: Client, account: Account) -> None:
    right = set(client.ids("0/pay/index", sum_from=900))
    client.server.misbehave("filter_as_text", filters="sum_from", resource="pay")
    income = {row["id"]: row["income"] for row in account.rows("pay")}
    found = set(client.ids("0/pay/index", sum_from=900))
    assert found == {id_ for id_, amount in income.items() if amount >= "900"}
    assert found < right
    client.server.behave()
    assert set(client.ids("0/pay/index", sum_from=900)) == right
    with pytest.raises(ValueError, match="status"):
        client.server.misbehave("filter_as_text", filters="status")


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("filter_ignored", {"filters": "date_from"}),
        ("filter_dead", {"filters": "date_from"}),
        ("filter_dead", {"filters": "date_from", "values": ["2025-01-01"]}),
        ("filter_replaced", {"filters": "date_from"}),
        ("filter_as_text", {"filters": "date_from"}),
        ("window_dead", {}),
    ],
)
def test_requests_without_the_filter_are_not_affected(
    client: Client, name: str, parameters: dict[str, Any]
) -> None:
    one = client.server.misbehave(name, **parameters)
    client.ids("lesson/index", date_to="2025-01-01")
    client.ids("lesson/index", date_from=None)
    assert one.hits == 0
    client.ids("lesson/index", date_from="2025-01-01")
    assert one.hits == 1


def test_a_window_may_be_dead(client: Client) -> None:
    right = client.ids("lesson/index", updated_at_from="01.09.2025")
    client.server.misbehave("window_dead", resource="lesson")
    assert client.envelope("lesson/index", updated_at_from="01.09.2025")["total"] == 0
    assert client.ids("lesson/index")
    client.server.behave()
    client.server.misbehave("window_dead", since="2025-09-02")
    assert client.ids("lesson/index", updated_at_from="01.09.2025") == right
    assert client.ids("lesson/index", updated_at_from="02.09.2025") == []
    client.server.behave()
    assert client.ids("lesson/index", updated_at_from="02.09.2025")


# --- branches and parents ---


def of_branches(client: Client, path: str = "customer/index", *branches: int) -> list[set[int]]:
    return [set(client.ids(f"{branch}/{path}")) for branch in branches or (1, 2, 3)]


def test_a_branch_may_have_the_rows_of_all(client: Client, account: Account) -> None:
    right = of_branches(client)
    client.server.misbehave("branch_ignored", resource="customer")
    assert of_branches(client) == [clients(account)] * 3
    client.server.behave()
    client.server.misbehave("branch_ignored", share=0.3)
    for mine, found in zip(right, of_branches(client), strict=True):
        assert mine < found < clients(account)
    client.server.behave()
    assert of_branches(client) == right


def test_a_path_without_a_branch_may_have_the_rows_of_some(
    client: Client, account: Account
) -> None:
    right = of_branches(client)
    client.server.misbehave("branches_limited", branches=(1, 3))
    assert set(client.ids()) == set(client.ids("0/customer/index")) == right[0] | right[2]
    assert right[1] - set(client.ids())
    assert of_branches(client) == right
    assert_healthy(client, account)


def test_children_may_be_divided_among_the_branches_of_a_card(start: Start) -> None:
    account = Account.build(branches=2)
    rows = account.rows("customer-tariff", archived=False)
    card = max((row["customer_id"] for row in rows), key=[r["customer_id"] for r in rows].count)
    account.update("customer", card, branch_ids=[1, 2], balance_bonus=70)
    for branch, lesson in enumerate(account.rows("lesson")[:4]):
        account.update("lesson", lesson["id"], customer_ids=[card], branch_id=1 + branch % 2)
    for number, row in enumerate(rows[:4]):
        account.update("customer-tariff", row["id"], customer_id=card, limit=number)
    client = start(account=account)
    path = f"customer-tariff/index?customer_id={card}"
    calendar = f"calendar/customer?id={card}&date1=01.01.2018&date2=31.12.2030"
    comments = f"communication/index?class=Customer&related_id={card}"
    for _ in range(2):
        account.insert("communication", related_id=card, **{"class": "Customer"})

    def bonus() -> list[int]:
        paths = [f"{branch}/bonus/balance-bonus?customer_id={card}" for branch in (1, 2)]
        return [client.post(path).json()["balance_bonus"] for path in paths]

    def lessons() -> list[set[int]]:
        return [
            {row["id"] for row in client.post(f"{branch}/{calendar}").json()} for branch in (1, 2)
        ]

    right = of_branches(client, path, 1, 2)
    assert right[0] == right[1]
    planned = lessons()
    assert planned[0] == planned[1]
    client.server.misbehave("children_by_branch")
    first, second = of_branches(client, path, 1, 2)
    assert first | second == right[0]
    assert first
    assert second
    assert not first & second
    assert bonus() == [70, 0]
    one, other = lessons()
    assert one | other == planned[0]
    assert one
    assert other
    assert not one & other
    written = of_branches(client, comments, 1, 2)
    assert written[0]
    assert written[1]
    assert not written[0] & written[1]
    client.server.behave()
    assert of_branches(client, path, 1, 2) == right
    assert (bonus(), lessons()) == ([70, 70], planned)


def test_a_parent_may_be_ignored(client: Client, account: Account) -> None:
    card = account.rows("customer-tariff", archived=False)[0]["customer_id"]
    path = f"1/customer-tariff/index?customer_id={card}"
    right = client.ids(path)
    client.server.misbehave("parent_ignored", resource="customer-tariff")
    rows = account.rows("customer-tariff", archived=False)
    assert client.ids(path) == [row["id"] for row in rows] != right
    client.server.behave()
    assert client.ids(path) == right


# --- data that moves ---


@pytest.fixture
def own() -> Account:
    """An account for a test that changes it."""
    return Account.build(clients=40, leads=20, groups=12, lessons=80)


def lists(client: Client, entity: str) -> list[tuple[int, ...]]:
    """The ids in each list of an entity."""
    bodies: dict[str, list[dict[str, Any]]] = {
        "customer": [{"is_study": s, "removed": r} for s in (0, 1) for r in (0, 2)],
        "lesson": [{"status": status} for status in (1, 2, 3)],
        "group": [{"removed": removed} for removed in (0, 2)],
    }
    return [tuple(client.ids(f"0/{entity}/index", **body)) for body in bodies.get(entity, [{}])]


@pytest.mark.parametrize(
    ("entity", "kind", "keeps_all"),
    [
        ("customer", "convert", True),
        ("customer", "archive", True),
        ("lesson", "conduct", True),
        ("lesson", "cancel", True),
        ("group", "archive", True),
        ("pay", "insert", False),
        ("pay", "delete", False),
    ],
)
def test_rows_may_move_at_each_request(
    start: Start, own: Account, entity: str, kind: str, *, keeps_all: bool
) -> None:
    client = start(account=own)
    before = lists(client, entity)
    moving = client.server.misbehave("rows_move", resource=entity, kind=kind)
    client.ids(f"0/{entity}/index")
    client.ids("0/room/index")
    assert moving.hits == 1
    client.server.behave()
    after = lists(client, entity)
    assert after != before
    sets = [{id_ for ids in found for id_ in ids} for found in (before, after)]
    assert (sets[0] == sets[1]) == keeps_all
    assert lists(client, entity) == after


@pytest.mark.parametrize(
    ("entity", "kind"),
    [
        ("customer", "study"),
        ("customer", "archive"),
        ("lesson", "status"),
        ("group", "replace"),
        ("pay", "replace"),
    ],
)
def test_rows_may_move_while_every_total_stays(
    start: Start, own: Account, entity: str, kind: str
) -> None:
    client = start(account=own)
    before = lists(client, entity)
    client.server.misbehave("rows_move", entity=entity, kind=kind, keep_total=True, count=3)
    client.ids("branch/index")
    client.server.behave()
    after = lists(client, entity)
    assert after != before
    assert [len(ids) for ids in after] == [len(ids) for ids in before]


def test_rows_may_move_from_branch_to_branch(start: Start, own: Account) -> None:
    client = start(account=own)
    before = of_branches(client, "group/index")
    moving = client.server.misbehave("rows_move", resource="group", kind="change_branch")
    client.ids("group/index")
    client.server.behave()
    assert of_branches(client, "group/index") != before
    assert len(moving.moved) == 1


def test_moves_that_do_not_exist_are_refused(client: Client) -> None:
    for parameters in ({"kind": "conduct", "resource": "pay"}, {"kind": "x"}, {"entity": "x"}):
        with pytest.raises(ValueError, match="can change so"):
            client.server.misbehave("rows_move", **parameters)
    with pytest.raises(ValueError, match="room can change so"):
        client.server.misbehave("silent_changes", resource="room")
    with pytest.raises(ValueError, match="resource"):
        client.server.misbehave("list_loses_rows")


def test_lists_without_moves_stay_as_they_are(client: Client, account: Account) -> None:
    version = account.version
    client.server.misbehave("rows_move")
    assert client.ids("0/room/index")
    assert account.version == version


def test_a_message_may_change_later_without_a_date(start: Start, own: Account) -> None:
    client = start(account=own)
    before = client.items("0/sms-message/index")
    silent = client.server.misbehave("silent_changes", resource="sms-message")
    client.items("0/sms-message/index")
    client.server.behave()
    after = client.items("0/sms-message/index")
    [(was, is_)] = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert {name for name in was if was[name] != is_[name]} == {"is_sent"}
    assert silent.moved == {was["id"]}


def test_a_group_may_be_archived_without_a_date(start: Start, own: Account) -> None:
    client = start(account=own)
    before = {row["id"]: row for row in client.items("group/index", removed=1)}
    silent = client.server.misbehave("silent_changes", resource="group", times=1)
    client.ids("group/index")
    [id_] = silent.moved
    assert id_ in client.ids("group/index", removed=2)
    assert id_ not in client.ids("group/index")
    assert {row["id"]: row for row in client.items("group/index", removed=1)} == before


def test_a_list_may_lose_half_of_its_rows_for_good(start: Start, own: Account) -> None:
    client = start(account=own)
    before = client.ids("0/pay/index")
    loss = client.server.misbehave("list_loses_rows", resource="pay")
    after = client.ids("0/pay/index")
    assert set(before) - set(after) == loss.moved
    assert len(loss.moved) == len(before) // 2
    client.server.behave()
    assert client.ids("0/pay/index") == after


# --- data that is behind ---


def test_a_replica_may_be_some_changes_behind(start: Start, own: Account) -> None:
    client = start(account=own)
    first = own.insert("pay")
    client.server.misbehave("replica", changes=2)
    assert first in client.ids("0/pay/index")
    new = []
    for _ in range(4):
        new.append(own.insert("pay"))
        shown = set(client.ids("0/pay/index"))
        assert shown.isdisjoint(new[-2:])
        assert shown.issuperset(new[:-2])
    client.server.behave()
    assert set(client.ids("0/pay/index")) > set(new)


def test_a_replica_may_answer_every_second_request(start: Start, own: Account) -> None:
    client = start(account=own)
    card = min(own.customer_ids(1, archived=False))
    client.server.misbehave("replica", every=2)
    own.update_customer(card, name="New")
    names = [
        next(row["name"] for row in client.items() if row["id"] == card) == "New" for _ in range(4)
    ]
    assert names == [False, True, False, True]
    path = f"1/customer-tariff/index?customer_id={own.rows('customer-tariff')[0]['customer_id']}"
    assert client.ids(path) == client.ids(path)
    bonus = f"1/bonus/balance-bonus?customer_id={card}"
    own.update_customer(card, balance_bonus=70)
    shown = [client.post(bonus).json()["balance_bonus"] for _ in range(2)]
    assert shown == [0, 70]
    client.server.behave()
    assert next(row["name"] for row in client.items() if row["id"] == card) == "New"


def test_a_replica_may_be_some_time_behind(start: Start, own: Account) -> None:
    client = start(account=own)
    client.server.misbehave("replica", changes=0, lag=60.0)
    new = own.insert("pay")
    assert new not in client.ids("0/pay/index")
    client.server.behave()
    client.server.misbehave("replica", changes=0, lag=0.0)
    newer = own.insert("pay")
    assert {new, newer} <= set(client.ids("0/pay/index"))


# --- ids ---


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("null", lambda _: None),
        ("blank", lambda _: ""),
        ("zero", lambda _: 0),
        ("negative", lambda id_: -id_),
        ("text", str),
        ("word", lambda id_: f"A-{id_}"),
        ("huge", lambda id_: id_ + 2**64),
    ],
)
def test_an_id_may_be_odd(client: Client, account: Account, kind: str, shown: Any) -> None:
    right = client.items()
    client.server.misbehave("odd_ids", kind=kind, resource="customer")
    found = client.items()
    odd = [(a, b) for a, b in zip(right, found, strict=True) if a != b]
    assert 3 < len(odd) < 30
    assert all(b == {**a, "id": shown(a["id"])} for a, b in odd)
    assert client.server.data_requests[-1].ids == [row["id"] for row in found]
    assert client.items() == found
    assert_healthy(client, account)


def test_an_id_may_be_missing(client: Client, account: Account) -> None:
    client.server.misbehave("odd_ids", share=1.0)
    rows = client.items("customer/index")
    assert len(rows) == 60
    assert all("id" not in row and row["name"] for row in rows)
    assert_healthy(client, account)


def test_an_id_may_be_repeated_with_other_content(client: Client, account: Account) -> None:
    right = client.items()
    client.server.misbehave("odd_ids", kind="repeated")
    found = client.items()
    twice = [number for number, row in enumerate(found) if row["id"] != right[number]["id"]]
    assert twice
    for number in twice:
        assert found[number] == {**right[number], "id": right[number - 1]["id"]}
    assert_healthy(client, account)


# --- all of them ---


def test_all_may_go_wrong_at_once(start: Start, own: Account) -> None:
    quirks = Quirks(numbers_as_text=True, total="text", past_the_end="repeat_last")
    client = start(quirks, account=own)
    right = client.envelope("0/pay/index")
    more: dict[str, dict[str, Any]] = {
        "filter_ignored": {"filters": "removed"},
        "filter_dead": {"filters": "removed"},
        "filter_replaced": {"filters": "removed"},
        "filter_as_text": {"filters": "sum_from"},
        "list_loses_rows": {"resource": "room"},
    }
    stops = {"empty", "no_list", "refused", "filter_dead", "window_dead", "rows_move"}
    on = [
        client.server.misbehave(name, **more.get(name, {}))
        for order in (list(MISBEHAVIOURS), list(reversed(MISBEHAVIOURS)))
        for name in order
        if name not in stops
    ]
    sent = client.envelope("0/pay/index", removed=1, sum_from=1)
    assert isinstance(sent["items"], dict)
    assert all(one.hits == 1 or one.resource for one in on)
    client.server.behave()
    shown = client.envelope("0/pay/index")
    assert [row["id"] for row in shown["items"]] == [row["id"] for row in right["items"]]


def test_every_misbehaviour_has_a_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in MISBEHAVIOURS if f'"{name}"' not in text] == []


def test_every_misbehaviour_is_in_the_readme() -> None:
    common = {field.name for field in dataclasses.fields(Misbehaviour)}
    lines = []
    for name, kind in MISBEHAVIOURS.items():
        own = [f.name for f in dataclasses.fields(kind) if f.init and f.name not in common]
        promise = (kind.__doc__ or "").splitlines()[0]
        lines.append(f"- `{name}({', '.join(own)})`: {promise}")
    readme = Path(simulator.__file__).with_name("README.md").read_text(encoding="utf-8")
    assert "\n".join(lines) in readme
