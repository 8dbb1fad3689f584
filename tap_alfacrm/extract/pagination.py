"""Reading one list to its end, until it is stable (docs/behaviour.md#completeness)."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pyroaring import BitMap64

from tap_alfacrm.client import retry
from tap_alfacrm.client.request import PAGE_SIZE_CAPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tap_alfacrm.client.request import ListRequest
    from tap_alfacrm.extract.progress import ProgressListener
    from tap_alfacrm.extract.results import ListResult, PageLengths
    from tap_alfacrm.records.page import Page

MAX_PASSES = 5
"""Times that a list is read while its rows move during the pass."""
PAGE_SIZE_PERCENT = (100, 94, 86, 82, 74)
"""Page size of each pass, in percent of the longest page of the first. SQL leaves the order of rows
with equal sort keys open, so that a row at the edge of two pages can be on neither; with another
page size other rows are at the edges."""
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


class ListRead(NamedTuple):
    """How to read one list.

    Attributes:
        request: The list and its filters, without the page.
        page_size: Rows per page to request; the account may return fewer.
        known_count: Number of rows that an earlier run proved the list to have. Where the total
            still says so, the end of the list needs no further check.
    """

    request: ListRequest
    page_size: int
    known_count: int | None = None


def read_until_stable(
    read: ListRead,
    source: PageSource,
    lengths: PageLengths,
    progress: ProgressListener,
    result: ListResult,
) -> Iterator[Page]:
    """Read a list to its end, and again while its passes do not agree.

    Args:
        read: The list.
        source: Where pages come from.
        lengths: Lengths of the account's pages.
        progress: Receives each page.
        result: Receives what the list contained.

    Yields:
        Pages with at least one row that is new in the pass. A row may come more than once.
    """
    request, page_size = read.request, read.page_size
    passes: list[_Pass] = []
    while not result.is_stable and result.passes < MAX_PASSES:
        if passes:
            source.forget(request)
            percent = PAGE_SIZE_PERCENT[result.passes]
            page_size = max(1, (passes[0].longest_page or page_size) * percent // 100)
        current = _Pass(read._replace(page_size=page_size), lengths)
        progress.begin_list(str(request))
        with source.open_list(request, page_size) as fetch_page:
            while (page := current.next_page(fetch_page)) is not None:
                result.pages += 1
                result.received += len(page.items)
                progress.add_page(len(page.items), current.total)
                yield page
        passes.append(current)
        result.passes += 1
        result.ids |= current.ids
        result.latest_ids = current.ids
        result.rows_without_id = current.rows_without_id
        result.total = current.total
        result.is_end_unconfirmed = current.is_end_unconfirmed
        result.repeated_in_total = result.unseen_in_total = 0
        result.is_stable = current.is_stable
        if not result.is_stable and _is_union_stable(passes, result):
            result.latest_ids, result.is_stable = result.ids, True
        if not result.is_stable and len(passes) > 1:
            excess = (current.total or 0) - current.distinct
            if current.counts_rows_repeatedly and current.repeats_as(passes[-2]):
                result.repeated_in_total = excess
                result.is_stable = True
            elif current.agrees_with(passes[-2]):
                result.is_stable = True
                if current.leaves_out_copies(passes[-2]):
                    result.unseen_in_total = excess


def _is_union_stable(passes: list[_Pass], result: ListResult) -> bool:
    """Whether passes that each missed rows found all of them together.

    That is proven only while nothing moved: then no row of the union has been deleted.
    """
    totals = {one.total for one in passes}
    found = len(result.ids) + result.rows_without_id
    has_moved = any(one.has_moved for one in passes)
    return totals == {found} and not (has_moved or passes[-1].is_end_unconfirmed)


class _Pass:
    """One time through a list.

    Attributes:
        ids: Distinct ids.
        rows_without_id: Rows without a usable id.
        distinct: Number of different rows.
        total: The API's total on the latest page, None where it gives none.
        longest_page: Rows of the longest page.
        has_moved: Whether rows moved meanwhile.
        is_end_unconfirmed: Whether the list may go on.
    """

    def __init__(self, read: ListRead, lengths: PageLengths) -> None:
        self.ids = BitMap64()
        self.rows_without_id = self.distinct = 0
        self.total: int | None = None
        self.longest_page = 0
        self.has_moved = self.is_end_unconfirmed = False
        self._request, self._page_size, self._known_count = read
        self._lengths = lengths
        self._repeated_ids = BitMap64()
        self._received = self._pages = self._number = self._repeated_pages = 0
        self._rows = 0  # those of pages without a new row included
        self._started_at: str | None = None
        self._is_last_short = self._has_short_pages = False
        self._ended = False

    def next_page(self, fetch_page: Callable[[int], Page]) -> Page | None:
        """Fetch pages up to the next one with a new row; None at the end of the list."""
        while not self._ended:
            page = fetch_page(self._number)
            if not (page.items or self._is_empty_page_explained(page)):
                # an empty page is no evidence by itself: it may be a failure that looks like one
                time.sleep(retry.DEFAULT_RETRY_POLICY.empty_wait)
                page = fetch_page(self._number)
            if self._number == 0:
                self.total, self._started_at = page.total, page.requested_at
            self._number += 1
            if not page.items:
                self._end()
            elif self._add(page):
                self.has_moved = self.has_moved or self._repeated_pages > 0
                self._repeated_pages = 0
                if self._request.is_single or self._is_at_end(len(page.items)):
                    self._ended = True
                return page
            else:
                self._repeated_pages += 1
                if (
                    self._repeated_pages == MAX_REPEATED_PAGES
                    or self.distinct == self.total
                    or self._request.is_single
                    or self._is_at_end(len(page.items))
                ):
                    self._end()
        return None

    def _is_empty_page_explained(self, page: Page) -> bool:
        if self._number == 0:
            return self._known_count == 0 and not page.total
        return self.distinct == self.total

    def _end(self) -> None:
        """End the list at a page without a new row."""
        self._ended = True
        is_repeated = self._repeated_pages > 0
        if self.total is None:
            self.is_end_unconfirmed = is_repeated or self._received != self.distinct
        elif self._pages == 1 and not self._request.is_single:
            # the only page came again: `page` may be ignored, and `total` may count one page
            self.is_end_unconfirmed = is_repeated and self._rows != self.total
            if not is_repeated and self.distinct == self.total:
                self._lengths.add_complete(self._request.resource, self.distinct)

    def _add(self, page: Page) -> bool:
        """Add a page, unless it has no row that is new in this pass."""
        if page.total != self.total:
            self.total, self.has_moved = page.total, True
        length = len(page.items)
        self._rows += length
        self._has_short_pages = self._has_short_pages or self._is_last_short
        self._is_last_short = length < self._page_size
        self.longest_page = max(self.longest_page, length)
        # by id, because operations on two bitmaps cost as much as the longer one is long
        ids = {identifier for identifier in page.ids if identifier is not None}
        without_id = page.ids.count(None)
        known = [identifier for identifier in ids if identifier in self.ids]
        if known or len(ids) + without_id < length:
            self._repeated_ids.update(known)
            self._repeated_ids.update(_repeated(page.ids))
        if not without_id and len(known) == len(ids):
            return False
        self.ids.update(ids)
        self.distinct += len(ids) - len(known) + without_id
        self.rows_without_id += without_id
        self._received += length
        self._pages += 1
        if self._started_at is not None and page.newest_created_at >= self._started_at:
            self.has_moved = True
        return True

    def _is_at_end(self, length: int) -> bool:
        """Whether `total` is reached by a page that was not cut.

        A page that may have been cut is followed by another request, so that a `total` that is
        too small, or that counts one page only, loses no rows.
        """
        resource = self._request.resource
        if self._pages == 1:
            may_be_cut = (
                length >= self._page_size
                or length in PAGE_SIZE_CAPS
                or self._lengths.may_be_cut(resource, length)
            ) and length != self._known_count
        else:
            may_be_cut = length >= self.longest_page
        self._lengths.add(resource, length)
        return self.distinct == self.total and not may_be_cut

    @property
    def is_stable(self) -> bool:
        """Whether the rows and the totals of the pass agree with each other.

        Without a total, rows that slip to a page already read leave no trace. A list of more
        than one page then counts as stable only when a second pass finds the same rows.
        """
        if self.has_moved or self.is_end_unconfirmed or self._received != self.distinct:
            return False
        return self.total == self.distinct or (self.total is None and self._pages <= 1)

    def agrees_with(self, other: _Pass) -> bool:
        """Whether another pass found the same, so that a further one would too."""
        return (other.ids, other.total) == (self.ids, self.total)

    @property
    def counts_rows_repeatedly(self) -> bool:
        """Whether the total may count a row for each time that it was returned."""
        return self._rows == self.total and self._rows > self.distinct

    def repeats_as(self, other: _Pass) -> bool:
        """Whether another pass with another page size returned the same rows as often.

        Rows that are repeated in place of others, at the edges of pages, differ by page size.
        """
        return (
            self.longest_page != other.longest_page
            and self.agrees_with(other)
            and (self._rows, self._repeated_ids) == (other._rows, other._repeated_ids)
        )

    def leaves_out_copies(self, other: _Pass) -> bool:
        """Whether rows that the total counts are missing from the pages, and not at the end.

        Yii counts joined rows, and shows each once on a page: as often as its copies are on
        different pages. A page that another one follows is then shorter than requested. An account
        that hides rows after it cut the page looks alike.
        """
        is_short = self._has_short_pages and self._rows < (self.total or 0)
        return is_short or (self.counts_rows_repeatedly and other._rows < self._rows)


def _repeated(ids: list[int | None]) -> list[int]:
    counts = Counter(identifier for identifier in ids if identifier is not None)
    return [identifier for identifier, count in counts.items() if count > 1]
