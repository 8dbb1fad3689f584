"""Ids of parent rows, for streams that need a request for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyroaring import BitMap64

from tap_alfacrm.extract.rotation import checksum_of
from tap_alfacrm.records.datetimes import date
from tap_alfacrm.records.row import values_of
from tap_alfacrm.records.scalars import non_negative_int

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tap_alfacrm.records.row import Row

NO_DAY = "unknown"
"""In place of a day; sorts after every day, so that such a row counts as changed."""


def branches_of(row: Mapping[str, Any] | Row) -> tuple[int | None, ...]:
    """The branches that a row names in `branch_ids` or `branch_id`."""
    return _branches(row.get("branch_ids"), row.get("branch_id"))


def _branches(several: object, single: object) -> tuple[int | None, ...]:
    return tuple(map(non_negative_int, several if isinstance(several, list) else [single]))


class ParentIds:
    """Ids of the rows of an entity, with the branches that they name.

    Attributes:
        all: The ids.
        with_days: Whether the day on which a row changed is kept too.
    """

    def __init__(self, *, with_days: bool = False) -> None:
        """Create an empty set."""
        self.with_days = with_days
        self.all = BitMap64()
        self._by_branch: dict[int, BitMap64] = {}
        self._by_day: dict[str, BitMap64] = {}

    def add(self, ids: Sequence[int], rows: Sequence[Mapping[str, Any] | Row]) -> None:
        """Add rows.

        Args:
            ids: Their ids.
            rows: The rows, whose `branch_ids` or `branch_id` is read, and `updated_at`.
        """
        self.all.update(ids)
        if self.with_days:
            self._add_days(ids, rows)
        by_branches: dict[tuple[Any, ...], list[int]] = {}
        named = map(_branches, values_of(rows, "branch_ids"), values_of(rows, "branch_id"))
        for identifier, branches in zip(ids, named, strict=True):
            by_branches.setdefault(branches, []).append(identifier)
        for branches, identifiers in by_branches.items():
            for branch in branches:
                if branch is not None:
                    self._by_branch.setdefault(branch, BitMap64()).update(identifiers)

    @property
    def branches(self) -> AbstractSet[int]:
        """The branches that rows name; 0 stands for none."""
        return self._by_branch.keys() - {0}

    def _add_days(self, ids: Sequence[int], rows: Iterable[Mapping[str, Any] | Row]) -> None:
        for identifier, row in zip(ids, rows, strict=True):
            try:
                day = date(row.get("updated_at")) or NO_DAY
            except ValueError:
                day = NO_DAY
            self._by_day.setdefault(day, BitMap64()).add(identifier)

    @property
    def newest_day(self) -> str:
        """The day on which a row last changed, "" if no row shows it."""
        return max((day for day in self._by_day if day != NO_DAY), default="")

    def changed_since(self, day: str) -> BitMap64:
        """The rows that changed on a day or later; those of which this is unknown are among them.

        Args:
            day: The day, by the clock of the rows.
        """
        return BitMap64.union(BitMap64(), *(ids for own, ids in self._by_day.items() if own >= day))

    def select(self, ids: BitMap64) -> ParentIds:
        """Return a part of the rows."""
        part = ParentIds()
        part.all = self.all & ids
        part._by_branch = {branch: own & ids for branch, own in self._by_branch.items()}
        return part

    def moved_since(self, before: ParentIds) -> ParentIds:
        """Return the rows of an earlier state that name further branches now, with these alone."""
        part = ParentIds()
        for branch, own in self._by_branch.items():
            part._by_branch[branch] = own & before.all - before._by_branch.get(branch, BitMap64())
            part.all |= part._by_branch[branch]
        return part

    def count_in_branch(self, branch: int) -> int:
        """Number of rows that name a branch."""
        return len(self._by_branch.get(branch, ()))

    def checksum_of_branch(self, branch: int) -> str:
        """Checksum of the ids of the rows that name a branch."""
        return checksum_of(self._by_branch.get(branch, ()))

    def in_several_branches(self, branches: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
        """List the rows that name more than one of the branches, with these."""
        members = [(branch, self._by_branch.get(branch, BitMap64())) for branch in branches]
        for identifier in self.all:
            own = [branch for branch, ids in members if identifier in ids]
            if len(own) > 1:
                yield identifier, own

    def __len__(self) -> int:
        """Number of ids."""
        return len(self.all)

    def __iter__(self) -> Iterator[int]:
        """All ids, in ascending order."""
        return iter(self.all)

    def pairs(self, branches: Sequence[int], *, every_branch: bool) -> Iterator[tuple[int, int]]:
        """Pair each id with the branches to request it in, in a fixed order.

        A row that names none of the branches is paired with each of them, so that no row of it
        is missed.

        Args:
            branches: The branches to request in.
            every_branch: Whether a row of several branches is requested in each, or once.

        Yields:
            Branch and id.
        """
        done = BitMap64()
        for branch in branches:
            ids = self._by_branch.get(branch, BitMap64())
            for identifier in ids if every_branch else ids - done:
                yield branch, identifier
            done |= ids
        for branch in branches:
            for identifier in self.all - done:
                yield branch, identifier
