"""Every row, exactly once, and the proof of it in the log."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
import requests

from simulator import Account, Change, Fault, Quirks, serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator import Server
    from tests.conftest import Output

    Sync = Callable[..., Output]

QUIRKS = {
    "a token refused with 403": {"bad_token_status": 403},
    "a token that soon dies": {"token_ttl_seconds": 0.05},
    "a login that cancels the older token": {"login_cancels_older_tokens": True},
    "pages of 20": {"max_page_size": 20},
    "pages of 50": {"max_page_size": 50},
    "a page size that is ignored": {"page_size_honoured": False, "default_page_size": 20},
    "no total": {"total": "missing"},
    "a total in text": {"total": "text"},
    "the last page again and again": {"past_the_end": "repeat_last"},
    "the last page again, and no total": {"past_the_end": "repeat_last", "total": "missing"},
    "teachers by name": {"teacher_ids": "names"},
    "blanks for nulls": {"empty_values": "blank"},
    "flags as booleans": {"flags": "booleans"},
    "numbers as text": {"numbers_as_text": True},
    "an older version": {"old_version": True},
    "junk values": {"junk_share": 0.3},
    "odd letters": {"unicode_oddities": True},
    "a newer field": {"newer_field": True},
    "a custom field met late": {"late_custom_field": True},
    "a branch in every path": {"needs_branch": frozenset({"customer", "lead-status"})},
}


def when(sync: Sync, account: Account, **body: object) -> int:
    """Number of the first data request that asks so."""
    with serve(account) as server:
        sync(server, streams=("customers",), max_in_flight=1)
        return next(r.n for r in server.data_requests if body.items() <= r.body.items())


def truth(account: Account, **which: Any) -> list[int]:
    return sorted(account.customer_ids(**which))


@pytest.mark.parametrize("quirk", QUIRKS.values(), ids=QUIRKS)
def test_whatever_the_account_does_each_card_comes_once(
    sync: Sync, account: Account, quirk: dict[str, Any]
) -> None:
    with serve(account, Quirks(**quirk)) as server:
        output = sync(server, page_size=30)
    assert sorted(output.ids()) == truth(account)
    assert output.verdict().startswith("customers: COMPLETE")
    for stream, entity in (("lead_statuses", "lead-status"), ("branches", "branch")):
        assert sorted(output.ids(stream)) == sorted(row["id"] for row in account.rows(entity))


@pytest.mark.parametrize("page_size", [1, 7, 45, 50, 80, 500])
def test_pages_of_any_size_lose_nothing(sync: Sync, page_size: int) -> None:
    account = Account.build(leads=9, clients=5, archived_leads=14, archived_clients=0)
    with serve(account) as server:
        assert sorted(sync(server, page_size=page_size).ids()) == truth(account)


@pytest.mark.parametrize("cards", [0, 1, 50, 100])
def test_an_empty_account_and_exactly_full_pages(sync: Sync, cards: int) -> None:
    account = Account.build(leads=cards, clients=0, archived_leads=0, archived_clients=0)
    with serve(account, Quirks(max_page_size=50)) as server:
        output = sync(server)
    assert sorted(output.ids()) == truth(account)
    assert output.verdict().startswith("customers: COMPLETE")


def test_the_old_script_loses_rows_and_the_tap_loses_none(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(default_page_size=20)) as server:
        login = {"email": server.email, "api_key": server.api_key}
        token = requests.post(f"{server.url}/v2api/auth/login", json=login, timeout=5).json()
        found: set[int] = set()
        for page in itertools.count(1):  # pages from 1, page_size, and no word of the archive
            answer = requests.post(
                f"{server.url}/v2api/customer/index",
                json={"is_study": 0, "page": page, "page_size": 500, "archived": True},
                headers={"X-ALFACRM-TOKEN": token["token"]},
                timeout=5,
            ).json()
            if not answer["items"]:
                break
            found |= {row["id"] for row in answer["items"]}
        output = sync(server)
    leads = account.customer_ids(0)
    assert len(leads - found) == 20 + 50  # the first page, and the whole archive
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


def test_one_request_settles_the_partition_of_both(sync: Sync, server: Server) -> None:
    output = sync(server, streams=("customers",))
    both = [r for r in server.data_requests if r.body.get("is_study") == 2]
    assert len(both) == 2  # discovery, and the check
    assert "One request showed" in output.verdict("customers is_study=2")
    assert "API total 160" in output.verdict()


def test_a_card_that_the_first_partitions_miss_is_found_by_the_last(
    sync: Sync, account: Account
) -> None:
    client = min(account.customer_ids(1, archived=False))
    at = when(sync, account, is_study=1)
    late = [Change(at, lambda account: account.convert(client))]  # a lead once leads are read
    with serve(account, changes=late) as server:
        output = sync(server, streams=("customers",), max_in_flight=1)
    assert sorted(output.ids()) == truth(account)


@pytest.mark.parametrize("branches", [[1], [1, 2], [2, 3, 1]])
def test_a_card_of_two_branches_comes_once(
    sync: Sync, account: Account, server: Server, branches: list[int]
) -> None:
    output = sync(server, branch_ids=branches)
    wanted = {
        row["id"] for row in account.rows("customer") if set(row["branch_ids"]) & set(branches)
    }
    assert sorted(output.ids()) == sorted(wanted)
    assert {r.branch for r in server.data_requests if r.entity == "customer"} == set(branches)
    assert output.verdict().startswith("customers: COMPLETE")


MOVES: dict[str, Callable[[Account, int], object]] = {
    "deleted": lambda account, card: account.delete_customer(card),
    "archived": lambda account, card: account.archive(card),
    "restored": lambda account, card: account.restore(card),
    "converted": lambda account, card: account.convert(card),
}


@pytest.mark.parametrize("max_in_flight", [1, 8])
@pytest.mark.parametrize("request_number", [4, 7, 10, 14, 17])
@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_rows_that_stay_are_never_lost_while_others_move(
    sync: Sync,
    account: Account,
    move: Callable[[Account, int], object],
    request_number: int,
    max_in_flight: int,
) -> None:
    movers = sorted(account.customer_ids())[::9]

    def change(account: Account) -> None:
        account.insert_customer(0)
        for card in movers:
            move(account, card)
        account.insert_customer(1)

    with serve(account, changes=[Change(request_number, change)]) as server:
        output = sync(server, page_size=10, max_in_flight=max_in_flight)
        assert len(server.data_requests) > 20
    stay = account.customer_ids() - set(movers)
    new = {card for card in stay if card > 1_000_000_000}
    assert not new
    once = [card for card in output.ids() if card not in movers]
    assert len(once) == len(set(once))
    inserted = set(account.customer_ids()) - set(output.ids())
    assert len(inserted & stay) <= 2  # only what did not exist when the run began
    for card, record in output.final().items():
        if card in stay:
            assert record["is_archived"] is account.is_archived(card)


def test_one_deleted_and_one_inserted_between_two_pages_hide_nothing(
    sync: Sync, account: Account
) -> None:
    """The total stays the same, and a row slips over the edge of a page."""
    active = account.customer_ids(1, archived=False)
    clients = [row for row in account.rows("customer") if row["id"] in active]
    first = min(clients, key=lambda row: str(row["name"]).lower())

    def swap(account: Account) -> None:
        account.delete_customer(first["id"])
        account.insert_customer(first["is_study"], name="Яяя")

    at = when(sync, account, is_study=first["is_study"], removed=0) + 1
    with serve(account, changes=[Change(at, swap)]) as server:
        output = sync(server, streams=("customers",), page_size=10, max_in_flight=1)
    assert set(truth(account)) <= set(output.ids())


def test_a_card_archived_during_the_run_ends_archived(sync: Sync, account: Account) -> None:
    card = min(account.customer_ids(0, archived=False))
    at = when(sync, account, is_study=0, removed=2)
    with serve(account, changes=[Change(at, lambda account: account.archive(card))]) as server:
        output = sync(server, streams=("customers",), max_in_flight=1)
    states = [r["is_archived"] for r in output.records("customers") if r["id"] == card]
    assert states == [False, True]


def test_a_total_that_is_too_large_is_a_warning_with_the_shortfall(
    sync: Sync, account: Account
) -> None:
    with serve(account, Quirks(total="wrong", total_error=7)) as server:
        output = sync(server, streams=("customers",))
        assert len(server.data_requests) < 60  # a bounded number of sweeps
    assert sorted(output.ids()) == truth(account)
    [line] = [line for line in output.warnings() if line.startswith("customers: INCOMPLETE")]
    assert "7 rows that the API counts were never given" in line


def test_a_total_that_is_too_small_loses_nothing(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(total="wrong", total_error=-30, max_page_size=20)) as server:
        output = sync(server, streams=("customers",))
    assert sorted(output.ids()) == truth(account)


def test_an_account_that_ignores_removed_gives_no_card_twice(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(removed="ignored")) as server:
        output = sync(server, streams=("customers",))
    assert len(output.ids()) == len(set(output.ids()))
    assert not any(record["is_archived"] for record in output.records("customers"))
    assert any("Its archive may be out of reach" in line for line in output.warnings())


@pytest.mark.parametrize("kind", ["status", "truncated", "reset_in_body", "html"])
def test_what_is_in_flight_does_not_change_the_output(sync: Sync, kind: Any) -> None:
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


def test_the_log_proves_each_partition_and_the_stream(sync: Sync, server: Server) -> None:
    output = sync(server)
    assert output.verdict("customers is_study=0").endswith(
        "Rows received 95 on 2 pages, duplicates 0, emitted 95; API total 95."
    )
    assert "emitted 65; API total 65" in output.verdict("customers is_study=1")
    assert "emitted 160; API total 160" in output.verdict()


def test_the_default_sync_asks_nothing_twice(sync: Sync, server: Server) -> None:
    output = sync(server, page_size=30)
    pages = sum(-(-rows // 30) for rows in (45, 50, 35, 30))
    customers = [r for r in server.data_requests if r.entity == "customer"]
    assert len(output.ids()) == 160
    assert len(customers) <= pages + 8
    asked = [(r.path, str(sorted(r.body.items()))) for r in customers]
    assert len(asked) == len(set(asked))
    others = [r.entity for r in server.data_requests if r.body.get("page") == 0]
    assert others.count("lead-status") == others.count("branch") == 1
