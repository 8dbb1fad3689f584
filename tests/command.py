"""The command, run as often as a table has lines."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.access import API_KEY
from tests.reliability.process import tap_program

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Done:
    """How a command ended.

    Attributes:
        code: Exit code.
        out: What it wrote.
        log: What it logged.
    """

    code: int
    out: str
    log: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def records(self, stream: str) -> list[dict[str, Any]]:
        return [
            message["record"]
            for message in self.messages
            if message["type"] == "RECORD" and message["stream"] == stream
        ]

    @property
    def line(self) -> str:
        """The one with which it failed."""
        assert self.code == 1, self.log
        *_, last = self.log.strip().splitlines()
        assert "in the tap itself" not in last, self.log
        assert sum(" CRITICAL " in line for line in self.log.splitlines()) == 1, self.log
        return _message(last)

    def warnings(self) -> list[str]:
        lines = self.log.splitlines()
        return [_message(line) for line in lines if " WARNING " in line]


def _message(line: str) -> str:
    return line.split(" | ", 3)[-1].removeprefix("| ")


def tap(folder: Path, *arguments: str, **environment: str) -> Done:
    """Run the tap in a folder."""
    out, log = folder / "stdout", folder / "stderr"
    code = tap_program().run(
        [*arguments],
        [os.devnull, str(out), str(log)],
        environment=environment,
        folder=str(folder),
    )
    done = Done(code, out.read_text(encoding="utf-8"), log.read_text(encoding="utf-8"))
    assert API_KEY not in done.out + done.log
    assert "Traceback" not in done.log, done.log
    return done


def write(path: Path, content: Any) -> str:
    """Write a file of JSON, or of bytes; its path."""
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)
