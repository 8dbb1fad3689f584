"""Reading one list to its end, until it is stable (docs/behaviour.md#completeness)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pyroaring import BitMap64

from tap_alfacrm.client.request import PAGE_SIZE_CAPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tap_alfacrm.client.request import ListRequest
    from tap_alfacrm.extract.progress import ProgressListener
    from tap_alfacrm.records.page import Page

MAX_PASSES = 5
"""Times that a list is read while its rows move during the pass."""
MAX_REPEATED_PAGES = 2
"""Consecutive pages without a new row that end a list; insertions can cause a single one."""


class PageSource(Protocol):
    """The part of a client that reading a list needs."""

    def open_list(
        self, request: ListRequest, page_size: int
    ) -> AbstractContextManager[Callable[[int], Page]]:
        """Open a list; the callable fetches a page by its number."""

    def forget(self, request: ListRequest) -> None:
        """Discard prefetched pages of the request's resource, because its rows have moved."""


@dataclass(slots=True)
class ListResult:
    """What one list contained.

    Attributes:
        ids: Distinct ids seen in all passes.
        latest_ids: Distinct ids seen in the latest pass.
        pages: Pages with rows.
        received: Rows received, repeated ones included.
        rows_without_id: Rows without a usable id in the latest pass; they cannot be told apart.
        total: The API's total on the latest page, None where it gives none.
        passes: Number of times that the list was read.
        is_stable: Whether the list held still during the latest pass.
    """

    ids: BitMap64 = field(default_factory=BitMap64)
    latest_ids: BitMap64 = field(default_factory=BitMap64)
    pages: int = 0
    received: int = 0
    rows_without_id: int = 0
    total: int | None = None
    passes: int = 0
    is_stable: bool = False

    @property
    def missing(self) -> int:
        """Rows that the API counts and never returned."""
        return max(0, (self.total or 0) - len(self.ids) - self.rows_without_id)


@dataclass(slots=True)
class SeenIds:
    """What several lists contained together.

    Attributes:
        ids: Distinct ids.
        latest_ids: Distinct ids of the latest pass of each list.
        rows_without_id: Rows without a usable id in the latest pass of each list.
    """

    ids: BitMap64 = field(default_factory=BitMap64)
    latest_ids: BitMap64 = field(default_factory=BitMap64)
    rows_without_id: int = 0

    def begin_pass(self) -> None:
        """Start reading all lists again."""
        self.latest_ids, self.rows_without_id = BitMap64(), 0

    def add(self, other: ListResult | SeenIds) -> None:
        """Add another list, or what other lists contained."""
        self.ids |= other.ids
        self.latest_ids |= other.latest_ids
        self.rows_without_id += other.rows_without_id

    @property
    def ever(self) -> int:
        """Number of rows seen at any time."""
        return len(self.ids) + self.rows_without_id

    @property
    def latest(self) -> int:
        """Number of rows seen in the latest pass of each list."""
        return len(self.latest_ids) + self.rows_without_id


def read_until_stable(
    source: PageSource,
    request: ListRequest,
    page_size: int,
    result: ListResult,
    progress: ProgressListener,
) -> Iterator[Page]:
    """Read a list to its end, and again while its rows move during the pass.

    Args:
        source: Where pages come from.
        request: The list and its filters, without the page.
        page_size: Rows per page to request; the account may return fewer.
        result: Receives what the list contained.
        progress: Receives each page.

    Yields:
        Pages with at least one row that is new in the pass. A row may come more than once.
    """
    previous: _Pass | None = None
    while not result.is_stable and result.passes < MAX_PASSES:
        if result.passes:
            source.forget(request)
        result.passes += 1
        current = _Pass(request, page_size)
        progress.begin_list(str(request))
        with source.open_list(request, page_size) as fetch_page:
            while (page := current.next_page(fetch_page)) is not None:
                result.pages += 1
                result.received += len(page.items)
                progress.add_page(len(page.items), current.total)
                yield page
        result.ids |= current.ids
        result.latest_ids = current.ids
        result.rows_without_id = current.rows_without_id
        result.total = current.total
        result.is_stable = current.is_stable or current.agrees_with(previous)
        previous = current


class _Pass:
    """One time through a list."""

    def __init__(self, request: ListRequest, page_size: int) -> None:
        self.ids = BitMap64()
        self.rows_without_id = 0
        self.total: int | None = None
        self._is_single, self._page_size = request.is_single, page_size
        self._received = self._pages = self._longest_page = 0
        self._number = self._repeated = 0
        self._started_at: str | None = None
        self._moved = self._ended = False

    def next_page(self, fetch_page: Callable[[int], Page]) -> Page | None:
        """Fetch pages up to the next one with a new row; None at the end of the list."""
        while not self._ended:
            page = fetch_page(self._number)
            if self._number == 0:
                self.total, self._started_at = page.total, page.requested_at
            self._number += 1
            if not page.items:
                self._ended = True
            elif self._add(page):
                self._moved = self._moved or self._repeated > 0
                self._repeated = 0
                self._ended = self._is_single or self._is_at_end(len(page.items))
                return page
            else:
                self._repeated += 1
                self._ended = (
                    self._repeated == MAX_REPEATED_PAGES
                    or self._distinct == self.total
                    or self._is_single
                    or self._is_at_end(len(page.items))
                )
        return None

    def _add(self, page: Page) -> bool:
        """Add a page, unless it has no row that is new in this pass."""
        if page.total != self.total:
            self.total, self._moved = page.total, True
        ids = BitMap64(identifier for identifier in page.ids if identifier is not None)
        without_id = page.ids.count(None)
        if not without_id and ids <= self.ids:
            return False
        self.ids |= ids
        self.rows_without_id += without_id
        self._received += len(page.items)
        self._pages += 1
        if self._started_at is not None and page.newest_created_at >= self._started_at:
            self._moved = True
        return True

    @property
    def _distinct(self) -> int:
        return len(self.ids) + self.rows_without_id

    def _is_at_end(self, length: int) -> bool:
        """Whether `total` is reached by a page that was not cut at a page size cap.

        A page that may have been cut is followed by another request, so that a `total` that is
        too small loses no rows.
        """
        may_be_cut = (
            length >= self._page_size
            or length == self._longest_page
            or (not self._longest_page and length in PAGE_SIZE_CAPS)
        )
        self._longest_page = max(self._longest_page, length)
        return self._distinct == self.total and not may_be_cut

    @property
    def is_stable(self) -> bool:
        """Whether the rows and the totals of the pass agree with each other.

        Without a total, rows that slip to a page already read leave no trace. A list of more
        than one page then counts as stable only when a second pass finds the same rows.
        """
        if self._moved or self._received != self._distinct:
            return False
        return self.total == self._distinct or (self.total is None and self._pages <= 1)

    def agrees_with(self, other: _Pass | None) -> bool:
        """Whether another pass found the same, so that a further one would too."""
        return other is not None and (other.ids, other.total) == (self.ids, self.total)
