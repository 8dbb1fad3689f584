"""All rows of one list, with the proof that none is missing (docs/behaviour.md#completeness)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pyroaring import BitMap64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tap_alfacrm.client.request import ListRequest
    from tap_alfacrm.records.page import Page

MAX_SWEEPS = 5
"""Times a list is read through while its rows move under the reader."""
PAGE_SIZE_CAPS = frozenset({20, 50, 100, 200, 500})
"""Page sizes that accounts are known to impose, whatever was asked for."""

REPEATS = 2
"""Pages in a row without a new row that end a list; one may come of rows pushed back."""


class PageSource(Protocol):
    """The part of a session that a sweep needs."""

    def reading(
        self, question: ListRequest, page_size: int
    ) -> AbstractContextManager[Callable[[int], Page]]:
        """Read a list: what gives a page by its number."""

    def forget(self, question: ListRequest) -> None:
        """Drop what was asked ahead of lists of its kind: their rows have been seen to move."""


class ProgressListener(Protocol):
    """Is told of each page, to show progress."""

    def begin(self, label: str) -> None:
        """A list is read from its start."""

    def page(self, rows: int, total: int | None) -> None:
        """One more page of this many rows; the list has `total` in all."""


@dataclass(slots=True)
class ListResult:
    """What one list held.

    Attributes:
        ids: Distinct ids seen, over all sweeps of the list.
        latest: Distinct ids seen in the last sweep.
        pages: Pages asked for.
        received: Rows received, repeated ones included.
        keyless: Rows without a usable id, which nothing can tell apart.
        total: The API's total at the last page, None where it gave none.
        sweeps: Times the list was read through.
        settled: Whether the last sweep saw the list hold still.
    """

    ids: BitMap64 = field(default_factory=BitMap64)
    latest: BitMap64 = field(default_factory=BitMap64)
    pages: int = 0
    received: int = 0
    keyless: int = 0
    total: int | None = None
    sweeps: int = 0
    settled: bool = False

    @property
    def missing(self) -> int:
        """Rows that the API counts and never gave."""
        return max(0, (self.total or 0) - len(self.ids) - self.keyless)


@dataclass(slots=True)
class SeenIds:
    """What was found in several lists together.

    Attributes:
        ids: Distinct ids.
        latest: Distinct ids in the last sweep of each list.
        keyless: Rows without a usable id in the last sweep of each list.
    """

    ids: BitMap64 = field(default_factory=BitMap64)
    latest: BitMap64 = field(default_factory=BitMap64)
    keyless: int = 0

    def begin(self) -> None:
        """All lists are read anew."""
        self.latest, self.keyless = BitMap64(), 0

    def add(self, found: ListResult) -> None:
        """Add a list."""
        self.ids |= found.ids
        self.latest |= found.latest
        self.keyless += found.keyless

    def join(self, other: SeenIds) -> None:
        """Add what was found in other lists."""
        self.ids |= other.ids
        self.latest |= other.latest
        self.keyless += other.keyless

    @property
    def counts(self) -> tuple[int, int]:
        """Rows seen at any time, and in the last sweep of each list."""
        return len(self.ids) + self.keyless, len(self.latest) + self.keyless


def sweep(
    session: PageSource,
    question: ListRequest,
    page_size: int,
    found: ListResult,
    watcher: ProgressListener,
) -> Iterator[Page]:
    """Read a list to its end, and again while its rows move under the reader.

    Args:
        session: Whom to ask.
        question: The list and its filters, without the page.
        page_size: Rows to ask for on a page; what comes back is believed, not the wish.
        found: Is filled while reading.
        watcher: Is told of each page.

    Yields:
        One page. A row may come more than once.
    """
    before: _Reading | None = None
    while not found.settled and found.sweeps < MAX_SWEEPS:
        if found.sweeps:
            session.forget(question)
        found.sweeps += 1
        reading = _Reading()
        watcher.begin(str(question))
        for envelope in _pages(session, question, page_size, reading):
            found.pages += 1
            found.received += len(envelope.items)
            watcher.page(len(envelope.items), reading.total)
            yield envelope
        found.ids |= reading.ids
        found.latest = reading.ids
        found.keyless = reading.keyless
        found.total = reading.total
        found.settled = reading.held_still or reading.agrees_with(before)
        before = reading


@dataclass(slots=True)
class _Reading:
    """One time through a list."""

    ids: BitMap64 = field(default_factory=BitMap64)
    keyless: int = 0
    received: int = 0
    pages: int = 0
    longest: int = 0
    total: int | None = None
    began: str | None = None
    moved: bool = False

    def begin(self, envelope: Page) -> None:
        self.total, self.began = envelope.total, envelope.moment

    def take(self, envelope: Page) -> bool:
        """Count a page in, unless it repeats what this reading has had."""
        if envelope.total != self.total:
            self.total, self.moved = envelope.total, True
        ids = BitMap64(identifier for identifier in envelope.ids if identifier is not None)
        keyless = envelope.ids.count(None)
        if not keyless and ids <= self.ids:
            return False
        self.ids |= ids
        self.keyless += keyless
        self.received += len(envelope.items)
        self.pages += 1
        self.moved = self.moved or (self.began is not None and envelope.newest >= self.began)
        return True

    @property
    def distinct(self) -> int:
        return len(self.ids) + self.keyless

    def is_at_end(self, length: int, page_size: int) -> bool:
        """Whether `total` is reached, by a page that was not cut at a ceiling.

        A page that may have been cut is followed by another, so that a `total` that is too
        small loses nothing.
        """
        cut = (
            length >= page_size
            or length == self.longest
            or (not self.longest and length in PAGE_SIZE_CAPS)
        )
        self.longest = max(self.longest, length)
        return self.distinct == self.total and not cut

    @property
    def held_still(self) -> bool:
        """Whether rows and totals agree with each other.

        Without a total, rows that slipped to a page already read leave no trace: a list of
        more than one page is then believed only when a second reading finds the same.
        """
        if self.moved or self.received != self.distinct:
            return False
        return self.total == self.distinct or (self.total is None and self.pages <= 1)

    def agrees_with(self, other: _Reading | None) -> bool:
        """Whether another reading found the same, so that a third would too."""
        return other is not None and (other.ids, other.total) == (self.ids, self.total)


def pages_expected(first: Page, question: ListRequest, page_size: int) -> int:
    """How many pages a sweep will ask for, if none is cut shorter than the first."""
    length, total = len(first.items), first.total or 0
    if question.is_single or not length:
        return 1
    if total <= length:
        return 1 + (length >= page_size or length in PAGE_SIZE_CAPS)
    return total // length + 1  # a last page as long as the first may have been cut


def _pages(
    session: PageSource, question: ListRequest, page_size: int, reading: _Reading
) -> Iterator[Page]:
    with session.reading(question, page_size) as ask:
        page = repeated = 0
        envelope = ask(page)
        reading.begin(envelope)
        while envelope.items:
            if reading.take(envelope):
                reading.moved = reading.moved or repeated > 0
                repeated = 0
                yield envelope
            else:
                repeated += 1
                if repeated == REPEATS or reading.distinct == reading.total:
                    return
            if question.is_single or reading.is_at_end(len(envelope.items), page_size):
                return
            page += 1
            envelope = ask(page)
