"""Conversion of typed rows column by column.

A value that recurs is converted once, and columns whose values already have their final form are
left alone, which is why this costs a fraction of converting row by row.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from tap_alfacrm.records.datetimes import MINUTE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_alfacrm.records.datetimes import UtcConverter
    from tap_alfacrm.records.typed_page import TypedRow

    Convert = Callable[[Any], Any]
    ColumnConverter = Callable[[Sequence[TypedRow]], None]
    """Converts one attribute of the rows, in place."""

MAX_CACHED_VALUES = 10_000
"""Values of a column whose converted form is kept."""


def cached_column(name: str, convert: Convert, known: dict[Any, Any]) -> ColumnConverter:
    """Convert a column in which the same values recur, each distinct value once."""
    get = attrgetter(name)

    def convert_column(rows: Sequence[TypedRow]) -> None:
        if len(known) > MAX_CACHED_VALUES:
            known.clear()
        for row, value in zip(rows, map(get, rows), strict=True):
            if value is not None:
                converted = known.get(value)
                if converted is None:
                    converted = convert(value)
                    if converted is not None:
                        known[value] = converted
                setattr(row, name, converted)

    return convert_column


def datetime_column(name: str, convert: Convert, utc: UtcConverter) -> ColumnConverter:
    """Convert a column of date-times as `UtcConverter` does, without a call for each value."""
    get, days = attrgetter(name), utc.days

    def convert_column(rows: Sequence[TypedRow]) -> None:
        for row, value in zip(rows, map(get, rows), strict=True):
            if value is not None:
                day, tail = days.get(value[:10]), value[13:]
                if (
                    day is not None
                    and tail in MINUTE_SECONDS
                    and (hour := day[1].get(value[10:13]))
                ):
                    setattr(row, name, f"{day[0][hour[0]]}{hour[1]}{tail}Z")
                else:
                    setattr(row, name, convert(value))

    return convert_column


def any_column(name: str, convert: Convert) -> ColumnConverter:
    """Convert a column of values of any kind."""
    get = attrgetter(name)

    def convert_column(rows: Sequence[TypedRow]) -> None:
        for row, value in zip(rows, map(get, rows), strict=True):
            if value is not None:
                setattr(row, name, convert(value))

    return convert_column


def mixed_column(name: str, convert: Convert) -> ColumnConverter:
    """Convert a column of lists, of which few hold values of several types."""
    get = attrgetter(name)

    def convert_column(rows: Sequence[TypedRow]) -> None:
        for row, value in zip(rows, map(get, rows), strict=True):
            if value and len({*map(type, value)}) > 1:
                setattr(row, name, convert(value))

    return convert_column
