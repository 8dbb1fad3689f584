"""Which rows have been seen, in little memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyroaring import BitMap64

from tap_alfacrm.records.scalars import INVALID_VALUE_ERRORS, integer

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

MAX_ID = 2**63 - 1


def get_row_id(row: dict[str, Any], key: str = "id") -> int | None:
    """The id of a row.

    Args:
        row: A row as the API gave it.
        key: Name of its primary key.

    Returns:
        The id, also where the API sends it as text; None where there is no usable one.
    """
    return non_negative_int(row.get(key))


def non_negative_int(value: object) -> int | None:
    """An id or a number of rows, also where it comes as text; None where it is none."""
    if isinstance(value, bool):
        return None
    try:
        number = integer(value)
    except INVALID_VALUE_ERRORS:
        return None
    return None if number is None or number < 0 else number


class Deduplicator:
    """Lets each row pass once in a run, and again only in a newer state."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._states: dict[Hashable, BitMap64] = {}

    def admit(self, identifier: int, state: Hashable = None) -> bool:
        """Whether a row is new, or known in another state only.

        Args:
            identifier: The row's id.
            state: What may change during a run and is told by the request, not the row
                (such as archived or not).

        Returns:
            True the first time an id comes in this state since it last came in another.
        """
        ids = self._states.setdefault(state, BitMap64())
        if identifier in ids:
            return False
        for others in self._states.values():
            others.discard(identifier)
        ids.add(identifier)
        return True

    def admit_all(self, identifiers: Sequence[int], state: Hashable = None) -> bool:
        """Let a whole page pass at once, if none of its rows is known in any state.

        Args:
            identifiers: The ids of the page.
            state: As in `admit`.

        Returns:
            Whether they passed; if not, nothing has changed.
        """
        fresh = BitMap64(identifiers)
        if len(fresh) < len(identifiers):
            return False
        if not all(fresh.isdisjoint(ids) for ids in self._states.values()):
            return False
        self._states[state] = self._states.get(state, BitMap64()) | fresh
        return True
