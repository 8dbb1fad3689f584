"""Prefetched pages, and when they are requested again."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from simulator import Account, Change, Fault, Quirks, serve
from tap_alfacrm.client import kept, open_list, prefetch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from simulator import Request, Server
    from tests.conftest import Output

    Sync = Callable[..., Output]

DICTIONARIES = {
    "companies": "company",
    "rooms": "room",
    "subjects": "subject",
    "pipelines": "pipeline",
    "lead_statuses": "lead-status",
    "lead_rejects": "lead-reject",
}
FIRST_CLIENTS = {"is_study": 1, "removed": 0, "page": 0}


@pytest.fixture
def account() -> Account:
    return Account.build(leads=60, clients=50, archived_leads=40, archived_clients=30)


def requests(server: Server, **body: int) -> list[Request]:
    return [r for r in server.data_requests if body.items() <= r.body.items()]


def most_at_once(sent: Sequence[Request], least_rows: int = 1) -> int:
    """Maximum number of requests in flight, of those for so many rows a page."""
    moments = sorted(
        moment
        for r in sent
        if r.body.get("pageSize", least_rows) >= least_rows
        for moment in ((r.arrived, 1), (r.answered or r.arrived, -1))
    )
    under_way = most = 0
    for _, change in moments:
        under_way += change
        most = max(most, under_way)
    return most


def stalls(seconds: float = 0.5) -> Fault:
    return Fault("stall", at=lambda _: True, times=1_000, seconds=seconds)


@pytest.mark.parametrize("max_in_flight", [1, 3, 8])
@pytest.mark.parametrize("streams", [("customers",), tuple(DICTIONARIES), ("customer_tariffs",)])
def test_requests_in_flight_do_not_exceed_the_limit(
    sync: Sync, account: Account, streams: tuple[str, ...], max_in_flight: int
) -> None:
    with serve(account, faults=[stalls(0.005)]) as server:
        sync(server, streams=streams, page_size=10, max_in_flight=max_in_flight)
    assert 1 <= most_at_once(server.data_requests) <= max_in_flight
    assert (most_at_once(server.data_requests) > 1) == (max_in_flight > 1)


def test_requests_are_sent_one_at_a_time_where_the_latency_is_low(
    sync: Sync, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefetch, "LOW_LATENCY_SECONDS", 60.0)
    with serve(account, faults=[stalls(0.005)]) as server:
        output = sync(server, streams=("customers", "rooms"), page_size=5, max_in_flight=4)
    begun = prefetch.LATEST_RESPONSES + 4
    assert most_at_once(server.data_requests[begun:]) == 1
    assert output.verdict().startswith("customers: COMPLETE")
    assert len(output.records("customers")) == len(account.customer_ids())


@pytest.mark.parametrize(("max_bytes", "most"), [(kept.MAX_BYTES, 8), (1_100_000, 5), (1, 2)])
def test_large_pages_are_prefetched_as_far_as_there_is_room(
    sync: Sync, monkeypatch: pytest.MonkeyPatch, max_bytes: int, most: int
) -> None:
    """A page of ten cards has about 210 kB; two are requested before a size is known."""
    monkeypatch.setattr(kept, "MAX_BYTES", max_bytes)
    account = Account.build(leads=150, clients=50, archived_leads=40, archived_clients=30)
    for card in account.customer_ids():
        account.update_customer(card, note="x" * 20_000)  # so that all pages are of one size
    with serve(account, faults=[stalls(0.05)]) as server:
        output = sync(server, streams=("customers",), page_size=10, max_in_flight=8)
    assert most - 1 <= most_at_once(server.data_requests, least_rows=10) <= most
    assert output.verdict().startswith("customers: COMPLETE")


def test_short_lists_overlap_each_other(sync: Sync, account: Account) -> None:
    with serve(account, faults=[stalls()]) as server:
        output = sync(server, streams=tuple(DICTIONARIES))
    lists = [r for r in server.data_requests if r.entity in DICTIONARIES.values()]
    # but for the check that some ended there, and for the counts of branches
    lists = [r for r in lists if not r.page and r.body["pageSize"] > 1]
    assert sorted(r.entity or "" for r in lists) == sorted(DICTIONARIES.values())
    assert all(after.arrived < (before.answered or 0) for before, after in pairwise(lists))
    assert [m["stream"] for m in output.messages if m["type"] == "SCHEMA"] == list(DICTIONARIES)


def test_the_archive_is_prefetched_before_the_last_active_page(
    sync: Sync, account: Account
) -> None:
    with serve(account, faults=[stalls()]) as server:
        sync(server, streams=("customers",), page_size=10)
    last = requests(server, is_study=0, removed=0, pageSize=10)[-1]
    [archive] = requests(server, is_study=0, removed=2, page=0, pageSize=10)
    assert archive.arrived < (last.answered or 0)


@pytest.mark.parametrize("fresh", [10.0, 0.0])
def test_an_old_first_page_is_requested_again(
    sync: Sync, account: Account, monkeypatch: pytest.MonkeyPatch, fresh: float
) -> None:
    monkeypatch.setattr(open_list, "MAX_FIRST_PAGE_AGE", fresh)
    with serve(account) as server:
        output = sync(server, streams=("customers",), page_size=10)
    assert (len(requests(server, **FIRST_CLIENTS)) > 1) == (fresh == 0)
    assert sorted(output.ids()) == sorted(account.customer_ids())


def test_prefetched_pages_are_discarded_once_rows_have_moved(sync: Sync, account: Account) -> None:
    """A lead becomes a client after the first page of clients was read, and is not lost."""
    with serve(account) as server:
        sync(server, streams=("customers",), page_size=10)
    leads = {r.page: r for r in requests(server, is_study=0, removed=0, pageSize=10)}
    card = leads[5].ids[-1]
    change = Change(leads[2].n, lambda account: account.convert(card))
    with serve(account, changes=[change]) as server:
        output = sync(server, streams=("customers",), page_size=10, is_study=[0, 1])
    assert sorted(set(output.ids())) == sorted(account.customer_ids())
    assert len(requests(server, **FIRST_CLIENTS)) > 1
    assert output.verdict().startswith("customers: COMPLETE")


def test_an_unstable_list_keeps_prefetched_lists_of_other_entities(
    sync: Sync, account: Account
) -> None:
    """Without a total, a list of several pages is read twice, whatever list follows."""
    with serve(account, Quirks(total="missing", max_page_size=50)) as server:
        output = sync(server, streams=("customers", "groups", "subjects", "tariffs", "discounts"))
        # without the counts of branches
        lists = [r for r in server.data_requests if r.body["pageSize"] > 1]
        for entity in ("subject", "tariff", "discount"):
            pages = [r.page for r in lists if r.entity == entity]
            assert pages == [0, 1, 1], entity  # an end without a total is confirmed
    assert sorted(output.ids()) == sorted(account.customer_ids())


def test_an_unstable_list_of_one_parent_keeps_those_of_the_others(sync: Sync) -> None:
    """Each list is read three times, because its total is too large."""
    sent = []
    for max_in_flight in (1, 8):
        account = Account.build(leads=9, clients=9, customer_tariffs=14)
        with serve(account, Quirks(total="wrong", total_error=3)) as server:
            output = sync(server, streams=("customer_tariffs",), max_in_flight=max_in_flight)
        sent.append(len([r for r in server.data_requests if r.entity == "customer-tariff"]))
    assert sent[1] <= sent[0] * 1.3
    assert len(output.ids("customer_tariffs")) == 14


def test_a_branch_to_which_payments_move_waits_for_the_one_before_it(sync: Sync) -> None:
    with serve(Account.build(branches=3, pays=30), faults=[stalls(0.2)]) as server:
        sync(server, streams=("pays",))
    first = [r for r in server.data_requests if r.entity == "pay" and r.body["page"] == 0]
    lists = [r for r in first if r.body["pageSize"] > 1]
    assert [r.branch for r in lists] == [1, 2, 3]
    assert all(after.arrived >= (before.answered or 0) for before, after in pairwise(lists))


@pytest.mark.parametrize(("days", "is_ahead"), [(1, True), (7, False)])
def test_memberships_fill_the_time_in_which_payments_wait(
    sync: Sync, days: int, *, is_ahead: bool
) -> None:
    """Where not every group is requested, which ones is known in their turn only."""
    with serve(Account.build(branches=3, pays=30, groups=12), faults=[stalls(0.2)]) as server:
        sync(server, streams=("groups", "pays", "group_memberships"), child_refresh_days=days)
    first = next(r for r in server.data_requests if r.entity == "cgi")
    last = [r for r in server.data_requests if r.entity == "pay"][-1]
    assert (first.arrived < last.arrived) == is_ahead


def test_parents_are_counted_by_one_request(sync: Sync, server: Server) -> None:
    sync(server, streams=("customer_tariffs",), page_size=10)
    counts = requests(server, is_study=2, removed=1, pageSize=1)
    assert [r.page for r in counts if r.branch is None] == [0]
