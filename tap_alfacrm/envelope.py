"""From the bytes of an answer to an envelope of rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

Row = dict[str, Any]

_decoder = msgspec.json.Decoder(float_hook=Decimal)


class MalformedError(ValueError):
    """An answer that is not what AlfaCRM sends: not JSON, cut short, or not an envelope."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One page of a list (docs/behaviour.md#paging).

    Attributes:
        items: The rows of this page.
        total: Number of rows on all pages, None where the API does not say.
        moment: The server's clock at this answer, UTC `YYYY-MM-DD HH:MM:SS`, None if unknown.
    """

    items: list[Row]
    total: int | None
    moment: str | None = None


def decode(content: bytes) -> Any:  # noqa: ANN401 - JSON may be anything
    """Decode JSON without loss: numbers with a fraction become `Decimal`.

    Args:
        content: Body of an answer.

    Returns:
        The decoded JSON.

    Raises:
        MalformedError: It is not JSON.
    """
    try:
        return _decoder.decode(content)
    except msgspec.DecodeError:
        pass
    try:  # PHP may send NaN or a lone surrogate, which are not JSON but hold a row all the same
        return json.loads(content, parse_float=Decimal, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        msg = "the body is not JSON"
        raise MalformedError(msg) from None


def read_envelope(content: bytes, moment: str | None = None) -> Envelope:
    """Read a page of a list, leniently: only `items` is required.

    Args:
        content: Body of an answer.
        moment: The server's clock at this answer.

    Returns:
        The envelope.

    Raises:
        MalformedError: The body is not an envelope.
    """
    body = decode(content)
    items = body.get("items") if isinstance(body, dict) else None
    if isinstance(items, dict):  # a PHP array with gaps in its keys
        items = list(items.values())
    if not isinstance(items, list) or not all(isinstance(row, dict) for row in items):
        msg = "the body is JSON but not a list of rows"
        raise MalformedError(msg)
    return Envelope(items, _count(body.get("total")), moment)


def _count(value: object) -> int | None:
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
