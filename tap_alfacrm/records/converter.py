"""Conversion of rows to records of a schema; values that a type cannot hold become null.

Lists and objects are converted here, single values in `scalars`, dates and times in `datetimes`;
see docs/behaviour.md#teacher_ids and #empty-values. A page is converted by column (`layout`), with
the same functions as a single row.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from tap_alfacrm.records.column import Column, types_of
from tap_alfacrm.records.datetimes import date, instants, time
from tap_alfacrm.records.keywords import CLOCK, FIELD, field_names
from tap_alfacrm.records.layout import Layout
from tap_alfacrm.records.lists import decoded, items_of
from tap_alfacrm.records.row import attribute
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
from tap_alfacrm.records.steps import Target
from tap_alfacrm.records.unknown_fields import UnknownFields
from tap_alfacrm.schemas import MONEY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_alfacrm.records.layout import Completion

    Convert = Callable[[Any], Any]
    Schema = Mapping[str, Any]
    Row = dict[str, Any]

_IDENTIFIER = re.compile(r"(?:^|[_.])ids?$")
"""Names of fields that hold ids, for which true and false are no values."""


class Converter:
    """Converts rows to records, and counts what does not fit.

    Attributes:
        invalid_values: Values that became null because their type cannot hold them, by field.
        unknown_fields: Fields of rows that the schema does not have.
        layout: The rows of a page in memory.
    """

    def __init__(
        self,
        schema: Schema,
        zone: dt.tzinfo,
        completions: Sequence[Completion] = (),
        *,
        outer: Converter | None = None,
        prefix: str = "",
    ) -> None:
        """Compile a schema.

        Args:
            schema: JSON Schema of the records; date-times may carry `x-alfacrm-clock`.
            zone: Time zone of the account's local times.
            completions: Columns that some accounts return in part.
            outer: The converter of the rows whose objects this one converts.
            prefix: What comes before the columns' names in the count of invalid values.
        """
        self.invalid_values: Counter[str] = outer.invalid_values if outer else Counter()
        self.unknown_fields = UnknownFields()
        self._zone, self._prefix, self._completions = zone, prefix, completions
        self._keeps_unknown = outer is not None and bool(schema.get("additionalProperties"))
        self._inner: dict[str, Converter] = {}
        properties = schema["properties"]
        fields = field_names(properties)
        known: defaultdict[Convert, dict[str | None, Any]] = defaultdict(dict)
        self._columns = []
        for name, own in properties.items():
            convert = self._convert_for(f"{prefix}{name}", own)
            label = f"{prefix}{name}"
            target = Target(attribute(name), label, convert, self.invalid_values, known[convert])
            is_list = types_of(own) == ["array"] and types_of(own.get("items") or {}) == ["object"]
            inner = self._inner[label].layout if is_list and label in self._inner else None
            field = own.get(FIELD, name)
            has_alias = any(to == name and alias != field for alias, to in fields.items())
            self._columns.append(Column(name, field, own, target, inner, has_alias=has_alias))
        own_fields = {column.name: column.field for column in self._columns}
        self._fields = fields.keys()
        self._aliases = {alias: name for alias, name in fields.items() if alias != own_fields[name]}
        self.layout: Layout = Layout(
            self._columns,
            self._aliases,
            completions,
            self.unknown_fields.add,
            self if self._keeps_unknown else None,
        )

    def __call__(self, row: Row) -> Row:
        """Convert one row.

        Args:
            row: A row as the API returned it.

        Returns:
            The record: every property of the schema, in its order, null where the row has none.
        """
        fields = {column.name: row.get(column.field) for column in self._columns}
        for alias, name in self._aliases.items():
            if alias in row and fields[name] is None:
                fields[name] = row[alias]
        for name, source, complete in self._completions:
            if name in fields:
                other = fields[source] if source in fields else row.get(source)
                fields[name] = complete(fields[name], other)
        record = {
            column.name: column.target.value_of(fields[column.name]) for column in self._columns
        }
        for name in sorted(row.keys() - self._fields):
            if self._keeps_unknown:
                record[text(name)] = clean(row[name])
            else:
                self.unknown_fields.add(name, row[name])
        return record

    def convert(self, rows: Sequence[Any], constants: Mapping[str, Any]) -> Sequence[Any]:
        """Convert rows to records.

        Args:
            rows: Rows of one page, all structs or all dicts.
            constants: Fields to add to each.
        """
        return self.layout.convert(rows, constants)

    def _convert_for(self, name: str, schema: Schema) -> Convert:
        """The function that converts a value to this schema."""
        types = types_of(schema)
        if types == ["array"]:
            return self._array(name, schema.get("items") or {})
        if types == ["object"]:
            return self._object(name, schema)
        if types == ["string"] and schema.get("format") in {"date", "date-time", "time"}:
            clock = dt.UTC if schema.get(CLOCK) == "utc" else self._zone
            if schema["format"] == "date-time":
                return instants(clock)
            return {"date": date, "time": time}[schema["format"]]
        if len(types) == 1:
            as_text = number_text if schema.get(MONEY) else text
            of_type = {"string": as_text, "number": number, "boolean": boolean, "integer": integer}
            takes_flags = types == ["integer"] and not _IDENTIFIER.search(name)
            return integer_or_flag if takes_flags else of_type[types[0]]
        return _any_of(types) if types else clean

    def _array(self, name: str, items: Schema) -> Convert:
        item_types = types_of(items)
        is_of_numbers = item_types == ["integer"]  # true and false are none there
        convert_item = integer if is_of_numbers else self._convert_for(name, items)
        may_mix, invalid_values = len(item_types) > 1, self.invalid_values

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
                # an array of PostgreSQL has one type
                return [text(element) for element in converted]
            return converted

        return convert

    def _object(self, name: str, schema: Schema) -> Convert:
        inner: Converter | None = None
        if schema.get("properties"):
            inner = Converter(schema, self._zone, outer=self, prefix=f"{name}.")
            self._inner[name] = inner

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
            return inner(value)

        return convert


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
