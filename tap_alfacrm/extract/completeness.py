"""What the log tells: progress while a stream runs, the proof of completeness at its end."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from typing_extensions import override

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable

    from tap_alfacrm.extract.pagination import ListResult

EVERY = 5.0
"""Seconds between two progress lines of a stream."""


@dataclass(slots=True)
class Evidence:
    """Rows in, rows out, and what the API says there are.

    Attributes:
        received: Rows that came over the wire.
        emitted: Records written.
        keyless: Rows without a usable id, which cannot be loaded.
        total: What the API counts, None where it does not say.
        missing: Rows that the API counts and never gave.
        pages: Pages with rows.
        sweeps: Most times that any list had to be read through.
        unsettled: Whether rows still moved in the last sweep of a list.
        refused: Whether the account does not offer the rows, or not those of a partition.
        refusals: Questions that were refused where others of their kind were answered.
        unasked: Parents, of which not every row is known to have been asked about.
        notes: What else there is to say.
    """

    received: int = 0
    emitted: int = 0
    keyless: int = 0
    total: int | None = None
    missing: int = 0
    pages: int = 0
    sweeps: int = 0
    unsettled: bool = False
    refused: bool = False
    refusals: int = 0
    unasked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, parts: Iterable[Evidence]) -> Evidence:
        """Proof of several parts that have no row in common but by chance."""
        whole = cls()
        for part in parts:
            whole.received += part.received
            whole.emitted += part.emitted
            whole.keyless += part.keyless
            whole.total = _sum(whole.total, part.total)
            whole.missing += part.missing
            whole.pages += part.pages
            whole.sweeps = max(whole.sweeps, part.sweeps)
            whole.unsettled = whole.unsettled or part.unsettled
            whole.refused = whole.refused or part.refused
            whole.refusals += part.refusals
            whole.unasked += part.unasked
            whole.notes += part.notes
        return whole

    def begin(self) -> None:
        """All lists are read anew: what was found out about the rows missing no longer counts."""
        self.total = None
        self.missing = self.keyless = 0
        self.unsettled = False

    def add(self, found: ListResult) -> None:
        """Add one list that was read."""
        self.received += found.received
        self.keyless += found.keyless
        self.total = _sum(self.total, found.total)
        self.missing += found.missing
        self.pages += found.pages
        self.sweeps = max(self.sweeps, found.sweeps)
        self.unsettled = self.unsettled or not found.settled

    def is_settled_by(self, total: int | None, counts: tuple[int, int]) -> bool:
        """Hold the lists against the single list that counts them all.

        Args:
            total: What that list counts.
            counts: Rows seen that belong to it, at any time and in the last sweeps. What was seen
                in earlier sweeps alone may be deleted, and would hide as many that were missed;
                it counts only where rows move in every sweep, so that none sees them all.

        Returns:
            Whether nothing is missing.
        """
        if total is None:
            return self.sweeps > 0
        ever, lately = counts
        accounted = ever if self.unsettled else lately
        self.total, self.missing = total, max(0, total - accounted)
        return total == accounted

    @property
    def is_whole(self) -> bool:
        """Whether every row that the API counts was emitted."""
        return not (self.missing or self.keyless or self.unsettled or self.refused or self.unasked)

    @property
    def is_exhaustive(self) -> bool:
        """Whether a row that did not come is not there any more."""
        return self.is_whole and not self.refusals

    def log(self, logger: logging.Logger, label: str) -> None:
        """Write the line; a shortfall is a warning.

        Args:
            logger: The stream's logger.
            label: The stream, or the stream and its partition.
        """
        if self.is_whole:
            logger.info("%s: COMPLETE. %s", label, self)
        else:
            logger.warning("%s: INCOMPLETE, %s. %s", label, self._shortfall(), self)

    def _shortfall(self) -> str:
        parts = []
        if self.missing:
            parts.append(f"{self.missing:,} rows that the API counts were never given")
        if self.keyless:
            parts.append(f"{self.keyless:,} rows have no usable id and were not loaded")
        if self.unsettled:
            parts.append("rows moved in every sweep, so nothing proves that none is missing")
        if self.refused:
            parts.append("the account refused the rest")
        if self.unasked:
            parents = " and ".join(dict.fromkeys(self.unasked))
            parts.append(f"not every row of {parents} is known, and each is asked about")
        return "; ".join(parts)

    @override
    def __str__(self) -> str:
        """The figures."""
        total = "not given" if self.total is None else f"{self.total:,}"
        text = (
            f"Rows received {self.received:,} on {self.pages:,} pages, "
            f"duplicates {self.received - self.emitted - self.keyless:,}, "
            f"emitted {self.emitted:,}; API total {total}"
        )
        if self.sweeps > 1:
            text += f"; read through {self.sweeps} times"
        elif self.sweeps == 0 and self.total is not None:
            text += ". One request showed that all of it is known"
        return ". ".join([text, *self.notes]) + "."


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one + (other or 0)


class Progress:
    """Says how far a list is, at most once every five seconds."""

    def __init__(self, logger: logging.Logger) -> None:
        """Start the clock.

        Args:
            logger: The stream's logger.
        """
        self._logger = logger
        self._spoke: float | None = None
        self.begin("")

    def begin(self, label: str) -> None:
        """A list is read from its start.

        Args:
            label: What is being read.
        """
        self._label = label
        self._started = time.monotonic()
        if self._spoke is None and label:
            self._spoke = self._started
        self._pages = self._rows = 0
        self._longest = 1

    def page(self, rows: int, total: int | None) -> None:
        """One more page was read.

        Args:
            rows: Rows on it.
            total: Rows of the list.
        """
        self._pages += 1
        self._rows += rows
        self._longest = max(self._longest, rows)
        if total is None:
            self._say(f"{self._pages:,} pages, {self._rows:,} rows so far")
        else:
            pages = max(self._pages, -(-total // self._longest))
            text = f"page {self._pages:,} of {pages:,}, {self._rows:,} of {total:,} rows"
            self._say(text, self._pages / pages)

    def item(self, total: int) -> None:
        """One more item of a list of questions is done.

        Args:
            total: Number of them.
        """
        self._rows += 1
        self._say(f"question {self._rows:,} of {total:,}", self._rows / max(total, self._rows))

    def _say(self, text: str, share: float | None = None) -> None:
        now = time.monotonic()
        if self._spoke is None or now - self._spoke < EVERY:
            return
        self._spoke = now
        if share:
            text += f", about {(now - self._started) * (1 / share - 1):,.0f} s left"
        self._logger.info("%s: %s.", self._label, text)


class Unwatched:
    """Shows no progress."""

    def begin(self, label: str) -> None:
        """Say nothing."""

    def page(self, rows: int, total: int | None) -> None:
        """Say nothing."""
