"""Signals: the line under way is finished, then the state is written, then the process ends.

Overrides `Tap._handle_termination`, which writes the state wherever the signal arrives, also into
the middle of a record, and whose exit code 0 makes a load that was cut short look complete
(https://github.com/meltano/sdk/pull/2620). singer-sdk 0.55 ignores a second signal
(https://github.com/meltano/sdk/pull/3698), and still does the rest, so that no version makes this
unnecessary yet.
"""

from __future__ import annotations

import _thread
import contextlib
import logging
import os
import select
import signal
import time
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from singer_sdk import Tap
from singer_sdk.singerlib.messages import StateMessage
from typing_extensions import override

from tap_alfacrm.sdk.output import STDOUT
from tap_alfacrm.sdk.page_stream import PageStream

if TYPE_CHECKING:
    from types import FrameType

MAX_SECONDS = 8.0
"""Time for a target to read the rest of a line, and the state."""


class SignalledTap(Tap):
    """A tap that a signal ends at the end of a line, with 128 and the number of the signal."""

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """End as soon as no line is half written.

        Not by SystemExit, which is lost where a signal arrives while an object is collected.
        """
        if not STDOUT.is_stopping:
            with contextlib.suppress(RuntimeError):  # no thread can be started
                _thread.start_new_thread(_end_late, (signum,))
            STDOUT.stop(partial(self._end, signum))

    @property
    def _next_run(self) -> str:
        """What the next run will do."""
        loading = (
            stream.repeated
            for stream in self.streams.values()
            if isinstance(stream, PageStream) and stream.is_loading
        )
        return next(loading, "The next run continues from the last state.")

    def _end(self, signum: int) -> NoReturn:
        try:
            with contextlib.suppress(Exception):  # the target may have ended by the same signal
                if STDOUT.has_written:  # otherwise the target keeps the state that it has
                    self.write_message(StateMessage(value=self.state))
            with contextlib.suppress(Exception):
                for handler in logging.getLogger().handlers:
                    handler.acquire()  # requests still under way have nothing to add
                self.logger.critical(
                    "Stopped by %s before the end. %s",
                    signal.Signals(signum).name,
                    self._next_run,
                )
        finally:
            os._exit(128 + signum)


def _end_late(signum: int) -> None:
    """End although the target does not read."""
    time.sleep(MAX_SECONDS)
    line = f"Stopped by {signal.Signals(signum).name}. The target did not read the last lines.\n"
    with contextlib.suppress(OSError, ValueError):
        if select.select([], [2], [], 0)[1]:
            os.write(2, line.encode())
    os._exit(128 + signum)
