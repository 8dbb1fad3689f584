"""A night requests a part of the parents, and each of them within `child_refresh_days`."""

from __future__ import annotations

import copy
import datetime as dt
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Change, Quirks, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulator import Server
    from tests.conftest import Output

STREAM = "group_memberships"
DAYS = 5
BEGIN = dt.datetime(2026, 3, 2, 1, 30, tzinfo=dt.UTC)
CHILDREN = ("customer_tariffs", "customer_bonus_balances", "customer_calendars", "communications")


class Nights:
    """Runs the tap on chosen days, each with the state of the last."""

    def __init__(
        self, sync: Callable[..., Output], server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.server = server
        self._sync, self._monkeypatch = sync, monkeypatch
        self.state: dict[str, Any] | None = None
        self.asked: set[int] = set()

    def run(self, day: int, **config: Any) -> Output:
        """Run the tap so many days after the first; notes the groups that were requested."""
        moment = BEGIN + dt.timedelta(days=day)
        self._monkeypatch.setattr("tap_alfacrm.streams.run.utc_now", lambda: moment)
        before = len(self.server.data_requests)
        config = {"streams": (STREAM,), "child_refresh_days": DAYS, **config}
        output = self._sync(self.server, state=copy.deepcopy(self.state), **config)
        self.state = output.state
        requests = self.server.data_requests[before:]
        self.asked = {int(r.query["group_id"]) for r in requests if r.entity == "cgi"}
        return output


@pytest.fixture
def account() -> Account:
    """An account whose groups changed last on one day, the first of them later."""
    account = Account.build(
        leads=8, clients=8, archived_leads=8, archived_clients=8, groups=40, tasks=8
    )
    for group in account.rows("group"):
        account.update("group", group["id"], updated_at="2025-01-01 10:00:00")
    account.update("group", newest(account), updated_at="2025-01-02 10:00:00")
    return account


@pytest.fixture
def nights(
    sync: Callable[..., Output], account: Account, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Nights]:
    with serve(account) as server:
        yield Nights(sync, server, monkeypatch)


def newest(account: Account) -> int:
    """The group that changed last, and is requested each night."""
    return min(every(account))


def every(account: Account) -> set[int]:
    return {row["id"] for row in account.rows("group")}


def due(account: Account, *days: int) -> set[int]:
    """The groups that are requested where nothing changed since, on the turns of these days."""
    turns = {(BEGIN + dt.timedelta(days=day)).toordinal() % DAYS for day in days}
    return {one for one in every(account) if one % DAYS in turns} | {newest(account)}


def members(output: Output, groups: set[int]) -> list[int]:
    """The memberships of some groups, without the ended ones, which the API hides."""
    return [row["id"] for row in output.records(STREAM) if row["group_id"] in groups]


def test_a_night_requests_the_parents_whose_turn_it_is(nights: Nights, account: Account) -> None:
    first = nights.run(0)
    assert nights.asked == every(account)
    assert "requested" not in first.verdict(STREAM)
    size = len(json.dumps(nights.state))
    asked = set()
    for day in range(1, DAYS + 1):
        night = nights.run(day)
        assert nights.asked == due(account, day)
        asked |= nights.asked
        share = f"{len(nights.asked)} of {len(every(account))} groups"
        wanted = f"{STREAM}: COMPLETE, {share} requested: changed or due today. Rows received"
        assert night.verdict(STREAM).startswith(wanted)
        assert night.ids(STREAM) == members(first, nights.asked)
    assert asked == every(account)
    assert len(json.dumps(nights.state)) == size


def test_the_audit_has_the_number_of_requested_parents(nights: Nights, account: Account) -> None:
    nights.run(0)
    night = nights.run(1, streams=(STREAM, "sync_audit"))
    (record,) = (one for one in night.records("sync_audit") if one["stream"] == STREAM)
    share = f"{len(due(account, 1))} of {len(every(account))} groups"
    assert record["reason"] == f"{share} requested: changed or due today"
    assert record["verdict"] == "COMPLETE"


def test_one_day_requests_all_each_night(nights: Nights, account: Account) -> None:
    for day in (0, 1, 1):
        night = nights.run(day, child_refresh_days=1)
        assert nights.asked == every(account)
        assert "requested" not in night.verdict(STREAM)


def test_a_full_refresh_requests_all(nights: Nights, account: Account) -> None:
    nights.run(0)
    nights.state = None
    nights.run(1)
    assert nights.asked == every(account)


def test_changed_and_new_parents_are_requested(nights: Nights, account: Account) -> None:
    nights.run(0)
    changed, untouched = sorted(every(account) - due(account, 1))[:2]
    account.update("group", changed)
    new = account.insert("group", updated_at="2024-01-01 00:00:00")
    member = account.insert("cgi", group_id=new)
    night = nights.run(1)
    assert {changed, new} <= nights.asked
    assert untouched not in nights.asked
    assert member in night.ids(STREAM)


def test_a_member_of_an_unchanged_group_is_there_within_the_days(
    nights: Nights, account: Account
) -> None:
    nights.run(0)
    group = min(every(account) - due(account, 1))
    member = account.insert("cgi", group_id=group)
    found = [day for day in range(1, DAYS + 1) if member in nights.run(day).ids(STREAM)]
    assert found
    assert found[0] > 1


def test_nights_that_were_left_out_are_made_up_for(nights: Nights, account: Account) -> None:
    nights.run(0)
    nights.run(3)
    assert nights.asked == due(account, 1, 2, 3)
    nights.run(3 + DAYS)
    assert nights.asked == every(account)


def test_a_night_that_was_not_complete_is_made_up_for(nights: Nights, account: Account) -> None:
    nights.run(0)
    refused = min(due(account, 1) - due(account, 2))
    nights.server.misbehave("refused", resource="cgi", parents=[refused], status=404)
    night = nights.run(1)
    assert night.verdict(STREAM).startswith(f"{STREAM}: INCOMPLETE")
    nights.server.behave()
    member = account.insert("cgi", group_id=refused)
    night = nights.run(2)
    assert nights.asked == due(account, 1, 2)
    assert member in night.ids(STREAM)
    nights.run(3)
    assert nights.asked == due(account, 3)


def test_parents_that_were_hidden_make_all_be_requested(nights: Nights, account: Account) -> None:
    hidden = {row["id"] for row in account.rows("group", archived=True)}
    nights.run(0, include_archived=False)
    assert nights.asked == every(account) - hidden
    assert hidden
    nights.run(1)
    assert nights.asked == every(account)
    nights.run(2)
    assert nights.asked == due(account, 2)


@pytest.mark.parametrize(("former", "requests_all"), [(1, False), (3, True)])
def test_a_changed_setting_leaves_no_parent_behind(
    nights: Nights, account: Account, former: int, *, requests_all: bool
) -> None:
    nights.run(0, child_refresh_days=former)
    nights.run(1)
    assert nights.asked == (every(account) if requests_all else due(account, 1))


@pytest.mark.parametrize(
    ("name", "value"),
    [("started_at", "soon"), ("started_at", None), ("count", {}), ("highest_id", "x"), ("days", 3)],
)
def test_an_unusable_state_requests_all(
    nights: Nights, account: Account, name: str, value: Any
) -> None:
    nights.run(0)
    assert nights.state is not None
    nights.state["bookmarks"][STREAM]["proof"]["refreshes"]["groups"][name] = value
    nights.run(1)
    assert nights.asked == every(account)


def test_a_clock_that_was_set_back_requests_all(nights: Nights, account: Account) -> None:
    nights.run(9)
    nights.run(1)
    assert nights.asked == every(account)


def test_parents_that_do_not_show_changes_are_all_requested(
    sync: Callable[..., Output], account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(account, Quirks(no_updated_at=frozenset({"group"}))) as server:
        nights = Nights(sync, server, monkeypatch)
        for day in (0, 1):
            nights.run(day)
            assert nights.asked == every(account)


def test_deletions_are_detected_only_where_all_were_requested(nights: Nights) -> None:
    for day, is_whole in [(0, True), (1, False), (2, False), (2 + DAYS, True)]:
        night = nights.run(day, detect_deletions=True)
        versions = [m["stream"] for m in night.messages if m["type"] == "ACTIVATE_VERSION"]
        assert (STREAM in versions) is is_whole
        assert night.verdict(STREAM).startswith(f"{STREAM}: COMPLETE")


def test_a_part_that_is_suddenly_empty_is_unproven_once(nights: Nights, account: Account) -> None:
    first = nights.run(0)
    nights.server.misbehave("empty", resource="cgi")
    night = nights.run(1)
    assert night.verdict(STREAM).startswith(f"{STREAM}: UNPROVEN, the earlier run found more: all:")
    nights.server.behave()
    night = nights.run(2)
    assert nights.asked == due(account, 1, 2)
    assert night.ids(STREAM) == members(first, nights.asked)
    for row in account.rows("cgi"):
        account.delete("cgi", row["id"])
    words = [nights.run(day).verdict(STREAM).split(" ")[1] for day in (3, 4, 5)]
    assert words == ["UNPROVEN,", "COMPLETE,", "COMPLETE,"]


def test_a_night_of_parents_without_rows_is_complete(nights: Nights, account: Account) -> None:
    groups = due(account, 1)
    for row in account.rows("cgi"):
        if row["group_id"] in groups:
            account.delete("cgi", row["id"])
    assert len(nights.run(0).ids(STREAM)) > len(every(account))
    night = nights.run(1)
    assert nights.asked == groups
    assert not night.ids(STREAM)
    assert night.verdict(STREAM).startswith(f"{STREAM}: COMPLETE")
    member = account.insert("cgi", group_id=min(every(account) - groups))
    assert member in nights.run(1 + DAYS).ids(STREAM)
    nights.server.misbehave("empty", resource="cgi")
    assert nights.run(2 + DAYS).verdict(STREAM).startswith(f"{STREAM}: UNPROVEN, the earlier run")


def test_children_of_each_parent_are_all_there_after_the_days(
    nights: Nights, account: Account
) -> None:
    nights.run(0, streams=CHILDREN)
    for customer in account.customer_ids():
        account.insert("customer-tariff", customer_id=customer)
    received: set[int] = set()
    for day in range(1, DAYS + 1):
        night = nights.run(day, streams=CHILDREN)
        received |= set(night.ids("customer_tariffs"))
        for name in CHILDREN:
            assert re.search(r"COMPLETE, \d+ of \d+ customers", night.verdict(name)), name
    assert received == {row["id"] for row in account.rows("customer-tariff")}


def answers(nights: Nights, before: int) -> dict[int, int]:
    """Requests by group, of those after a number of requests."""
    requests = nights.server.data_requests[before:]
    return Counter(int(r.query["group_id"]) for r in requests if r.entity == "cgi")


@pytest.fixture
def empty(account: Account) -> set[int]:
    """Groups of one branch without members; each of the first ten groups has a current one."""
    branch = account.rows("branch")[0]["id"]
    for group in every(account):
        account.update("group", group, branch_ids=[branch], updated_at="2025-01-01 10:00:00")
    groups = set(sorted(every(account))[10:])
    for row in account.rows("cgi"):
        if row["group_id"] in groups:
            account.delete("cgi", row["id"])
    for group in every(account) - groups:
        account.insert("cgi", group_id=group)
    return groups


def test_proven_empty_parents_are_requested_once(
    nights: Nights, account: Account, empty: set[int]
) -> None:
    requests = []
    for day, days in [(0, 1), (1, 1), (2, DAYS), (3, DAYS), (4, 1)]:
        before = len(nights.server.data_requests)
        verdict = nights.run(day, child_refresh_days=days).verdict(STREAM)
        assert verdict.startswith(f"{STREAM}: COMPLETE")
        requests.append(answers(nights, before))
    assert requests[0] == {one: 2 if one in empty else 1 for one in every(account)}
    for number in (1, 4):
        assert requests[number] == dict.fromkeys(every(account), 1)
    for number in (2, 3):
        assert set(requests[number].values()) == {1}


def test_a_parent_with_rows_that_is_empty_once_loses_none(
    nights: Nights, account: Account, empty: set[int]
) -> None:
    first = nights.run(0, child_refresh_days=1)
    filled = sorted(every(account) - empty)
    nights.server.misbehave("empty", resource="cgi", parents=filled[3:4], times=1)
    before = len(nights.server.data_requests)
    night = nights.run(1, child_refresh_days=1)
    requests = answers(nights, before)
    assert sorted(night.ids(STREAM)) == sorted(first.ids(STREAM))
    assert [one for one, count in requests.items() if count == 2] == filled[3:4]


def test_a_parent_that_was_filled_is_not_proven_empty_any_more(
    nights: Nights, account: Account, empty: set[int]
) -> None:
    nights.run(0, child_refresh_days=1)
    group = min(empty)
    member = account.insert("cgi", group_id=group)
    nights.run(1, child_refresh_days=1)
    nights.server.misbehave("empty", resource="cgi", parents=[group], times=1)
    assert member in nights.run(2, child_refresh_days=1).ids(STREAM)


def test_an_unproven_night_proves_no_parent_empty(
    nights: Nights, account: Account, empty: set[int]
) -> None:
    first = nights.run(0, child_refresh_days=1)
    filled = every(account) - empty
    nights.server.misbehave("empty", resource="cgi")
    assert "UNPROVEN" in nights.run(1, child_refresh_days=1).verdict(STREAM)
    nights.server.behave()
    nights.server.misbehave("empty", resource="cgi", parents=[min(filled)], times=1)
    night = nights.run(2, child_refresh_days=1)
    assert sorted(night.ids(STREAM)) == sorted(first.ids(STREAM))


COUNTED = ("customers", "groups", "teachers")
ENTITIES = {"customers": "customer", "groups": "group", "teachers": "teacher"}


def counts_of(nights: Nights, day: int, **config: Any) -> tuple[Output, list[tuple[str, int]]]:
    """Run the tap; returns its output, and the entity and branch (0: all) of each count."""
    before = len(nights.server.data_requests)
    output = nights.run(day, streams=COUNTED, **config)
    requests = nights.server.data_requests[before:]
    counted = {
        (r.entity or "", r.branch or 0)
        for r in requests
        if r.body.get("pageSize") == 1 and r.body.get("removed") == 1
    }
    return output, sorted(counted - {("customer", 0)})  # which is requested each night


def branches(account: Account) -> set[int]:
    return {row["id"] for row in account.rows("branch")}


def whole(account: Account) -> set[tuple[str, int]]:
    """All counts that can be left out."""
    return {("group", 0), ("teacher", 0), *(("customer", branch) for branch in branches(account))}


def rows_of(account: Account, stream: str) -> list[int]:
    entity = ENTITIES[stream]
    archived = account.rows(entity, archived=True)
    return sorted(row["id"] for row in [*account.rows(entity, archived=False), *archived])


def test_counts_are_left_out_for_less_than_the_days_where_no_row_changes(
    nights: Nights, account: Account
) -> None:
    _, first = counts_of(nights, 0)
    assert set(first) >= whole(account)
    size = len(json.dumps(nights.state))
    seen: list[tuple[str, int]] = []
    for day in range(1, DAYS + 1):
        night, counted = counts_of(nights, day)
        seen += counted
        for stream, entity in ENTITIES.items():
            every = sum(one == entity for one, _ in whole(account))
            due = sum(one == entity for one, _ in counted)
            names = f"{due} of {every} branches" if entity == "customer" else "0 of 2 lists"
            share = f", {names} counted: changed or due today"
            verdict = f"{stream}: COMPLETE{share if due < every else ''}. Rows received"
            assert night.verdict(stream).startswith(verdict)
            assert sorted(night.ids(stream)) == rows_of(account, stream)
    assert sorted(seen) == sorted(whole(account))  # each once
    assert len(json.dumps(nights.state)) == size


def test_one_day_requests_all_counts_each_night(nights: Nights, account: Account) -> None:
    for day in (0, 1, 1):
        night, counted = counts_of(nights, day, child_refresh_days=1)
        assert set(counted) >= whole(account)
        assert "counted:" not in "".join(night.verdict(stream) for stream in COUNTED)
    assert "counted" not in json.dumps(nights.state)


def quiet_day(nights: Nights, entity: str, number: int) -> int:
    """A day on which a count is not due, after a first run and the days before it."""
    counts_of(nights, 0)
    day = 1
    while (entity, number) in counts_of(nights, day)[1]:
        day += 1
    return day


@pytest.mark.parametrize("change", ["new", "gone", "another branch"])
def test_a_branch_with_other_rows_is_counted(nights: Nights, account: Account, change: str) -> None:
    branch, other = sorted(branches(account))[:2]
    cards = account.rows("customer", archived=False)
    card = next(row["id"] for row in cards if row["branch_ids"] == [branch])
    day = quiet_day(nights, "customer", branch)
    if change == "new":
        account.insert_customer(0, branch_ids=[branch])
    elif change == "gone":
        account.delete_customer(card)
    else:
        account.update_customer(card, branch_ids=[other])
    night, counted = counts_of(nights, day)
    assert ("customer", branch) in counted
    assert sorted(night.ids("customers")) == rows_of(account, "customers")
    assert night.verdict("customers").startswith("customers: COMPLETE")


@pytest.mark.parametrize("entity", ["group", "teacher"])
@pytest.mark.parametrize("archives", [True, False])
def test_lists_between_which_a_row_moved_are_counted_together(
    nights: Nights, account: Account, entity: str, *, archives: bool
) -> None:
    row = account.rows(entity, archived=not archives)[0]["id"]
    day = quiet_day(nights, entity, 0)
    (account.archive if archives else account.restore)(row, entity)
    night, counted = counts_of(nights, day)
    assert (entity, 0) in counted
    assert night.final(f"{entity}s")[row]["is_archived"] is archives


def test_rows_that_the_path_without_a_branch_begins_to_hide_are_loaded(
    nights: Nights, account: Account
) -> None:
    for day in range(3):
        counts_of(nights, day)
    nights.server.misbehave("branches_limited", branch="none")
    night, _ = counts_of(nights, 3)
    for stream in COUNTED:
        assert sorted(night.ids(stream)) == rows_of(account, stream)


@pytest.mark.parametrize(
    ("config", "is_limited"), [({}, False), ({"branch_ids": [1, 2]}, False), ({}, True)]
)
def test_a_group_that_is_restored_while_groups_are_read_is_never_lost_under_complete(
    sync: Callable[..., Output],
    monkeypatch: pytest.MonkeyPatch,
    config: dict[str, Any],
    *,
    is_limited: bool,
) -> None:
    """At each request of a quiet night; also where each branch is read by itself."""
    monkeypatch.setattr("tap_alfacrm.streams.run.utc_now", lambda: BEGIN)  # no count has its turn
    settings = {"streams": ("groups",), "child_refresh_days": 30, "samples": (), **config}

    def night(state: dict[str, Any] | None, *changes: Change) -> tuple[Output, int]:
        with serve(school()[0], changes=changes) as server:
            if is_limited:
                server.misbehave("branches_limited", branch="none")
            output = sync(server, state=copy.deepcopy(state), **settings)
            return output, len(server.data_requests)

    state, group = None, school()[1]
    for _ in range(3):
        quiet, requests = night(state)
        state = quiet.state
    assert "0 of 2 lists" in quiet.verdict("groups")
    lost = []
    for moment in range(1, requests + 1):
        restore = Change(moment, lambda account: account.restore(group, "group"))
        output, _ = night(state, restore)
        if output.verdict("groups").startswith("groups: COMPLETE"):
            lost += [moment] if group not in output.ids("groups") else []
    assert lost == []


def school() -> tuple[Account, int]:
    """An account of two branches, and an archived group of the second."""
    account = Account.build(branches=2, groups=10, leads=2, clients=2)
    group = next(r["id"] for r in account.rows("group", archived=False) if r["branch_ids"] == [2])
    account.archive(group, "group")
    return account, group


def test_a_count_that_was_refused_is_requested_the_next_night(
    nights: Nights, account: Account
) -> None:
    branch = min(branches(account))
    nights.server.misbehave("refused", resource="customer", branch=branch, status=404)
    counts_of(nights, 0)
    nights.server.behave()
    assert ("customer", branch) in counts_of(nights, 0)[1]
