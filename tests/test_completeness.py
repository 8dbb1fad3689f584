"""Each row exactly once, and the verdict in the log."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import requests

from simulator import Account, Change, Fault, Quirks, serve
from tap_alfacrm.formatting import number_of
from tests.test_streams import CONTRADICTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator import Request, Server
    from tests.conftest import Output

    Sync = Callable[..., Output]

QUIRKS: dict[str, dict[str, Any]] = {
    "a login that cancels the older token": {"login_cancels_older_tokens": True, "token_uses": 9},
    "a lower limit": {"rate_limit": 20, "rate_window_seconds": 0.05},
    "a lower limit that says when": {
        "rate_limit": 20,
        "rate_window_seconds": 0.05,
        "retry_after": "0",
    },
    "slow answers": {"latency_seconds": 0.01},
    "pages of 20": {"max_page_size": 20},
    "a page size that is ignored": {"page_size_honoured": False, "default_page_size": 20},
    "no total": {"total": "missing"},
    "a total in text": {"total": "text"},
    "the last page again and again": {"past_the_end": "repeat_last"},
    "the last page again, and no total": {"past_the_end": "repeat_last", "total": "missing"},
    "a total of one too few": {"total": "wrong", "total_error": -1},
    "a total of far too few": {"total": "wrong", "total_error": -1_000},
    "rows alike that change places": {"unstable_ties": True},
    "a dictionary refused": {"forbidden": frozenset({"lead-reject"})},
    "a dictionary that is not there": {"absent": frozenset({"lead-reject"})},
    "a branch in every path, or 404": {"needs_branch": frozenset({"customer", "lead-status"})},
    "a branch in every path, or 400": {
        "needs_branch": frozenset({"customer", "lead-status"}),
        "needs_branch_status": 400,
    },
    "days cut on the wall clock": {"filter_days": "local"},
    "teachers by name": {"teacher_ids": "names"},
    "blanks for nulls": {"empty_values": "blank"},
    "flags as booleans": {"flags": "booleans"},
    "numbers as text": {"numbers_as_text": True},
    "birthdays in ISO": {"dob_format": "iso"},
    "junk values": {"junk_share": 0.3},
    "odd letters": {"unicode_oddities": True},
    "escaped letters": {"escaped_json": True},
    "an older version": {"old_version": True},
    "a woman is 2": {"gender": "one_two"},
    "a woman is 0": {"gender": "one_zero"},
    "a newer field": {"newer_field": True},
    "a custom field met late": {"late_custom_field": True},
    "much of it at once": {
        "total": "missing",
        "past_the_end": "repeat_last",
        "page_size_honoured": False,
        "default_page_size": 20,
        "numbers_as_text": True,
        "empty_values": "blank",
        "teacher_ids": "names",
        "junk_share": 0.5,
        "unicode_oddities": True,
        "escaped_json": True,
        "old_version": True,
        "late_custom_field": True,
    },
}
OTHER_SWITCHES = {
    "planted",  # tests/test_junk.py
    "ignored_filters",  # test_incremental.py
    "bad_login_status",  # nothing can be loaded (client/test_client.py)
    "max_page_size",  # below, with enough cards
    "removed",  # if ignored, the archive cannot be read
    "bad_token_status",  # below
    "token_ttl_seconds",  # client/test_client.py
    "requires_app_key",  # needs a setting (client/test_client.py)
}
LISTS = {
    "active leads": (0, 0),
    "archived leads": (0, 2),
    "active clients": (1, 0),
    "archived clients": (1, 2),
}
"""`is_study` and `removed`, in the order in which they are read."""


@dataclasses.dataclass
class Page:
    """A page that a run asked for.

    Attributes:
        number: Number of the data request.
        ids: Ids of the rows on it.
    """

    number: int
    ids: list[int]


Reading = dict[tuple[int, int], list[Page]]


_READING: Reading = {}


@pytest.fixture
def reading(sync: Sync, account: Account) -> Reading:
    """Pages of ten rows of each list, in a run without changes."""
    if not _READING:
        with serve(account) as server:
            sync(server, streams=("customers",), page_size=10, max_in_flight=1)
            for request in server.data_requests:
                if request.entity == "customer" and request.body["pageSize"] == 10 and request.ids:
                    list_ = request.body["is_study"], request.body["removed"]
                    _READING.setdefault(list_, []).append(Page(request.n, list(request.ids)))
    return _READING


def when(sync: Sync, account: Account, **body: object) -> int:
    """Number of the first data request that matches."""
    with serve(account) as server:
        sync(server, streams=("customers",), max_in_flight=1)
        return next(r.n for r in server.data_requests if body.items() <= r.body.items())


def truth(account: Account, **which: Any) -> list[int]:
    return sorted(account.customer_ids(**which))


UNPROVEN = {
    "the last page again, and no total": "the end of 6 lists without a total is not certain",
    "much of it at once": "the end of 6 lists without a total is not certain",
    "a total of one too few": "the API returned 1 row more than it counts",
}
"""Accounts that may hide rows as far as requests can tell."""


@pytest.mark.parametrize("quirk", QUIRKS)
def test_each_card_is_emitted_once_with_any_quirk(sync: Sync, account: Account, quirk: str) -> None:
    with serve(account, Quirks(**QUIRKS[quirk])) as server:
        output = sync(server, page_size=30)
    assert sorted(output.ids()) == truth(account)
    word = f"UNPROVEN, {UNPROVEN[quirk]}" if quirk in UNPROVEN else "COMPLETE"
    assert output.verdict().startswith(f"customers: {word}. ")
    for stream, entity in (("lead_statuses", "lead-status"), ("branches", "branch")):
        assert sorted(output.ids(stream)) == sorted(row["id"] for row in account.rows(entity))


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("in_flight", [1, 8])
def test_expired_tokens_cost_one_login_each(
    sync: Sync, account: Account, status: int, in_flight: int
) -> None:
    with serve(account, Quirks(token_uses=20, bad_token_status=status)) as server:
        output = sync(server, page_size=5, max_in_flight=in_flight)
        assert len(server.logins) > 2
    assert sorted(output.ids()) == truth(account)
    assert output.verdict().startswith("customers: COMPLETE")


def test_no_switch_of_the_simulator_is_forgotten() -> None:
    switches = {field.name for field in dataclasses.fields(Quirks)}
    assert switches == OTHER_SWITCHES.union(*QUIRKS.values(), *CONTRADICTIONS.values())


@pytest.mark.parametrize("cut", [20, 50, 200])
def test_pages_shorter_than_requested_are_accepted(sync: Sync, cut: int) -> None:
    account = Account.build(leads=450, clients=200, archived_leads=0, archived_clients=1)
    with serve(account, Quirks(max_page_size=cut)) as server:
        output = sync(server, streams=("customers",))
        assert max(r.rows for r in server.data_requests) == cut
        assert {r.body["pageSize"] for r in server.data_requests} == {500, 1}
    assert sorted(output.ids()) == truth(account)
    assert output.verdict().startswith("customers: COMPLETE")


def test_each_list_is_asked_for_from_page_0_on(
    sync: Sync, account: Account, server: Server
) -> None:
    sync(server, streams=("customers",), page_size=10)
    assert {r.method for r in server.log} == {"POST"}
    for (kind, removed), rows in zip(LISTS.values(), (45, 50, 35, 30), strict=True):
        asked = {"is_study": kind, "removed": removed, "pageSize": 10}
        found = [r.page for r in server.data_requests if asked.items() <= r.body.items()]
        # a full page may have been cut, so a full last page is followed by another request
        assert sorted(found) == list(range(rows // 10 + 1))
    assert len(account.customer_ids()) == 160


@pytest.mark.parametrize("page_size", [1, 7, 45, 50, 80, 500])
def test_pages_of_any_size_lose_nothing(sync: Sync, page_size: int) -> None:
    account = Account.build(leads=9, clients=5, archived_leads=14, archived_clients=0)
    with serve(account) as server:
        assert sorted(sync(server, page_size=page_size).ids()) == truth(account)


@pytest.mark.parametrize("kind", ["leads", "clients", "archived_leads", "archived_clients"])
@pytest.mark.parametrize("cards", [0, 1, 50, 100])
def test_an_empty_account_and_exactly_full_pages(sync: Sync, cards: int, kind: str) -> None:
    none = {"leads": 0, "clients": 0, "archived_leads": 0, "archived_clients": 0}
    account = Account.build(**{**none, kind: cards})
    with serve(account, Quirks(max_page_size=50)) as server:
        output = sync(server)
    assert sorted(output.ids()) == truth(account)
    assert output.verdict().startswith("customers: COMPLETE")


def test_a_plain_script_loses_rows_and_the_tap_does_not(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(default_page_size=20)) as server:
        login = {"email": server.email, "api_key": server.api_key}
        token = requests.post(f"{server.url}/v2api/auth/login", json=login, timeout=60).json()
        found: set[int] = set()
        for page in itertools.count(1):  # pages from 1, page_size, and no filter for the archive
            answer = requests.post(
                f"{server.url}/v2api/customer/index",
                json={"is_study": 0, "page": page, "page_size": 500, "archived": True},
                headers={"X-ALFACRM-TOKEN": token["token"]},
                timeout=60,
            ).json()
            if not answer["items"]:
                break
            found |= {row["id"] for row in answer["items"]}
        output = sync(server)
    leads = account.customer_ids(0)
    assert len(leads - found) == 20 + 50  # the first page and the archive are missing
    assert leads <= set(output.ids())


def test_archived_cards_are_marked(sync: Sync, account: Account, server: Server) -> None:
    for record in sync(server).records("customers"):
        assert record["is_archived"] is account.is_archived(record["id"])


def test_without_the_archive_only_active_cards_come(
    sync: Sync, account: Account, server: Server
) -> None:
    output = sync(server, include_archived=False)
    assert sorted(output.ids()) == truth(account, archived=False)


@pytest.mark.parametrize("kinds", [[0], [1], [2], [0, 1], [2, 0]])
def test_any_choice_of_partitions_is_complete(
    sync: Sync, account: Account, server: Server, kinds: list[int]
) -> None:
    output = sync(server, is_study=kinds)
    wanted = {card for kind in kinds for card in account.customer_ids(None if kind == 2 else kind)}
    assert sorted(output.ids()) == sorted(wanted)
    contexts = output.state["bookmarks"]["customers"]["partitions"]
    assert [part["context"]["is_study"] for part in contexts] == sorted(kinds)


def test_one_request_completes_the_partition_of_both(
    sync: Sync, account: Account, server: Server
) -> None:
    output = sync(server, streams=("customers",))
    both = [r for r in server.data_requests if r.body.get("is_study") == 2 and not r.branch]
    asked = [(r.body["removed"], r.body["pageSize"]) for r in both]
    assert asked == [(1, 500), (1, 1)]  # discovery and the check
    each = [r.branch for r in server.data_requests if r.entity == "customer" and r.branch]
    assert sorted(each) == sorted(row["id"] for row in account.rows("branch"))
    assert "one request confirmed" in output.verdict("customers is_study=2")
    assert "API total 160" in output.verdict()


def test_a_card_that_the_first_partitions_miss_is_found_by_the_last(
    sync: Sync, account: Account
) -> None:
    client = min(account.customer_ids(1, archived=False))
    at = when(sync, account, is_study=1)
    late = [Change(at, lambda account: account.convert(client))]  # after leads were read
    with serve(account, changes=late) as server:
        output = sync(server, streams=("customers",), max_in_flight=1)
    assert sorted(output.ids()) == truth(account)
    assert "emitted 1; API total 160" in output.verdict("customers is_study=2")
    assert output.verdict().startswith("customers: COMPLETE")


def test_without_totals_the_last_partition_is_read(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(total="missing")) as server:
        server.misbehave("filter_dead", filters=["is_study"], values=[0])
        output = sync(server, streams=("customers",))
    assert sorted(output.ids()) == truth(account)
    leads = len(account.customer_ids(0))
    assert leads > 0
    assert f"emitted {leads}; API total not given" in output.verdict("customers is_study=2")


@pytest.mark.parametrize("branches", [[1], [1, 2], [2, 3, 1]])
def test_a_card_of_two_branches_is_emitted_once(
    sync: Sync, account: Account, server: Server, branches: list[int]
) -> None:
    for kind in (0, 1):
        for shared in ([1, 2], [2, 3]):
            account.insert_customer(kind, branch_ids=shared)
    output = sync(server, branch_ids=branches)
    wanted = {
        row["id"] for row in account.rows("customer") if set(row["branch_ids"]) & set(branches)
    }
    assert sorted(output.ids()) == sorted(wanted)
    assert {r.branch for r in server.data_requests if r.entity == "customer"} == set(branches)
    assert output.verdict().startswith("customers: COMPLETE")


def put_before_the_others(account: Account, list_: tuple[int, int], cards: int = 3) -> None:
    """The first cards of a list."""
    kind, removed = list_
    for _ in range(cards):
        account.insert_customer(kind, archived=removed == 2, name="AAA")


MOVES: dict[str, Callable[[Account, int], object]] = {
    "deleted": lambda account, card: account.delete_customer(card),
    "archived": lambda account, card: account.archive(card),
    "restored": lambda account, card: account.restore(card),
    "converted": lambda account, card: account.convert(card),
}
DRIFT = [
    pytest.param(list_, move, page, max_in_flight, id=f"{name}-{move}-page {page}-{max_in_flight}")
    for name, list_ in LISTS.items()
    for move in ("inserted", "deleted", "restored" if list_[1] else "archived", "converted")
    for page, max_in_flight in ((1, 1), (2, 8), (-1, 1))
]


@pytest.mark.parametrize(("list_", "move", "page", "max_in_flight"), DRIFT)
def test_rows_are_never_lost_while_others_move(
    sync: Sync,
    account: Account,
    reading: Reading,
    *,
    list_: tuple[int, int],
    move: str,
    page: int,
    max_in_flight: int,
) -> None:
    """Cards are deleted from or inserted before a page that was read, so that others move."""
    movers = [] if move == "inserted" else reading[list_][0].ids[:3]
    before = account.customer_ids()

    def change(account: Account) -> None:
        for card in movers:
            MOVES[move](account, card)
        if not movers:
            put_before_the_others(account, list_)

    changes = [Change(reading[list_][page].number, change)]
    with serve(account, changes=changes) as server:
        output = sync(server, streams=("customers",), page_size=10, max_in_flight=max_in_flight)
        assert account.customer_ids() != before or movers
    times = Counter(output.ids())
    assert before & account.customer_ids() <= times.keys()
    assert {card for card, count in times.items() if count > 1} <= set(movers)
    assert max(times.values()) <= (2 if move in {"archived", "restored"} else 1)
    for card, record in output.final().items():
        if card in account.customer_ids() and (card not in movers or move == "archived"):
            assert record["is_archived"] is account.is_archived(card)
    assert output.verdict().startswith("customers: COMPLETE")


@pytest.mark.parametrize("total", ["present", "missing"])
def test_a_fully_repeated_page_does_not_end_the_list(
    sync: Sync, account: Account, reading: Reading, total: Any
) -> None:
    """The next page then repeats it, like the last page of some accounts."""
    leads = account.customer_ids(0)

    def change(account: Account) -> None:
        put_before_the_others(account, LISTS["active leads"], cards=10)

    changes = [Change(reading[LISTS["active leads"]][2].number, change)]
    with serve(account, Quirks(total=total), changes=changes) as server:
        output = sync(server, streams=("customers",), page_size=10, max_in_flight=1, is_study=[0])
    assert len(account.customer_ids(0)) == len(leads) + 10
    assert leads <= set(output.ids())
    assert len(output.ids()) == len(set(output.ids()))


@pytest.mark.parametrize(
    ("total", "kinds"),
    [
        ("present", [0]),
        ("missing", [0, 1, 2]),
        ("missing", [0]),
    ],
)
def test_rows_that_move_back_are_complete_or_reported(
    sync: Sync, account: Account, reading: Reading, total: Any, kinds: list[int]
) -> None:
    gone = reading[LISTS["active leads"]][0].ids[:3]

    def change(account: Account) -> None:
        for card in gone:
            account.delete_customer(card)

    changes = [Change(reading[LISTS["active leads"]][2].number, change)]
    with serve(account, Quirks(total=total), changes=changes) as server:
        output = sync(server, streams=("customers",), page_size=10, max_in_flight=1, is_study=kinds)
    assert not set(gone) & account.customer_ids()
    lost = account.customer_ids(0) - set(output.ids())
    assert not lost or not output.verdict().startswith("customers: COMPLETE")


MOMENT = "Thu, 01 Jan 2026 12:00:00 GMT"
SWAPS = [
    pytest.param(MOMENT, "2026-01-01 12:00:01", list_, page, id=f"{name}-page {page}")
    for name, list_ in LISTS.items()
    for page in (1, 2)
]


@pytest.mark.parametrize(
    ("dated", "created", "list_", "page"),
    [
        *SWAPS,
        pytest.param(
            MOMENT,
            "2026-01-01 12:00:00",
            LISTS["active clients"],
            1,
            id="in the same second",
        ),
        pytest.param(
            MOMENT,
            "2026-01-01 11:59:59",
            LISTS["active clients"],
            1,
            id="while the first page was answered",
        ),
        pytest.param(
            None,
            "2026-01-01 12:00:01",
            LISTS["active clients"],
            1,
            id="without a clock",
        ),
    ],
    indirect=["dated"],
)
@pytest.mark.usefixtures("dated")
def test_a_deleted_and_an_inserted_row_between_pages_conceal_nothing(
    sync: Sync,
    account: Account,
    reading: Reading,
    *,
    created: str,
    list_: tuple[int, int],
    page: int,
) -> None:
    """The total stays the same, and a row moves across a page boundary."""
    kind, removed = list_
    pages = reading[list_]
    first = pages[0].ids[0]
    before = account.customer_ids()

    def swap(account: Account) -> None:
        account.delete_customer(first)
        account.insert_customer(
            kind,
            archived=removed == 2,
            name="Яяя",
            b_date="2017-01-01 00:00:00",
            created_at=created,
        )

    with serve(account, changes=[Change(pages[page].number, swap)]) as server:
        output = sync(server, streams=("customers",), page_size=10, max_in_flight=1)
    lost = before - {first} - set(output.ids())
    assert not lost or not output.verdict().startswith("customers: COMPLETE")


def test_a_deleted_card_does_not_conceal_a_missed_one(
    sync: Sync, account: Account, reading: Reading
) -> None:
    """It was read before it was deleted, and the other was restored before its page was read."""
    deleted, restored = reading[0, 0][0].ids[0], reading[0, 2][1].ids[0]

    def is_the_archive(request: Request) -> bool:
        asked = {"is_study": 0, "removed": 2, "page": 1, "pageSize": 10}
        if asked.items() <= request.body.items():
            account.restore(restored)
        return False

    delete = Change(reading[0, 0][-1].number, lambda account: account.delete_customer(deleted))
    with serve(account, faults=[Fault("empty", at=is_the_archive)], changes=[delete]) as server:
        settings = {"is_study": [0], "page_size": 10, "max_in_flight": 1}
        output = sync(server, streams=("customers",), **settings)
    assert deleted in output.ids()
    assert account.customer_ids(0) <= set(output.ids())
    assert output.final()[restored]["is_archived"] is False
    assert output.verdict().startswith("customers: COMPLETE")


def test_a_card_archived_during_the_run_ends_archived(
    sync: Sync, account: Account, reading: Reading
) -> None:
    card = reading[0, 0][0].ids[0]
    archive = Change(reading[0, 2][1].number, lambda account: account.archive(card))
    with serve(account, changes=[archive]) as server:
        output = sync(server, streams=("customers",), page_size=10, max_in_flight=1)
    states = [r["is_archived"] for r in output.records("customers") if r["id"] == card]
    assert states == [False, True]


@pytest.mark.parametrize(
    "max_in_flight",
    [
        1,
        8,
    ],
)
@pytest.mark.parametrize("kind", [0, 1], ids=["a lead", "a client"])
def test_a_card_restored_while_active_cards_are_read_ends_active(
    sync: Sync, account: Account, reading: Reading, kind: int, max_in_flight: int
) -> None:
    """Its response from the archive can arrive first and is then the older one."""
    card = reading[kind, 2][0].ids[0]
    last = {"is_study": kind, "removed": 0, "page": len(reading[kind, 0]) - 1, "pageSize": 10}

    def is_the_last_active_page(request: Request) -> bool:
        return last.items() <= request.body.items()

    def is_restored() -> bool:
        archive = (r.ids for r in server.data_requests if r.body.get("removed") == 2)
        if max_in_flight > 1 and not any(card in ids for ids in archive):
            return False
        account.restore(card)
        return True

    stall = Fault("stall", at=is_the_last_active_page, seconds=0, until=is_restored)
    with serve(account, faults=[stall]) as server:
        output = sync(server, streams=("customers",), page_size=10, max_in_flight=max_in_flight)
    assert sorted(set(output.ids())) == truth(account)
    assert output.final()[card]["is_archived"] is False


@pytest.mark.parametrize("excess", [1, 7, 1_204])
def test_a_total_that_is_too_large_is_a_warning_with_the_shortfall(
    sync: Sync, account: Account, excess: int
) -> None:
    with serve(account, Quirks(total="wrong", total_error=excess)) as server:
        output = sync(server, streams=("customers",), max_in_flight=1)
        assert len(server.data_requests) < 60  # a bounded number of passes
    assert sorted(output.ids()) == truth(account)
    for label in ("customers is_study=0", "customers is_study=1", "customers"):
        [line] = [line for line in output.warnings() if line.startswith(f"{label}: INCOMPLETE")]
    assert f"INCOMPLETE, {number_of(excess, 'row')} counted by the API" in line
    assert f"emitted 160; API total {160 + excess:,}" in line


def test_a_total_that_is_too_small_loses_nothing(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(total="wrong", total_error=-30, max_page_size=20)) as server:
        output = sync(server, streams=("customers",))
    assert sorted(output.ids()) == truth(account)


def test_an_account_that_ignores_removed_duplicates_no_card(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(removed="ignored")) as server:
        output = sync(server, streams=("customers",))
    assert len(output.ids()) == len(set(output.ids()))
    assert {record["is_archived"] for record in output.records("customers")} == {None}
    assert output.verdict().startswith("customers: UNPROVEN, filters without effect may hide rows")


def test_an_ignored_removed_and_overlapping_pages_archive_no_active_card(
    sync: Sync, account: Account
) -> None:
    """The totals of `removed` differ when they are compared, and the filter is ignored later."""
    with serve(account) as server:
        server.misbehave("filter_ignored", filters=["removed"], resource="customer", after=9)
        server.misbehave("rows_move", resource="customer", kind="insert", after=11, times=3)
        output = sync(server, streams=("customers",), page_size=10, max_in_flight=1)
    records = [r for r in output.records("customers") if r["e_date"] == "2030-12-31"]
    assert len(records) >= len(account.customer_ids(archived=False)) - 3
    assert {r["is_archived"] for r in records} == {False}


@pytest.mark.parametrize("kind", ["status", "truncated", "reset_in_body", "html"])
def test_concurrency_does_not_change_the_output(sync: Sync, kind: Any) -> None:
    account = Account.build(leads=150, clients=90, archived_leads=120, archived_clients=40)
    outputs = []
    for max_in_flight in (1, 8):
        faults = [Fault(kind, at=at) for at in (2, 5, 9, 20)]
        with serve(account, faults=faults) as server:
            output = sync(server, page_size=20, max_in_flight=max_in_flight)
        for message in output.messages:
            message.pop("time_extracted", None)
        outputs.append(output.messages)
    assert outputs[0] == outputs[1]


def test_the_log_has_a_verdict_for_partitions_and_stream(sync: Sync, server: Server) -> None:
    output = sync(server)
    assert output.verdict("customers is_study=0").endswith(
        "Rows received 95 on 2 pages, duplicates 0, emitted 95; API total 95."
    )
    assert "emitted 65; API total 65" in output.verdict("customers is_study=1")
    assert "emitted 160; API total 160" in output.verdict()


def heavily_tied() -> Account:
    account = Account.build(leads=130, clients=130, archived_leads=0, archived_clients=0)
    for number, card in enumerate(sorted(account.customer_ids())):
        day = f"2024-01-{number % 5 + 1:02} 10:00:00"
        account.update_customer(card, name=f"Анна {number % 5}", b_date=day)
    return account


@pytest.mark.parametrize(
    ("total", "word", "max_requests"), [("present", "COMPLETE", 60), ("missing", "UNPROVEN", 130)]
)
def test_unstable_order_is_complete_or_reported(
    sync: Sync, total: Any, word: str, max_requests: int
) -> None:
    account = heavily_tied()
    with serve(account, Quirks(unstable_ties=True, max_page_size=50, total=total)) as server:
        output = sync(server, streams=("customers",), max_in_flight=1)
        assert len(server.data_requests) < max_requests  # a bounded number of passes
    assert output.verdict().startswith(f"customers: {word}")
    assert len(output.ids()) == len(set(output.ids()))
    assert output.ids()
    lost = account.customer_ids() - set(output.ids())
    assert not lost or not output.verdict().startswith("customers: COMPLETE")
    assert len(lost) < 5


def figures(line: str) -> dict[str, int]:
    found = re.findall(r"(received|duplicates|emitted|total) ([\d,]+)", line)
    return {name: int(number.replace(",", "")) for name, number in found}


@pytest.mark.parametrize("move", ["nothing", *MOVES])
def test_the_figures_of_the_verdict_are_those_received(
    sync: Sync, account: Account, reading: Reading, move: str
) -> None:
    cards = reading[0, 0][0].ids[:3] if move != "nothing" else []

    def change(account: Account) -> None:
        for card in cards:
            MOVES[move](account, card)

    with serve(account, changes=[Change(reading[0, 0][2].number, change)]) as server:
        output = sync(server, streams=("customers",), page_size=10, max_in_flight=1)
        pages = {  # one that was requested before rows moved is requested again
            tuple(r.body.items()): r.rows
            for r in server.data_requests
            if r.entity == "customer" and r.body["pageSize"] > 1 and r.body["removed"] != 1
        }
    rows = sum(pages.values())
    proof = figures(output.verdict())
    assert proof["received"] == rows
    assert proof["emitted"] == len(output.ids())
    assert proof["duplicates"] == rows - len(output.ids())
    assert proof["total"] == len(account.customer_ids())
    parts = [figures(output.verdict(f"customers is_study={kind}")) for kind in (0, 1, 2)]
    for name in ("received", "emitted", "duplicates"):
        assert sum(part[name] for part in parts) == proof[name]


def test_the_default_sync_sends_no_request_twice_but_the_count(
    sync: Sync, account: Account, server: Server
) -> None:
    output = sync(server, page_size=30)
    pages = sum(-(-rows // 30) for rows in (45, 50, 35, 30))
    customers = [r for r in server.data_requests if r.entity == "customer"]
    assert len(output.ids()) == 160
    branches = len(account.rows("branch"))
    assert len(customers) <= pages + 10 + branches
    asked = [(r.path, str(sorted(r.body.items()))) for r in customers]
    assert len(asked) == len(set(asked))
    others = [r.entity for r in server.data_requests if r.body.get("page") == 0]
    assert others.count("lead-status") == others.count("branch") == 1


def test_an_empty_list_is_requested_twice_unless_known_to_be_empty(sync: Sync) -> None:
    account = Account.build(leads=3, clients=2, archived_leads=0, archived_clients=0, groups=0)
    with serve(account) as server:
        first = sync(server, streams=("groups",))
        requests_before = len(server.data_requests)
        second = sync(server, streams=("groups",), state=first.state)
        lists = [r for r in server.data_requests if r.entity == "group" and r.body["pageSize"] > 1]
    assert first.records("groups") == second.records("groups") == []
    asked = Counter((r.body["removed"], r.n > requests_before) for r in lists if not r.branch)
    # `removed` 1 is discovery's sample
    assert asked == {
        (0, False): 2, (2, False): 2, (1, False): 1, (0, True): 1, (2, True): 1, (1, True): 1
    }  # fmt: skip
