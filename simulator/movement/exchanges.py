"""One row takes the place of another, so that no list changes its length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.movement.deletion import delete
from simulator.movement.kit import any_row, set_status, settle, two_rows
from simulator.tables.kit import branches_of

if TYPE_CHECKING:
    from random import Random

    from simulator.account import Account
    from simulator.movement.kit import Do
    from simulator.records import Record


def _place(record: Record) -> tuple[object, ...]:
    values = record.values
    return (record.archived, values.get("is_study"), values.get("status"))


def _branches(record: Record) -> tuple[int, ...]:
    return tuple(branches_of(record.values))


def _exchange_archive(account: Account, entity: str, rng: Random) -> set[int]:
    one, other = two_rows(
        account,
        entity,
        rng,
        lambda record: (record.values.get("is_study"), _branches(record)),
        lambda record: record.archived,
    )
    for id_ in (one, other):
        if account.tables[entity][id_].archived:
            account.restore(id_, entity)
        else:
            account.archive(id_, entity)
    return {one, other}


def _exchange_study(account: Account, entity: str, rng: Random) -> set[int]:
    one, other = two_rows(
        account,
        entity,
        rng,
        lambda record: (record.archived, _branches(record)),
        lambda record: record.values["is_study"],
    )
    for id_ in (one, other):
        account.convert(id_)
    return {one, other}


def _exchange_status(account: Account, entity: str, rng: Random) -> set[int]:
    one, other = two_rows(account, entity, rng, _branches, lambda record: record.values["status"])
    first, second = (account.tables[entity][id_].values["status"] for id_ in (one, other))
    set_status(account, one, second)
    set_status(account, other, first)
    return {one, other}


def _exchange_branch(account: Account, entity: str, rng: Random) -> set[int]:
    one, other = two_rows(account, entity, rng, _place, _branches)
    first, second = (list(_branches(account.tables[entity][id_])) for id_ in (one, other))
    settle(account, entity, one, second)
    settle(account, entity, other, first)
    return {one, other}


def _replace(account: Account, entity: str, rng: Random) -> set[int]:
    """Delete a row, and insert one that is alike but for its id and its moments."""
    table = account.tables[entity]
    old = any_row(account, entity, rng, lambda _: True)
    record = table[old]
    own = {"id", "created_at", "updated_at"}
    fields = {name: value for name, value in record.values.items() if name not in own}
    new = account.insert(entity, **fields)
    table[new].archived, table[new].branch = record.archived, record.branch
    if "details" in fields:
        table[new].values["details"] = [
            {**one, "id": new * 100 + number, "lesson_id": new}
            for number, one in enumerate(fields["details"])
        ]
    delete(account, entity, old)
    return {old, new}


EXCHANGES: dict[str, dict[str, Do]] = {
    "customer": {
        "archive": _exchange_archive,
        "study": _exchange_study,
        "branch": _exchange_branch,
        "replace": _replace,
    },
    "lesson": {"status": _exchange_status, "branch": _exchange_branch, "replace": _replace},
    "group": {"archive": _exchange_archive, "branch": _exchange_branch, "replace": _replace},
    "teacher": {"archive": _exchange_archive, "branch": _exchange_branch},
    "pay": {"branch": _exchange_branch, "replace": _replace},
}
"""Kinds of exchanges, by entity and name."""
