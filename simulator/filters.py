"""The filters of the API: each turns a value of the body into a predicate for rows.

A filter returns None for a value that the API ignores.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from simulator.cards import ZONE

if TYPE_CHECKING:
    from simulator.quirks import Quirks
    from simulator.records import Record

Predicate = Callable[["Record"], bool]
Filter = Callable[[object, "Quirks"], Predicate | None]

_DOTTED = re.compile(r"\d\d\.\d\d\.\d{4}")
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_ISO_WITH_DOTS = re.compile(r"\d{4}\.\d\d\.\d\d")
_BOTH = 2


def as_int(value: object) -> int | None:
    """Parse an integer as PHP does, from a number or a string."""
    if isinstance(value, (int, float)):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    return None


def _as_ints(value: object) -> set[int] | None:
    values = value if isinstance(value, list) else [value]
    found = {number for item in values if (number := as_int(item)) is not None}
    return found or None


def _as_bool(value: object) -> bool:
    return value in (True, 1, "1", "true")


def _as_number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, (int, float, str)) else None
    except ValueError:
        return None


def iso_of_dotted(value: object) -> str | None:
    """Convert `DD.MM.YYYY` to `YYYY-MM-DD`."""
    if not isinstance(value, str) or not _DOTTED.fullmatch(value):
        return None
    day, month, year = value.split(".")
    return _real(f"{year}-{month}-{day}")


def iso_of_any(value: object) -> str | None:
    """Parse a date in any of the formats that clients use for a filter."""
    if isinstance(value, str) and _ISO.fullmatch(value[:10]):
        return _real(value[:10])
    if isinstance(value, str) and _ISO_WITH_DOTS.fullmatch(value):
        return _real(value.replace(".", "-"))
    return iso_of_dotted(value)


def _real(day: str) -> str | None:
    try:
        return date.fromisoformat(day).isoformat()
    except ValueError:
        return None


def one_of(field: str) -> Filter:
    """Keep rows whose field is the value, or one of the values."""

    def make(value: object, _: Quirks) -> Predicate | None:
        wanted = _as_ints(value)
        if wanted is None:
            return None
        return lambda record: record.values[field] in wanted

    return make


def exact(*fields: str) -> dict[str, Filter]:
    """Filter by fields under their own names."""
    return {field: one_of(field) for field in fields}


def overlaps(field: str) -> Filter:
    """Keep rows whose list has one of the values."""

    def make(value: object, _: Quirks) -> Predicate | None:
        wanted = _as_ints(value)
        if wanted is None:
            return None
        return lambda record: not wanted.isdisjoint(record.values[field])

    return make


def contains(field: str) -> Filter:
    """Keep rows whose text contains the value, case-insensitively."""

    def make(value: object, _: Quirks) -> Predicate | None:
        if not isinstance(value, str) or not value:
            return None
        wanted = value.casefold()
        return lambda record: wanted in (record.values[field] or "").casefold()

    return make


def texts(*fields: str) -> dict[str, Filter]:
    """Filter by substrings of text fields, under their own names."""
    return {field: contains(field) for field in fields}


def text(field: str) -> Filter:
    """Keep rows whose text equals the value."""

    def make(value: object, _: Quirks) -> Predicate | None:
        if not isinstance(value, str) or not value:
            return None
        return lambda record: bool(record.values[field] == value)

    return make


def is_null(field: str) -> Filter:
    """Keep rows without a value, if requested."""

    def make(value: object, _: Quirks) -> Predicate | None:
        if not _as_bool(value):
            return None
        return lambda record: record.values[field] is None

    return make


def at_least(field: str) -> Filter:
    """Keep rows whose amount is the value or more."""

    def make(value: object, _: Quirks) -> Predicate | None:
        bound = _as_number(value)
        if bound is None:
            return None
        return lambda record: float(record.values[field]) >= bound

    return make


def at_most(field: str) -> Filter:
    """Keep rows whose amount is the value or less."""

    def make(value: object, _: Quirks) -> Predicate | None:
        bound = _as_number(value)
        if bound is None:
            return None
        return lambda record: float(record.values[field]) <= bound

    return make


def _midnight(value: object, quirks: Quirks, days: int, written_in: tzinfo) -> str | None:
    iso = iso_of_dotted(value)
    if iso is None:
        return None
    zone = ZONE if quirks.filter_days == "local" else UTC
    try:
        midnight = datetime.fromisoformat(iso).replace(tzinfo=zone) + timedelta(days=days)
    except OverflowError:
        return None
    return f"{midnight.astimezone(written_in):%Y-%m-%d %H:%M:%S}"


def since_day(field: str, written_in: tzinfo = UTC) -> Filter:
    """Keep rows whose moment is on that `DD.MM.YYYY` or later."""

    def make(value: object, quirks: Quirks) -> Predicate | None:
        start = _midnight(value, quirks, 0, written_in)
        if start is None:
            return None
        return lambda record: (record.values[field] or "") >= start

    return make


def until_day(field: str, written_in: tzinfo = UTC) -> Filter:
    """Keep rows whose moment is on that `DD.MM.YYYY` or earlier."""

    def make(value: object, quirks: Quirks) -> Predicate | None:
        end = _midnight(value, quirks, 1, written_in)
        if end is None:
            return None
        return lambda record: "" < (record.values[field] or "") < end

    return make


def days(*fields: str) -> dict[str, Filter]:
    """Filter by whole days of UTC moments, `*_from` and `*_to`."""
    return {f"{field}_from": since_day(field) for field in fields} | {
        f"{field}_to": until_day(field) for field in fields
    }


def _iso(value: object) -> str | None:
    return value if isinstance(value, str) and _ISO.fullmatch(value) else None


def _nothing(_: Record) -> bool:
    return False


def since_date(field: str, *, else_nothing: bool = False) -> Filter:
    """Keep rows whose date is that `YYYY-MM-DD` or later.

    A value in another format is ignored, or matches no row.
    """

    def make(value: object, _: Quirks) -> Predicate | None:
        start = _iso(value)
        if start is None:
            return _nothing if else_nothing else None
        return lambda record: (record.values[field] or "")[:10] >= start

    return make


def until_date(field: str, *, else_nothing: bool = False) -> Filter:
    """Keep rows whose date is that `YYYY-MM-DD` or earlier.

    A value in another format is ignored, or matches no row.
    """

    def make(value: object, _: Quirks) -> Predicate | None:
        end = _iso(value)
        if end is None:
            return _nothing if else_nothing else None
        return lambda record: "" < (record.values[field] or "")[:10] <= end

    return make


def dates(*fields: str) -> dict[str, Filter]:
    """Filter by dates, `*_from` and `*_to`."""
    return {f"{field}_from": since_date(field) for field in fields} | {
        f"{field}_to": until_date(field) for field in fields
    }


def since_any_date(field: str) -> Filter:
    """Keep rows whose date is that date or later, in any format."""

    def make(value: object, _: Quirks) -> Predicate | None:
        start = iso_of_any(value)
        if start is None:
            return None
        return lambda record: (iso_of_any(record.values[field]) or "") >= start

    return make


def until_any_date(field: str) -> Filter:
    """Keep rows whose date is that date or earlier, in any format."""

    def make(value: object, _: Quirks) -> Predicate | None:
        end = iso_of_any(value)
        if end is None:
            return None
        return lambda record: "" < (iso_of_any(record.values[field]) or "") <= end

    return make


def study(value: object, _: Quirks) -> Predicate | None:
    """Leads (0), clients (1) or both (2 and above); no rows below 0."""
    wanted = as_int(value)
    if wanted is None:
        wanted = 1
    if wanted >= _BOTH:
        return None
    return lambda record: record.values["is_study"] == wanted


def removed(value: object, quirks: Quirks) -> Predicate | None:
    """Active, all or archived: 0, 1, 2."""
    wanted = as_int(value) if quirks.removed == "honoured" else 0
    if wanted == 1:
        return None
    archived = wanted == _BOTH
    return lambda record: record.archived is archived


def active(value: object, _: Quirks) -> Predicate | None:
    """Enabled rows only, unless all are requested."""
    return (lambda record: not record.archived) if _as_bool(value) else None


def dead(value: object, _: Quirks) -> Predicate | None:
    """Archived rows only, or active ones only."""
    wanted = _as_bool(value)
    return lambda record: record.archived is wanted
