"""Rows move consistently: nothing refers to what is gone, and an exchange keeps every total."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

import pytest

from simulator import Account
from simulator.entities import ENTITIES
from simulator.movement import (
    EXCHANGES,
    MOVES,
    SILENT,
    NothingToMoveError,
    change_silently,
    exchange,
    lose,
    move,
)
from simulator.tables import SPECS
from simulator.tables.kit import branches_of

EVERY = (*SPECS, "customer")
Rows = dict[int, tuple[bool, dict[str, Any]]]


def rows(account: Account, entity: str) -> Rows:
    return {
        row["id"]: (account.is_archived(row["id"], entity), row) for row in account.rows(entity)
    }


def changed(before: Rows, after: Rows) -> set[int]:
    return {id_ for id_ in before.keys() | after.keys() if before.get(id_) != after.get(id_)}


def dangling(account: Account) -> list[tuple[str, int, str]]:
    """Entity, id and field of whatever refers to a row that is not there."""
    single = {
        "branch_id": "branch",
        "customer_id": "customer",
        "group_id": "group",
        "regular_id": "regular-lesson",
        "ctt_id": "customer-tariff",
    }
    several = {"branch_ids": "branch", "customer_ids": "customer", "group_ids": "group"}
    classes = {"Customer": "customer", "Group": "group", "Task": "task"}
    found = []
    for entity in EVERY:
        for row in account.rows(entity):
            gone = [
                name
                for name, other in single.items()
                if row.get(name) is not None and row[name] not in account.tables[other]
            ]
            gone += [
                name
                for name, other in several.items()
                if set(row.get(name, ())) - account.tables[other].keys()
            ]
            other = classes.get(row.get("class") or row.get("related_class") or "")
            if other and row["related_id"] not in account.tables[other]:
                gone.append("related_id")
            for one in row.get("details", ()):
                if (one["lesson_id"], one["branch_id"]) != (row["id"], row["branch_id"]):
                    gone.append("details")
                if one["customer_id"] not in account.tables["customer"]:
                    gone.append("details.customer_id")
            found += [(entity, row["id"], name) for name in gone]
        for id_, record in account.tables[entity].items():
            if record.branch is not None and record.branch not in account.tables["branch"]:
                found.append((entity, id_, "branch"))
    return found


MOVED = [(entity, kind) for entity, kinds in MOVES.items() for kind in kinds]


@pytest.mark.parametrize(("entity", "kind"), MOVED)
def test_a_move_changes_the_row_that_it_names(entity: str, kind: str) -> None:
    account = Account.build(seed=3)
    if kind == "activate":
        account.update("branch", 2, is_active=0)
    assert dangling(account) == []
    before = rows(account, entity)
    moved = move(account, entity, Random(1), kind)
    assert (moved.entity, moved.kind, len(moved.ids)) == (entity, kind, 1)
    after = rows(account, entity)
    assert changed(before, after) == moved.ids
    [id_] = moved.ids
    assert (id_ not in before) == (kind == "insert")
    assert (id_ not in after) == (kind == "delete")
    assert dangling(account) == []


def was_and_is(account: Account, entity: str, kind: str) -> tuple[Any, Any]:
    before = rows(account, entity)
    [id_] = move(account, entity, Random(1), kind).ids
    return before[id_], rows(account, entity)[id_]


@pytest.mark.parametrize(("kind", "status"), [("plan", 1), ("cancel", 2), ("conduct", 3)])
def test_a_lesson_is_planned_cancelled_and_conducted(kind: str, status: int) -> None:
    (_, was), (_, is_) = was_and_is(Account.build(), "lesson", kind)
    assert was["status"] != is_["status"] == status
    attended = [one["customer_id"] for one in is_["details"]]
    assert attended == (is_["customer_ids"] if status == 3 else [])


def test_inserted_lessons_have_every_status() -> None:
    account, rng = Account.build(), Random(1)
    new = {id_ for _ in range(20) for id_ in move(account, "lesson", rng, "insert").ids}
    statuses = {row["status"] for row in account.rows("lesson") if row["id"] in new}
    assert statuses == {1, 2, 3}


def test_a_lesson_gets_another_day() -> None:
    (_, was), (_, is_) = was_and_is(Account.build(), "lesson", "reschedule")
    assert was["date"] != is_["date"] == is_["time_from"][:10] == is_["time_to"][:10]


@pytest.mark.parametrize("entity", ["customer", "group", "lesson", "pay", "teacher"])
def test_a_row_goes_to_another_branch(entity: str) -> None:
    (_, was), (_, is_) = was_and_is(Account.build(), entity, "change_branch")
    assert not set(branches_of(was)) & set(branches_of(is_))


def test_a_payment_gets_another_day() -> None:
    (_, was), (_, is_) = was_and_is(Account.build(), "pay", "redate")
    assert was["document_date"] != is_["document_date"]


@pytest.mark.parametrize(("kind", "active"), [("deactivate", 0), ("activate", 1)])
def test_a_branch_is_switched_off_and_on(kind: str, active: int) -> None:
    account = Account.build()
    account.update("branch", 1, is_active=0)
    (_, was), (_, is_) = was_and_is(account, "branch", kind)
    assert (was["is_active"], is_["is_active"]) == (1 - active, active)


@pytest.mark.parametrize("entity", ["customer", "group", "teacher"])
def test_a_row_is_archived_and_restored(entity: str) -> None:
    for kind in ("archive", "restore"):
        (was, _), (is_, _) = was_and_is(Account.build(), entity, kind)
        assert (was, is_) == (kind == "restore", kind == "archive")


def test_a_deleted_group_takes_its_memberships_along() -> None:
    account = Account.build()
    [group] = move(account, "group", Random(1), "delete").ids
    members = account.rows("cgi")
    assert members
    assert all(row["group_id"] != group for row in members)
    assert account.rows("cgi")


def test_a_deleted_branch_leaves_its_rows_to_others() -> None:
    account = Account.build()
    counts = {entity: len(account.rows(entity)) for entity in EVERY}
    [branch] = move(account, "branch", Random(1), "delete").ids
    assert {entity: len(account.rows(entity)) for entity in EVERY} == {
        **counts,
        "branch": counts["branch"] - 1,
    }
    assert counts["customer"] > 0
    assert all(branch not in row["branch_ids"] for row in account.rows("customer"))
    assert dangling(account) == []


def test_many_moves_leave_nothing_dangling() -> None:
    account, rng = Account.build(), Random(5)
    kinds = set()
    for _ in range(60):
        for entity in ("customer", "lesson", "group", "pay", "teacher", "branch"):
            kinds.add((entity, move(account, entity, rng).kind))
            if entity in EXCHANGES:
                with suppress(NothingToMoveError):  # of a single branch
                    exchange(account, entity, rng)
    assert kinds == set(MOVED)
    assert dangling(account) == []


def test_moves_are_repeatable() -> None:
    def play() -> list[Any]:
        account, rng = Account.build(), Random(9)
        moves = [move(account, entity, rng) for _ in range(5) for entity in MOVES]
        return [moves, [account.rows(entity) for entity in EVERY]]

    assert play() == play()


def lengths(account: Account, entity: str) -> dict[Any, int]:
    """The length of each list of an entity: by archive, kind, status and branch."""
    found: dict[Any, int] = {}
    for archived, row in rows(account, entity).values():
        for branch in branches_of(row):
            key = (archived, row.get("is_study"), row.get("status"), branch)
            found[key] = found.get(key, 0) + 1
    return found


EXCHANGED = [(entity, kind) for entity, kinds in EXCHANGES.items() for kind in kinds]


@pytest.mark.parametrize(("entity", "kind"), EXCHANGED)
def test_an_exchange_keeps_the_length_of_every_list(entity: str, kind: str) -> None:
    account, rng = Account.build(seed=3), Random(2)
    were = lengths(account, entity)
    for _ in range(5):
        before = rows(account, entity)
        moved = exchange(account, entity, rng, kind)
        assert changed(before, rows(account, entity)) == moved.ids
        assert (moved.kind, len(moved.ids)) == (kind, 2)
        assert lengths(account, entity) == were
    assert dangling(account) == []


def test_rows_are_lost_for_good() -> None:
    account = Account.build(lessons=40)
    before = rows(account, "lesson")
    lost = lose(account, "lesson", Random(1), 0.25).ids
    after = rows(account, "lesson")
    assert len(lost) == len(before) // 4
    assert before.keys() - after.keys() == lost


@pytest.mark.parametrize("entity", sorted(SILENT))
def test_a_silent_change_moves_no_date(entity: str) -> None:
    account = Account.build()
    before = rows(account, entity)
    [id_] = change_silently(account, entity, Random(1)).ids
    (was_archived, was), (is_archived, is_) = before[id_], rows(account, entity)[id_]
    differing = {name for name in was if was[name] != is_[name]}
    assert (was_archived, was) != (is_archived, is_)
    assert not {name for name in differing if name.endswith(("_at", "date", "added"))}
    assert is_archived == (entity == "group")


def test_what_cannot_move_says_so() -> None:
    account = Account.build(leads=0, clients=0, archived_leads=0, archived_clients=0, branches=1)
    for kind in ("delete", "archive", "change_branch"):
        with pytest.raises(NothingToMoveError):
            move(account, "customer", Random(1), kind)
    for entity, kind in [("lesson", "insert"), ("branch", "delete"), ("group", "change_branch")]:
        with pytest.raises(NothingToMoveError):
            move(account, entity, Random(1), kind)
    with pytest.raises(NothingToMoveError):
        exchange(account, "customer", Random(1))
    with pytest.raises(KeyError):
        move(account, "group", Random(1), "no_such")
    assert move(account, "customer", Random(1)).kind == "insert"


def test_every_entity_that_moves_is_a_list() -> None:
    assert {*MOVES, *EXCHANGES, *SILENT} <= ENTITIES.keys()
