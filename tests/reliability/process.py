"""The tap as a process of its own, as a scheduler starts it."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from tests import secrecy

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ending:
    """How a run ended.

    Attributes:
        code: Exit code, negative for a signal.
        messages: Singer messages that were written whole, in order.
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


@cache
def _zygote() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.reliability.zygote"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env={name: value for name, value in os.environ.items() if "COVERAGE" not in name},
    )
    atexit.register(process.communicate)
    return process


def _kill(pid: int, signal: int) -> None:
    with suppress(ProcessLookupError):  # it has ended
        os.kill(pid, signal)


class Tap:
    """Runs of one configuration, in a folder of their own."""

    def __init__(self, folder: Path, config: dict[str, Any], catalog: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._config = folder, config
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "catalog.json").write_text(json.dumps(catalog))

    def _path(self, name: str) -> str:
        return str(self._folder / name)

    def run(
        self,
        state: dict[str, Any] | None = None,
        *,
        signal: int = 0,
        after: float = 0.0,
    ) -> Ending:
        """Run to the end, or send a signal so many seconds after the start."""
        arguments = ["--config", self._path("config.json"), "--catalog", self._path("catalog.json")]
        if state is not None:
            (self._folder / "state.json").write_text(json.dumps(state))
            arguments += ["--state", self._path("state.json")]
        for name in ("output", "log"):
            (self._folder / name).write_bytes(b"")
        order = {"arguments": arguments, "output": self._path("output"), "log": self._path("log")}
        zygote = _zygote()
        assert zygote.stdin
        assert zygote.stdout
        zygote.stdin.write(json.dumps(order) + "\n")
        zygote.stdin.flush()
        pid = int(zygote.stdout.readline())
        if signal:
            timer = threading.Timer(after, _kill, [pid, signal])
            timer.start()
        code = int(zygote.stdout.readline())
        if signal:
            timer.cancel()
            timer.join()
        text = (self._folder / "output").read_text(encoding="utf-8")
        *lines, _ = text.split("\n")
        log = (self._folder / "log").read_text(encoding="utf-8")
        messages = [json.loads(line, parse_float=Decimal) for line in lines]
        secrecy.check(
            {self._config["api_key"]},
            self._config["email"],
            log=log,
            output=text,
            messages=messages,
        )
        return Ending(code, messages, log.splitlines())
