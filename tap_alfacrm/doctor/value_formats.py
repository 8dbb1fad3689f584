"""How values are written, without the values."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from tap_alfacrm.formatting import show_field_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_alfacrm.records.page import Row

    FieldFormats = dict[str, list[str]]
    """Formats of the values of each field."""

_TEXT_FORMATS = (
    ("YYYY-MM-DD HH:MM:SS", re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)),
    ("YYYY-MM-DD", re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)),
    ("DD.MM.YYYY", re.compile(r"\d\d\.\d\d\.\d{4}", re.ASCII)),
    ("DD.MM.YYYY HH:MM", re.compile(r"\d\d\.\d\d\.\d{4} \d\d:\d\d(:\d\d)?", re.ASCII)),
    ("HH:MM", re.compile(r"\d\d:\d\d(:\d\d)?", re.ASCII)),
    ("integer in a text", re.compile(r"-?\d{1,18}", re.ASCII)),
    ("decimal in a text", re.compile(r"-?\d+\.\d+", re.ASCII)),
    ("JSON in a text", re.compile(r"\{.*\}|\[.*\]", re.DOTALL)),
)
_TYPES = ((bool, "boolean"), (int, "integer"), ((float, Decimal), "decimal"), (dict, "object"))
DATES = frozenset(name for name, _ in _TEXT_FORMATS[:4])
MIN_DISTANCE = dt.timedelta(days=2)
"""Days that are nearer may be the same moment in two time zones."""


def value_format(value: object) -> str:
    """How one value is written."""
    if isinstance(value, str):
        if not value:
            return "empty text"
        return next((name for name, regex in _TEXT_FORMATS if regex.fullmatch(value)), "text")
    if isinstance(value, list):
        items = sorted({value_format(item) for item in value})
        return f"list of {' or '.join(items)}" if items else "empty list"
    return next((name for type_, name in _TYPES if isinstance(value, type_)), "null")


def field_formats(rows: Iterable[Row]) -> FieldFormats:
    """How the values of each field are written."""
    found: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.items():
            found.setdefault(show_field_name(name), set()).add(value_format(value))
    return {name: sorted(found[name]) for name in sorted(found)}


def to_int(value: object) -> int | None:
    """An integer, also where it comes as text or as a flag."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
        return int(value)
    return int(value) if isinstance(value, int) else None


def to_ints(value: object) -> list[int]:
    """The integers of a list, or of a single value."""
    items = value if isinstance(value, list) else [value]
    return [number for item in items if (number := to_int(item)) is not None]


def day_of(value: object) -> dt.date | None:
    """The day of a date or a moment in any format of the API."""
    if not isinstance(value, str):
        return None
    for date_format in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return dt.datetime.strptime(value[:10], date_format).date()  # noqa: DTZ007 - a day
        except ValueError:
            continue
    return None


def middle_day(rows: Iterable[Row], name: str) -> dt.date | None:
    """A day before which some rows lie, and after which some do, by more than a day."""
    days = sorted(day for row in rows if (day := day_of(row.get(name))))
    middle = days[len(days) // 2 :][:1]
    return next((day for day in (*middle, *days[::-1]) if day - days[0] > MIN_DISTANCE), None)
