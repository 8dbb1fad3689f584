"""The columns of a schema: what the decoder demands of each, and how each is converted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import msgspec

from tap_alfacrm.records import fits, steps
from tap_alfacrm.records.datetimes import UtcConverter
from tap_alfacrm.records.scalars import MAX_ID
from tap_alfacrm.schemas import MONEY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_alfacrm.records.fits import Fits
    from tap_alfacrm.records.row import Structs
    from tap_alfacrm.records.steps import Step, Target

    Schema = Mapping[str, Any]

_Int = Annotated[int, msgspec.Meta(ge=-MAX_ID, le=MAX_ID)]
_PLAIN: dict[tuple[str, ...], Any] = {
    ("string",): str | None,
    ("number",): str | int | None,
    ("integer",): _Int | None,
    ("boolean",): bool | None,
}
_ARRAYS: dict[tuple[str, ...], Any] = {
    ("string",): list[str] | None,
    ("integer",): list[_Int] | None,
    ("integer", "string"): list[_Int | str] | None,
}
_FITS: dict[tuple[str, ...], Fits] = {
    ("string",): fits.fits_nothing,
    ("boolean",): fits.is_bool,
    ("number",): fits.is_exact,
}
_DATES = {"date", "date-time", "time"}


def types_of(schema: Schema) -> list[str]:
    """The types of a schema, sorted, but for null."""
    types = schema.get("type", [])
    return sorted({types} if isinstance(types, str) else set(types) - {"null"})


class Objects(Protocol):
    """The layout of the objects of a column; see `Layout`."""

    structs: Structs
    object_types: set[type]

    def learn(self, rows: Sequence[dict[str, Any]]) -> None:
        """Adapt to objects."""

    def convert(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Convert objects."""


@dataclass(slots=True, eq=False)
class Column:
    """A column.

    Attributes:
        name: Its name.
        field: Its name in the API.
        schema: Its schema.
        target: How its values are converted.
        inner: The layout of its objects, if it is a list of objects with a schema.
        has_alias: Whether some accounts give its field another name.
        is_typed: Whether every value that came so far has the type of the schema.
    """

    name: str
    field: str
    schema: Schema
    target: Target
    inner: Objects | None = None
    has_alias: bool = False
    is_typed: bool = True

    @property
    def is_renamed(self) -> bool:
        """Whether the column has another name than its field."""
        return self.field != self.name

    def type(self, *, is_clean: bool) -> Any:  # noqa: ANN401 - a type expression
        """Type that the decoder demands."""
        if not self.is_typed or self.is_renamed:
            return Any
        if self.inner is not None:
            row_type = self.inner.structs.of(is_clean=is_clean)
            return list[row_type] | dict[str, Any] | str | bool | _Int | None  # type: ignore[valid-type]  # the struct is made at run time
        if types_of(self.schema) == ["array"]:
            return _ARRAYS.get(tuple(self._plain_item_types), Any)
        return _PLAIN.get(tuple(types_of(self.schema)), Any)

    @property
    def _plain_item_types(self) -> list[str]:
        items = self.schema.get("items") or {}
        return [] if items.keys() & {"format", MONEY} else types_of(items)

    def fits(self, rows: Sequence[dict[str, Any]]) -> bool:
        """Whether all values have the type; the layout of their objects adapts to them."""
        values = [row[self.field] for row in rows if self.field in row]
        if self.inner is not None:
            objects = [*chain.from_iterable(value for value in values if isinstance(value, list))]
            if not all(isinstance(item, dict) for item in objects):
                return False
            self.inner.learn(objects)
        try:
            msgspec.convert(values, list[self.type(is_clean=True)])  # type: ignore[misc]  # made at run time
        except (msgspec.ValidationError, ValueError, RecursionError):  # also of a lone surrogate
            return False
        return True

    def step(self, *, is_clean: bool) -> Step | None:
        """How the column is converted; None where every value has its final form."""
        target, types = self.target, types_of(self.schema)
        if isinstance(target.convert, UtcConverter):
            return steps.datetime_column(target, target.convert)
        if self.inner is not None:
            return steps.nested_column(target, self.inner.object_types, self.inner.convert)
        return None if is_clean and self._is_final else self._value_step(types)

    def _value_step(self, types: list[str]) -> Step:
        target = self.target
        if types == ["array"]:
            return steps.list_column(target, self._plain_item_types)
        if types == ["string"] and not self._is_written_anew:
            return steps.text_column(target)
        if types == ["integer"]:
            return steps.cached_column(target, fits.is_int64, is_integer=True)
        if fits_type := _FITS.get(tuple(types)):
            return steps.cached_column(target, fits_type)
        return steps.fitting_column(target, fits.fits_nothing)

    @property
    def _is_written_anew(self) -> bool:
        return bool(self.schema.get(MONEY)) or self.schema.get("format") in _DATES

    @property
    def _is_final(self) -> bool:
        """Whether a value of the type needs no conversion, and all come with it."""
        if self.has_alias or self.is_renamed or not self.is_typed or self._is_written_anew:
            return False
        types = types_of(self.schema)
        if types == ["array"]:
            return self._plain_item_types in (["integer"], ["string"])
        return types in (["string"], ["integer"], ["boolean"])
