"""Starts taps without loading Python's modules each time: reads orders on stdin, forks for each.

An order is a line of JSON: the arguments, and the files for stdout and stderr. The answers
are two lines: the process id, and when the tap has ended, its exit code.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys

import pendulum  # noqa: F401 - each tap would load it anew
import pyrate_limiter  # noqa: F401 - likewise

import tap_alfacrm.command  # noqa: F401 - likewise
from tap_alfacrm import session
from tap_alfacrm.__main__ import main

WAIT = 0.02
"""Seconds before the second try: there are hundreds of runs, most with a retry or more."""


def tap(arguments: list[str], output: str, log: str) -> None:
    """Be the tap."""
    for path, descriptor in ((os.devnull, 0), (output, 1), (log, 2)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), descriptor)
    sys.argv = ["tap-alfacrm", *arguments]
    main()


def serve() -> None:
    """Fork for each order, until there are no more."""
    session.FIRST_WAIT = WAIT
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            tap(**json.loads(line))
            return
        _answer(pid)
        _, status = os.waitpid(pid, 0)
        _answer(os.waitstatus_to_exitcode(status))


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve()
