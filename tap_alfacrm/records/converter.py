"""Conversion of rows to records of a schema; values that a type cannot hold become null.

Lists and objects are converted here, single values in `scalars`, dates and times in `datetimes`;
see docs/behaviour.md#teacher_ids and #empty-values.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from tap_alfacrm.records.columns import any_column, cached_column, datetime_column, mixed_column
from tap_alfacrm.records.datetimes import UtcConverter, date, instants, time
from tap_alfacrm.records.lists import decoded, items_of
from tap_alfacrm.records.scalars import (
    INVALID_VALUE_ERRORS,
    InvalidValue,
    boolean,
    clean,
    integer,
    integer_or_flag,
    json_type,
    number,
    number_text,
    text,
)
from tap_alfacrm.records.typed_page import TypedRow, attribute, is_plain, types_of
from tap_alfacrm.records.unknown_fields import UnknownFields
from tap_alfacrm.schemas import MONEY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_alfacrm.records.columns import ColumnConverter

    Convert = Callable[[Any], Any]
    Schema = Mapping[str, Any]
    Row = dict[str, Any]

CLOCK = "x-alfacrm-clock"
"""Keyword of a date-time in a schema file: `account` (wall clock) or `utc`."""
KEYWORD = "x-alfacrm-"
"""How keywords begin that stand in the schema files alone; catalogs need not keep them."""
ALIASES = f"{KEYWORD}aliases"
"""Keyword with names that some accounts give to the field."""
_IDENTIFIER = re.compile(r"(?:^|_)ids?$")
"""Names of fields that hold ids, for which true and false are no values."""
FIELD = "title"
"""Keyword with the name of the field in the API where the column has another; catalogs keep it."""


def with_keywords(schema: Schema, own: Schema) -> dict[str, Any]:
    """Give a schema of a catalog the keywords of the stream's own schema that catalogs drop.

    Args:
        schema: The schema of a catalog.
        own: The schema of the stream.
    """
    found = {**schema, **{key: own[key] for key in own if key.startswith(KEYWORD)}}
    if "items" in found and "items" in own:
        found["items"] = with_keywords(found["items"], own["items"])
    if "properties" in found:
        inner = own.get("properties", {})
        found["properties"] = {
            name: with_keywords(one, inner.get(name, {}))
            for name, one in found["properties"].items()
        }
    return found


def field_names(properties: Mapping[str, Schema]) -> dict[str, str]:
    """The column of each field of the API, by its own name and by those of some accounts.

    Args:
        properties: Schemas by column.
    """
    own = {schema.get(FIELD, name): name for name, schema in properties.items()}
    aliases = {
        alias: name for name, schema in properties.items() for alias in schema.get(ALIASES, ())
    }
    return {**own, **aliases}


class Converter:
    """Converts rows to records, and counts what does not fit.

    Attributes:
        invalid_values: Values that became null because their type cannot hold them, by field.
        unknown_fields: Fields of rows that the schema does not have.
        renames_columns: Whether a column has another name than its field.
    """

    def __init__(self, schema: Schema, zone: dt.tzinfo) -> None:
        """Compile a schema.

        Args:
            schema: JSON Schema of the records; date-times may carry `x-alfacrm-clock`.
            zone: Time zone of the account's local times.
        """
        self.invalid_values: Counter[str] = Counter()
        self.unknown_fields = UnknownFields()
        self._converters = {
            name: self._counting(name, _converter_for(name, property_, zone, self.invalid_values))
            for name, property_ in schema["properties"].items()
        }
        self._fields = field_names(schema["properties"])
        fields = {
            name: property_.get(FIELD, name) for name, property_ in schema["properties"].items()
        }
        self._columns = [
            (name, fields[name], convert) for name, convert in self._converters.items()
        ]
        self._aliases = {
            alias: fields[name] for alias, name in self._fields.items() if alias != fields[name]
        }
        self.renames_columns = any(name != field for name, field in fields.items())
        known: defaultdict[Convert, dict[Any, Any]] = defaultdict(dict)
        self._column_converters: list[ColumnConverter] = []
        for name, property_ in schema["properties"].items():
            if _needs_conversion(property_):
                convert = _converter_for(name, property_, zone, self.invalid_values)
                column = attribute(name), self._counting(name, convert)
                if isinstance(convert, UtcConverter):
                    self._column_converters.append(datetime_column(*column, convert))
                elif _may_mix(property_):
                    self._column_converters.append(mixed_column(*column))
                elif is_plain(property_):
                    self._column_converters.append(cached_column(*column, known[convert]))
                else:
                    self._column_converters.append(any_column(*column))

    def __call__(self, row: Row) -> Row:
        """Convert one plain row.

        Args:
            row: A row as the API returned it.

        Returns:
            The record: every property of the schema, in its order, null where the row has none.
        """
        if self._aliases and not row.keys().isdisjoint(self._aliases):
            row = {self._aliases.get(name, name): value for name, value in row.items()}
        record = {name: convert(row.get(field)) for name, field, convert in self._columns}
        if not row.keys() <= self._fields.keys():
            for name in row.keys() - self._fields.keys():
                self.unknown_fields.add(name, row[name])
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
            self._convert_typed(rows, constants)  # type: ignore[arg-type]  # all rows of a page are of one kind
            return rows
        return [self({**row, **constants}) for row in rows]  # type: ignore[dict-item]  # all rows of a page are of one kind

    def _convert_typed(self, rows: Sequence[TypedRow], constants: Mapping[str, Any]) -> None:
        """Convert rows of `TypedPageParser` in place, column by column."""
        for convert_column in self._column_converters:
            convert_column(rows)
        for name, value in constants.items():
            for row in rows:
                setattr(row, name, value)

    def _counting(self, name: str, convert: Convert) -> Convert:
        def converted(value: object) -> object:
            if value is None:
                return None
            try:
                return convert(value)
            except INVALID_VALUE_ERRORS:
                self.invalid_values[name] += 1
                return None

        return converted


def _needs_conversion(schema: Schema) -> bool:
    """Whether a value of the right JSON type may still have to change."""
    is_number = types_of(schema) == ["number"]
    return (
        "format" in schema
        or MONEY in schema
        or is_number
        or _may_mix(schema)
        or not is_plain(schema)
    )


def _may_mix(schema: Schema) -> bool:
    """Whether a list of this schema may hold values of several types."""
    return types_of(schema) == ["array"] and len(types_of(schema.get("items") or {})) > 1


def _converter_for(
    name: str, schema: Schema, zone: dt.tzinfo, invalid_values: Counter[str]
) -> Convert:
    """The function that converts a value to this schema."""
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
        as_text = number_text if schema.get(MONEY) else text
        of_type = {"string": as_text, "number": number, "boolean": boolean, "integer": integer}
        takes_flags = types == ["integer"] and not _IDENTIFIER.search(name)
        return integer_or_flag if takes_flags else of_type[types[0]]
    return _any_of(types) if types else clean


def _any_of(types: list[str]) -> Convert:
    def convert(value: object) -> object:
        if "boolean" in types and not isinstance(value, list):
            return boolean(value)
        if json_type(value) in types or (json_type(value) == "integer" and "number" in types):
            return clean(value)
        if "string" in types:
            return text(value)
        raise InvalidValue

    return convert


def _array(name: str, items: Schema, zone: dt.tzinfo, invalid_values: Counter[str]) -> Convert:
    item_types = types_of(items)
    is_of_numbers = item_types == ["integer"]  # true and false are none there
    convert_item = integer if is_of_numbers else _converter_for(name, items, zone, invalid_values)
    may_mix = len(item_types) > 1

    def convert(value: object) -> list[Any] | None:
        found = items_of(value, item_types)
        if found is None:
            return None
        converted = []
        for item in found:
            try:
                element = None if item is None else convert_item(item)
            except INVALID_VALUE_ERRORS:
                invalid_values[name] += 1
                continue
            if element is not None:
                converted.append(element)
        if may_mix and len({type(element) for element in converted}) > 1:
            return [text(element) for element in converted]  # an array of PostgreSQL has one type
        return converted

    return convert


def _object(name: str, schema: Schema, zone: dt.tzinfo, invalid_values: Counter[str]) -> Convert:
    inner = Converter(schema, zone) if schema.get("properties") else None

    def convert(value: object) -> dict[str, Any] | None:
        if isinstance(value, str) and value:
            value = decoded(value)
        if value in ("", []):
            return None
        if isinstance(value, list):
            value = {str(index): item for index, item in enumerate(value)}
        if not isinstance(value, dict):
            raise InvalidValue
        if inner is None:
            return clean(value)  # type: ignore[no-any-return]  # cleaners are looked up by type
        record = inner(value)
        for field, count in inner.invalid_values.items():
            invalid_values[f"{name}.{field}"] += count
        inner.invalid_values.clear()
        if schema.get("additionalProperties"):
            record |= {text(key): clean(value[key]) for key in value.keys() - record.keys()}
        return record

    return convert
