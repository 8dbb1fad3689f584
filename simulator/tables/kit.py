"""Helpers that generate the rows of tables."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from dataclasses import dataclass
from operator import itemgetter
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from simulator.cards import PHONES, local, utc
from simulator.people import NOTES, full_name, real_name
from simulator.school import DEMAND, NOW, OPENED, Calendar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from simulator.records import Record, Table

T = TypeVar("T")

DAY = 86_400
_ANY_TIME = Calendar(OPENED, DEMAND)
_PERCENT = 100
_RECENT_CLIENTS = 100
_TRIES = 12


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Numbers of rows of an account."""

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
    """Number of text messages, of e-mails and of calls, each."""


@dataclass(frozen=True)
class Spec:
    """How the rows of a table are generated."""

    make: Callable[[Kit, int, int], Record | None]
    """Generates the row of an id and a moment; None if a required reference is missing."""
    count: Callable[[Sizes], int]
    first: int = 1
    gaps: bool = False
    """Whether the ids have gaps."""
    ids: Sequence[int] = ()
    """The ids, if they have a meaning."""
    calendar: Calendar = _ANY_TIME
    """When the rows arise."""


class Kit:
    """Random values and access to the tables, for generating one table or one row."""

    def __init__(
        self, tables: Mapping[str, Table], sizes: Sizes, seed: str, *, fresh: bool
    ) -> None:
        """Create a kit; the same seed gives the same values."""
        self.fresh = fresh
        """Whether the row is inserted later: an active one with the current date."""
        self.tables = tables
        self.sizes = sizes
        self.chance = Random(seed).random
        self._known: dict[object, Any] = {}
        self._counts: Counter[object] = Counter()

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
        """Return True with the given probability."""
        return self.chance() * _PERCENT < percent

    def ids(self, entity: str) -> Sequence[int]:
        """List the ids of an entity."""
        return self.remember(entity, lambda: list(self.tables[entity]))

    def here(self, entity: str, branch: int) -> Sequence[int]:
        """List the ids of an entity in a branch."""
        return self._by_branch(entity, lambda _: True).get(branch, ())

    def clients_here(self, branch: int) -> Sequence[int]:
        """List the clients of a branch."""
        return self._by_branch("customer", lambda values: values["is_study"] == 1).get(branch, ())

    def clients(self) -> Sequence[int]:
        """List the clients."""
        return self.remember(
            "clients",
            lambda: [
                id_
                for id_, record in self.tables["customer"].items()
                if record.values["is_study"] == 1
            ],
        )

    def client_of(self, at: int) -> int | None:
        """Pick a client of a moment, preferably a recent one."""
        known = self.remember(
            "clients by day", lambda: sorted((self.stay(id_)[0], id_) for id_ in self.clients())
        )
        day = local(at)
        there = bisect(known, (day, 0))
        id_ = None
        for _ in range(_TRIES if there else 0):
            latest = min(there, _RECENT_CLIENTS) if self.odds(60) else there
            id_ = known[there - 1 - self.below(latest)][1]
            if self.stay(id_)[1] >= day:
                break
        return id_

    def newcomer_of(self, at: int) -> int | None:
        """Pick a card, of a lead or a client, that was created shortly before a moment."""
        known = self.remember(
            "cards by day",
            lambda: sorted((self.stay(id_)[0], id_) for id_ in self.ids("customer")),
        )
        first, after = bisect(known, (local(at - 21 * DAY), 0)), bisect(known, (local(at), 0))
        return known[first + self.below(after - first)][1] if after > first else None

    def subscription(self, customer: int, day: str) -> dict[str, Any] | None:
        """Return the subscription of a customer for a day: the last one bought, or the first."""
        bought = self.remember(("bought", customer), lambda: self._bought(customer))
        before = bisect(bought, day, key=itemgetter(0))
        return bought[max(before - 1, 0)][1] if bought else None

    def _bought(self, customer: int) -> list[tuple[str, dict[str, Any]]]:
        rows = self.children("customer-tariff", "customer_id").get(customer, [])
        return [(iso_of(row["b_date"]), row) for row in rows]

    def price_of(self, subscription: dict[str, Any]) -> float:
        """Return the price of one lesson of a subscription."""
        tariff = self.values("tariff", subscription["tariff_id"])
        return float(tariff["price"]) / int(tariff["lessons_count"])

    def stay(self, id_: int) -> tuple[str, str]:
        """Return the first and the last day of a card."""
        values = self.values("customer", id_)
        return values["b_date"], values["e_date"]

    def children(self, entity: str, field: str) -> Mapping[object, list[dict[str, Any]]]:
        """Sort the rows of an entity by what a field of theirs refers to."""

        def sort() -> dict[object, list[dict[str, Any]]]:
            found: dict[object, list[dict[str, Any]]] = {}
            for record in self.tables[entity].values():
                found.setdefault(record.values[field], []).append(record.values)
            return found

        return self.remember((entity, field), sort)

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

    def note(self) -> str:
        """Return a note: often empty, sometimes long."""
        return self.pick(NOTES) if self.odds(30) else ""

    def name(self) -> str:
        """Return the name of a payer, as the payer writes it."""
        return full_name(self.chance)

    def colleague(self) -> str:
        """Return the name of a teacher or a manager."""
        return real_name(self.chance)

    def times(self, key: object) -> int:
        """Return how often this was called with the key before."""
        self._counts[key] += 1
        return self._counts[key] - 1

    def phone(self) -> str:
        """Return a phone number that is not in use."""
        return self.pick(PHONES).format(self.below(1000), self.below(100), self.below(100))

    def money(self, stop: int) -> str:
        """Return an amount in the API's format."""
        return f"{self.below(stop * 100) / 100:.2f}"

    def stamps(self, at: int) -> dict[str, str]:
        """Return the times of creation and change; most changes are within a week."""
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

        return self.remember((entity, "branches"), sort)

    def remember(self, key: object, find: Callable[[], T]) -> T:
        """Return what was found for a key; it is found once."""
        if key not in self._known:
            self._known[key] = find()
        found: T = self._known[key]
        return found


def branches_of(values: Mapping[str, Any]) -> list[int]:
    """Return the branches of a row."""
    return values["branch_ids"] if "branch_ids" in values else [values["branch_id"]]


def iso(moment: int) -> str:
    """Format a local date as `YYYY-MM-DD`."""
    return local(moment)[:10]


def dotted(moment: int) -> str:
    """Format a local date as `DD.MM.YYYY`."""
    return dotted_of(iso(moment))


def iso_of(day: str) -> str:
    """Reformat `DD.MM.YYYY` as `YYYY-MM-DD`."""
    return "-".join(reversed(day.split(".")))


def dotted_of(day: str) -> str:
    """Reformat `YYYY-MM-DD` as `DD.MM.YYYY`."""
    return ".".join(reversed(day.split("-")))


def with_gaps(kit: Kit, spec: Spec) -> Iterable[int]:
    """Number the rows of a table."""
    if spec.ids:
        yield from spec.ids
        return
    id_ = spec.first
    for _ in range(spec.count(kit.sizes)):
        yield id_
        id_ += kit.pick((1, 1, 1, 2, 5)) if spec.gaps else 1
