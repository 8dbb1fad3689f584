"""A target at the other end of a live pipe: `tap | tee | target`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from functools import cache
from pathlib import Path
from typing import Any

from psycopg.errors import UndefinedTable

from tests.loaders.kit import Postgres
from tests.reliability.process import PROJECT, Program, kill


@cache
def _target_postgres() -> Program:
    python = PROJECT / ".tools" / "loaders" / "target-postgres" / "bin" / "python"
    return Program(str(python), "target_postgres.target", "TargetPostgres.cli")


class LivePostgres(Postgres):
    """target-postgres, which loads records while the tap writes them.

    Attributes:
        state: The last state that the target confirmed.
        kill_after: Seconds after which the next run is terminated, None for never.
        code: Exit code of the last run, negative for a signal.
    """

    def __init__(self, folder: Path, uri: str, schema: str) -> None:
        folder.mkdir()
        super().__init__(folder, uri, schema, hard_delete=True, activate_version=True)
        self.state: dict[str, Any] | None = None
        self.kill_after: float | None = None
        self.code = 0

    def open(self, copy: Path) -> Path:
        """Start the target; return where to write, which is copied to a file."""
        from_tap, self._to_tee = os.pipe()
        from_tee, to_target = os.pipe()
        self._tee = subprocess.Popen(["tee", str(copy)], stdin=from_tap, stdout=to_target)  # noqa: S607 - a standard tool
        os.close(from_tap)
        os.close(to_target)
        self._thread = threading.Thread(target=self._load, args=[from_tee])
        self._thread.start()
        return _path(self._to_tee)

    def close(self) -> None:
        """Wait until the target has loaded everything."""
        os.close(self._to_tee)
        self._thread.join()
        self._tee.wait()
        *states, _ = (self.folder / "states").read_text(encoding="utf-8").split("\n")
        if states:
            self.state = json.loads(states[-1])

    @property
    def log(self) -> str:
        """The log of the last run."""
        return (self.folder / "log").read_text(encoding="utf-8")

    def ids(self, keys: dict[str, list[str]]) -> dict[str, set[tuple[int, ...]]]:
        """The keys in each table; none where the table does not exist yet."""
        found: dict[str, set[tuple[int, ...]]] = {}
        for stream, names in keys.items():
            try:
                rows = self.ask(f'SELECT {", ".join(names)} FROM "{stream}"')  # noqa: S608 - names of the test
            except UndefinedTable:
                rows = []
            found[stream] = {tuple(map(int, row)) for row in rows}
        return found

    def _load(self, pipe: int) -> None:
        timers = []

        def started(pid: int) -> None:
            if self.kill_after is not None:
                timers.append(threading.Timer(self.kill_after, kill, [pid, signal.SIGKILL]))
                timers[0].start()

        arguments = ["--config", str(self.config_file)]
        files = [str(_path(pipe)), str(self.folder / "states"), str(self.folder / "log")]
        self.code = _target_postgres().run(arguments, files, started)
        for timer in timers:
            timer.cancel()
            timer.join()
        os.close(pipe)  # only now: as long as no program reads from the pipe, it stays open


def _path(descriptor: int) -> Path:
    """A path at which another process can open a pipe of this one."""
    return Path(f"/proc/{os.getpid()}/fd/{descriptor}")
