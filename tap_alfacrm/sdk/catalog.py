"""What a catalog may choose: the choices are made here, and the SDK is given the result.

Takes the place of the choices in `Stream.apply_catalog`, which reads the entry before its metadata,
and `replication-method` not at all, although Singer and Meltano put the user's choice there
(https://github.com/meltano/sdk/issues/2868; https://github.com/meltano/sdk/pull/2770 reads
`forced-replication-method`). No version of singer-sdk makes this unnecessary yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
from singer_sdk.singerlib.catalog import (
    REPLICATION_FULL_TABLE,
    REPLICATION_INCREMENTAL,
    MetadataMapping,
)

from tap_alfacrm.errors import InputError
from tap_alfacrm.sdk.spec import enumerate_some

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping, Sequence

    from tap_alfacrm.sdk.spec import StreamSpec

METHODS = (REPLICATION_FULL_TABLE, REPLICATION_INCREMENTAL)
CHOICES = ("table-key-properties", "replication-key", "forced-replication-method")
"""Metadata of a stream that the SDK reads too."""
_Type = Literal["array", "boolean", "integer", "null", "number", "object", "string"]


class _Schema(msgspec.Struct):
    type: _Type | list[_Type] | None = None
    format: str | None = None
    properties: dict[str, _Schema] | None = None
    items: _Schema | None = None
    required: list[str] | None = None
    selected: bool | None = None


class _RootSchema(_Schema, kw_only=True):
    properties: dict[str, _Schema]


class _Facts(msgspec.Struct, rename="kebab"):
    inclusion: Literal["available", "automatic", "unsupported"] | None = None
    selected: bool | None = None
    selected_by_default: bool | None = None
    table_key_properties: list[str] | None = None
    replication_key: str | None = None
    replication_method: str | None = None
    forced_replication_method: str | None = None


class _Metadata(msgspec.Struct):
    metadata: _Facts
    breadcrumb: list[str] = []


class _Entry(msgspec.Struct):
    tap_stream_id: str
    schema: _RootSchema
    metadata: list[_Metadata] = []
    key_properties: list[str] | None = None
    replication_key: str | None = None
    replication_method: str | None = None
    selected: bool | None = None

    @property
    def root(self) -> _Facts:
        """The metadata of the stream itself; the last where there are several, as in the SDK."""
        found = [item.metadata for item in self.metadata if not item.breadcrumb]
        return found[-1] if found else _Facts()


def chosen_catalog(
    catalog: object, specs: Mapping[str, StreamSpec], logger: logging.Logger
) -> dict[str, Any]:
    """Check a catalog and make the choices that it leaves open or that cannot be.

    Args:
        catalog: What was given with `--catalog`.
        specs: The streams by name.
        logger: Receives a warning for each choice that the catalog does not allow.

    Returns:
        The catalog for the SDK.

    Raises:
        InputError: With one line that says where the catalog is wrong.
    """
    if not isinstance(catalog, dict) or not isinstance(catalog.get("streams"), list):
        raise _wrong(why="it has no list of streams")
    streams: dict[str, dict[str, Any]] = {}
    unknown = []
    for number, entry in enumerate(catalog["streams"]):
        if not isinstance(entry, dict) or not isinstance(name := entry.get("tap_stream_id"), str):
            raise _wrong(why=f"number {number + 1} of its streams has no tap_stream_id")
        if name in streams:
            raise _wrong(why=f"the stream {name} is in it twice")
        if name in specs:
            streams[name] = _Choice(name, entry, specs[name], logger).entry()
        else:
            unknown.append(name)
    if unknown:
        logger.warning(
            "The catalog has streams that do not exist, which are ignored: %s.",
            enumerate_some(unknown),
        )
    if catalog["streams"] and not any(map(_is_selected, streams.values())):
        logger.warning(
            "The catalog selects no stream, so nothing is loaded. Set selected in the metadata of "
            "a stream to true."
        )
    return {"streams": [*streams.values()]}


def _wrong(*, why: str) -> InputError:
    return InputError(f"The catalog cannot be read: {why}. Create a new one with --discover.")


def _is_selected(entry: Mapping[str, Any]) -> bool:
    return MetadataMapping.from_iterable(entry["metadata"]).resolve_selection()[()]


class _Choice:
    """The choices for one stream."""

    def __init__(
        self, name: str, raw: dict[str, Any], spec: StreamSpec, logger: logging.Logger
    ) -> None:
        try:
            self._given = msgspec.convert(raw, _Entry)
        except msgspec.ValidationError as error:
            raise _wrong(why=f"{name}: {error}") from None
        self._name, self._raw, self._spec, self._logger = name, raw, spec, logger

    def entry(self) -> dict[str, Any]:
        """The entry for the SDK, which finds each choice made."""
        keys, key = self._keys(), self._replication_key()
        method = self._method(key)
        return {
            "tap_stream_id": self._name,
            "stream": self._name,
            "schema": self._raw["schema"],
            "metadata": self._metadata([*keys, *([key] if key else [])]),
            "key_properties": keys,
            "replication_key": key,
            "replication_method": method,
        }

    def _warn(self, message: str, *args: object) -> None:
        self._logger.warning(f"The catalog of %s {message}", self._name, *args)  # noqa: G004 - a constant of this module

    def _replication_key(self) -> str | None:
        """The column of the API's filter, where the schema has it."""
        given, key = self._given, self._spec.replication_key
        for other in dict.fromkeys((given.root.replication_key, given.replication_key)):
            if other and other != key:
                used = f"the key {key} is used" if key else "the full table is loaded"
                self._warn(
                    "has the replication-key %s, by which the API has no filter: %s.", other, used
                )
        column = given.schema.properties.get(key or "")
        return key if column is not None and column.format == "date-time" else None

    def _method(self, key: str | None) -> str:
        given, usual = self._given, self._spec.replication_method
        chosen = given.root.replication_method
        if not chosen:  # the one that says something else than a discovery does
            others = (given.replication_method, given.root.forced_replication_method)
            chosen = next((one for one in others if one and one.upper() != usual), usual)
        method = chosen.upper()
        if method not in METHODS:
            msg = f"{self._name}: its replication-method is none of {', '.join(METHODS)}"
            raise _wrong(why=msg)
        if method == REPLICATION_INCREMENTAL and key is None:
            name = self._spec.replication_key
            column = f"a date-time {name} in its schema" if name else "a filter of the API"
            self._warn(
                "requests incremental replication, which needs %s; the full table is loaded.",
                column,
            )
            return REPLICATION_FULL_TABLE
        return method

    def _keys(self) -> list[str]:
        given, identity = self._given, list(self._spec.identity)
        others = (given.root.table_key_properties, given.key_properties)
        keys = next((one for one in others if one and one != identity), identity)
        if missing := [key for key in keys if key not in given.schema.properties]:
            raise _wrong(why=f"{self._name}: its key {missing[0]} is no column of its schema")
        if not any(others):
            self._warn("has no key; that of the API is used: %s.", ", ".join(identity))
        elif not set(identity) <= set(keys):
            self._warn(
                "has the key %s. The API identifies rows by %s, so a target may merge some.",
                ", ".join(keys),
                ", ".join(identity),
            )
        return list(dict.fromkeys(keys))

    def _metadata(self, automatic: Sequence[str]) -> list[dict[str, Any]]:
        """The metadata without choices, with the selection of older catalogs and the keys."""
        found: dict[tuple[str, ...], dict[str, Any]] = {(): {}}
        for item in self._raw.get("metadata", []):
            facts = {k: v for k, v in item["metadata"].items() if k not in CHOICES}
            found[tuple(item.get("breadcrumb", []))] = facts
        if not self._raw.get("metadata"):
            found[()] = {"selected": True}
        self._take_older_selection(found)
        for name in automatic:
            facts = found.setdefault(("properties", name), {})
            if facts.get("selected") is False and facts.get("inclusion") != "automatic":
                self._warn("deselects %s, which is loaded because it is a key.", name)
            facts.update(inclusion="automatic")
        return [{"breadcrumb": list(k), "metadata": v} for k, v in found.items()]

    def _take_older_selection(self, found: dict[tuple[str, ...], dict[str, Any]]) -> None:
        """Take `selected` from the entry or the schema, where Singer had it once."""
        schema = self._given.schema
        of_stream = schema.selected if self._given.selected is None else self._given.selected
        older: list[tuple[tuple[str, ...], bool | None]] = [((), of_stream)]
        older += [(("properties", k), v.selected) for k, v in schema.properties.items()]
        for breadcrumb, selected in older:
            facts = found.get(breadcrumb, {})
            if selected is not None and (facts.get("selected") is None or not self._given.metadata):
                found[breadcrumb] = {**facts, "selected": selected}
