"""Lists that are empty, short or refused, and responses that are no list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import override

from simulator.answers import answer, error, web_page
from simulator.misbehaviours.base import Misbehaviour, share_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from simulator.misbehaviours.base import Call, Page, Query
    from simulator.records import Record

Shape = Literal[
    "failure",
    "failed_list",
    "errors",
    "object",
    "array",
    "items_false",
    "items_null",
    "null",
    "false",
    "html",
]
_SHAPES: dict[str, object] = {
    "failure": {"success": False},
    "failed_list": {"success": False, "total": 0, "items": []},
    "errors": {"total": 0, "items": [], "errors": ["SQLSTATE[HY000]"]},
    "object": {},
    "array": [],
    "items_false": {"items": False, "total": 0},
    "items_null": {"items": None},
    "null": None,
    "false": False,
}


@dataclass(kw_only=True)
class Empty(Misbehaviour):
    """A response without rows, although there are some."""

    total: Literal["zero", "right", "missing"] = "zero"

    @override
    def cut(self, query: Query, page: Page) -> None:
        page.rows = []
        if self.total == "zero":
            page.total = 0

    @override
    def show(self, call: Call, envelope: dict[str, Any]) -> None:
        if self.total == "missing":
            envelope.pop("total", None)

    @override
    def show_object(self, call: Call, payload: object) -> object:
        call.request.ids = []
        return []


@dataclass(kw_only=True)
class NoList(Misbehaviour):
    """Status 200 with something that is no list."""

    instead: Shape = "failure"

    @override
    def refuse(self, call: Call) -> Response | None:
        return web_page(200) if self.instead == "html" else answer(_SHAPES[self.instead])


@dataclass(kw_only=True)
class ItemsAsObject(Misbehaviour):
    """The items come as an object, as PHP writes an array with gaps in its keys."""

    @override
    def show(self, call: Call, envelope: dict[str, Any]) -> None:
        items = envelope["items"]
        if items and isinstance(items, list):
            envelope["items"] = {str(n + (n > 0)): row for n, row in enumerate(items)}


@dataclass(kw_only=True)
class Refused(Misbehaviour):
    """A status of 400 or more, with the error object of Yii or a web page."""

    status: int = 403
    html: bool = False

    @override
    def refuse(self, call: Call) -> Response | None:
        return web_page(self.status) if self.html else error(self.status)


@dataclass(kw_only=True)
class Collapsed(Misbehaviour):
    """A share of the rows is hidden, always the same ones."""

    share: float = 0.5
    total: Literal["cut", "right"] = "cut"
    """Whether the hidden rows are taken out before paging, or out of each page and counted."""

    def _without_hidden(self, rows: list[Record]) -> list[Record]:
        return [row for row in rows if share_of(row.values["id"]) >= self.share]

    @override
    def select(self, query: Query, rows: list[Record]) -> list[Record]:
        return self._without_hidden(rows) if self.total == "cut" else rows

    @override
    def cut(self, query: Query, page: Page) -> None:
        page.rows = self._without_hidden(page.rows)


KINDS: dict[str, type[Misbehaviour]] = {
    "empty": Empty,
    "no_list": NoList,
    "items_as_object": ItemsAsObject,
    "refused": Refused,
    "list_collapses": Collapsed,
}
