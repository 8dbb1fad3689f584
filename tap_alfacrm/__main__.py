"""The command `tap-alfacrm`."""

from __future__ import annotations

import gc
import signal

THRESHOLD = 100_000
"""Pages come and go whole: looking through them more often finds no garbage."""


def main() -> None:
    """Load the program, in which there is no garbage either, and run it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback before there is a tap
    gc.disable()
    from tap_alfacrm.cli import main as run_command  # noqa: PLC0415 - with the collector off

    gc.freeze()
    gc.enable()
    gc.set_threshold(THRESHOLD)
    run_command()


if __name__ == "__main__":
    main()
