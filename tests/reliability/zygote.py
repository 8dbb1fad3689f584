"""Starts programs without importing modules each time: forks for each order.

    python zygote.py MODULE [FUNCTION]

The program is the `main`, or another function, of a module. An order is a line of JSON: the
arguments, the files for stdin, stdout and stderr, and where they differ the environment and the
working directory. The answers are two lines: the process id, and when the program has ended, its
exit code. It runs in the environment of any loader.
"""

from __future__ import annotations

import dataclasses
import gc
import importlib
import json
import operator
import os
import signal
import sys
from typing import Any

WAIT = 0.01
"""Seconds before the tap's first retry, and before it requests an empty page again; short, because
hundreds of runs have retries and empty pages."""


def load(module: str, function: str) -> Any:
    """Import the modules of the program once; return the program."""
    program = importlib.import_module(module)
    if module.startswith("tap_alfacrm"):
        for late in ("tap_alfacrm.cli", "pendulum", "pyrate_limiter"):
            importlib.import_module(late)  # otherwise each run would import it again
        retry = importlib.import_module("tap_alfacrm.client.retry")
        policy = dataclasses.replace(retry.DEFAULT_RETRY_POLICY, first_wait=WAIT, empty_wait=WAIT)
        retry.DEFAULT_RETRY_POLICY = policy  # type: ignore[attr-defined]  # shorter waits in the child process
    return operator.attrgetter(function)(program)


def be(
    program: Any,
    arguments: list[str],
    files: list[str],
    environment: dict[str, str] | None = None,
    folder: str = ".",
) -> None:
    """Be the program."""
    os.environ.update(environment or {})
    os.chdir(folder)
    for descriptor, path in enumerate(files):
        mode = os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(path, mode), descriptor)
    sys.argv = ["program", *arguments]
    program()


def serve(module: str, function: str = "main") -> None:
    """Fork for each order until stdin ends."""
    program = load(module, function)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            be(program, **json.loads(line))
            return
        _answer(pid)
        _, status = os.waitpid(pid, 0)
        _answer(os.waitstatus_to_exitcode(status))


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(*sys.argv[1:])
