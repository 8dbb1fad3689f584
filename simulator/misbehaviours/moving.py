"""Data that changes while it is read, or that is not the newest."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from typing_extensions import override

from simulator import movement
from simulator.misbehaviours.base import Misbehaviour
from simulator.records import Record, Table
from simulator.tables import SPECS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from simulator.account import Account
    from simulator.entities.entity import Entity
    from simulator.misbehaviours.base import Call, Query
    from simulator.requests_log import Request


@dataclass(kw_only=True)
class _Moving(Misbehaviour):
    """Changes rows of the account just before the affected requests; they stay changed."""

    entity: str | None = None
    """Entity whose rows change; none: the one of the list."""
    count: int = 1
    """Changes at each affected request."""
    seed: int = 0

    def __post_init__(self) -> None:
        self._rng = Random(self.seed)
        wanted = self.entity or self.resource
        if not self.entities() or (wanted is not None and wanted not in self.entities()):
            message = f"no rows of {wanted or 'any list'} can change so"
            raise ValueError(message)

    @override
    def ask(self, call: Call, query: Query) -> None:
        entity = self.entity or query.entity.path
        if entity not in self.entities():
            return
        for _ in range(self.count):
            with suppress(movement.NothingToMoveError):
                self.moved |= self.do(call.account, entity).ids

    def entities(self) -> Collection[str]:
        """Return the entities whose rows can change."""
        raise NotImplementedError

    def do(self, account: Account, entity: str) -> movement.Moved:
        """Make one change."""
        raise NotImplementedError


@dataclass(kw_only=True)
class RowsMove(_Moving):
    """Rows appear, disappear, or change their state, archive or branch while lists are read."""

    kind: str | None = None
    """One of `movement.MOVES` or `movement.EXCHANGES`; none: any that the entity has."""
    keep_total: bool = False
    """Whether each row that leaves a list is replaced by another one."""

    @override
    def entities(self) -> Collection[str]:
        kinds = movement.EXCHANGES if self.keep_total else movement.MOVES
        return {entity for entity, names in kinds.items() if self.kind in {None, *names}}

    @override
    def do(self, account: Account, entity: str) -> movement.Moved:
        change = movement.exchange if self.keep_total else movement.move
        return change(account, entity, self._rng, self.kind)


@dataclass(kw_only=True)
class SilentChanges(_Moving):
    """Rows change without moving any date: a message is sent, a group archived."""

    @override
    def entities(self) -> Collection[str]:
        return movement.SILENT

    @override
    def do(self, account: Account, entity: str) -> movement.Moved:
        return movement.change_silently(account, entity, self._rng)


@dataclass(kw_only=True)
class LosesRows(Misbehaviour):
    """A share of the rows of `resource` is deleted when this is switched on, for good."""

    share: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.resource is None:
            message = "a resource is needed"
            raise ValueError(message)

    @override
    def begin(self, account: Account) -> None:
        rng = Random(self.seed)
        self.moved |= movement.lose(account, self.resource or "", rng, self.share).ids


class _Copy(dict[str, Table]):
    """The tables of an account as they were."""

    def __init__(self, account: Account) -> None:
        super().__init__(
            {
                entity: {
                    id_: Record(dict(record.values), record.archived, record.branch)
                    for id_, record in account.tables[entity].items()
                }
                for entity in (*SPECS, "customer")
            }
        )
        self.version = account.version
        self.at = time.monotonic()


@dataclass(kw_only=True)
class Replica(Misbehaviour):
    """Responses come from a copy of the data that is behind; with `every=2` every second one.

    What has been changed before it is switched on is in the copy.
    """

    changes: int = 1
    """How many changes the copy is behind, at least."""
    lag: float = 0.0
    """How many seconds the copy is behind, at least."""

    @override
    def begin(self, account: Account) -> None:
        self._account = account
        self._copies = [_Copy(account)]

    @override
    def hit(self, request: Request, entity: Entity) -> bool:
        if self._copies[-1].version != self._account.version:
            self._copies.append(_Copy(self._account))
        while len(self._copies) > 1 and self._is_behind(self._copies[1]):
            del self._copies[0]
        return super().hit(request, entity)

    def _is_behind(self, copy: _Copy) -> bool:
        return (
            self._account.version - copy.version >= self.changes
            and time.monotonic() - copy.at >= self.lag
        )

    @override
    def tables(self, tables: Mapping[str, Table]) -> Mapping[str, Table]:
        return self._copies[0]


KINDS: dict[str, type[Misbehaviour]] = {
    "rows_move": RowsMove,
    "silent_changes": SilentChanges,
    "list_loses_rows": LosesRows,
    "replica": Replica,
}
