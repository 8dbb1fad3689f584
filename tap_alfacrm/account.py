"""What a run has learnt about the account, so that nothing is asked twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyroaring import BitMap64

from tap_alfacrm.once import row_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_alfacrm.typed import TypedRow


class Roster:
    """Ids of the rows of an entity, with the branches they belong to."""

    def __init__(self) -> None:
        """Start empty."""
        self._by_branch: dict[int | None, BitMap64] = {}
        self._ids = BitMap64()

    def add(self, identifier: int, row: Mapping[str, Any] | TypedRow) -> None:
        """Note a row.

        Args:
            identifier: Its id.
            row: The row; its `branch_ids` are read.
        """
        self._ids.add(identifier)
        given = row.get("branch_ids")
        ids = [row_id({"id": item}) for item in given] if isinstance(given, list) else []
        for branch in ids or [None]:
            self._by_branch.setdefault(branch, BitMap64()).add(identifier)

    def __len__(self) -> int:
        """Number of ids."""
        return len(self._ids)

    def ids(self) -> BitMap64:
        """All ids."""
        return self._ids

    def pairs(self, *, every_branch: bool) -> Iterator[tuple[int | None, int]]:
        """Branch and id of each row, in a fixed order.

        Args:
            every_branch: A row of several branches comes once for each of them, or once.

        Yields:
            Branch (None where the row names none) and id.
        """
        done = BitMap64()
        for branch in sorted(self._by_branch, key=lambda branch: -1 if branch is None else branch):
            ids = self._by_branch[branch]
            for identifier in ids if every_branch else ids - done:
                yield branch, identifier
            done |= ids
