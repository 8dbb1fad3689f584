"""What lists contained, and how long the pages of an account are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pyroaring import BitMap64

SHORT_PAGE = 10
"""Rows below which a page counts as cut only where the account returned no longer one."""
MAX_END_CHECKS = 2
"""Lists of one resource and length whose end is checked although `total` is reached."""


class PageLengths:
    """Lengths of the pages that an account returned, to tell a list from its first page.

    Where `total` counts the rows of the page and not of the list, a list looks complete after any
    page. But an account cuts all pages of a resource at the same length, so that a page shorter
    than another one was not cut.
    """

    def __init__(self) -> None:
        """Create it before the first page."""
        self._longest: dict[str, int] = {}
        self._complete: Counter[tuple[str, int]] = Counter()

    def add(self, resource: str, length: int) -> None:
        """Add a page."""
        for key in (resource, ""):
            self._longest[key] = max(self._longest.get(key, 0), length)

    @property
    def longest(self) -> int:
        """Rows of the longest page so far, 0 before the first."""
        return self._longest.get("", 0)

    def may_be_cut(self, resource: str, length: int) -> bool:
        """Whether a list may go on after a first page of this length."""
        longest = self._longest.get("" if length < SHORT_PAGE else resource, 0)
        return (
            length > 1 and length >= longest and self._complete[resource, length] < MAX_END_CHECKS
        )

    def add_complete(self, resource: str, length: int) -> None:
        """Add a list that was seen to end after a first page of this length."""
        self._complete[resource, length] += 1


@dataclass(slots=True)
class ListResult:
    """What one list contained.

    Attributes:
        ids: Distinct ids seen in all passes.
        latest_ids: Distinct ids seen in the latest pass, or in all passes where nothing moved and
            each missed rows of the others.
        pages: Pages with rows.
        received: Rows received, repeated ones included.
        rows_without_id: Rows without a usable id in the latest pass; they cannot be told apart.
        total: The API's total on the latest page, None where it gives none.
        passes: Number of times that the list was read.
        is_stable: Whether the passes agree with each other and with the total.
        is_end_unconfirmed: Whether the list has no total and may go on.
        repeated_in_total: Rows that the total counts more than once.
        unseen_in_total: Rows that the total counts and that pages lack, at any page size.
    """

    ids: BitMap64 = field(default_factory=BitMap64)
    latest_ids: BitMap64 = field(default_factory=BitMap64)
    pages: int = 0
    received: int = 0
    rows_without_id: int = 0
    total: int | None = None
    passes: int = 0
    is_stable: bool = False
    is_end_unconfirmed: bool = False
    repeated_in_total: int = 0
    unseen_in_total: int = 0

    @property
    def missing(self) -> int:
        """Rows that the API counts and never returned.

        Where two passes agree that rows are missing, those of an earlier one do not make up for
        them: they have been deleted since.
        """
        if self.repeated_in_total or self.unseen_in_total:
            return 0
        counted = (self.total or 0) - self.rows_without_id
        missing = counted - len(self.ids)
        if self.is_stable and missing <= 0:
            missing = counted - len(self.latest_ids)
        return max(0, missing)

    @property
    def surplus(self) -> int:
        """Rows returned beyond the total, in the latest pass."""
        if self.total is None:
            return 0
        return max(0, len(self.latest_ids) + self.rows_without_id - self.total)


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

    def add(self, other: ListResult | SeenIds) -> None:
        """Add another list, or what other lists contained."""
        self.ids |= other.ids
        self.latest_ids |= other.latest_ids
        self.rows_without_id += other.rows_without_id

    def replace_latest(self, result: ListResult) -> None:
        """Take the latest pass of a list in place of what was known of it."""
        self.ids |= result.ids
        self.latest_ids, self.rows_without_id = result.latest_ids, result.rows_without_id

    @property
    def ever(self) -> int:
        """Number of rows seen at any time."""
        return len(self.ids) + self.rows_without_id

    @property
    def latest(self) -> int:
        """Number of rows seen in the latest pass of each list."""
        return len(self.latest_ids) + self.rows_without_id
