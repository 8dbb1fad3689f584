"""Flattening with readable JSON.

Overrides `StreamMap.flatten_record`, which escapes each letter that is not ASCII and leaves a bare
`false` or `12` in a column that it has made text (https://github.com/meltano/sdk/issues/1204 and
https://github.com/meltano/sdk/issues/1400; https://github.com/meltano/sdk/pull/3416, closed). No
version of singer-sdk makes this unnecessary yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.mapper import RemoveRecordTransform, StreamMap
from singer_sdk.singerlib.json import serialize_json
from typing_extensions import override

if TYPE_CHECKING:
    from singer_sdk.mapper import PluginMapper

_TEXT = ("string", ["string", "null"], ["null", "string"])


def make_json_readable(mapper: PluginMapper) -> None:
    """Let each stream map that flattens write its JSON with letters as they are.

    Args:
        mapper: The mapper of a tap whose streams are registered.
    """
    for name, stream_maps in mapper.stream_maps.items():
        mapper.stream_maps[name] = [
            stream_map
            if isinstance(stream_map, RemoveRecordTransform) or not stream_map.flattening_enabled
            else ReadableFlattening(stream_map)
            for stream_map in stream_maps
        ]


class WrappedMap(StreamMap):
    """A stream map around another, whose flattening it takes over."""

    def __init__(self, inner: StreamMap) -> None:
        """Take the place of a map.

        Args:
            inner: The map that filters and transforms the records.
        """
        super().__init__(
            inner.stream_alias,
            inner.raw_schema,
            inner.raw_key_properties,
            inner.flattening_options,
        )
        self.transformed_schema = inner.transformed_schema
        self.transformed_key_properties = inner.transformed_key_properties
        inner.flattening_options = None  # it would be done twice
        self._inner = inner

    @override
    def get_filter_result(self, record: dict[str, Any]) -> bool:
        return self._inner.get_filter_result(record)


class ReadableFlattening(WrappedMap):
    """A stream map that flattens in the place of another."""

    def __init__(self, inner: StreamMap) -> None:
        """Take the flattening over from a map.

        Args:
            inner: The map that filters and transforms the records.
        """
        options = inner.flattening_options
        self._separator = options.separator if options else ""
        super().__init__(inner)
        columns = inner.transformed_schema["properties"]
        self._columns = frozenset(columns)
        self._text_columns = frozenset(
            name for name, column in columns.items() if column.get("type") in _TEXT
        )

    @override
    def transform(self, record: dict[str, Any]) -> dict[str, Any] | None:
        mapped = self._inner.transform(record)
        return None if mapped is None else super().transform(mapped)

    @override
    def flatten_record(self, record: dict[str, Any]) -> dict[str, Any]:
        cells = {name: self._cell(name, value) for name, value in record.items()}
        if any(isinstance(value, dict) for value in cells.values()):
            return super().flatten_record(cells)
        return cells

    def _cell(self, name: str, value: object) -> object:
        if isinstance(value, str) or value is None:
            return value
        if isinstance(value, dict) and name not in self._columns:
            return {
                key: self._cell(f"{name}{self._separator}{key}", item)
                for key, item in value.items()
            }
        if isinstance(value, (dict, list)) or name in self._text_columns:
            # Also the bare `false` or `12` of a field that may hold a list: its
            # column is text now, and targets refuse a record that breaks its schema.
            return serialize_json(value, ensure_ascii=False)
        return value
