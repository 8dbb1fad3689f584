"""The tables of an account, generated from a seed."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from simulator.records import Record, Table
from simulator.tables import contact, money, settings, teaching
from simulator.tables.kit import Kit, Sizes, Spec, with_gaps

if TYPE_CHECKING:
    from collections.abc import Iterator

SPECS: dict[str, Spec] = settings.SPECS | teaching.SPECS | money.SPECS | contact.SPECS


class Tables(dict[str, Table]):
    """Tables by entity; each is generated at its first use."""

    def __init__(self, sizes: Sizes, seed: int) -> None:
        """Create an empty set of tables."""
        super().__init__()
        self.sizes = sizes
        self.seed = seed

    def __missing__(self, entity: str) -> Table:
        spec = SPECS[entity]
        kit = self._kit(entity)
        with no_garbage():
            numbers = list(with_gaps(kit, spec))
            moments = sorted(spec.calendar.moment(kit.chance) for _ in numbers)
            self[entity] = {
                id_: record
                for id_, at in zip(numbers, moments, strict=True)
                if (record := spec.make(kit, id_, at)) is not None
            }
        return self[entity]

    def fresh(self, entity: str, id_: int, at: int) -> Record:
        """Generate another row of an entity, which the caller stores.

        Raises:
            LookupError: There is no row that the new row could refer to.
        """
        record = SPECS[entity].make(self._kit(f"{entity}/{id_}", fresh=True), id_, at)
        if record is None:
            message = f"nothing to make a {entity} of"
            raise LookupError(message)
        return record

    def attendances(self, lesson: dict[str, Any]) -> list[dict[str, Any]]:
        """Make the attendance of each customer of a lesson that is now conducted."""
        return teaching.attendances(self._kit(f"attendance/{lesson['id']}"), lesson)

    def next_id(self, entity: str) -> int:
        """Return the id of the next row of an entity."""
        first = SPECS[entity].first if entity in SPECS else 1_001
        return max(self[entity], default=first - 1) + 1

    def _kit(self, what: str, *, fresh: bool = False) -> Kit:
        return Kit(self, self.sizes, f"{self.seed}/{what}", fresh=fresh)


@contextmanager
def no_garbage() -> Iterator[None]:
    """Disable the garbage collector while rows are generated."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
