"""Writing by page instead of by record, and ACTIVATE_VERSION after the rows instead of before.

Overrides `Stream._sync_records`, whose cost per record is most of the SDK's, and the moment of
ACTIVATE_VERSION: a target with `hard_delete` must not drop its rows before the new ones are there.
tests/sdk/test_page_stream.py fails when the SDK changes what this relies on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk import Stream
from singer_sdk.contrib.msgspec import enc_hook
from singer_sdk.helpers._util import utc_now  # the clock of the SDK's own messages
from singer_sdk.mapper import SameRecordTransform
from typing_extensions import override

from tap_alfacrm.sdk.output import write

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from singer_sdk.helpers.types import Context, Record

MAX_WRITE_BYTES = 2**22
"""Bytes of a page that are collected before they are written."""
_encoder = msgspec.json.Encoder(enc_hook=enc_hook, decimal_format="number")


class PageStream(Stream):
    """A stream that is read, and where nothing forbids it written, by page."""

    def pages(self, context: Context | None) -> Iterator[Sequence[Any]]:
        """Read one partition.

        Args:
            context: The partition.

        Yields:
            Records, by page.
        """
        raise NotImplementedError

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        for page in self.pages(context):
            yield from page

    @property
    def can_write_pages(self) -> bool:
        """Whether records leave as they are: no map, no flattening, no limit, all selected."""
        return (
            self.ABORT_AT_RECORD_COUNT is None
            and all(type(m) is SameRecordTransform for m in self.stream_maps)
            and not any(m.flattening_enabled for m in self.stream_maps)
            and all(self.mask["properties", name] for name in self.schema["properties"])
            and all(selected for field, selected in self.mask.items() if field)  # nested ones too
        )

    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        if not (write_messages and self.selected and self.can_write_pages):
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        counter, timer = self.get_record_counter(), self.get_sync_timer()
        with counter, timer:
            for element in [context] if context is not None else self.partitions or [{}]:
                counter.with_context(element)
                timer.with_context(element)
                self._write_starting_replication_value(element or None)
                for page in self.pages(element or None):
                    self._write_page(page, element or None)
                    counter.increment(len(page))
                self._finalize_state(self.get_context_state(element or None))
        self._finalize_state(self.stream_state)
        self._write_state_message()

    def _write_page(self, page: Sequence[Any], context: Context | None) -> None:
        if not page:
            return
        head = _encoder.encode({"type": "RECORD", "stream": self.name})[:-1] + b',"record":'
        tail = {} if self._stream_version is None else {"version": self._stream_version}
        end = b"," + _encoder.encode({**tail, "time_extracted": utc_now()})[1:] + b"\n"
        line = bytearray()
        for record in page:
            line += head
            _encoder.encode_into(record, line, -1)
            line += end
            if len(line) > MAX_WRITE_BYTES:
                write(line)
                line.clear()
        write(line)
        self.state_manager.is_flushed = False
        self._bookmark(page, context)

    def _bookmark(self, page: Iterable[Any], context: Context | None) -> None:
        key = self.replication_key
        if key is None or self.replication_method != "INCREMENTAL":
            return
        newest = max((value for record in page if (value := record.get(key))), default=None)
        if newest is not None:
            self._increment_stream_state({key: newest}, context=context)

    def hold_bookmark(self, context: Context | None) -> None:
        """Let the next run request the same window again, because this one missed rows."""
        markers = self.get_context_state(context).get("progress_markers", {})
        markers.pop("replication_key", None)

    def keep_bookmarks(self) -> None:
        """Keep the bookmarks of all partitions as they are, for `restore_bookmarks`."""
        self._kept_bookmarks = {
            str(state.get("context")): state.get("replication_key_value")
            for state in self._bookmark_states()
        }

    def restore_bookmarks(self) -> None:
        """Set back what partitions moved, because the stream as a whole missed rows."""
        for state in self._bookmark_states():
            kept = self._kept_bookmarks.get(str(state.get("context")))
            if kept is not None:
                state["replication_key_value"] = kept
            else:
                state.pop("replication_key_value", None)
                state.pop("replication_key", None)

    def _bookmark_states(self) -> list[dict[str, Any]]:
        return [self.stream_state, *self.stream_state.get("partitions", [])]

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
