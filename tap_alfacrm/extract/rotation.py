"""Which counts a run leaves out, because it returned the rows that were counted lately."""

from __future__ import annotations

import datetime as dt
import zlib
from array import array
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def checksum_of(ids: Iterable[int]) -> str:
    """Return a checksum of ids, whatever their order."""
    return f"{zlib.crc32(array('Q', sorted(ids)).tobytes()):08x}"


class Rotation:
    """When rows were last counted, and which rows they were (docs/behaviour.md#completeness).

    Without `child_refresh_days`, each run requests all counts. With it, a count is due if it is
    new or other rows were returned, if it was not requested for so many days, and on one of them
    by turns: half a cycle apart from the parents with its number, so that requests are spread.
    """

    def __init__(self, saved: Any = None) -> None:  # noqa: ANN401 - a state may hold anything
        """Read it from a state; until `begin`, all counts are due.

        Args:
            saved: The counts by number; anything unusable is left out.
        """
        self._today, self._days = dt.date.min, 1
        self._known: dict[str, str] = {
            number: text
            for number, text in (saved.items() if isinstance(saved, dict) else ())
            if isinstance(text, str)
        }
        self._new: dict[str, str] = {}

    def begin(self, today: dt.date, days: int) -> None:
        """Begin a run.

        Args:
            today: Its day.
            days: The setting `child_refresh_days`; with 1, all counts are due in each run.
        """
        self._today, self._days = today, days

    def select_due(self, checksums: Mapping[int, str]) -> set[int]:
        """Choose the counts to request.

        Args:
            checksums: The checksum of the rows of each count, by a number that is the same in each
                run, such as the id of a branch.
        """
        if self._days == 1:
            return set(checksums)
        return {number for number, one in checksums.items() if self._is_due(number, one)}

    def _is_due(self, number: int, checksum: str) -> bool:
        day, _, known_checksum = self._known.get(str(number), "").partition(" ")
        try:
            age = (self._today - dt.date.fromisoformat(day)).days
        except ValueError:
            return True
        is_turn = number % self._days == (self._today.toordinal() + self._days // 2) % self._days
        return is_turn or checksum != known_checksum or not 0 <= age < self._days

    def note_counted(self, checksums: Mapping[int, str]) -> None:
        """Note counts that agreed with the rows returned.

        Args:
            checksums: As for `select_due`.
        """
        if self._days > 1:
            self._new |= {str(number): f"{self._today} {one}" for number, one in checksums.items()}

    def accept(self) -> None:
        """Take over what this run counted; for a stream that is COMPLETE."""
        self._known |= self._new

    def to_state(self) -> dict[str, str]:
        """What the constructor reads."""
        return self._known
