"""Writing by page instead of by record.

Overrides `Stream._sync_records`, whose cost per record is most of what the SDK takes for a record:
a flush of stdout (https://github.com/meltano/sdk/pull/3674, closed), a copy of the selection mask,
a message object and a call for each map. No version of singer-sdk makes this unnecessary yet.
"""

from __future__ import annotations

import logging
from decimal import Decimal
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.contrib.msgspec import enc_hook
from singer_sdk.helpers._util import utc_now  # the clock of the SDK's own messages
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL
from typing_extensions import override

from tap_alfacrm.errors import RequestError
from tap_alfacrm.sdk.activate_version import VersionedStream
from tap_alfacrm.sdk.bookmarks import HeldBookmarks
from tap_alfacrm.sdk.output import STDOUT

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from singer_sdk.helpers.types import Context, Record

MAX_WRITE_BYTES = 2**22
"""Bytes of a page that are collected before they are written."""
_encoder = msgspec.json.Encoder(enc_hook=enc_hook, decimal_format="number")


def _as_dict(record: object) -> Record:
    return msgspec.to_builtins(record, builtin_types=(Decimal,))  # type: ignore[no-any-return]  # records are objects


class PageStream(HeldBookmarks, VersionedStream):
    """A stream that is read, and where nothing forbids it written, by page."""

    is_loading = False
    """Whether the stream has begun and not ended."""
    _tested = 0
    """Records written of the few that a test takes."""

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        if message.startswith("An unhandled error"):  # the last line of the log says which
            level = logging.DEBUG
        super().log(message, *args, level=level, **kwargs)

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
        limit = self.ABORT_AT_RECORD_COUNT
        if limit is None:
            for page in self.pages(context):
                yield from map(_as_dict, page)
        elif self._tested < limit:
            # one more would be an exception in the SDK, and an error in the log
            pages = chain.from_iterable(self.pages(context))
            for record in islice(pages, limit - self._tested):
                self._tested += 1
                yield _as_dict(record)
            self.hold_bookmark(context)  # rows may have been left

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

    @property
    def repeated(self) -> str:
        """What the next run loads again if this one ends before the stream does.

        The order of the rows allows no bookmark before the end of a stream.
        """
        is_incremental = self.replication_method == REPLICATION_INCREMENTAL
        start = self.get_starting_replication_key_value(None) if is_incremental else None
        since = "from the start" if start is None else f"since {start}"
        return (
            f"The next run loads {self.name} again {since}; the other streams continue from the "
            "state."
        )

    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        self.is_loading = True
        try:
            yield from self._load(context, write_messages=write_messages)
        except RequestError as error:
            if self.ABORT_AT_RECORD_COUNT is None:
                error.add_note(self.repeated)
            raise
        self.is_loading = False

    def _load(
        self, context: Context | None, *, write_messages: bool
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
                STDOUT.write(line)
                line.clear()
        STDOUT.write(line)
        self.state_manager.is_flushed = False
        self._bookmark(page, context)

    def _bookmark(self, page: Iterable[Any], context: Context | None) -> None:
        key = self.replication_key
        if key is None or self.replication_method != REPLICATION_INCREMENTAL:
            return
        newest = max((value for record in page if (value := record.get(key))), default=None)
        if newest is not None:
            self._increment_stream_state({key: newest}, context=context)
