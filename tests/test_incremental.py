"""An incremental run reads changes, and a failed run loses nothing."""

from __future__ import annotations

import copy
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from simulator import MISBEHAVIOURS, Account, Change, Fault, Quirks, serve
from simulator.misbehaviours.base import Misbehaviour
from tap_alfacrm.errors import RequestError
from tap_alfacrm.extract.incremental import DOTTED, IncrementalFilter
from tap_alfacrm.tap import TapAlfaCRM
from tests.catalogs import root_of, select
from tests.conftest import config_for, set_retry_policy
from tests.test_streams import ALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator import Server
    from simulator.misbehaviours.base import Query
    from simulator.records import Record
    from simulator.requests_log import Request
    from tests.conftest import Output

    Sync = Callable[..., Output]

INCREMENTAL = {
    "lessons": "lesson",
    "pays": "pay",
    "logs": "log",
    "sms_messages": "sms-message",
    "mail_messages": "mail-message",
    "phone_calls": "phone-call",
}
STREAMS = tuple(INCREMENTAL)


@pytest.fixture
def account() -> Account:
    return Account.build()


def bookmarks(output: Output) -> dict[str, Any]:
    return output.state["bookmarks"]  # type: ignore[no-any-return]  # from JSON


def test_a_second_run_fetches_only_the_window(sync: Sync, account: Account) -> None:
    with serve(account) as server:
        first = sync(server, streams=STREAMS)
        lesson = account.rows("lesson")[0]["id"]
        account.update("lesson", lesson, topic="changed")
        pay = account.insert("pay")
        before = len(server.data_requests)
        second = sync(server, streams=STREAMS, state=first.state)
        asked = [r for r in server.data_requests[before:] if r.entity in {"lesson", "pay"}]
    # the filter is checked with up to 100 rows that are requested without it
    assert all("updated_at_from" in r.body for r in asked if r.body["pageSize"] == 500)
    assert {r.body["pageSize"] for r in asked} == {1, 100, 500}
    assert len(second.records("lessons")) < len(first.records("lessons")) / 2
    assert second.final("lessons")[lesson]["topic"] == "changed"
    assert pay in second.ids("pays")
    for stream, entity in INCREMENTAL.items():
        upserted = {**first.final(stream), **second.final(stream)}
        assert upserted.keys() == {row["id"] for row in account.rows(entity)}, stream


def test_the_requested_day_is_the_bookmark_minus_lookback(sync: Sync, server: Server) -> None:
    state = {
        "bookmarks": {
            "pays": {
                "replication_key": "updated_at",
                "replication_key_value": "2025-10-20T05:00:00Z",
            }
        }
    }
    sync(server, streams=("pays",), state=state, lookback_days=2)
    days = {r.body.get("updated_at_from") for r in server.data_requests if r.entity == "pay"}
    assert "17.10.2025" in days  # 20th at 05:00 UTC is still the 19th far in the west


def test_the_verdict_of_a_window_names_its_first_day(sync: Sync, account: Account) -> None:
    streams = ("pays", "customers", "branches")
    with serve(account) as server:
        first = sync(server, streams=streams)
        before = len(server.data_requests)
        second = sync(server, streams=streams, state=first.state)
    asked = [
        r.body["updated_at_from"]
        for r in server.data_requests[before:]
        if r.entity == "pay" and r.body["pageSize"] == 500
    ]
    days = {"-".join(reversed(day.split("."))) for day in asked}
    assert len(days) == 3  # a branch has its own bookmark
    assert second.verdict("pays").endswith(f"; changed since {max(days)}.")
    assert "changed since" not in "".join(second.verdict(name) for name in streams[2:])
    assert "changed since" not in "".join(first.verdict(name) for name in streams)


@pytest.mark.parametrize("hours", range(0, 24, 3))
@pytest.mark.parametrize("offset", [-11, -5, 0, 3, 6, 12])
def test_no_row_is_lost_in_any_zone_of_the_filter(hours: int, offset: int) -> None:
    bookmark = dt.datetime(2025, 10, 20, hours, 30, tzinfo=dt.UTC)
    asked = IncrementalFilter("updated_at", "updated_at_from", DOTTED).first_day(bookmark, 0)
    there = bookmark.astimezone(dt.timezone(dt.timedelta(hours=offset))).date()
    assert asked <= there


def test_start_date_bounds_the_first_run(sync: Sync, server: Server) -> None:
    output = sync(server, streams=("pays",), start_date="2025-10-01", lookback_days=0)
    asked = [r for r in server.data_requests if r.entity == "pay" and r.body["pageSize"] == 500]
    assert {r.body["updated_at_from"] for r in asked} == {"30.09.2025"}
    assert min(record["updated_at"] for record in output.records("pays")) >= "2025-09-30"


def test_the_bookmark_never_passes_the_start_of_the_run(sync: Sync, account: Account) -> None:
    account.insert("pay", updated_at="2094-01-01 00:00:00")
    lesson = account.insert("lesson", status=3)
    account.update("lesson", lesson, updated_at="2094-01-01 00:00:00")
    with serve(account) as server:
        output = sync(server, streams=("pays", "lessons"))
    marks = [bookmarks(output)["pays"], bookmarks(output)["lessons"]]
    now = f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
    assert all(mark["replication_key_value"] <= now for mark in marks)
    assert max(mark["replication_key_value"] for mark in marks) > "2026"


def test_the_bookmark_stays_where_rows_were_missed(sync: Sync, account: Account) -> None:
    with serve(account, Quirks(total="wrong")) as server:
        missed = sync(server, streams=("pays", "lessons"))
    marks = [bookmarks(missed)["pays"], bookmarks(missed)["lessons"]]
    assert not any("replication_key_value" in mark for mark in marks)
    with serve(account) as server:
        whole = sync(server, streams=("pays",), state=missed.state)
        assert not any("updated_at_from" in r.body for r in server.data_requests)
    assert "replication_key_value" in bookmarks(whole)["pays"]


def test_an_ignored_filter_is_logged_once_and_loses_no_row(sync: Sync, account: Account) -> None:
    with serve(account) as server:
        first = sync(server, streams=("pays",))
    with serve(account, Quirks(ignored_filters=frozenset({"updated_at_from"}))) as server:
        second = sync(server, streams=("pays",), state=first.state)
    assert len([line for line in second.warnings() if "ignored the filter" in line]) == 1
    assert sorted(second.ids("pays")) == sorted(first.ids("pays"))


def test_rows_without_the_key_are_loaded_in_full(sync: Sync, account: Account) -> None:
    with serve(account) as server:
        first = sync(server, streams=("pays", "lessons"))
    with serve(account, Quirks(no_updated_at=frozenset({"pay", "lesson"}))) as server:
        second = sync(server, streams=("pays", "lessons"), state=first.state)
    for stream in ("pays", "lessons"):
        assert sorted(second.ids(stream)) == sorted(first.ids(stream))
        told = [line for line in second.warnings() if line.startswith(f"{stream}: the rows carry")]
        assert len(told) == 1
        assert bookmarks(second)[stream] == bookmarks(first)[stream]


def test_a_first_run_without_the_key_loads_in_full_and_so_does_the_next(
    sync: Sync, account: Account
) -> None:
    pays = sorted(row["id"] for row in account.rows("pay"))
    with serve(account, Quirks(no_updated_at=frozenset({"pay"}))) as server:
        first = sync(server, streams=("pays",), detect_deletions=True)
        second = sync(server, streams=("pays",), state=first.state)
        assert not any("updated_at_from" in r.body for r in server.data_requests)
    for output in (first, second):
        assert sorted(output.ids("pays")) == pays
        assert output.verdict("pays").startswith("pays: COMPLETE")
        assert output.line("pays: the rows carry no updated_at, so this run loads the full table.")
        assert "replication_key_value" not in bookmarks(output)["pays"]


@pytest.mark.parametrize(
    ("kinds", "days"),
    [
        ([0], {(0, "04.03.2025")}),
        ([1], {(1, "13.03.2025")}),
        ([2], {(2, "19.03.2025")}),
        ([0, 1], {(0, "04.03.2025"), (1, "04.03.2025"), (2, "04.03.2025")}),
        ([0, 1, 2], {(0, "04.03.2025"), (1, "04.03.2025"), (2, "04.03.2025")}),
        ([1, 2], {(1, "13.03.2025"), (2, "13.03.2025")}),
    ],
)
def test_customers_start_from_the_earliest_bookmark_of_their_partitions(
    sync: Sync, server: Server, kinds: list[int], days: set[tuple[int, str]]
) -> None:
    """One count holds the windows together; both together have a bookmark only where alone."""
    moments = {0: "2025-03-05T13:00:00Z", 1: "2025-03-14T13:00:00Z", 2: "2025-03-20T13:00:00Z"}
    partitions = [
        {
            "context": {"is_study": kind},
            "replication_key": "updated_at",
            "replication_key_value": moment,
        }
        for kind, moment in moments.items()
    ]
    output = sync(
        server,
        streams=("customers",),
        methods={"customers": "INCREMENTAL"},
        state={"bookmarks": {"customers": {"partitions": partitions}}},
        is_study=kinds,
        lookback_days=1,
    )
    bodies = [r.body for r in server.data_requests if "updated_at_from" in r.body]
    assert {(body["is_study"], body["updated_at_from"]) for body in bodies} == days
    assert output.verdict().startswith("customers: COMPLETE")


def test_customers_are_incremental_only_if_the_catalog_says_so(
    sync: Sync, account: Account, server: Server
) -> None:
    full = sync(server, streams=("customers",))
    assert "replication_key_value" not in str(bookmarks(full)["customers"])
    catalog = select(TapAlfaCRM(config=config_for(server)).catalog_dict, {"customers"})
    for entry in catalog["streams"]:
        if entry["stream"] in {"customers", "branches"}:
            root_of(entry)["replication-method"] = "INCREMENTAL"
    first = sync(server, catalog=catalog)
    card = min(account.customer_ids(0, archived=False))
    account.update_customer(card, name="Нове Ім'я")
    second = sync(server, catalog=catalog, state=first.state)
    assert sorted(first.ids()) == sorted(account.customer_ids())
    assert 0 < len(second.ids()) < len(first.ids())
    assert second.final()[card]["name"] == "Нове Ім'я"
    assert any(
        "branches requests incremental replication, which needs a filter" in line
        for line in first.warnings()
    )


def test_a_resumed_run_has_the_result_of_an_uninterrupted_one(
    sync: Sync, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_retry_policy(monkeypatch, max_tries=2)
    with serve(account) as server:
        first = sync(server, streams=ALL[:-4])
        for entity in INCREMENTAL.values():
            account.insert(entity)
        undisturbed = sync(server, streams=ALL[:-4], state=first.state)
    for at in (5, 20, 40, 60):
        with serve(account, faults=[Fault("status", at=at, times=999)]) as server:
            died = sync(server, streams=ALL[:-4], state=first.state, fails=RequestError)
        assert died.error
        with serve(account) as server:
            resumed = sync(server, streams=ALL[:-4], state=died.state)
        for stream in ALL[:-4]:
            wanted = {**first.final(stream), **undisturbed.final(stream)}
            held = {**first.final(stream), **died.final(stream), **resumed.final(stream)}
            assert held == wanted, (at, stream)


def test_the_state_does_not_grow_with_rows_or_parents(sync: Sync) -> None:
    sizes = []
    for groups, cards in ((5, 20), (20, 80)):
        account = Account.build(groups=groups, leads=cards, archived_leads=0, archived_clients=0)
        with serve(account) as server:
            output = sync(server, streams=("group_memberships", "customer_tariffs", "lessons"))
        sizes.append(len(str(output.state)))
    assert abs(sizes[0] - sizes[1]) < 20


@pytest.mark.parametrize("stream", ["lessons", "pays", "logs"])
@pytest.mark.parametrize("at", [5, 8, 11])
def test_lists_that_grow_at_the_front_lose_and_duplicate_nothing(
    sync: Sync, account: Account, stream: str, at: int
) -> None:
    entity = INCREMENTAL[stream]
    before = {row["id"] for row in account.rows(entity)}

    def grow(account: Account) -> None:
        for _ in range(3):
            account.insert(entity)

    with serve(account, changes=[Change(at, grow)]) as server:
        output = sync(server, streams=(stream,), page_size=5, max_in_flight=1)
    ids = output.ids(stream)
    assert before <= set(ids)
    assert len(ids) == len(set(ids))
    assert output.verdict(stream).startswith(f"{stream}: COMPLETE")


def test_activate_version_follows_the_last_record_of_a_complete_table(
    sync: Sync, server: Server
) -> None:
    streams = ("customers", "tariffs", "lessons")
    output = sync(server, streams=streams, detect_deletions=True)
    told = [m for m in output.messages if m["type"] == "ACTIVATE_VERSION"]
    assert [message["stream"] for message in told] == ["customers", "tariffs"]
    for message in told:
        later = output.messages[output.messages.index(message) :]
        assert not any(m["type"] == "RECORD" and m["stream"] == message["stream"] for m in later)
        versions = {
            m.get("version")
            for m in output.messages
            if m["type"] == "RECORD" and m["stream"] == message["stream"]
        }
        assert versions == {message["version"]}


def test_no_activate_version_for_an_incomplete_table_or_by_default(
    sync: Sync, account: Account, server: Server
) -> None:
    output = sync(server, streams=("customers", "tariffs"))
    assert not [m for m in output.messages if m["type"] == "ACTIVATE_VERSION"]
    with serve(account, Quirks(total="wrong")) as wrong:
        output = sync(wrong, streams=("customers", "tariffs"), detect_deletions=True)
    assert not [m for m in output.messages if m["type"] == "ACTIVATE_VERSION"]


def test_a_refused_branch_is_incomplete_and_moves_no_bookmark(sync: Sync, account: Account) -> None:
    with serve(account) as server:
        first = sync(server, streams=("pays",))
    before = copy.deepcopy(bookmarks(first)["pays"])
    changed = next(row["id"] for row in account.rows("pay") if row["branch_id"] == 1)
    account.update("pay", changed, note="changed")
    refused = Fault(
        "status", at=lambda r: r.entity == "pay" and r.branch == 2, status=404, times=99
    )
    with serve(account, faults=[refused]) as server:
        second = sync(server, streams=("pays",), state=first.state)
    assert changed in second.ids("pays")
    assert second.verdict("pays").startswith("pays: INCOMPLETE, refused: branch 2. ")
    assert bookmarks(second)["pays"] == before


def test_a_refused_partition_moves_no_bookmark_of_the_others(sync: Sync, account: Account) -> None:
    with serve(account) as server:
        first = sync(server, streams=("lessons",))
    before = copy.deepcopy(bookmarks(first)["lessons"])
    for lesson in account.rows("lesson"):
        account.update("lesson", lesson["id"], topic="changed")
    refused = Fault("status", at=lambda r: r.body.get("status") == 3, status=404, times=99)
    with serve(account, faults=[refused]) as server:
        second = sync(server, streams=("lessons",), state=first.state)
    assert second.records("lessons")
    marks = bookmarks(second)["lessons"]
    assert marks["replication_key_value"] == before["replication_key_value"]
    assert marks["proof"]["counts"] == before["proof"]["counts"]
    with serve(account) as server:
        healthy = sync(server, streams=("lessons",), state=second.state)
    assert sorted(healthy.ids("lessons")) == sorted(row["id"] for row in account.rows("lesson"))


def test_short_lists_of_messages_take_one_request(sync: Sync, account: Account) -> None:
    streams = ("sms_messages", "pays")
    with serve(account) as server:
        first = sync(server, streams=("lessons", *streams), samples=("lessons",))
        message = account.rows("sms-message")[0]["id"]
        account.update("sms-message", message, is_sent=7)
        before = len(server.data_requests)
        second = sync(
            server, streams=("customers", *streams), state=first.state, samples=("customers",)
        )
        asked = [r for r in server.data_requests[before:] if r.entity == "sms-message"]
    assert len(asked) == len(account.rows("branch"))
    assert not any("date_from" in r.body for r in asked)
    assert second.final("sms_messages")[message]["is_sent"] == 7
    assert second.verdict("sms_messages").startswith("sms_messages: COMPLETE")


def test_a_log_without_a_new_row_takes_one_request(sync: Sync, account: Account) -> None:
    branches = sorted(row["id"] for row in account.rows("branch"))
    with serve(account) as server:

        def night(state: dict[str, Any]) -> tuple[Output, list[int | None]]:
            before = len(server.data_requests)
            output = sync(server, streams=("logs",), state=state)
            asked = [r for r in server.data_requests[before:] if r.entity == "log"]
            assert {r.branch for r in asked if "date_from" not in r.body} == set(branches)
            assert output.verdict("logs").startswith("logs: COMPLETE. Rows received ")
            return output, [r.branch for r in asked if "date_from" in r.body]

        first = sync(server, streams=("logs",))
        before = len(server.data_requests)
        quiet, windows = night(first.state)
        assert (quiet.ids("logs"), windows) == ([], [])
        assert sum(r.entity == "log" for r in server.data_requests[before:]) == len(branches)
        assert bookmarks(quiet) == bookmarks(first)
        row = account.insert("log", branch_id=branches[1])
        busy, windows = night(quiet.state)
        assert row in busy.ids("logs")
        assert windows == [branches[1]]
        gone = min(row["id"] for row in account.rows("log"))
        account.delete("log", gone)  # as a school may do with old ones
        account.insert("log", branch_id=branches[1])
        assert night(busy.state)[1]


def test_a_changed_row_is_no_new_one_where_rows_can_change(sync: Sync, account: Account) -> None:
    with serve(account) as server:
        first = sync(server, streams=("pays",))
        before = len(server.data_requests)
        sync(server, streams=("pays",), state=first.state)
        asked = [r for r in server.data_requests[before:] if "updated_at_from" in r.body]
    assert len(asked) == len(account.rows("branch"))


@dataclass(kw_only=True)
class WindowLacks(Misbehaviour):
    """A window of dates lacks a row."""

    hidden: int = 0

    @override
    def concerns(self, _request: Request) -> bool:
        return any(name.endswith("_from") for name in _request.body)

    @override
    def select(self, _query: Query, rows: list[Record]) -> list[Record]:
        return [row for row in rows if row.values["id"] != self.hidden]


@pytest.mark.parametrize("entity", ["pay", "log"])
def test_a_row_created_during_the_run_does_not_conceal_one_that_the_filter_hides(
    sync: Sync, monkeypatch: pytest.MonkeyPatch, entity: str
) -> None:
    monkeypatch.setitem(MISBEHAVIOURS, "window_lacks", WindowLacks)
    stream = f"{entity}s"

    def build() -> Account:
        return Account.build(leads=2, clients=2, branches=1, pays=20, logs=20)

    def night(account: Account, state: dict[str, Any] | None, *changes: Change) -> Output:
        with serve(account, changes=changes) as server:
            server.misbehave("window_lacks", resource=entity, hidden=hidden)
            return sync(
                server, state=state, streams=(stream,), page_size=4, max_in_flight=1, samples=()
            )

    hidden = 0
    state = night(build(), None).state
    for moment in range(1, 12):
        account = build()
        hidden = account.insert(entity)
        account.update(entity, hidden, document_date="2020-01-01")  # so that it is on a later page
        insert = Change(moment, lambda account: account.insert(entity))
        output = night(account, copy.deepcopy(state), insert)
        is_complete = output.verdict(stream).startswith(f"{stream}: COMPLETE")
        assert hidden in output.ids(stream) or not is_complete, moment
