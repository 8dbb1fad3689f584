"""What a run has learnt about the account, so that nothing is asked twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyroaring import BitMap64

from tap_alfacrm.extract.deduplication import non_negative_int

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_alfacrm.records.typed_page import TypedRow


class ParentIds:
    """Ids of the rows of an entity, with the branches they belong to."""

    def __init__(self) -> None:
        """Start empty."""
        self._by_branch: dict[int, BitMap64] = {}
        self._ids = BitMap64()

    def add(self, identifier: int, row: Mapping[str, Any] | TypedRow) -> None:
        """Note a row.

        Args:
            identifier: Its id.
            row: The row; its `branch_ids` are read.
        """
        self._ids.add(identifier)
        given = row.get("branch_ids")
        for item in given if isinstance(given, list) else ():
            branch = non_negative_int(item)
            if branch is not None:
                self._by_branch.setdefault(branch, BitMap64()).add(identifier)

    def __len__(self) -> int:
        """Number of ids."""
        return len(self._ids)

    def ids(self) -> BitMap64:
        """All ids."""
        return self._ids

    def pairs(self, within: Sequence[int], *, every_branch: bool) -> Iterator[tuple[int, int]]:
        """Branch and id of each row, in a fixed order.

        A row that names none of the branches comes for each of them, so that nothing of it is
        missed.

        Args:
            within: The branches to ask in.
            every_branch: A row of several branches comes once for each of them, or once.

        Yields:
            Branch and id.
        """
        done = BitMap64()
        for branch in within:
            ids = self._by_branch.get(branch, BitMap64())
            for identifier in ids if every_branch else ids - done:
                yield branch, identifier
            done |= ids
        for branch in within:
            for identifier in self._ids - done:
                yield branch, identifier
