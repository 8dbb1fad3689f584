"""The command `tap-alfacrm`."""

from __future__ import annotations

import gc

THRESHOLD = 100_000
"""Pages come and go whole: looking through them more often finds no garbage."""


def main() -> None:
    """Load the program, in which there is no garbage either, and run it."""
    gc.disable()
    from tap_alfacrm.cli import run  # noqa: PLC0415 - with the collector off

    gc.freeze()
    gc.enable()
    gc.set_threshold(THRESHOLD)
    run()


if __name__ == "__main__":
    main()
