"""Checks of the files that a run receives: config, catalog and state."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from tap_alfacrm.errors import InputError


class _Bookmark(msgspec.Struct):
    replication_key: str | None = None
    replication_key_value: str | None = None
    partitions: list[_Partition] = []


class _Partition(_Bookmark, kw_only=True):
    context: dict[str, Any]


class _State(msgspec.Struct):
    bookmarks: dict[str, _Bookmark] = {}


class _Schema(msgspec.Struct):
    properties: dict[str, dict[str, Any]]


class _Entry(msgspec.Struct):
    tap_stream_id: str
    schema: _Schema
    metadata: list[dict[str, Any]] = []


class _Catalog(msgspec.Struct):
    streams: list[_Entry]


def check_state(state: object) -> None:
    """Make sure that a state can be read.

    Args:
        state: What was given with `--state`.

    Raises:
        InputError: With one line that says where it is wrong.
    """
    try:
        parsed = msgspec.convert(state, _State)
    except msgspec.ValidationError as error:
        msg = f"The state cannot be read: {error}. Mend it, or start without one."
        raise InputError(msg) from None
    for stream, bookmark in parsed.bookmarks.items():
        for mark in (bookmark, *bookmark.partitions):
            try:
                dt.datetime.fromisoformat(mark.replication_key_value or "2000-01-01")
            except ValueError:
                msg = (
                    f"The state cannot be read: the bookmark of {stream} is not a date-time. "
                    "Mend it, or start without one."
                )
                raise InputError(msg) from None


def with_chosen_methods(catalog: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON may be anything
    """Honour `replication-method` in the metadata of a stream.

    That is where Singer, and Meltano's `metadata`, put the user's choice; the SDK reads the
    entry itself and its `forced-replication-method` alone.

    Args:
        catalog: What was given with `--catalog`.

    Returns:
        The catalog, with the choice where the SDK reads it.

    Raises:
        InputError: With one line that says where the catalog is wrong.
    """
    try:
        msgspec.convert(catalog, _Catalog)
    except msgspec.ValidationError as error:
        msg = f"The catalog cannot be read: {error}. Create a new one with --discover."
        raise InputError(msg) from None
    return {
        **catalog,
        "streams": [_with_chosen_method(entry) for entry in catalog.get("streams", [])],
    }


def _with_chosen_method(entry: dict[str, Any]) -> dict[str, Any]:
    for item in entry.get("metadata", []):
        if not item.get("breadcrumb"):
            chosen = item.get("metadata", {}).get("replication-method")
            if chosen:
                return {**entry, "replication_method": chosen}
    return entry
