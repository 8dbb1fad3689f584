"""A stream map that wraps another one."""

from __future__ import annotations

from typing import Any

from singer_sdk.mapper import StreamMap
from typing_extensions import override


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
