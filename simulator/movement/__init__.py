"""What people do to rows while they are read: random, repeatable, and consistent.

What refers to a deleted row goes with it or lets go of it, and what was in a deleted branch moves
to another one. `NothingToMoveError` is raised where the account has no row of the kind needed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.movement.deletion import delete
from simulator.movement.exchanges import EXCHANGES
from simulator.movement.kit import NothingToMoveError, any_row
from simulator.movement.moves import MOVES

if TYPE_CHECKING:
    from random import Random

    from simulator.account import Account
    from simulator.movement.kit import Do

__all__ = [
    "EXCHANGES", "MOVES", "SILENT", "Moved", "NothingToMoveError",
    "change_silently", "delete", "exchange", "lose", "move",
]  # fmt: skip

_FLAGS = {
    "sms-message": "is_sent",
    "mail-message": "is_sent",
    "phone-call": "is_success",
    "pay": "is_confirmed",
    "task": "is_done",
}
SILENT = frozenset({*_FLAGS, "customer", "group", "lesson"})
"""Entities whose rows can change without moving a date."""


@dataclass(frozen=True)
class Moved:
    """What happened: the kind of move, and the rows that it changed, made or deleted."""

    entity: str
    kind: str
    ids: frozenset[int]


def move(account: Account, entity: str, rng: Random, kind: str | None = None) -> Moved:
    """Make one move of a kind, or of any kind that the entity has and the account allows."""
    return _one_of(MOVES[entity], account, entity, rng, kind)


def exchange(account: Account, entity: str, rng: Random, kind: str | None = None) -> Moved:
    """Let one row take the place of another, so that no list of the entity changes its length."""
    return _one_of(EXCHANGES[entity], account, entity, rng, kind)


def lose(account: Account, entity: str, rng: Random, share: float = 0.5) -> Moved:
    """Delete a share of the rows for good."""
    with account.lock:
        ids = sorted(account.tables[entity])
        lost = frozenset(rng.sample(ids, int(len(ids) * share)))
        for id_ in sorted(lost):
            delete(account, entity, id_)
    return Moved(entity, "lose", lost)


def change_silently(account: Account, entity: str, rng: Random) -> Moved:
    """Change a row without moving any of its dates: a state, a flag, a balance."""
    with account.lock:
        table = account.tables[entity]
        id_ = any_row(account, entity, rng, lambda record: not record.archived)
        values = table[id_].values
        stamp = {"updated_at": values["updated_at"]} if "updated_at" in values else {}
        if entity == "group":
            table[id_].archived = True
            account.update(entity, id_, **stamp)
        elif entity == "customer":
            account.update(entity, id_, balance=f"{rng.randrange(10**6) / 100:.2f}", **stamp)
        elif entity == "lesson":
            account.update(entity, id_, topic=f"{values['topic']}!", **stamp)
        else:
            flag = _FLAGS[entity]
            account.update(entity, id_, **{flag: 1 - values[flag]}, **stamp)
    return Moved(entity, "change_silently", frozenset({id_}))


def _one_of(
    moves: dict[str, Do], account: Account, entity: str, rng: Random, kind: str | None
) -> Moved:
    with account.lock:
        *others, last = [kind] if kind else rng.sample(list(moves), len(moves))
        for name in others:
            with suppress(NothingToMoveError):
                return Moved(entity, name, frozenset(moves[name](account, entity, rng)))
        return Moved(entity, last, frozenset(moves[last](account, entity, rng)))
