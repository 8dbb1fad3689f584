"""What the rows of every table are made with."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from simulator.cards import NOW, OPENED, PHONES, local, utc
from simulator.people import pools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from simulator.records import Record, Table

T = TypeVar("T")

DAY = 86_400
_PERCENT = 100
_RECENT_CLIENTS = 100


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much of everything an account has."""

    leads: int = 20
    clients: int = 20
    archived_leads: int = 20
    archived_clients: int = 20
    branches: int = 3
    lead_statuses: int = 6
    lead_rejects: int = 5
    customer_rejects: int = 4
    lead_sources: int = 6
    teachers: int = 8
    groups: int = 8
    lessons: int = 60
    customer_tariffs: int = 50
    pays: int = 60
    tasks: int = 12
    communications: int = 40
    logs: int = 60
    messages: int = 12
    """Text messages, and as many mails, and as many calls."""


@dataclass(frozen=True)
class Spec:
    """How the rows of a table come into being."""

    make: Callable[[Kit, int, int], Record | None]
    """Makes the row of an id and a moment; none when it lacks what it must refer to."""
    count: Callable[[Sizes], int]
    first: int = 1
    gaps: bool = False
    """Whether ids are missing in between."""
    ids: Sequence[int] = ()
    """The very ids, where they have a meaning."""
    since: int = OPENED


class Kit:
    """Chance, and a look at the tables: for one table or one row, then thrown away."""

    def __init__(
        self, tables: Mapping[str, Table], sizes: Sizes, seed: str, *, fresh: bool
    ) -> None:
        """Look at tables; the same seed makes the same choices."""
        self.fresh = fresh
        """Whether the row is made after the account was: a living one, of today."""
        self.tables = tables
        self.sizes = sizes
        self.chance = Random(seed).random
        self._known: dict[object, Any] = {}

    def below(self, stop: int) -> int:
        """Pick an integer from 0 on."""
        return int(self.chance() * stop)

    def pick(self, options: Sequence[T]) -> T:
        """Pick one of the options."""
        return options[int(self.chance() * len(options))]

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """Pick up to so many different options."""
        rest = list(options)
        return [rest.pop(self.below(len(rest))) for _ in range(min(count, len(rest)))]

    def odds(self, percent: float) -> bool:
        """Be true so often."""
        return self.chance() * _PERCENT < percent

    def ids(self, entity: str) -> Sequence[int]:
        """List the ids of an entity."""
        return self._remember(entity, lambda: list(self.tables[entity]))

    def here(self, entity: str, branch: int) -> Sequence[int]:
        """List the ids of an entity that a branch has."""
        return self._by_branch(entity, lambda _: True).get(branch, ())

    def clients_here(self, branch: int) -> Sequence[int]:
        """List the clients of a branch."""
        return self._by_branch("customer", lambda values: values["is_study"] == 1).get(branch, ())

    def clients(self) -> Sequence[int]:
        """List the clients."""
        return self._remember(
            "clients",
            lambda: [
                id_
                for id_, record in self.tables["customer"].items()
                if record.values["is_study"] == 1
            ],
        )

    def client_of(self, at: int) -> int | None:
        """Pick a client who was there at a moment, more often than not a recent one."""
        known = self._remember(
            "clients by day", lambda: sorted((self._since(id_), id_) for id_ in self.clients())
        )
        there = bisect(known, (local(at), 0))
        if not there:
            return None
        latest = min(there, _RECENT_CLIENTS) if self.odds(60) else there
        return known[there - 1 - self.below(latest)][1]

    def _since(self, id_: int) -> str:
        return str(self.values("customer", id_)["b_date"])

    def children(self, entity: str, field: str) -> Mapping[object, list[dict[str, Any]]]:
        """Sort the rows of an entity by what a field of theirs refers to."""

        def sort() -> dict[object, list[dict[str, Any]]]:
            found: dict[object, list[dict[str, Any]]] = {}
            for record in self.tables[entity].values():
                found.setdefault(record.values[field], []).append(record.values)
            return found

        return self._remember((entity, field), sort)

    def values(self, entity: str, id_: int) -> dict[str, Any]:
        """Return a row."""
        return self.tables[entity][id_].values

    def branch(self, entity: str, id_: int) -> int:
        """Return the branch of a row, the first one of several."""
        return branches_of(self.values(entity, id_))[0]

    def in_turn(self, entity: str, number: int) -> int:
        """Return the ids of an entity one after the other."""
        ids = self.ids(entity)
        return ids[number % len(ids)]

    def word(self) -> str:
        """Return a word."""
        return self.pick(pools().words)

    def note(self) -> str:
        """Return a note: often empty, sometimes long."""
        return self.pick(pools().notes) if self.odds(30) else ""

    def name(self) -> str:
        """Return a person's name."""
        return pools().full_name(self.chance)

    def phone(self) -> str:
        """Return a number that nobody has."""
        return self.pick(PHONES).format(self.below(1000), self.below(100), self.below(100))

    def money(self, stop: int) -> str:
        """Return an amount in the API's own writing."""
        return f"{self.below(stop * 100) / 100:.2f}"

    def stamps(self, at: int) -> dict[str, str]:
        """Say when a row was made and changed: most changes come within a week."""
        age = max(NOW - at, 0)
        changed = at + self.below(min(age, 7 * DAY) + 1 if self.odds(90) else age + 1)
        return {"created_at": utc(at), "updated_at": utc(changed)}

    def _by_branch(
        self, entity: str, wanted: Callable[[dict[str, Any]], bool]
    ) -> Mapping[int, list[int]]:
        def sort() -> dict[int, list[int]]:
            found: dict[int, list[int]] = {}
            for id_, record in self.tables[entity].items():
                if wanted(record.values):
                    for branch in branches_of(record.values):
                        found.setdefault(branch, []).append(id_)
            return found

        return self._remember((entity, "branches"), sort)

    def _remember(self, key: object, find: Callable[[], T]) -> T:
        if key not in self._known:
            self._known[key] = find()
        found: T = self._known[key]
        return found


def branches_of(values: Mapping[str, Any]) -> list[int]:
    """Return the branches that a row names."""
    return values["branch_ids"] if "branch_ids" in values else [values["branch_id"]]


def iso(moment: int) -> str:
    """Write a local date as `YYYY-MM-DD`."""
    return local(moment)[:10]


def dotted(moment: int) -> str:
    """Write a local date as `DD.MM.YYYY`."""
    year, month, day = iso(moment).split("-")
    return f"{day}.{month}.{year}"


def with_gaps(kit: Kit, spec: Spec) -> Iterable[int]:
    """Number the rows of a table."""
    if spec.ids:
        yield from spec.ids
        return
    id_ = spec.first
    for _ in range(spec.count(kit.sizes)):
        yield id_
        id_ += kit.pick((1, 1, 1, 2, 5)) if spec.gaps else 1
