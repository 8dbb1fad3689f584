"""From the bytes of a response to a page of rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, overload

import msgspec
from typing_extensions import override

from tap_alfacrm.records.row import values_of
from tap_alfacrm.records.scalars import non_negative_int

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Parser = Callable[[bytes, str | None], "Page"]
    """Takes the body of a response and the server's clock, `YYYY-MM-DD HH:MM:SS` in UTC."""

Row = dict[str, Any]

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_PROBLEM = {"name", "message", "status"}
"""Keys of the object that describes an error."""
_FAILURES = ("error", "errors")
"""Keys that a response has beside an empty list when its query failed."""
LONGEST_INTEGER = 400
"""Longest integer, in digits, that is parsed as one."""
LARGE_BYTES = 2**22
"""Bytes of a page from which its rows are decoded only when they are needed."""
BLOCK_BYTES = 2**21
"""Bytes of such a page to decode at once."""


class MalformedResponseError(ValueError):
    """A response that AlfaCRM does not send: not JSON, truncated, or without rows."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list (docs/behaviour.md#paging).

    Attributes:
        items: The rows of this page; all have `get`, as a dict has.
        ids: Their ids, None for a row without a usable one.
        total: Number of rows on all pages, None where the API does not give it.
        requested_at: The server's clock at the request, UTC `YYYY-MM-DD HH:MM:SS`, None if unknown.
        newest_created_at: The latest `created_at` of the rows, "" if none has one.
    """

    items: Sequence[Any]
    ids: list[int | None]
    total: int | None
    requested_at: str | None = None
    newest_created_at: str = ""


def decode(content: bytes) -> Any:  # noqa: ANN401 - JSON may be anything
    """Decode JSON without loss: numbers with a fraction become `Decimal`.

    Args:
        content: Body of a response.

    Returns:
        The decoded JSON.

    Raises:
        MalformedResponseError: It is not JSON.
    """
    try:
        return _decoder.decode(content)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:  # PHP may send NaN or a lone surrogate, which are not JSON but hold a row all the same
        return json.loads(content, parse_float=Decimal, parse_int=_integer, parse_constant=Decimal)
    except (ValueError, RecursionError):
        msg = "the body is not JSON"
        raise MalformedResponseError(msg) from None


def _integer(text: str) -> int | Decimal:
    """An integer; one that Python refuses to read stays a number all the same."""
    return int(text) if len(text) <= LONGEST_INTEGER else Decimal(text)


def parse_page(content: bytes, requested_at: str | None = None) -> Page:
    """Parse a page of a list; only `items` is required.

    Args:
        content: Body of a response.
        requested_at: The server's clock at the request.

    Returns:
        The page.

    Raises:
        MalformedResponseError: The body is not a page.
    """
    if len(content) >= LARGE_BYTES and (page := _parse_large(content, requested_at)):
        return page
    body = decode(content)
    if not isinstance(body, dict) or _is_failure(body):
        raise _not_rows()
    items, total = body.get("items"), non_negative_int(body.get("total"))
    if "items" in body and not items and total == 0:
        items = []  # PHP writes an empty result as null or false as well
    return _envelope(items, total, requested_at)


class _LargePage(msgspec.Struct):
    """A page whose rows are not decoded yet."""

    items: list[msgspec.Raw]
    total: Any = None


_large_decoder = msgspec.json.Decoder(_LargePage, float_hook=Decimal)


class UndecodedRows(Sequence[Any]):
    """Rows that are decoded each time they are read, because together they take much memory.

    Attributes:
        block_rows: Rows to decode at once.
    """

    def __init__(self, rows: Sequence[msgspec.Raw], size: int) -> None:
        """Keep the bytes of the rows.

        Args:
            rows: JSON objects.
            size: Bytes of all rows.
        """
        self._rows = rows
        self.block_rows = max(1, len(rows) * BLOCK_BYTES // size)

    @override
    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Any: ...  # noqa: ANN401 - JSON may be anything
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    @override
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [decode(bytes(row)) for row in self._rows[index]]
        return decode(bytes(self._rows[index]))


def blocks(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Split rows into blocks to convert and write at once: all rows, unless they take much memory.

    Args:
        rows: New rows of a page.

    Yields:
        The blocks, in order.
    """
    if not isinstance(rows, UndecodedRows):
        yield rows
        return
    for first in range(0, len(rows), rows.block_rows):
        yield rows[first : first + rows.block_rows]


def _parse_large(content: bytes, requested_at: str | None) -> Page | None:
    """Parse a large page; None where the usual way has to judge it."""
    try:
        page = _large_decoder.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return None
    rows, ids, newest = UndecodedRows(page.items, len(content)), [], ""
    for row in rows:
        if not isinstance(row, dict):
            raise _not_rows()
        ids.append(get_row_id(row))
        created = row.get("created_at")
        newest = max(newest, created) if isinstance(created, str) else newest
    return Page(rows, ids, non_negative_int(page.total), requested_at, newest)


def parse_array(content: bytes, requested_at: str | None = None) -> Page:
    """Parse a bare array of rows, which comes without an envelope and without pages.

    Args:
        content: Body of a response.
        requested_at: The server's clock at the request.

    Returns:
        The page.

    Raises:
        MalformedResponseError: The body is not an array of rows.
    """
    body = decode(content)
    return _envelope(body, len(body) if isinstance(body, list) else None, requested_at)


def parse_object(content: bytes, requested_at: str | None = None, *, identifier: int) -> Page:
    """Parse the single row that some actions return.

    Args:
        content: Body of a response.
        requested_at: The server's clock at the request.
        identifier: Id by which the row was requested.

    Returns:
        The page.

    Raises:
        MalformedResponseError: The body is not an object, or describes an error.
    """
    body = decode(content)
    if not isinstance(body, dict) or body.keys() >= _PROBLEM:
        raise _not_rows()
    return Page([body], [identifier], 1, requested_at)


def _envelope(items: object, total: int | None, requested_at: str | None) -> Page:
    if isinstance(items, dict):  # a PHP array with gaps in its keys
        items = list(items.values())
    if not isinstance(items, list) or not all(isinstance(row, dict) for row in items):
        raise _not_rows()
    ids = [get_row_id(row) for row in items]
    return Page(items, ids, total, requested_at, newest_created_at(items))


def newest_created_at(rows: Sequence[Any]) -> str:
    """The latest `created_at` of rows, "" if none has one."""
    moments = values_of(rows, "created_at")
    return max((moment for moment in moments if isinstance(moment, str)), default="")


def _is_failure(body: dict[str, Any]) -> bool:
    has_failed = body.get("success") is False or body.keys() >= _PROBLEM
    return not body.get("items") and (has_failed or any(body.get(key) for key in _FAILURES))


def _not_rows() -> MalformedResponseError:
    return MalformedResponseError("the body is JSON but not a list of rows")


def get_row_id(row: Row, key: str = "id") -> int | None:
    """The id of a row, also where the API sends it as text; None where it has no usable one."""
    return non_negative_int(row.get(key))
