"""Which counts a run leaves out, because it returned the rows that were counted lately."""

from __future__ import annotations

import datetime as dt
import zlib
from array import array
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def mark_of(ids: Iterable[int]) -> str:
    """Return a short text that differs where ids do."""
    return f"{zlib.crc32(array('Q', sorted(ids)).tobytes()):08x}"


class Rotation:
    """When rows were last counted, and which rows they were (docs/behaviour.md#completeness).

    Without `child_refresh_days`, each run requests all counts. With it, a count is due if it is
    new or other rows were returned, if it was not requested for so many days, and on one of them
    by turns: half a cycle apart from the parents with its number, so that requests are spread.
    """

    def __init__(self, saved: Any = None) -> None:  # noqa: ANN401 - a state may hold anything
        """Read it from a state.

        Args:
            saved: The counts by number; anything unusable is left out.
        """
        self._known: dict[str, str] = {
            number: text
            for number, text in (saved.items() if isinstance(saved, dict) else ())
            if isinstance(text, str)
        }
        self._new: dict[str, str] = {}

    def select_due(self, marks: Mapping[int, str], today: dt.date, days: int) -> set[int]:
        """Choose the counts to request.

        Args:
            marks: A text for each count that differs where its rows are others, by a number that
                is the same in each run, such as the id of a branch.
            today: The day of the run.
            days: The setting `child_refresh_days`; with 1, all are due in each run.
        """
        if days == 1:
            return set(marks)
        return {number for number, mark in marks.items() if self._is_due(number, mark, today, days)}

    def _is_due(self, number: int, mark: str, today: dt.date, days: int) -> bool:
        day, _, known_mark = self._known.get(str(number), "").partition(" ")
        try:
            age = (today - dt.date.fromisoformat(day)).days
        except ValueError:
            return True
        is_turn = number % days == (today.toordinal() + days // 2) % days
        return is_turn or mark != known_mark or not 0 <= age < days

    def note_counted(self, number: int, mark: str, today: dt.date) -> None:
        """Note that there are no other rows than those returned, if the stream is COMPLETE."""
        self._new[str(number)] = f"{today} {mark}"

    def accept(self) -> None:
        """Take over what this run counted; for a stream that is COMPLETE."""
        self._known |= self._new

    def to_state(self) -> dict[str, str]:
        """What the constructor reads."""
        return self._known
