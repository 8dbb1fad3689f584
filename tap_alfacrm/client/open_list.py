"""How far a list has been requested."""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_alfacrm.client.kept import MAX_FIRST_PAGE_AGE
from tap_alfacrm.client.request import pages_expected

if TYPE_CHECKING:
    from tap_alfacrm.client.request import PlannedList
    from tap_alfacrm.records.page import Page

OVERLAP_PAGES = 4
"""Pages of a list that may be outstanding when the next list is begun, so that nothing waits for
its length. A row that moves between the two meanwhile changes a total, which makes both be read
again (docs/behaviour.md#completeness)."""


@dataclass(slots=True)
class Response:
    """A page that is requested, or received and not needed yet."""

    requested_at: float = field(default_factory=time.monotonic)
    future: Future[Page] = field(default_factory=Future)

    @property
    def page(self) -> Page | None:
        """The page, if it was received."""
        done = self.future.done() and not self.future.cancelled()
        return self.future.result() if done and self.future.exception() is None else None


@dataclass(slots=True, eq=False)
class OpenList:
    """How far a list has been requested.

    Attributes:
        planned: The list.
        responses: Pages requested and not handed out, by number.
        requested: Number of pages requested, from the first.
        pages: Number of pages of the list, None while unknown.
    """

    planned: PlannedList
    responses: dict[int, Response] = field(default_factory=dict)
    requested: int = 0
    pages: int | None = None

    def forget(self) -> None:
        """Discard all pages, to request them again."""
        for response in self.responses.values():
            response.future.cancel()
        self.responses.clear()
        self.requested, self.pages = 0, None

    def update_length(self) -> None:
        """Take the length from the first page, once it was received."""
        first = self.responses.get(0)
        if first is None or (page := first.page) is None:
            return
        planned = self.planned
        self.pages = (
            1 if planned.count_only else pages_expected(page, planned.request, planned.page_size)
        )

    def refresh(self) -> None:
        """Discard a first page that has waited too long for the second."""
        self.update_length()
        first = self.responses.get(0)
        if first is None or not self.requested == 1 < (self.pages or 0):
            return
        if time.monotonic() - first.requested_at > MAX_FIRST_PAGE_AGE:
            self.forget()

    def blocks(self, other: PlannedList) -> bool:
        """Whether a list to which rows move has to wait for pages of this one before it."""
        own = self.planned
        if own.single_page_likely or not own.request.may_share_rows(other.request):
            return False
        overlap = 0 if other.count_only else OVERLAP_PAGES
        pages = 1 if own.count_only else self.pages
        return not self.requested or pages is None or self.requested < pages - overlap
