"""The filters of the API: a value of the body in, a test for rows out.

A filter returns none for a value that the API ignores in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from simulator.cards import ZONE

if TYPE_CHECKING:
    from simulator.quirks import Quirks
    from simulator.records import Record

Predicate = Callable[["Record"], bool]
Filter = Callable[[object, "Quirks"], Predicate | None]

_DOTTED = re.compile(r"\d\d\.\d\d\.\d{4}")
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_BOTH = 2


def as_int(value: object) -> int | None:
    """Read an integer the way PHP would, from a number or a text."""
    if isinstance(value, (int, float)):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    return None


def _as_ints(value: object) -> set[int] | None:
    values = value if isinstance(value, list) else [value]
    found = {number for item in values if (number := as_int(item)) is not None}
    return found or None


def one_of(field: str) -> Filter:
    """Keep rows whose field is the value, or one of the values."""

    def make(value: object, _: Quirks) -> Predicate | None:
        wanted = _as_ints(value)
        if wanted is None:
            return None
        return lambda record: record.values[field] in wanted

    return make


def overlaps(field: str) -> Filter:
    """Keep rows whose list has one of the values."""

    def make(value: object, _: Quirks) -> Predicate | None:
        wanted = _as_ints(value)
        if wanted is None:
            return None
        return lambda record: not wanted.isdisjoint(record.values[field])

    return make


def contains(field: str) -> Filter:
    """Keep rows whose text has the value in it, whatever the case."""

    def make(value: object, _: Quirks) -> Predicate | None:
        if not isinstance(value, str) or not value:
            return None
        wanted = value.casefold()
        return lambda record: wanted in (record.values[field] or "").casefold()

    return make


def _midnight(value: object, quirks: Quirks, days: int) -> str | None:
    if not isinstance(value, str) or not _DOTTED.fullmatch(value):
        return None
    zone = ZONE if quirks.filter_days == "local" else UTC
    day, month, year = (int(part) for part in value.split("."))
    try:
        midnight = datetime(year, month, day, tzinfo=zone) + timedelta(days=days)
    except ValueError:
        return None
    return f"{midnight.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def since_day(field: str) -> Filter:
    """Keep rows whose UTC moment is on that `DD.MM.YYYY` or later."""

    def make(value: object, quirks: Quirks) -> Predicate | None:
        start = _midnight(value, quirks, 0)
        if start is None:
            return None
        return lambda record: (record.values[field] or "") >= start

    return make


def until_day(field: str) -> Filter:
    """Keep rows whose UTC moment is on that `DD.MM.YYYY` or earlier."""

    def make(value: object, quirks: Quirks) -> Predicate | None:
        end = _midnight(value, quirks, 1)
        if end is None:
            return None
        return lambda record: "" < (record.values[field] or "") < end

    return make


def since_date(field: str) -> Filter:
    """Keep rows whose date is that `YYYY-MM-DD` or later."""

    def make(value: object, _: Quirks) -> Predicate | None:
        if not isinstance(value, str) or not _ISO.fullmatch(value):
            return None
        return lambda record: (record.values[field] or "")[:10] >= value

    return make


def until_date(field: str) -> Filter:
    """Keep rows whose date is that `YYYY-MM-DD` or earlier."""

    def make(value: object, _: Quirks) -> Predicate | None:
        if not isinstance(value, str) or not _ISO.fullmatch(value):
            return None
        return lambda record: "" < (record.values[field] or "")[:10] <= value

    return make


def study(value: object, _: Quirks) -> Predicate | None:
    """Leads, clients or both: 0, 1, 2 and above; nothing below 0."""
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
