"""ACTIVATE_VERSION after the rows instead of before.

Overrides `Stream.emit_activate_version_messages` and sets `Stream._stream_version`: the SDK writes
the message before the rows (https://github.com/meltano/sdk/pull/2686), and a target with
`hard_delete` then has an empty table if the run dies
(https://github.com/MeltanoLabs/target-postgres/issues/340). No version of singer-sdk makes this
unnecessary yet.
"""

from __future__ import annotations

from singer_sdk import Stream
from typing_extensions import override


class VersionedStream(Stream):
    """A stream that ends its table's version itself."""

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        """Never at the start, as the SDK does, which empties a table if the run then dies."""
        return False

    def begin_version(self) -> None:
        """Give the records that follow the version of this run."""
        self._stream_version = self._initialized_at // 1000

    def end_version(self) -> None:
        """Say that every row of this version was sent."""
        if self._stream_version is not None:
            self._write_activate_version_message(self._stream_version)
