"""Pages that overlap, repeat or leave out rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import override

from simulator.misbehaviours.base import Misbehaviour, share_of

if TYPE_CHECKING:
    from simulator.misbehaviours.base import Call, Page, Query
    from simulator.records import Record


@dataclass(kw_only=True)
class Ties(Misbehaviour):
    """Rows that sort alike have no order of their own.

    PostgreSQL and MySQL order equal sort keys by how many rows they have to sort, which depends
    on the page and its size: some rows are on no page and others on two.
    """

    order: Literal["per_page", "per_request"] = "per_page"
    """Their order follows from page and page size, or is another one in every request."""
    by: str | None = None
    """The only field that is sorted by, the newest first; none: what the list sorts by."""

    @override
    def select(self, query: Query, rows: list[Record]) -> list[Record]:
        salt = self.hits if self.order == "per_request" else (query.size, query.page)
        found = sorted(rows, key=lambda row: share_of(row.values["id"], salt))
        if self.by is None:
            query.entity.sort(found, query.filters)
        else:
            field = self.by
            found.sort(key=lambda row: _sortable(row.values[field]), reverse=True)
        return found


def _sortable(value: object) -> str:
    """Return a text that sorts as the value does, dotted dates among them."""
    text = "" if value is None else str(value)
    return "-".join(reversed(text.split("."))) if text[2:3] == "." else text


@dataclass(kw_only=True)
class _Paging(Misbehaviour):
    """Serves another page than the one in the request."""

    shows: Literal["served", "requested"] = "served"
    """The number of the page in the response."""

    @override
    def show(self, call: Call, envelope: dict[str, Any]) -> None:
        if self.shows == "requested":
            envelope["page"] = call.request.page


@dataclass(kw_only=True)
class PageIgnored(_Paging):
    """Every page is the first one."""

    @override
    def ask(self, call: Call, query: Query) -> None:
        query.page = 0


@dataclass(kw_only=True)
class LastPageRepeated(_Paging):
    """A page beyond the end is the last one once more."""

    @override
    def select(self, query: Query, rows: list[Record]) -> list[Record]:
        query.page = min(query.page, max(len(rows) - 1, 0) // query.size)
        return rows


@dataclass(kw_only=True)
class PagesWrap(_Paging):
    """A page beyond the end is the first one again, and so on."""

    @override
    def select(self, query: Query, rows: list[Record]) -> list[Record]:
        query.page %= max(1, -(-len(rows) // query.size))
        return rows


@dataclass(kw_only=True)
class PageCut(Misbehaviour):
    """Rows at the end of a page are on no page, although the total counts them."""

    cuts: Literal["each", "last"] = "each"
    """Each page lacks its last rows, or the last page is empty unless it is full."""
    rows: int = 2
    """Rows that each page lacks."""

    @override
    def cut(self, query: Query, page: Page) -> None:
        if self.cuts == "each":
            page.rows = page.rows[: max(query.size - self.rows, 1)]
        elif query.page and len(page.rows) < query.size:
            page.rows = []


@dataclass(kw_only=True)
class PageFromOne(_Paging):
    """Pages are counted from 1; page 0 is page 1."""

    @override
    def ask(self, call: Call, query: Query) -> None:
        query.page = max(query.page - 1, 0)


@dataclass(kw_only=True)
class OffsetCapped(Misbehaviour):
    """Rows behind a number of rows are on no page."""

    cap: int = 1_000
    total: Literal["right", "cut"] = "right"
    """Whether the total counts the rows that are on no page."""

    @override
    def cut(self, query: Query, page: Page) -> None:
        page.rows = page.rows[: max(self.cap - query.start, 0)]
        if self.total == "cut":
            page.total = min(page.total, self.cap)


@dataclass(kw_only=True)
class PageSizeIgnored(Misbehaviour):
    """Pages have a size of their own."""

    size: int = 20

    @override
    def ask(self, call: Call, query: Query) -> None:
        query.size = self.size


KINDS: dict[str, type[Misbehaviour]] = {
    "ties": Ties,
    "page_ignored": PageIgnored,
    "last_page_repeated": LastPageRepeated,
    "pages_wrap": PagesWrap,
    "page_cut": PageCut,
    "page_from_one": PageFromOne,
    "offset_capped": OffsetCapped,
    "page_size_ignored": PageSizeIgnored,
}
