"""The way out: whole lines of bytes to stdout, without a buffer between.

Overrides `MsgSpecWriter.write_message`, which flushes after each record
(https://github.com/meltano/sdk/pull/3674, closed) and through whose buffer a signal can reach
stdout in the middle of a line. A pipe that the target has closed ends the SDK's program without a
word (https://github.com/meltano/meltano/issues/7047). No version of singer-sdk makes this
unnecessary yet.
"""

from __future__ import annotations

import select
import sys
from typing import TYPE_CHECKING, Any

from singer_sdk.contrib.msgspec import MsgSpecWriter
from typing_extensions import override

from tap_alfacrm.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from singer_sdk.singerlib import Message

CHUNK = 1 << 16
"""Bytes to write at once, as many as a pipe holds: a request to stop is seen between two."""


class Stdout:
    """Where lines go: once begun, a line is finished, whatever signal arrives.

    Attributes:
        has_written: Whether a target has received a message.
    """

    def __init__(self) -> None:
        self.has_written = False
        self._is_writing = False
        self._end: Callable[[], NoReturn] | None = None

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._end is not None

    def stop(self, end: Callable[[], NoReturn]) -> None:
        """End, at once or after the line under way; called by a signal handler.

        Args:
            end: Ends the process.
        """
        self._end = end
        if not self._is_writing:
            end()

    def write(self, lines: bytes | bytearray, *, is_message: bool = True) -> None:
        """Write whole lines, and let them go at once.

        Args:
            lines: One message or more, or another text.
            is_message: Whether a target receives them.

        Raises:
            OutputError: They do not get through.
        """
        was_stopping = self.is_stopping
        self._is_writing = not was_stopping
        self.has_written = self.has_written or is_message
        error: OSError | None = None
        try:
            self._write(lines, to_the_end=was_stopping)
        except OSError as caught:
            error = caught
        self._is_writing = False
        if self._end is not None and not was_stopping:
            self._end()
        if error is not None:
            raise OutputError(error) from None

    def _write(self, lines: bytes | bytearray, *, to_the_end: bool) -> None:
        sys.stdout.flush()
        buffer = sys.stdout.buffer
        file: Any = getattr(buffer, "raw", buffer)
        view = memoryview(lines)
        done, length = 0, len(lines)
        while done < length:
            if self._end is not None and not to_the_end:
                length = done and lines.index(b"\n", done - 1) + 1
                to_the_end = True
                continue
            written = file.write(view[done : min(done + CHUNK, length)])
            if written is None:  # a pipe that does not block
                select.select([], [file], [])
            else:
                done += written


STDOUT = Stdout()
"""The one of this process."""


class Writer(MsgSpecWriter):
    """Writes the messages of the SDK."""

    @override
    def write_message(self, message: Message) -> None:
        STDOUT.write(self.format_message(message))
