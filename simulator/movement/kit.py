"""What moves and exchanges choose their rows with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.tables.teaching import CONDUCTED

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from simulator.account import Account
    from simulator.records import Record

    Do = Callable[[Account, str, Random], set[int]]
    Key = Callable[[Record], object]


class NothingToMoveError(LookupError):
    """The account has no row of the kind needed."""


def any_row(account: Account, entity: str, rng: Random, wanted: Callable[[Record], bool]) -> int:
    """Pick a row."""
    ids = [id_ for id_, record in account.tables[entity].items() if wanted(record)]
    if not ids:
        message = f"no such {entity}"
        raise NothingToMoveError(message)
    return rng.choice(ids)


def two_rows(
    account: Account, entity: str, rng: Random, alike: Key, unlike: Key
) -> tuple[int, int]:
    """Pick two rows that are alike in one thing and not in another."""
    found: dict[object, dict[object, list[int]]] = {}
    for id_, record in account.tables[entity].items():
        found.setdefault(alike(record), {}).setdefault(unlike(record), []).append(id_)
    rows = [group for group in found.values() if len(group) > 1]
    if not rows:
        message = f"no two {entity} to exchange"
        raise NothingToMoveError(message)
    one, other = rng.sample(list(rng.choice(rows).values()), 2)
    return rng.choice(one), rng.choice(other)


def settle(account: Account, entity: str, id_: int, branches: list[int]) -> None:
    """Put a row into branches, without a room or a cash desk of another branch."""
    values = account.tables[entity][id_].values
    if "branch_ids" in values:
        account.update(entity, id_, branch_ids=branches)
        return
    fields: dict[str, Any] = {"branch_id": branches[0]}
    fields |= {name: None for name in ("room_id", "location_id") if name in values}
    if "pay_account_id" in values:
        desks = account.tables["pay-account"].values()
        here = [desk.values["id"] for desk in desks if desk.values["branch_id"] == branches[0]]
        fields["pay_account_id"] = here[0] if here else None
    account.update(entity, id_, **fields, **details_in(values, branches[0]))


def details_in(values: dict[str, Any], branch: int) -> dict[str, Any]:
    """Return the attendance of a lesson for another branch; nothing for any other row."""
    if "details" not in values:
        return {}
    return {"details": [{**one, "branch_id": branch} for one in values["details"]]}


def set_status(account: Account, id_: int, status: int) -> None:
    """Plan, cancel or conduct a lesson."""
    lesson = account.tables["lesson"][id_].values
    details = account.tables.attendances(lesson) if status == CONDUCTED else []
    account.update("lesson", id_, status=status, details=details)
