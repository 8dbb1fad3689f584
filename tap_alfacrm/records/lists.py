"""Lists, however PHP writes them (docs/behaviour.md#values-as-people-write-them)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

from tap_alfacrm.records.scalars import InvalidValue

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_SEPARATOR = re.compile(r" *[,;] *")
_NUMBERS = re.compile(r"[,; ]*\d+(?: *[,;]+ *\d+)+[,; ]*", re.ASCII)


def decoded(text: str) -> Any:  # noqa: ANN401 - JSON may be anything
    """The JSON that a text holds.

    Raises:
        InvalidValue: It holds none.
    """
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidValue from None


def items_of(value: object, item_types: list[str]) -> list[Any] | None:
    """The items of a value that stands where a list is expected; None where it holds nothing.

    Args:
        value: A list, or what PHP or a person writes in its place.
        item_types: JSON types that an item can have.

    Raises:
        InvalidValue: It is no list and no item.
    """
    if isinstance(value, str):
        value = _listed(value, item_types)
    if value is None or value is False:  # PHP's way to return nothing
        return None
    is_list_of_objects = item_types == ["object"]
    if isinstance(value, dict):
        values = list(value.values())
        is_single = is_list_of_objects and not all(isinstance(item, dict) for item in values)
        return [value] if is_single else values  # else an array with gaps in its keys
    return value if isinstance(value, list) else [value]


def _listed(text: str, item_types: list[str]) -> object:
    """What a text in place of a list holds: JSON, numbers between commas, or one item."""
    stripped = text.strip()
    if stripped[:1] in {"[", "{"}:
        try:
            return decoded(stripped)
        except InvalidValue:
            return [text]
    if "integer" in item_types and _NUMBERS.fullmatch(stripped):
        return [item for item in _SEPARATOR.split(stripped) if item]
    return [text] if stripped else None
