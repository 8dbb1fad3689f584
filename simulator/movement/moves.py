"""One row comes, goes, or changes its place."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from simulator.movement.deletion import delete
from simulator.movement.kit import NothingToMoveError, any_row, set_status, settle
from simulator.tables.kit import branches_of
from simulator.tables.teaching import CANCELLED, CONDUCTED, PLANNED

if TYPE_CHECKING:
    from random import Random

    from simulator.account import Account
    from simulator.movement.kit import Do


def _insert(account: Account, entity: str, rng: Random) -> set[int]:
    fields: dict[str, Any] = {}
    if entity == "customer":
        branch = rng.choice(list(account.tables["branch"]))
        fields = {"is_study": rng.randrange(2), "branch_ids": [branch]}
    try:
        id_ = account.insert(entity, **fields)
    except LookupError as error:
        raise NothingToMoveError(str(error)) from error
    if entity == "lesson":
        set_status(account, id_, rng.choice((PLANNED, CANCELLED, CONDUCTED)))
    return {id_}


def _delete(account: Account, entity: str, rng: Random) -> set[int]:
    id_ = any_row(account, entity, rng, lambda _: True)
    delete(account, entity, id_)
    return {id_}


def _archive(account: Account, entity: str, rng: Random) -> set[int]:
    id_ = any_row(account, entity, rng, lambda record: not record.archived)
    account.archive(id_, entity)
    return {id_}


def _restore(account: Account, entity: str, rng: Random) -> set[int]:
    id_ = any_row(account, entity, rng, lambda record: record.archived)
    account.restore(id_, entity)
    return {id_}


def _convert(account: Account, entity: str, rng: Random) -> set[int]:
    id_ = any_row(account, entity, rng, lambda _: True)
    account.convert(id_)
    return {id_}


def _rename(account: Account, entity: str, rng: Random) -> set[int]:
    id_ = any_row(account, entity, rng, lambda _: True)
    first, last = rng.choice("АБВГДЖЗКЛМНПРСТФ"), account.tables[entity][id_].values["name"]
    account.update(entity, id_, name=f"{first}{last}")
    return {id_}


def _change_branch(account: Account, entity: str, rng: Random) -> set[int]:
    id_ = any_row(account, entity, rng, lambda _: True)
    here = branches_of(account.tables[entity][id_].values)
    others = [branch for branch in account.tables["branch"] if branch not in here]
    if not others:
        message = "no other branch"
        raise NothingToMoveError(message)
    settle(account, entity, id_, [rng.choice(others)])
    return {id_}


def _to_status(status: int) -> Do:
    def do(account: Account, entity: str, rng: Random) -> set[int]:
        id_ = any_row(account, entity, rng, lambda record: record.values["status"] != status)
        set_status(account, id_, status)
        return {id_}

    return do


def _reschedule(account: Account, entity: str, rng: Random) -> set[int]:
    id_ = any_row(account, entity, rng, lambda _: True)
    lesson = account.tables[entity][id_].values
    day = date.fromisoformat(lesson["date"]) + timedelta(days=rng.choice((-30, -7, -1, 1, 7, 30)))
    times = {name: f"{day}{lesson[name][10:]}" for name in ("time_from", "time_to")}
    account.update(entity, id_, date=day.isoformat(), **times)
    return {id_}


def _redate(account: Account, entity: str, rng: Random) -> set[int]:
    """Give a payment the date of another one."""
    id_ = any_row(account, entity, rng, lambda _: True)
    paid = account.tables[entity][id_].values["document_date"]
    other = any_row(account, entity, rng, lambda record: record.values["document_date"] != paid)
    day = account.tables[entity][other].values["document_date"]
    account.update(entity, id_, document_date=day)
    return {id_}


def _switch(active: int) -> Do:
    def do(account: Account, entity: str, rng: Random) -> set[int]:
        id_ = any_row(account, entity, rng, lambda record: record.values["is_active"] != active)
        account.update(entity, id_, is_active=active)
        return {id_}

    return do


_COMMON: dict[str, Do] = {"insert": _insert, "delete": _delete}
_ARCHIVE: dict[str, Do] = {"archive": _archive, "restore": _restore}
MOVES: dict[str, dict[str, Do]] = {
    "customer": {
        **_COMMON,
        **_ARCHIVE,
        "convert": _convert,
        "rename": _rename,
        "change_branch": _change_branch,
    },
    "lesson": {
        **_COMMON,
        "plan": _to_status(PLANNED),
        "cancel": _to_status(CANCELLED),
        "conduct": _to_status(CONDUCTED),
        "reschedule": _reschedule,
        "change_branch": _change_branch,
    },
    "group": {**_COMMON, **_ARCHIVE, "rename": _rename, "change_branch": _change_branch},
    "teacher": {"insert": _insert, **_ARCHIVE, "change_branch": _change_branch},
    "pay": {**_COMMON, "redate": _redate, "change_branch": _change_branch},
    "branch": {**_COMMON, "deactivate": _switch(0), "activate": _switch(1)},
}
"""Kinds of moves, by entity and name."""
