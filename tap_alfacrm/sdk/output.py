"""The way out: lines of bytes to stdout."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from singer_sdk.contrib.msgspec import MsgSpecWriter
from typing_extensions import override

from tap_alfacrm.errors import OutputError

if TYPE_CHECKING:
    from singer_sdk.singerlib import Message


def write(lines: bytes | bytearray) -> None:
    """Write whole lines, and let them go at once.

    Args:
        lines: One message or more.

    Raises:
        OutputError: They do not get through.
    """
    try:
        sys.stdout.buffer.write(lines)
        sys.stdout.flush()
    except OSError as error:
        raise OutputError(error) from None


class Writer(MsgSpecWriter):
    """Writes the messages of the SDK."""

    @override
    def write_message(self, message: Message) -> None:
        write(self.format_message(message))
