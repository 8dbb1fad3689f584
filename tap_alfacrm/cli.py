"""What the command `tap-alfacrm` does, and how it ends."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys
import traceback
from typing import NoReturn

from tap_alfacrm.errors import AlfaCRMError, OutputError
from tap_alfacrm.sdk.log_level import settle_log_level
from tap_alfacrm.tap import PREFIX, TapAlfaCRM

GC_THRESHOLD = 20_000
"""New containers before cycles are looked for: a page has thousands of lists and no cycle."""


def _is_news(record: logging.LogRecord) -> bool:
    """Drop what the SDK logs for each partition, or row, and what the tap says better."""
    return not record.getMessage().startswith(
        (
            "Stream is assumed to be unsorted",
            "New replication value is",
            "Config validation failed",
        )
    )


def main() -> NoReturn:
    """Run the tap, and end the process without taking it down piece by piece.

    A request that is under way in a thread, in the middle of a TLS handshake above all, can crash
    an interpreter that shuts down.
    """
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    code: object = 0
    try:
        run()
    except SystemExit as ended:
        code = ended.code or 0
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    logging.shutdown()
    os._exit(code if isinstance(code, int) else 1)


def run() -> None:
    """Run the tap; an error that the user can correct ends in one line without a traceback."""
    for name in ("singer_sdk", TapAlfaCRM.name):
        logging.getLogger(name).addFilter(_is_news)
    if sys.stdout is None:
        _end("The output cannot be written: it is closed. Nothing was loaded.")
    settle_log_level(TapAlfaCRM.logger, PREFIX)
    try:
        TapAlfaCRM.cli()
    except AlfaCRMError as error:
        _end(" ".join([str(error), *getattr(error, "__notes__", ())]), error.exit_code)
    except (OutputError, OSError) as error:
        _end(f"The output cannot be written: {error.strerror}. Nothing after this was loaded.")
    except Exception as error:  # noqa: BLE001 - its message may hold the value of a row
        name = type(error).__name__
        TapAlfaCRM.logger.critical("%s", "".join(traceback.format_tb(error.__traceback__)))
        _end(
            f"{name} in the tap itself. Its text is left out, because it may hold a person's "
            "data. Please report it with the lines above."
        )


def _end(line: str, exit_code: int = 1) -> NoReturn:
    for handler in logging.getLogger().handlers:
        handler.acquire()  # requests still under way have nothing to add to the last line
    TapAlfaCRM.logger.critical("%s", line)
    sys.exit(exit_code)
