"""What is asked of the API."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_alfacrm.records.page import parse_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_alfacrm.records.page import Page, Parser


@dataclass(frozen=True, slots=True)
class ListRequest:
    """What is asked of one list.

    Attributes:
        path: Path below the host, such as `/v2api/customer/index`.
        body: Filters, sent as JSON. They are shown in errors, so they hold no personal data.
        params: Parameters that the API wants in the URL.
        parser: Makes an envelope of the answer.
        is_single: Whether one answer holds it all, without pages.
        is_secret: Whether the body stays out of logs and errors.
    """

    path: str
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    params: Mapping[str, Any] = field(default_factory=dict)
    parser: Parser = field(default=parse_page, compare=False)
    is_single: bool = False
    is_secret: bool = False

    def for_page(self, page: int, page_size: int) -> ListRequest:
        """The same question for one page of it (docs/behaviour.md#paging)."""
        if self.is_single:
            return self
        return replace(self, body={**self.body, "page": page, "pageSize": page_size})

    @property
    def resource(self) -> str:
        """The path without the branch; rows may move between lists of one kind."""
        return "/".join(part for part in self.path.split("/") if not part.isdigit())

    @override
    def __hash__(self) -> int:
        return hash(str(self))

    @override
    def __str__(self) -> str:
        """Path and filters, for logs and errors."""
        asked = {} if self.is_secret else {**self.params, **self.body}
        return (
            f"{self.path} ({', '.join(f'{key} {value}' for key, value in asked.items())})"
            if asked
            else self.path
        )


PAGE_SIZE_CAPS = frozenset({20, 50, 100, 200, 500})
"""Page sizes that accounts are known to impose, whatever was asked for."""


def pages_expected(first: Page, request: ListRequest, page_size: int) -> int:
    """How many pages a pass will ask for, if none is cut shorter than the first."""
    length, total = len(first.items), first.total or 0
    if request.is_single or not length:
        return 1
    if total <= length:
        return 1 + (length >= page_size or length in PAGE_SIZE_CAPS)
    return total // length + 1  # a last page as long as the first may have been cut
