"""Ids of parent rows, for streams that need a request for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyroaring import BitMap64

from tap_alfacrm.records.scalars import non_negative_int

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tap_alfacrm.records.row import Row


def branches_of(row: Mapping[str, Any] | Row) -> tuple[int | None, ...]:
    """The branches that a row names in `branch_ids` or `branch_id`."""
    branch_ids = row.get("branch_ids")
    if not isinstance(branch_ids, list):
        branch_ids = (row.get("branch_id"),)
    return tuple(map(non_negative_int, branch_ids))


class ParentIds:
    """Ids of the rows of an entity, with the branches that they name."""

    def __init__(self) -> None:
        """Create an empty set."""
        self._by_branch: dict[int, BitMap64] = {}
        self._ids = BitMap64()

    def add(self, ids: Sequence[int], rows: Iterable[Mapping[str, Any] | Row]) -> None:
        """Add rows.

        Args:
            ids: Their ids.
            rows: The rows, whose `branch_ids` or `branch_id` is read.
        """
        self._ids.update(ids)
        by_branches: dict[tuple[Any, ...], list[int]] = {}
        for identifier, row in zip(ids, rows, strict=True):
            by_branches.setdefault(branches_of(row), []).append(identifier)
        for branches, identifiers in by_branches.items():
            for branch in branches:
                if branch is not None:
                    self._by_branch.setdefault(branch, BitMap64()).update(identifiers)

    @property
    def branches(self) -> AbstractSet[int]:
        """The branches that rows name; 0 stands for none."""
        return self._by_branch.keys() - {0}

    def count_in_branch(self, branch: int) -> int:
        """Number of rows that name a branch."""
        return len(self._by_branch.get(branch, ()))

    def in_several_branches(self, branches: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
        """List the rows that name more than one of the branches, with these."""
        members = [(branch, self._by_branch.get(branch, BitMap64())) for branch in branches]
        for identifier in self._ids:
            own = [branch for branch, ids in members if identifier in ids]
            if len(own) > 1:
                yield identifier, own

    def __len__(self) -> int:
        """Number of ids."""
        return len(self._ids)

    def __iter__(self) -> Iterator[int]:
        """All ids, in ascending order."""
        return iter(self._ids)

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
            for identifier in self._ids - done:
                yield branch, identifier
