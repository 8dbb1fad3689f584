"""A schema in, a function out that makes a row right and counts what it could not.

Lists and objects here, single values in `scalars`, dates in `moments`; see
docs/behaviour.md#teacher_ids and #empty-values.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from tap_alfacrm.records.datetimes import MINUTE_SECONDS, UtcConverter, date, instants, time
from tap_alfacrm.records.scalars import (
    INVALID_VALUE_ERRORS,
    InvalidValue,
    boolean,
    clean,
    integer,
    json_type,
    number,
    text,
)
from tap_alfacrm.records.typed_page import TypedRow, attribute, is_plain, types_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Fix = Callable[[Any], Any]
    Schema = Mapping[str, Any]
    Row = dict[str, Any]

CLOCK = "x-alfacrm-clock"
"""Keyword of a date-time in a schema file: `account` (wall clock) or `utc`."""
FIELD = "title"
"""Says the name of the field in the API, where the column has another; catalogues keep it."""

MEMORY = 10_000
"""Values of a field whose mended form is kept."""


class Converter:
    """Makes rows right, one after the other.

    Attributes:
        invalid_values: Values that became null because their type cannot hold them, by field.
        unknown: Keys of rows that the schema does not have, with the JSON type first seen.
        renames_columns: Whether a column has another name than its field.
    """

    def __init__(self, schema: Schema, zone: dt.tzinfo) -> None:
        """Compile a schema.

        Args:
            schema: JSON Schema of the records; date-times may carry `x-alfacrm-clock`.
            zone: Zone of the account's wall clock.
        """
        self.invalid_values: Counter[str] = Counter()
        self.unknown_fields: dict[str, str] = {}
        self._fixes = {
            name: self._counting(name, _fix(name, property_, zone, self.invalid_values))
            for name, property_ in schema["properties"].items()
        }
        self._columns = [
            (name, schema["properties"][name].get(FIELD, name), fix)
            for name, fix in self._fixes.items()
        ]
        self._fields = {field for _, field, _ in self._columns}
        self.renames_columns = self._fields != self._fixes.keys()
        self._names = {attribute(name): name for name in schema["properties"]}
        known: defaultdict[Fix, dict[Any, Any]] = defaultdict(dict)
        self._columns_to_mend: list[Callable[[Sequence[TypedRow]], None]] = []
        for name, property_ in schema["properties"].items():
            if _needs_mending(property_):
                fix = _fix(name, property_, zone, self.invalid_values)
                column = attribute(name), self._counting(name, fix)
                if isinstance(fix, UtcConverter):
                    self._columns_to_mend.append(_instants_in(*column, fix))
                elif _may_mix(property_):
                    self._columns_to_mend.append(_mixed_in(*column))
                elif is_plain(property_):
                    self._columns_to_mend.append(_recurring_in(*column, known[fix]))
                else:
                    self._columns_to_mend.append(_any_in(*column))

    def __call__(self, row: Row) -> Row:
        """Make one row right.

        Args:
            row: A row as the API gave it.

        Returns:
            The record: every property of the schema, in its order, null where the row has none.
        """
        record = {name: fix(row.get(field)) for name, field, fix in self._columns}
        if not row.keys() <= self._fields:
            for name in row.keys() - self._fields:
                self.unknown_fields.setdefault(name, json_type(row[name]))
        return record

    def convert(
        self, rows: Sequence[Row | TypedRow], constants: Mapping[str, Any]
    ) -> Sequence[Any]:
        """Convert rows to records.

        Args:
            rows: All typed or all plain.
            constants: Fields to add to each.
        """
        if rows and isinstance(rows[0], TypedRow):
            self._convert_typed(rows, constants)  # type: ignore[arg-type]
            return rows
        return [self({**row, **constants}) for row in rows]  # type: ignore[dict-item]

    def _convert_typed(self, rows: Sequence[TypedRow], stamp: Mapping[str, Any]) -> None:
        """Make rows right whose values have the types of the schema already.

        Column by column, because a value that has come before is mended already, and few
        values have not.

        Args:
            rows: Rows of `TypedPageParser`; they are changed.
            stamp: Fields to add.
        """
        for mend in self._columns_to_mend:
            mend(rows)
        for name, value in stamp.items():
            for row in rows:
                setattr(row, name, value)

    def _counting(self, name: str, fix: Fix) -> Fix:
        def fixed(value: object) -> object:
            if value is None:
                return None
            try:
                return fix(value)
            except INVALID_VALUE_ERRORS:
                self.invalid_values[name] += 1
                return None

        return fixed


def _recurring_in(name: str, fix: Fix, known: dict[Any, Any]) -> Callable[[Any], None]:
    """Mends a column in which the same values come again and again."""
    get = attrgetter(name)

    def mend(rows: Sequence[TypedRow]) -> None:
        if len(known) > MEMORY:
            known.clear()
        for row, value in zip(rows, map(get, rows), strict=True):
            if value is not None:
                fixed = known.get(value)
                if fixed is None:
                    fixed = fix(value)
                    if fixed is not None:
                        known[value] = fixed
                setattr(row, name, fixed)

    return mend


def _instants_in(name: str, fix: Fix, instants: UtcConverter) -> Callable[[Any], None]:
    """Mends a column of date-times as `Instants` does, without the cost of a call for each."""
    get, days = attrgetter(name), instants.days

    def mend(rows: Sequence[TypedRow]) -> None:
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
                    setattr(row, name, fix(value))

    return mend


def _any_in(name: str, fix: Fix) -> Callable[[Any], None]:
    """Mends a column of values of any kind."""
    get = attrgetter(name)

    def mend(rows: Sequence[TypedRow]) -> None:
        for row, value in zip(rows, map(get, rows), strict=True):
            if value is not None:
                setattr(row, name, fix(value))

    return mend


def _mixed_in(name: str, fix: Fix) -> Callable[[Any], None]:
    """Mends a column of lists, of which few hold values of several types."""
    get = attrgetter(name)

    def mend(rows: Sequence[TypedRow]) -> None:
        for row, value in zip(rows, map(get, rows), strict=True):
            if value and len({*map(type, value)}) > 1:
                setattr(row, name, fix(value))

    return mend


def _needs_mending(schema: Schema) -> bool:
    """Whether a value of the right JSON type may still have to change."""
    is_number = types_of(schema) == ["number"]
    return "format" in schema or is_number or _may_mix(schema) or not is_plain(schema)


def _may_mix(schema: Schema) -> bool:
    """Whether a list of this schema may hold values of several types."""
    return types_of(schema) == ["array"] and len(types_of(schema.get("items") or {})) > 1


def _fix(name: str, schema: Schema, zone: dt.tzinfo, invalid_values: Counter[str]) -> Fix:
    """The function that makes a value of this schema right."""
    types = types_of(schema)
    if types == ["array"]:
        return _array(name, schema.get("items") or {}, zone, invalid_values)
    if types == ["object"]:
        return _object(name, schema, zone, invalid_values)
    if types == ["string"] and schema.get("format") in {"date", "date-time", "time"}:
        clock = dt.UTC if schema.get(CLOCK) == "utc" else zone
        if schema["format"] == "date-time":
            return instants(clock)
        return {"date": date, "time": time}[schema["format"]]
    if len(types) == 1:
        return {"string": text, "integer": integer, "number": number, "boolean": boolean}[types[0]]
    return _any_of(types) if types else clean


def _any_of(types: list[str]) -> Fix:
    def fix(value: object) -> object:
        if "boolean" in types and not isinstance(value, list):
            return boolean(value)
        if json_type(value) in types or (json_type(value) == "integer" and "number" in types):
            return clean(value)
        if "string" in types:
            return text(value)
        raise InvalidValue

    return fix


def _array(name: str, items: Schema, zone: dt.tzinfo, invalid_values: Counter[str]) -> Fix:
    fix_item = _fix(name, items, zone, invalid_values)
    may_mix = len(types_of(items)) > 1

    def fix(value: object) -> list[Any] | None:
        if value == "":
            return None
        if isinstance(value, dict):  # a PHP array with gaps in its keys
            value = list(value.values())
        elif not isinstance(value, list):
            value = [value]
        fixed = []
        for item in value:
            if item is None:
                continue
            try:
                element = fix_item(item)
            except (InvalidValue, ValueError, OverflowError):
                invalid_values[name] += 1
                continue
            if element is not None:
                fixed.append(element)
        if may_mix and len({type(element) for element in fixed}) > 1:
            return [text(element) for element in fixed]  # an array of PostgreSQL has one type
        return fixed

    return fix


def _object(name: str, schema: Schema, zone: dt.tzinfo, invalid_values: Counter[str]) -> Fix:
    inner = Converter(schema, zone) if schema.get("properties") else None

    def fix(value: object) -> dict[str, Any] | None:
        if isinstance(value, str) and value:
            value = _decoded(value)
        if value in ("", []):
            return None
        if isinstance(value, list):
            value = {str(index): item for index, item in enumerate(value)}
        if not isinstance(value, dict):
            raise InvalidValue
        if inner is None:
            return clean(value)  # type: ignore[no-any-return]
        record = inner(value)
        for field, count in inner.invalid_values.items():
            invalid_values[f"{name}.{field}"] += count
        inner.invalid_values.clear()
        if schema.get("additionalProperties"):
            record |= {text(key): clean(value[key]) for key in value.keys() - record.keys()}
        return record

    return fix


def _decoded(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidValue from None
