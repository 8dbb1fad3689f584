"""Requests to the API."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_alfacrm.records.page import parse_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_alfacrm.records.page import Page, Parser

PAGE_SIZE_CAPS = frozenset({20, 50, 100, 200, 500})
"""Page sizes to which accounts are known to limit a page, whatever `pageSize` says."""


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A request for a list, or for one page of it.

    Attributes:
        path: Path below the host, such as `/v2api/customer/index`.
        body: Filters, sent as JSON. Errors show them, so they hold no personal data.
        params: Parameters that the API expects in the URL.
        parser: Parses the response.
        is_single: Whether one response holds the whole list, without pages.
        is_secret: Whether logs and errors leave out the body.
        may_be_refused: Whether a refusal is an answer, after which it is not sent again.
        is_ahead: Whether it is sent before its response is needed, and lets others go first.
    """

    path: str
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    params: Mapping[str, Any] = field(default_factory=dict)
    parser: Parser = field(default=parse_page, compare=False)
    is_single: bool = False
    is_secret: bool = False
    may_be_refused: bool = False
    is_ahead: bool = field(default=False, compare=False)

    def for_page(self, page: int, page_size: int) -> ListRequest:
        """Return the request for one page of the list (docs/behaviour.md#paging).

        Args:
            page: Number of the page, from 0.
            page_size: Rows to request; the account may return fewer.
        """
        if self.is_single:
            return self
        return replace(self, body={**self.body, "page": page, "pageSize": page_size})

    @property
    def resource(self) -> str:
        """The path without the branch."""
        return _resource_of(self.path)

    def may_share_rows(self, other: ListRequest) -> bool:
        """Whether rows can move between two lists: not where the URL names another parent."""
        return self.resource == other.resource and self.params == other.params

    @property
    def route(self) -> str:
        """The path with `*` for the branch: an account has a route or does not."""
        return _route_of(self.path)

    @override
    def __hash__(self) -> int:
        return hash(str(self))

    @override
    def __str__(self) -> str:
        """Path and filters, for logs and errors."""
        shown = {} if self.is_secret else {**self.params, **self.body}
        if not shown:
            return self.path
        return f"{self.path} ({', '.join(f'{key} {value}' for key, value in shown.items())})"


@functools.lru_cache
def _resource_of(path: str) -> str:
    return "/".join(part for part in path.split("/") if not part.isdigit())


@functools.lru_cache
def _route_of(path: str) -> str:
    return "/".join("*" if part.isdigit() else part for part in path.split("/"))


COUNT_PAGE_SIZE = 1
"""Page size of a request of which only the total is used."""


@dataclass(frozen=True, slots=True)
class PlannedList:
    """A list that will be read.

    Attributes:
        request: The list and its filters, without the page.
        page_size: Rows per page to request.
        depends_on_previous: Whether rows move to it from the lists before it, so that it is
            requested after them.
        single_page_likely: Whether it is likely to have one page, so that other lists need not
            wait for its length.
        count_only: Whether only the total is needed.
    """

    request: ListRequest
    page_size: int
    depends_on_previous: bool = False
    single_page_likely: bool = False
    count_only: bool = False

    @property
    def key(self) -> tuple[ListRequest, int, bool]:
        """What its requests depend on."""
        return self.request, self.page_size, self.count_only

    @property
    def is_short(self) -> bool:
        """Whether it is likely to take little memory."""
        return self.single_page_likely or self.count_only


def pages_expected(first_page: Page, request: ListRequest, page_size: int) -> int:
    """Return how many pages a list takes if no page is shorter than the first.

    Args:
        first_page: Page 0 of the list.
        request: The list.
        page_size: Rows that were requested per page.
    """
    length, total = len(first_page.items), first_page.total or 0
    if request.is_single or not length:
        return 1
    if total <= length:
        return 1 + (length >= page_size or length in PAGE_SIZE_CAPS)
    return total // length + 1  # a last page as long as the first may have been cut
