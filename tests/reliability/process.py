"""Runs the tap as a process, as a scheduler does."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tests import secrecy

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ending:
    """How a run ended.

    Attributes:
        code: Exit code, negative for a signal.
        messages: Complete Singer messages, in order.
        log: Lines of the log.
    """

    code: int
    messages: list[dict[str, Any]]
    log: list[str]

    @property
    def state(self) -> dict[str, Any] | None:
        found = [m["value"] for m in self.messages if m["type"] == "STATE"]
        return found[-1] if found else None

    @property
    def records(self) -> list[tuple[str, dict[str, Any]]]:
        return [(m["stream"], m["record"]) for m in self.messages if m["type"] == "RECORD"]


class Program:
    """A program that can be started quickly and repeatedly: see `zygote`."""

    def __init__(self, python: str, module: str, function: str = "main") -> None:
        self._process = subprocess.Popen(
            [python, str(Path(__file__).with_name("zygote.py")), module, function],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
            env={name: value for name, value in os.environ.items() if "COVERAGE" not in name},
        )
        atexit.register(self._process.communicate)

    def run(
        self,
        arguments: list[str],
        files: list[str],
        started: Callable[[int], object] = id,
        **differences: Any,
    ) -> int:
        """Run to the end.

        Args:
            arguments: Of the command line.
            files: For stdin, stdout and stderr.
            started: Is told the process id.
            differences: The `environment`, beside that of this process, and the working `folder`.

        Returns:
            The exit code, negative for a signal.
        """
        assert self._process.stdin
        assert self._process.stdout
        order = {"arguments": arguments, "files": files, **differences}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        started(int(self._process.stdout.readline()))
        return int(self._process.stdout.readline())


@cache
def tap_program() -> Program:
    """The tap."""
    return Program(sys.executable, "tap_alfacrm.__main__")


@cache
def _target_jsonl() -> Program:
    python = PROJECT / ".tools" / "loaders" / "target-jsonl" / "bin" / "python"
    return Program(str(python), "target_jsonl")


def load_as_lines(output: Path, config: Path) -> int:
    """Load the complete output of a tap with target-jsonl; return its exit code."""
    return _target_jsonl().run(["--config", str(config)], [str(output), os.devnull, os.devnull])


def kill(pid: int, signal: int) -> None:
    """Send a signal to a process, if it still runs."""
    with suppress(ProcessLookupError):  # it has ended
        os.kill(pid, signal)


class Pipe(Protocol):
    """The end of a pipe that a program writes to."""

    def open(self, copy: Path) -> Path:
        """Start to read; return where to write, which is copied to a file."""

    def close(self) -> None:
        """Wait until everything that was written has been read."""


class Tap:
    """Runs of one configuration in a separate folder."""

    def __init__(self, folder: Path, config: dict[str, Any], catalog: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._config = folder.resolve(), config
        self._pid: Future[int] = Future()
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "catalog.json").write_text(json.dumps(catalog))

    @property
    def output(self) -> Path:
        """The complete output of the last run."""
        return self._folder / "output"

    def kill(self, signal: int) -> None:
        """Send a signal to the current run, from another thread."""
        kill(self._pid.result(), signal)

    def _path(self, name: str) -> str:
        return str(self._folder / name)

    def run(
        self,
        state: dict[str, Any] | None = None,
        *,
        signal: int = 0,
        after: float = 0.0,
        into: Pipe | None = None,
    ) -> Ending:
        """Run to the end, or send a signal so many seconds after the start.

        Args:
            state: The state to start from.
            signal: The signal to send, 0 for none.
            after: Seconds from the start until then.
            into: Reads the output while it is written, and copies it to `output`.
        """
        arguments = ["--config", self._path("config.json"), "--catalog", self._path("catalog.json")]
        if state is not None:
            (self._folder / "state.json").write_text(json.dumps(state))
            arguments += ["--state", self._path("state.json")]
        (self._folder / "log").write_bytes(b"")
        self.output.write_bytes(b"")
        stdout = into.open(self.output) if into else self.output
        self._pid = Future()
        timers = []

        def started(pid: int) -> None:
            self._pid.set_result(pid)
            if signal:
                timers.append(threading.Timer(after, kill, [pid, signal]))
                timers[0].start()

        code = tap_program().run(
            arguments,
            [os.devnull, str(stdout), self._path("log")],
            started=started,
            folder=str(self._folder),
        )
        if into:
            into.close()
        for timer in timers:
            timer.cancel()
            timer.join()
        # a target that is killed cuts the copy anywhere, also within a character
        *lines, _ = self.output.read_bytes().split(b"\n")
        log = (self._folder / "log").read_text(encoding="utf-8", errors="replace")
        messages = [json.loads(line, parse_float=Decimal) for line in lines]
        secrecy.check(
            {self._config["api_key"]},
            self._config["email"],
            log=log,
            output=b"\n".join(lines).decode(),
            messages=messages,
        )
        return Ending(code, messages, log.splitlines())
