"""Responses that were received before they are needed, and the room for them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tap_alfacrm.client.request import pages_expected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_alfacrm.client.request import ListRequest
    from tap_alfacrm.records.page import Page

MAX_BYTES = 2**25
"""Bytes of responses that are kept, and of pages that are requested before they are needed."""
MAX_UNMEASURED = 2
"""Pages of one resource to request at once before the size of any is known."""
MAX_FIRST_PAGE_AGE = 10.0
"""Seconds that the first of many pages may be older than the second. The total of an older one is
more likely to have changed, and then the whole list is read again."""


class _Kept(NamedTuple):
    content: bytes
    requested_at: str | None
    received_at: float


class KeptResponses:
    """Bodies of responses by their request; each is used once."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._responses: dict[ListRequest, _Kept] = {}
        self._size = 0

    def add(self, request: ListRequest, content: bytes, requested_at: str | None) -> None:
        """Keep a response, if there is room.

        Args:
            request: The request for the page.
            content: Body of the response.
            requested_at: The server's clock at the request.
        """
        if self._size + len(content) <= MAX_BYTES:
            self._size += len(content)
            self._responses[request] = _Kept(content, requested_at, time.monotonic())

    def take(self, request: ListRequest) -> tuple[Page | None, float]:
        """Take a page out.

        Args:
            request: The request for the page.

        Returns:
            The page, None if there is none, or one of many that is too old; and the monotonic
            clock at its reception.
        """
        kept = self._responses.pop(request, None)
        if kept is None:
            return None, 0.0
        self._size -= len(kept.content)
        page = request.parser(kept.content, kept.requested_at)
        is_old = time.monotonic() - kept.received_at > MAX_FIRST_PAGE_AGE
        if is_old and pages_expected(page, request, request.body.get("pageSize", 0)) > 1:
            return None, 0.0
        return page, kept.received_at


class PageSizes:
    """Sizes of an account's pages, by which the number of pages held at once is limited."""

    def __init__(self) -> None:
        """Create it before the first page."""
        self._largest: dict[str, int] = {}

    def measure(self, request: ListRequest) -> ListRequest:
        """Return a request whose response is measured when it is parsed."""

        def parse(content: bytes, requested_at: str | None = None) -> Page:
            page = request.parser(content, requested_at)
            length = len(page.items)
            if length:
                is_cut = (page.total or 0) > length
                rows = length if is_cut else request.body.get("pageSize", length)
                size = len(content) * rows // length
                self._largest[request.resource] = max(size, self._largest.get(request.resource, 0))
            return page

        return replace(request, parser=parse)

    def has_room(self, resource: str, held: Sequence[str], *, is_short: bool = False) -> bool:
        """Whether one more page can be held.

        Args:
            resource: Resource of the page.
            held: Resources of the pages that are outstanding or not needed yet.
            is_short: Whether its list is likely to be short.
        """
        size = self._largest.get(resource)
        if size is None:
            return is_short or held.count(resource) < MAX_UNMEASURED
        return not held or size + sum(self._largest.get(one, 0) for one in held) <= MAX_BYTES
