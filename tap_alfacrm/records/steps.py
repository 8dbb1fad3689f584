"""Steps from rows to records, each for one column of all rows of a page.

A text that recurs is converted once, and values that already have their final form are left
alone, which is why this costs a fraction of converting row by row.
"""

from __future__ import annotations

from collections import deque
from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import UNSET

from tap_alfacrm.records.datetimes import MINUTE_SECONDS
from tap_alfacrm.records.fits import are_distinct_digits, are_integer_lists, is_text_list, list_fits
from tap_alfacrm.records.scalars import INVALID_VALUE_ERRORS

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Sequence

    from tap_alfacrm.records.datetimes import UtcConverter
    from tap_alfacrm.records.fits import Fits
    from tap_alfacrm.records.row import Row

    Convert = Callable[[Any], Any]
    Step = Callable[[Sequence[Row]], None]
    """Changes one attribute of the rows, in place."""

_NOT_ONE_TEXT = {"", " ", "[", "{"}
"""How a text begins that may be anything but one item of a list."""
MAX_CACHED_VALUES = 10_000
"""Texts of a column whose converted form is kept."""
LONGEST_KEY = 200
"""Characters of the longest such text, and items of the longest such list."""


class Target(NamedTuple):
    """What a column becomes.

    Attributes:
        attribute: The attribute of the rows.
        name: The column, for the count of invalid values.
        convert: Converts one value, or raises where its type cannot hold it.
        invalid_values: Counts the values that became null for that reason.
        known: What texts became, shared by columns that are converted alike.
    """

    attribute: str
    name: str
    convert: Convert
    invalid_values: Counter[str]
    known: dict[str | None, Any]

    def value_of(self, value: object) -> object:
        """Convert a value; null of null, and of what the type cannot hold."""
        if value is None:
            return None
        try:
            return self.convert(value)
        except INVALID_VALUE_ERRORS:
            self.invalid_values[self.name] += 1
            return None


def _set(rows: Sequence[Row], name: str, values: Iterable[object]) -> None:
    """Set an attribute of all rows, without a step of the interpreter for each."""
    deque(map(setattr, rows, repeat(name), values), maxlen=0)


def _limit(*caches: set[str] | dict[Any, Any]) -> None:
    """Begin caches anew that have grown too large."""
    for cache in caches:
        if len(cache) > MAX_CACHED_VALUES:
            cache.clear()


def cached_column(target: Target, fits: Fits, *, is_integer: bool = False) -> Step:
    """Convert a column, each distinct text once, and nothing that fits."""
    name, value_of = target.attribute, target.value_of
    get, convert, known = attrgetter(name), target.convert, target.known
    invalid: set[str] = set()

    def of_text(value: str) -> object:
        if value not in known and value not in invalid and len(value) <= LONGEST_KEY:
            try:
                known[value] = convert(value)
            except INVALID_VALUE_ERRORS:
                invalid.add(value)
        return known[value] if value in known else value_of(value)

    def step(rows: Sequence[Row]) -> None:
        _limit(known, invalid)
        known[None] = None
        values = list(map(get, rows))
        try:
            converted = list(map(known.__getitem__, values))
        except (KeyError, TypeError):
            if is_integer and are_distinct_digits(values):  # ids, which no cache would hold
                converted = [*map(int, values)]
            else:
                converted = [
                    of_text(value)
                    if value.__class__ is str
                    else (value if value is None or fits(value) else value_of(value))
                    for value in values
                ]
        _set(rows, name, converted)

    return step


def text_column(target: Target) -> Step:
    """Convert a column of texts, of which few have characters that need a look."""
    name, value_of, get = target.attribute, target.value_of, attrgetter(target.attribute)

    def step(rows: Sequence[Row]) -> None:
        for row, value in zip(rows, map(get, rows), strict=True):
            if value is not None and not (value.__class__ is str and value.isprintable()):
                setattr(row, name, value_of(value))

    return step


def datetime_column(target: Target, utc: UtcConverter) -> Step:
    """Convert a column of date-times as `UtcConverter` does, without a call for each value."""
    name, value_of, get = target.attribute, target.value_of, attrgetter(target.attribute)
    days, endings = utc.days, utc.endings

    def step(rows: Sequence[Row]) -> None:
        values = list(map(get, rows))
        if values.count(None) == len(values):
            return
        for row, value in zip(rows, values, strict=True):
            if value is None:
                continue
            if value.__class__ is str:
                day, rest = days.get(value[:10]), MINUTE_SECONDS.get(value[13:])
                if rest is None and (ending := endings.get(value[13:])):
                    rest, zone = ending
                    day = days.get(value[:10] + zone)
                if day and rest and (hour := day[1].get(value[10:13])):
                    setattr(row, name, f"{day[0][hour[0]]}{hour[1]}{rest}Z")
                    continue
            setattr(row, name, value_of(value))

    return step


def fitting_column(target: Target, fits: Fits) -> Step:
    """Convert what does not fit of a column."""
    name, value_of, get = target.attribute, target.value_of, attrgetter(target.attribute)

    def step(rows: Sequence[Row]) -> None:
        for row, value in zip(rows, map(get, rows), strict=True):
            if value is not None and not fits(value):
                setattr(row, name, value_of(value))

    return step


def list_column(target: Target, types: Sequence[str]) -> Step:
    """Convert a column of lists of some types, each distinct list of texts once."""
    name, value_of, get = target.attribute, target.value_of, attrgetter(target.attribute)
    fits, takes_texts, invalid_values = list_fits(types), types == ["string"], target.invalid_values
    takes_integers = "integer" in types
    known: dict[Any, object] = {}

    def convert(value: Any) -> object:  # noqa: ANN401 - JSON may be anything
        is_text = value.__class__ is str
        if is_text and takes_texts and value.isprintable() and value[:1] not in _NOT_ONE_TEXT:
            return [value]
        key: Any = tuple(value) if value.__class__ is list else value
        try:
            return known[key]
        except (KeyError, TypeError):
            pass
        if fits(value):
            return value
        before = invalid_values[target.name]
        converted = value_of(value)
        is_clean = invalid_values[target.name] == before
        if is_clean and (is_text or is_text_list(value)) and len(key) <= LONGEST_KEY:
            known[key] = converted
        return converted

    def step(rows: Sequence[Row]) -> None:
        _limit(known)
        values = list(map(get, rows))
        if takes_integers and are_integer_lists(values):
            return
        for row, value in zip(rows, values, strict=True):
            if value is not None and (converted := convert(value)) is not value:
                setattr(row, name, converted)

    return step


def nested_column(
    target: Target,
    object_types: set[type],
    convert_rows: Callable[[Sequence[Any]], Sequence[Any]],
) -> Step:
    """Convert a column of lists of objects: the objects of all rows at once, by column."""
    name, value_of, get = target.attribute, target.value_of, attrgetter(target.attribute)

    def step(rows: Sequence[Row]) -> None:
        objects: list[Any] = []
        lists: list[tuple[Row, int, int]] = []
        for row, value in zip(rows, map(get, rows), strict=True):
            if value.__class__ is list and object_types.issuperset(map(type, value)):
                begin = len(objects)
                objects += value
                lists.append((row, begin, len(objects)))
            elif value is not None:
                setattr(row, name, value_of(value))
        converted = convert_rows(objects)
        if converted is not objects:
            for row, begin, end in lists:
                setattr(row, name, converted[begin:end])

    return step


def moved_column(attribute: str, name: str, *, is_alias: bool) -> Step:
    """Move values to the attribute of their column: an alias's only where that is empty."""
    get = attrgetter(attribute)
    get_own = attrgetter(name)

    def step(rows: Sequence[Row]) -> None:
        for row, value in zip(rows, map(get, rows), strict=True):
            if value is UNSET:
                if not is_alias:
                    setattr(row, name, None)
                continue
            if not is_alias or get_own(row) is None:
                setattr(row, name, value)
            setattr(row, attribute, UNSET)

    return step


def completed_column(name: str, source: str, complete: Callable[[Any, Any], Any]) -> Step:
    """Complete a column from another one."""
    get, get_source = attrgetter(name), attrgetter(source)

    def step(rows: Sequence[Row]) -> None:
        for row, value, other in zip(rows, map(get, rows), map(get_source, rows), strict=True):
            completed = complete(value, None if other is UNSET else other)
            if completed is not value:
                setattr(row, name, completed)

    return step


def dropped_column(name: str, note: Callable[[object], None]) -> Step:
    """Leave a field out, and note its first value."""
    get = attrgetter(name)
    is_noted = False

    def step(rows: Sequence[Row]) -> None:
        nonlocal is_noted
        if not is_noted:
            first = next((value for value in map(get, rows) if value is not UNSET), UNSET)
            if first is not UNSET:
                is_noted = True
                note(first)
        _set(rows, name, repeat(UNSET))

    return step
