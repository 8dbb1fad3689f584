"""One school's account: its tables, and what people do to them."""

from __future__ import annotations

import gc
from random import Random
from threading import RLock
from typing import TYPE_CHECKING, Any, Self

from simulator.cards import NO_END, NOW, CardMaker, local, utc
from simulator.data import blur_reject_reasons, cards, dictionaries, references

if TYPE_CHECKING:
    from simulator.records import Tables

_MINUTE = 60


class Account:
    """The truth that the simulated API serves.

    Every method may be called from any thread, also while a request is served.
    """

    def __init__(self, tables: Tables, maker: CardMaker) -> None:
        """Take over the tables; `maker` makes the cards inserted later."""
        self.lock = RLock()
        self.version = 0
        """Grows with every change of a row."""
        self.tables = tables
        self._maker = maker
        self._clock = NOW
        self._next_id = max(tables["customer"], default=1_000) + 1

    @classmethod
    def build(  # noqa: PLR0913
        cls,
        *,
        leads: int = 20,
        clients: int = 20,
        archived_leads: int = 20,
        archived_clients: int = 20,
        branches: int = 3,
        seed: int = 1,
    ) -> Self:
        """Build an account of any size."""
        counts = {
            (0, False): leads,
            (1, False): clients,
            (0, True): archived_leads,
            (1, True): archived_clients,
        }
        return cls._build(counts, branches=branches, sizes=(6, 5, 4), seed=seed)

    @classmethod
    def demo(cls, seed: int = 1) -> Self:
        """Build the account of a middle-sized music school."""
        counts = {
            (0, False): 2_159,
            (1, False): 1_479,
            (0, True): 10_000,
            (1, True): 3_142,
        }
        account = cls._build(counts, branches=5, sizes=(38, 44, 49), seed=seed)
        blur_reject_reasons(Random(seed), account.tables)
        return account

    @classmethod
    def _build(
        cls,
        counts: dict[tuple[int, bool], int],
        *,
        branches: int,
        sizes: tuple[int, int, int],
        seed: int,
    ) -> Self:
        rng = Random(seed)
        tables = dictionaries(rng, branches=branches, sizes=sizes)
        maker = CardMaker(rng, references(tables))
        # Nothing here is garbage, and looking for it takes a third of the time.
        gc.disable()
        try:
            tables["customer"] = cards(rng, maker, counts)
        finally:
            gc.enable()
        return cls(tables, maker)

    def rows(self, entity: str) -> list[dict[str, Any]]:
        """Return copies of all rows of an entity, before any quirk."""
        with self.lock:
            return [dict(record.values) for record in self.tables[entity].values()]

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

    def is_archived(self, id_: int) -> bool:
        """Tell whether a card is in the archive."""
        with self.lock:
            return self.tables["customer"][id_].archived

    def insert_customer(self, is_study: int, *, archived: bool = False, **fields: Any) -> int:
        """Add a card made now, and return its id."""
        with self.lock:
            created = self._tick()
            id_ = self._next_id
            self._next_id += 1
            record = self._maker.card(id_, is_study=is_study, archived=archived, created=created)
            record.values.update(fields)
            self.tables["customer"][id_] = record
            return id_

    def update_customer(self, id_: int, **fields: Any) -> None:
        """Change fields of a card; `updated_at` moves unless it is given."""
        with self.lock:
            self.tables["customer"][id_].values.update(updated_at=utc(self._tick()))
            self.tables["customer"][id_].values.update(fields)

    def delete_customer(self, id_: int) -> None:
        """Remove a card for good."""
        with self.lock:
            self._tick()
            del self.tables["customer"][id_]

    def archive(self, id_: int) -> None:
        """Put a card into the archive, with a reason."""
        with self.lock:
            record = self.tables["customer"][id_]
            record.archived = True
            kind = "customer-reject" if record.values["is_study"] else "lead-reject"
            reason = next(iter(self.tables[kind]))
            today = local(self._clock)[:10]
            self.update_customer(id_, e_date=today, **{kind.replace("-", "_") + "_id": reason})

    def restore(self, id_: int) -> None:
        """Take a card out of the archive."""
        with self.lock:
            self.tables["customer"][id_].archived = False
            self.update_customer(id_, e_date=NO_END, lead_reject_id=None, customer_reject_id=None)

    def convert(self, id_: int) -> None:
        """Make a lead a client, or a client a lead."""
        with self.lock:
            is_study = 1 - self.tables["customer"][id_].values["is_study"]
            self.update_customer(id_, is_study=is_study, lead_status_id=None)

    def _tick(self) -> int:
        self.version += 1
        self._clock += _MINUTE
        return self._clock
