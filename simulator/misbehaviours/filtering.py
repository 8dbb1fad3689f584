"""Filters that are ignored, that find nothing, or that compare what they should not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from typing_extensions import override

from simulator.filters import iso_of_any
from simulator.misbehaviours.base import Misbehaviour

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from simulator.filters import Predicate
    from simulator.misbehaviours.base import Call, Query
    from simulator.records import Record
    from simulator.requests_log import Request

_DATES = {
    "customer": "b_date",
    "lesson": "date",
    "pay": "document_date",
    "log": "date_time",
    "sms-message": "added",
    "mail-message": "sent_date",
    "phone-call": "call_date",
    "regular-lesson": "e_date",
}
"""The field that the filters `date_from` and `date_to` of a list compare."""
_FIELDS = {"sum": "income", "removed": "e_date"}
"""Fields that have another name than their filters."""


def _nothing(_: Record) -> bool:
    return False


@dataclass(kw_only=True)
class _Filtering(Misbehaviour):
    """Affects the requests that have one of the filters in the body."""

    filters: Collection[str]
    """Names of the filters."""

    def __post_init__(self) -> None:
        if isinstance(self.filters, str):
            self.filters = (self.filters,)

    @override
    def concerns(self, request: Request) -> bool:
        return any(request.body.get(name) is not None for name in self.filters)


@dataclass(kw_only=True)
class Ignored(_Filtering):
    """The filters have no effect."""

    default: bool = True
    """Whether their defaults apply, as when they are left out; otherwise all rows come."""

    @override
    def ask(self, call: Call, query: Query) -> None:
        for name in self.filters:
            query.filters.pop(name, None)
            if self.default and name in query.entity.defaults:
                query.filters[name] = query.entity.defaults[name]


@dataclass(kw_only=True)
class Dead(_Filtering):
    """With one of the filters no row is found."""

    values: Collection[object] = ()
    """The values that find nothing; empty: every value."""

    @override
    def concerns(self, request: Request) -> bool:
        found = [request.body[name] for name in self.filters if name in request.body]
        return any(value is not None and value in (self.values or found) for value in found)

    @override
    def ask(self, call: Call, query: Query) -> None:
        query.keeps.append(_nothing)


@dataclass(kw_only=True)
class DeadWindow(Misbehaviour):
    """A window of dates (`*_from`) finds no row."""

    since: str = ""
    """The first day, as `YYYY-MM-DD`, that finds nothing; empty: every day."""

    @override
    def concerns(self, request: Request) -> bool:
        return any(
            (day := iso_of_any(value)) is not None and day >= self.since
            for name, value in request.body.items()
            if name.endswith("_from")
        )

    @override
    def ask(self, call: Call, query: Query) -> None:
        query.keeps.append(_nothing)


@dataclass(kw_only=True)
class Replaced(_Filtering):
    """The filters work as with other values."""

    values: Mapping[object, object] = field(default_factory=dict)
    """The value that is applied, by the value in the request."""

    @override
    def ask(self, call: Call, query: Query) -> None:
        for name in self.filters:
            value = query.filters.get(name)
            if value in self.values:
                query.filters[name] = self.values[value]


@dataclass(kw_only=True)
class AsText(_Filtering):
    """The filters `*_from` and `*_to` compare texts, dates as `DD.MM.YYYY`."""

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        if not all(name.endswith(("_from", "_to")) for name in self.filters):
            message = f"none of *_from and *_to: {self.filters}"
            raise ValueError(message)

    @override
    def ask(self, call: Call, query: Query) -> None:
        for name in self.filters:
            value = query.filters.pop(name, None)
            if value is not None:
                query.keeps.append(_as_text(query.entity.path, name, value))


def _as_text(path: str, name: str, value: object) -> Predicate:
    base, _, end = name.rpartition("_")
    compared = _DATES[path] if base == "date" else _FIELDS.get(base, base)
    bound = _written(value)

    def keep(row: Record) -> bool:
        text = _written(row.values[compared])
        return bool(text) and (text >= bound if end == "from" else text <= bound)

    return keep


def _written(value: object) -> str:
    day = iso_of_any(value)
    if day is not None:
        return ".".join(reversed(day.split("-")))
    return "" if value is None else str(value)


KINDS: dict[str, type[Misbehaviour]] = {
    "filter_ignored": Ignored,
    "filter_dead": Dead,
    "filter_replaced": Replaced,
    "filter_as_text": AsText,
    "window_dead": DeadWindow,
}
