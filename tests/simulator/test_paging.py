from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest

from simulator import Account, Quirks

if TYPE_CHECKING:
    from tests.simulator.conftest import Start


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.build(clients=120, leads=60)


@pytest.mark.parametrize("size", [20, 50])
def test_pages_are_zero_based_and_of_the_default_size(
    start: Start, account: Account, size: int
) -> None:
    client = start(Quirks(default_page_size=size), account=account)
    first = client.envelope()
    assert (first["total"], first["count"], first["page"]) == (120, size, 0)
    assert list(first) == ["total", "count", "page", "items"]
    second = client.envelope(page=1)
    assert second["page"] == 1
    assert not {row["id"] for row in first["items"]} & {row["id"] for row in second["items"]}


@pytest.mark.parametrize(
    ("body", "query", "count"),
    [
        ({"pageSize": 70}, "", 70),
        ({"pageSize": "70"}, "", 70),
        ({"pageSize": 500}, "", 100),
        ({"pageSize": 0}, "", 50),
        ({}, "?per-page=70", 70),
        ({"page_size": 70}, "", 50),
        ({"per_page": 70}, "", 50),
        ({"count": 70}, "", 50),
        ({"limit": 70}, "", 50),
    ],
)
def test_a_page_size_is_asked_for_by_the_right_name_and_capped(
    start: Start, account: Account, body: dict[str, Any], query: str, count: int
) -> None:
    client = start(Quirks(max_page_size=100), account=account)
    assert client.envelope(f"customer/index{query}", **body)["count"] == count


def test_a_page_size_may_be_ignored(start: Start, account: Account) -> None:
    client = start(Quirks(page_size_honoured=False), account=account)
    assert client.envelope("customer/index?per-page=100", pageSize=100)["count"] == 50


def test_past_the_end_is_empty(start: Start, account: Account) -> None:
    envelope = start(account=account).envelope(page=9)
    assert (envelope["items"], envelope["count"], envelope["total"]) == ([], 0, 120)


def test_past_the_end_may_be_the_last_page_again(start: Start, account: Account) -> None:
    client = start(Quirks(past_the_end="repeat_last"), account=account)
    assert client.envelope(page=9) == client.envelope(page=2)
    assert client.envelope(page=9)["count"] == 20


@pytest.mark.parametrize(
    ("total", "shown"),
    [
        ("present", {"total": 120, "count": 50, "page": 0}),
        ("missing", {"count": 50, "page": 0}),
        ("text", {"total": "120", "count": "50", "page": "0"}),
        ("wrong", {"total": 127, "count": 50, "page": 0}),
    ],
)
def test_the_total_may_be_anything(
    start: Start,
    account: Account,
    total: Literal["present", "missing", "text", "wrong"],
    shown: dict[str, Any],
) -> None:
    envelope = start(Quirks(total=total), account=account).envelope()
    del envelope["items"]
    assert envelope == shown


def test_starting_at_page_one_loses_the_first_page(start: Start, account: Account) -> None:
    client = start(account=account)
    found = {id_ for page in (1, 2) for id_ in client.ids(page=page, pageSize=50)}
    assert len(account.customer_ids(1, archived=False) - found) == 50


def test_rows_that_sort_alike_may_change_places(start: Start) -> None:
    account = Account.build(leads=0, clients=60)
    for id_ in account.customer_ids(1, archived=False):
        account.update_customer(id_, name="Same Name")
    shaky = start(Quirks(unstable_ties=True), account=account)
    assert shaky.ids() != shaky.ids()
    assert set(shaky.ids()) == account.customer_ids(1, archived=False)
    steady = start(account=account)
    assert steady.ids() == steady.ids() == sorted(account.customer_ids(1, archived=False))
