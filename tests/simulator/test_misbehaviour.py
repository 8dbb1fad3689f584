"""Each misbehaviour does what its name promises, and ends with `behave()`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account

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
    assert_healthy(client, account)


def test_the_last_page_may_be_repeated(client: Client, account: Account) -> None:
    client.server.misbehave("last_page_repeated", shows="requested")
    last, beyond = client.envelope(page=1), client.envelope(page=4)
    assert last["count"] == 10
    assert (beyond["items"], beyond["page"]) == (last["items"], 4)
    assert_healthy(client, account)


def test_pages_may_be_counted_from_one(client: Client, account: Account) -> None:
    right = client.ids(pageSize=20)
    client.server.misbehave("page_from_one")
    assert client.ids(page=0, pageSize=20) == client.ids(page=1, pageSize=20) == right
    assert client.ids(page=3, pageSize=20) == sorted(clients(account))[40:]
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
