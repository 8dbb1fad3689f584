"""What the values of a column are: in their final form, or of one kind."""

from __future__ import annotations

from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

from tap_alfacrm.records.scalars import INT64, SAFE_DIGITS, bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Fits = Callable[[Any], bool]

_INTS, _STRINGS, _NUMBERS, _LISTS = {int}, {str}, {int, Decimal}, {list, type(None)}


def is_bool(value: object) -> bool:
    """Whether a value is a truth value."""
    return value.__class__ is bool


def is_int64(value: object) -> bool:
    """Whether a value is a whole number of 64 bits."""
    return value.__class__ is int and value in INT64


def is_exact(value: object) -> bool:
    """Whether a value is a number that a database holds, with all its digits."""
    return value.__class__ in _NUMBERS and bounded(value) is value  # type: ignore[arg-type]  # mypy does not narrow by __class__


def is_text_list(value: Any) -> bool:  # noqa: ANN401 - JSON may be anything
    """Whether a value is a list of texts."""
    return value.__class__ is list and {*map(type, value)} == _STRINGS


def fits_nothing(_: object) -> bool:
    """No value has its final form."""
    return False


def list_fits(types: Sequence[str]) -> Fits:
    """Whether a value is a list of one of some types, in its final form."""
    takes_int, takes_str = "integer" in types, "string" in types

    def fits(value: Any) -> bool:  # noqa: ANN401 - JSON may be anything
        if value.__class__ is not list:
            return False
        kinds = {*map(type, value)}
        if not kinds:
            return True
        if kinds == _INTS:
            return takes_int and all(map(INT64.__contains__, value))
        return takes_str and kinds == _STRINGS and all(map(str.isprintable, value))

    return fits


def are_integer_lists(values: Sequence[Any]) -> bool:
    """Whether a column has nothing but lists of whole numbers of 64 bits, and null."""
    if not {*map(type, values)} <= _LISTS:
        return False
    items = [*chain.from_iterable(filter(None, values))]
    if not items:
        return True
    return {*map(type, items)} == _INTS and min(items) in INT64 and max(items) in INT64


def are_distinct_digits(values: Sequence[Any]) -> bool:
    """Whether a column has nothing but whole numbers as text, which seldom recur."""
    if {*map(type, values)} != _STRINGS or len({*values}) < len(values) // 2:
        return False
    together = "".join(values)
    is_of_digits = together.isdecimal() and together.isascii() and all(values)
    return is_of_digits and max(map(len, values)) <= SAFE_DIGITS
