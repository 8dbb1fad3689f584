"""How a value is written, without the value."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from tap_alfacrm.doctor.words import field_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_alfacrm.records.page import Row

    Shapes = dict[str, list[str]]
    """How the values of each field are written."""

_PATTERNS = (
    ("YYYY-MM-DD HH:MM:SS", re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)),
    ("YYYY-MM-DD", re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)),
    ("DD.MM.YYYY", re.compile(r"\d\d\.\d\d\.\d{4}", re.ASCII)),
    ("DD.MM.YYYY HH:MM", re.compile(r"\d\d\.\d\d\.\d{4} \d\d:\d\d(:\d\d)?", re.ASCII)),
    ("HH:MM", re.compile(r"\d\d:\d\d(:\d\d)?", re.ASCII)),
    ("integer in a text", re.compile(r"-?\d{1,18}", re.ASCII)),
    ("decimal in a text", re.compile(r"-?\d+\.\d+", re.ASCII)),
    ("JSON in a text", re.compile(r"\{.*\}|\[.*\]", re.DOTALL)),
)
DATES = frozenset(name for name, _ in _PATTERNS[:4])


def shape(value: object) -> str:
    """How one value is written."""
    if isinstance(value, str):
        if not value:
            return "empty text"
        return next((name for name, found in _PATTERNS if found.fullmatch(value)), "text")
    if isinstance(value, list):
        return (
            f"list of {' or '.join(sorted({shape(v) for v in value}))}" if value else "empty list"
        )
    for type_, name in (
        (bool, "boolean"),
        (int, "integer"),
        ((float, Decimal), "decimal"),
        (dict, "object"),
    ):
        if isinstance(value, type_):
            return name
    return "null"


def shapes(rows: Iterable[Row]) -> Shapes:
    """How the values of each field are written."""
    found: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.items():
            found.setdefault(field_name(name), set()).add(shape(value))
    return {name: sorted(found[name]) for name in sorted(found)}


def day_of(value: object) -> dt.date | None:
    """The day of a moment in any of the API's shapes."""
    if not isinstance(value, str):
        return None
    for style, length in (("%Y-%m-%d", 10), ("%d.%m.%Y", 10)):
        try:
            return dt.datetime.strptime(value[:length], style).date()  # noqa: DTZ007 - a day alone
        except ValueError:
            continue
    return None
