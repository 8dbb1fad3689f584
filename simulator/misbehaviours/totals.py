"""Totals that do not count the rows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from typing_extensions import override

from simulator.misbehaviours.base import Misbehaviour

if TYPE_CHECKING:
    from simulator.misbehaviours.base import Call, Page, Query
    from simulator.records import Record
    from simulator.requests_log import Request


@dataclass(kw_only=True)
class Joined(Misbehaviour):
    """Counts a row once for each combination of branches and teachers, as an SQL join does."""

    fields: tuple[str, ...] = ("branch_ids", "teacher_ids")
    """Lists that are joined; an empty or a missing one counts as one."""
    rows: Literal["repeated", "unique_on_page", "once"] = "repeated"
    """Repeated rows come as they are, once on each page, or not at all: only the total counts."""

    def _copies(self, row: Record) -> int:
        lists = (row.values.get(name) for name in self.fields)
        return prod(max(len(items), 1) for items in lists if isinstance(items, list))

    @override
    def select(self, query: Query, rows: list[Record]) -> list[Record]:
        if self.rows == "once":
            self._total = sum(self._copies(row) for row in rows)
            return rows
        return [row for row in rows for _ in range(self._copies(row))]

    @override
    def cut(self, query: Query, page: Page) -> None:
        if self.rows == "once":
            page.total = self._total
        elif self.rows == "unique_on_page":
            page.rows = list({row.values["id"]: row for row in page.rows}.values())


@dataclass(kw_only=True)
class OfPage(Misbehaviour):
    """The total is the number of rows on the page."""

    @override
    def cut(self, query: Query, page: Page) -> None:
        page.total = len(page.rows)


@dataclass(kw_only=True)
class OfPages(Misbehaviour):
    """The total changes from page to page."""

    counts: Literal["so_far", "left"] = "so_far"
    """Rows up to the end of the page, or from its beginning on."""

    @override
    def cut(self, query: Query, page: Page) -> None:
        if self.counts == "left":
            page.total = max(page.total - query.start, 0)
        else:
            page.total = min(page.total, query.start + query.size)


@dataclass(kw_only=True)
class Capped(Misbehaviour):
    """The total is at most so much; all rows come."""

    cap: int = 1_000

    @override
    def cut(self, query: Query, page: Page) -> None:
        page.total = min(page.total, self.cap)


@dataclass(kw_only=True)
class Missing(Misbehaviour):
    """The response has no total."""

    pages: Literal["all", "first", "later"] = "all"

    @override
    def concerns(self, request: Request) -> bool:
        return self.pages == "all" or (self.pages == "first") == (request.page == 0)

    @override
    def show(self, call: Call, envelope: dict[str, Any]) -> None:
        envelope.pop("total", None)


@dataclass(kw_only=True)
class TooSmall(Misbehaviour):
    """The total is less than the number of rows."""

    by: int = 1
    """How many rows are not counted."""
    share: float | None = None
    """Share of the rows that is counted, instead of `by`: 0.5 for half, 0 for none."""

    @override
    def cut(self, query: Query, page: Page) -> None:
        if self.share is not None:
            page.total = int(page.total * self.share)
        else:
            page.total = max(page.total - self.by, 0)


@dataclass(kw_only=True)
class TooLarge(Misbehaviour):
    """The total is more than the number of rows."""

    by: int = 7

    @override
    def cut(self, query: Query, page: Page) -> None:
        page.total += self.by


@dataclass(kw_only=True)
class Wobbling(Misbehaviour):
    """The total is right, too large and too small in turn."""

    by: int = 1

    @override
    def cut(self, query: Query, page: Page) -> None:
        page.total = max(page.total + (0, self.by, -self.by)[(self.hits - 1) % 3], 0)


@dataclass(kw_only=True)
class Stale(Misbehaviour):
    """The total of a list stays as it was when it was first counted, as in a query cache."""

    ttl: float = float("inf")
    """Seconds after which it is counted again."""

    def __post_init__(self) -> None:
        self._totals: dict[bytes, tuple[float, int]] = {}

    @override
    def cut(self, query: Query, page: Page) -> None:
        parts = (query.entity.path, query.branch, query.filters, query.params)
        key, now = msgspec.json.encode(parts, order="sorted"), time.monotonic()
        if key not in self._totals or now - self._totals[key][0] >= self.ttl:
            self._totals[key] = (now, page.total)
        page.total = self._totals[key][1]


@dataclass(kw_only=True)
class AsText(Misbehaviour):
    """The total is a text."""

    @override
    def show(self, call: Call, envelope: dict[str, Any]) -> None:
        if "total" in envelope:
            envelope["total"] = str(envelope["total"])


KINDS: dict[str, type[Misbehaviour]] = {
    "total_joined": Joined,
    "total_of_page": OfPage,
    "total_of_pages": OfPages,
    "total_capped": Capped,
    "total_missing": Missing,
    "total_too_small": TooSmall,
    "total_too_large": TooLarge,
    "total_wobbles": Wobbling,
    "total_stale": Stale,
    "total_as_text": AsText,
}
