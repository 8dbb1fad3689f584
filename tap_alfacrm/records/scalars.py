"""Conversion of values to a single type.

See docs/behaviour.md#decimals and #empty-values for what each type accepts, and why.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

_DECIMAL_RE = re.compile(r"[+-]?\d{1,100}(?:\.\d{1,100})?", re.ASCII)
SAFE_DIGITS = 18
"""Digits of which every number has at most 64 bits."""
_INTEGER_RE = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_WRITTEN_RES = tuple(
    re.compile(rf"(?P<sign>[+-]?) ?{pattern}", re.ASCII)
    for pattern in (
        r"(?P<whole>\d{1,3}(?: \d{3})+)(?:[.,](?P<rest>\d+))?",
        r"(?P<whole>\d{1,3}(?:,\d{3})+)\.(?P<rest>\d+)",
        r"(?P<whole>\d{1,3}(?:\.\d{3})+),(?P<rest>\d+)",
        r"(?P<whole>\d{1,3}(?P<mark>[.,])\d{3}(?:(?P=mark)\d{3})+)(?P<rest>)",
        r"(?P<whole>\d+)[.,]?(?P<rest>\d*)",
        r"(?P<whole>)[.,](?P<rest>\d+)",
    )
)
"""Numbers as people write them (docs/behaviour.md#values-as-people-write-them)."""
_AS_TYPED = str.maketrans({"\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2212": "-"})
"""Blanks between thousands, and the minus of a word processor."""
_LONGEST = 200
"""Characters of the longest number that is read from text."""
_WORDS = {"true": True, "false": False}
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
INT64 = range(-(2**63), 2**63)
"""Whole numbers that a database column of integers holds."""
_MAX_EXPONENT = 100


MAX_ID = 2**63 - 1
"""Largest id that a database column of integers holds."""


class InvalidValue(ValueError):  # noqa: N818 - about a value, not the program
    """A value that its type cannot hold."""


INVALID_VALUE_ERRORS = (InvalidValue, ValueError, OverflowError, RecursionError)
"""What conversion raises where a type cannot hold a value."""


def json_type(value: object) -> str:
    """The JSON Schema type of a decoded value."""
    if isinstance(value, bool):
        return "boolean"
    for type_, name in (
        (str, "string"),
        (int, "integer"),
        ((float, Decimal), "number"),
        (list, "array"),
    ):
        if isinstance(value, type_):
            return name
    return "null" if value is None else "object"


def text(value: object) -> str:
    """Text without characters that no database stores; other types as JSON text."""
    if not isinstance(value, str):
        value = (
            str(value)
            if isinstance(value, Decimal)
            else json.dumps(clean(value), ensure_ascii=False, default=str)
        )
    return _UNSTORABLE.sub("", value) if _UNSTORABLE.search(value) else value


def clean(value: Any) -> Any:  # noqa: ANN401 - JSON may be anything
    """The same JSON, without characters that no database stores."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {text(key): clean(item) for key, item in value.items()}
    if isinstance(value, (int, Decimal)):
        return value if isinstance(value, bool) else bounded(value)
    return value


def bounded(value: int | Decimal) -> int | Decimal | str:
    """A number, or its text where a database or a JSON parser cannot hold it."""
    if isinstance(value, int):
        return value if value in INT64 else str(value)
    return value if value.is_finite() and abs(value.adjusted()) <= _MAX_EXPONENT else str(value)


def _digits(value: str) -> str:
    """A number as text that Python reads; may be empty."""
    digits = value.strip()
    if not digits or _DECIMAL_RE.fullmatch(digits):
        return digits
    digits = digits.translate(_AS_TYPED)
    if len(digits) <= _LONGEST:
        for written in _WRITTEN_RES:
            if match := written.fullmatch(digits):
                whole = re.sub(r"\D", "", match["whole"]) or "0"
                return f"{match['sign']}{whole}" + (f".{match['rest']}" if match["rest"] else "")
    raise InvalidValue


def integer(value: object) -> int | None:
    """A whole number, also from text; null of an empty text.

    Raises:
        InvalidValue: It is none, or more than 64 bits hold.
    """
    if isinstance(value, str):
        if value.isdecimal() and value.isascii() and len(value) <= SAFE_DIGITS:
            return int(value)
        if not (digits := _digits(value)):
            return None
        value = int(digits) if _INTEGER_RE.fullmatch(digits) else Decimal(digits)
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= _MAX_EXPONENT:
        number = int(value)
        if number != value:
            raise InvalidValue
        value = number
    if isinstance(value, bool) or not isinstance(value, int) or value not in INT64:
        raise InvalidValue
    return value


def integer_or_flag(value: object) -> int | None:
    """A whole number, or 0 and 1 of a flag that comes as a truth value; null of an empty text.

    Raises:
        InvalidValue: It is none, or more than 64 bits hold.
    """
    if isinstance(value, str):
        value = _WORDS.get(value.strip().lower(), value)
    return int(value) if isinstance(value, bool) else integer(value)


def number(value: object) -> Decimal | int | None:
    """An exact number, also from text; null of an empty text.

    Raises:
        InvalidValue: It is none.
    """
    if isinstance(value, str):
        digits = _digits(value)
        return Decimal(digits) if digits else None
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, Decimal))
        or isinstance(bounded(value), str)
    ):
        raise InvalidValue
    return value


def number_text(value: object) -> str | None:
    """An exact number as text, digit for digit; null of an empty text.

    Raises:
        InvalidValue: It is none.
    """
    found = number(value)
    return None if found is None else f"{Decimal(found):f}"


def boolean(value: object) -> bool | None:
    """A truth value, also from 0, 1 and their texts; null of an empty text.

    Raises:
        InvalidValue: It is none.
    """
    known = integer_or_flag(value)
    if known not in {None, 0, 1}:
        raise InvalidValue
    return None if known is None else bool(known)


def non_negative_int(value: object) -> int | None:
    """An id or a number of rows, also where it comes as text; None where it is neither."""
    if value.__class__ is int:
        return value if 0 <= value <= MAX_ID else None
    try:
        found = integer(value)
    except INVALID_VALUE_ERRORS:
        return None
    return None if found is None or found < 0 else found
