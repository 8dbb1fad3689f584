"""How far a stream has been read in a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_alfacrm.extract.completeness import Evidence
    from tap_alfacrm.extract.deduplication import Deduplicator, FilterWitness, NewRows
    from tap_alfacrm.extract.memory import Memory
    from tap_alfacrm.extract.plan import ListPage
    from tap_alfacrm.extract.reader import ListReader
    from tap_alfacrm.streams.audit import Counts


@dataclass(slots=True)
class Extraction:
    """How far a stream has been read in this run.

    Attributes:
        reader: Reads the partitions.
        deduplicator: Passes each row once.
        memory: What earlier runs found.
        witness: Checks on the rows that a filter was obeyed, None where no row shows it.
        partitions: Evidence of the partitions read so far, in their order.
        newest: The newest replication key by task, for the next run.
        is_partial: Whether a window has excluded rows.
        counts: Requests sent before each partition, the first at its start.
    """

    reader: ListReader
    deduplicator: Deduplicator
    memory: Memory
    witness: FilterWitness | None
    partitions: list[Evidence] = field(default_factory=list)
    newest: dict[str, str] = field(default_factory=dict)
    is_partial: bool = False
    counts: list[Counts] = field(default_factory=list)

    def select_new_rows(self, page: ListPage) -> Iterator[NewRows]:
        """Select the rows of a page that are new; all of them are shown to the witness."""
        if self.witness is not None:
            self.witness.add(page)
        return self.deduplicator.select_new_rows(page)

    @property
    def unreliable_filters(self) -> list[str]:
        """Filters that had no effect, as far as the rows show it."""
        return [] if self.witness is None else self.witness.unreliable_filters
