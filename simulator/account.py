"""The account of one school: its tables and their changes."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Any, Self

from simulator.cards import NO_END, utc
from simulator.data import blur_reject_reasons, card_maker, cards
from simulator.school import NOW
from simulator.tables import Tables, no_garbage
from simulator.tables.kit import DAY, Sizes, dotted, iso

if TYPE_CHECKING:
    from simulator.cards import CardMaker

_MINUTE = 60
_DOTTED_DATES = frozenset({"cgi", "customer-tariff"})
_ENDLESS = frozenset({"customer", "teacher"})
_DEMO = Sizes(
    leads=2_159,
    clients=1_479,
    archived_leads=10_000,
    archived_clients=3_142,
    branches=5,
    lead_statuses=12,
    lead_rejects=12,
    customer_rejects=12,
    lead_sources=12,
    teachers=131,
    groups=286,
    lessons=7_448,
    customer_tariffs=6_000,
    pays=18_700,
    tasks=400,
    communications=4_000,
    logs=6_000,
    messages=900,
)


class Account:
    """The data that the simulated API serves.

    All methods are thread-safe, also while a request is served.
    """

    def __init__(self, tables: Tables, maker: CardMaker) -> None:
        """Create an account from tables; `maker` generates cards inserted later."""
        self.lock = RLock()
        self.version = 0
        """Increases with every change of a row."""
        self.tables = tables
        self._maker = maker
        self._clock = NOW
        self._next_ids: dict[str, int] = {}

    @classmethod
    def build(cls, *, seed: int = 1, **sizes: int) -> Self:
        """Build an account of any size: `sizes` are the fields of `Sizes`."""
        return cls._build(Sizes(**sizes), seed)

    @classmethod
    def demo(cls, seed: int = 1) -> Self:
        """Build the account of a middle-sized music school."""
        account = cls._build(_DEMO, seed)
        blur_reject_reasons(account.tables)
        return account

    @classmethod
    def _build(cls, sizes: Sizes, seed: int) -> Self:
        tables = Tables(sizes, seed)
        maker = card_maker(tables)
        with no_garbage():
            tables["customer"] = cards(tables, maker)
        return cls(tables, maker)

    def rows(self, entity: str, *, archived: bool | None = None) -> list[dict[str, Any]]:
        """Return copies of the rows of an entity, before any quirk."""
        with self.lock:
            return [
                dict(record.values)
                for record in self.tables[entity].values()
                if archived in (None, record.archived)
            ]

    def customer_ids(
        self, is_study: int | None = None, *, archived: bool | None = None
    ) -> set[int]:
        """Return the ids of the cards of a kind."""
        with self.lock:
            return {
                id_
                for id_, record in self.tables["customer"].items()
                if is_study in (None, record.values["is_study"])
                and archived in (None, record.archived)
            }

    def is_archived(self, id_: int, entity: str = "customer") -> bool:
        """Return whether a row is archived."""
        with self.lock:
            return self.tables[entity][id_].archived

    def insert(self, entity: str, /, **fields: Any) -> int:
        """Insert a generated row and return its id.

        Raises:
            LookupError: The account has no row that the new row could refer to.
        """
        with self.lock:
            if entity == "customer":
                return self.insert_customer(fields.pop("is_study", 1), **fields)
            now, id_ = self._tick(), self._take_id(entity)
            record = self.tables.fresh(entity, id_, now)
            record.values.update(fields)
            self.tables[entity][id_] = record
            return id_

    def update(self, entity: str, id_: int, /, **fields: Any) -> None:
        """Update fields of a row; `updated_at` is set to now unless it is given."""
        with self.lock:
            values, now = self.tables[entity][id_].values, self._tick()
            if "updated_at" in values:
                values["updated_at"] = utc(now)
            values.update(fields)

    def delete(self, entity: str, id_: int) -> None:
        """Delete a row; its id is not reused."""
        with self.lock:
            self._tick()
            self._next_id(entity)  # so that deleted ids are not reused
            del self.tables[entity][id_]

    def archive(self, id_: int, entity: str = "customer") -> None:
        """Archive a row: cards get a reason, most entities an end date of today."""
        with self.lock:
            record = self.tables[entity][id_]
            record.archived = True
            fields = self._archival(entity, record.values, end=self._clock)
            if entity == "customer":
                kind = "customer-reject" if record.values["is_study"] else "lead-reject"
                fields[kind.replace("-", "_") + "_id"] = next(iter(self.tables[kind]))
            self.update(entity, id_, **fields)

    def restore(self, id_: int, entity: str = "customer") -> None:
        """Restore an archived row."""
        with self.lock:
            record = self.tables[entity][id_]
            record.archived = False
            fields = self._archival(entity, record.values, end=None)
            if entity == "customer":
                fields.update(lead_reject_id=None, customer_reject_id=None)
            self.update(entity, id_, **fields)

    def insert_customer(self, is_study: int, *, archived: bool = False, **fields: Any) -> int:
        """Insert a generated card and return its id."""
        with self.lock:
            created, id_ = self._tick(), self._take_id("customer")
            record = self._maker.card(id_, is_study=is_study, archived=archived, created=created)
            record.values.update(fields)
            self.tables["customer"][id_] = record
            return id_

    def update_customer(self, id_: int, **fields: Any) -> None:
        """Update fields of a card; `updated_at` is set to now unless it is given."""
        self.update("customer", id_, **fields)

    def delete_customer(self, id_: int) -> None:
        """Delete a card."""
        self.delete("customer", id_)

    def convert(self, id_: int) -> None:
        """Convert a lead to a client, or a client to a lead."""
        with self.lock:
            is_study = 1 - self.tables["customer"][id_].values["is_study"]
            self.update_customer(id_, is_study=is_study, lead_status_id=None)

    def _archival(self, entity: str, values: dict[str, Any], *, end: int | None) -> dict[str, Any]:
        """Return the fields that mark a row as ended, or as not ended."""
        fields: dict[str, Any] = {}
        if "is_archive" in values:
            fields["is_archive"] = int(end is not None)
        if "e_date" in values:
            write = dotted if entity in _DOTTED_DATES else iso
            open_end = NO_END if entity in _ENDLESS else write(self._clock + 365 * DAY)
            fields["e_date"] = open_end if end is None else write(end)
        return fields

    def _next_id(self, entity: str) -> int:
        # Kept in memory, because an insert must not scan a large table.
        if entity not in self._next_ids:
            self._next_ids[entity] = self.tables.next_id(entity)
        return self._next_ids[entity]

    def _take_id(self, entity: str) -> int:
        id_ = self._next_id(entity)
        self._next_ids[entity] = id_ + 1
        return id_

    def _tick(self) -> int:
        self.version += 1
        self._clock += _MINUTE
        return self._clock
