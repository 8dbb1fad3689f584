"""What the tap and a loader take of a load, each for itself."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.measure import PROJECT, TAP, command_of, server

if TYPE_CHECKING:
    from collections.abc import Iterator

LOADERS = ("target-jsonl", "target-csv", "target-postgres")
FLATTENED: dict[str, Any] = {"flattening_enabled": True, "flattening_max_depth": 1}
"""What meltano.yml sets for target-csv."""


class Load(NamedTuple):
    """A load.

    Attributes:
        tap: CPU seconds of the tap.
        loader: CPU seconds of the loader, without those of a database server.
        wall: Seconds.
    """

    tap: float
    loader: float
    wall: float


def measure_loaders(rows: int, size: int, rounds: int) -> dict[str, Load]:
    """Measure the median load of customers by each loader, in alternating runs."""
    runs: dict[str, list[Load]] = {name: [] for name in LOADERS}
    with server(rows) as url, tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            for name in LOADERS:
                place = Path(folder) / f"{name}-{number}"
                place.mkdir()
                settings = FLATTENED if name == "target-csv" else {}
                tap = command_of(TAP, url, size, place, **settings)
                with _loader(name, place) as loader:
                    runs[name].append(_load(tap, loader))
                print(f"{name}, round {number + 1}: {runs[name][-1]}", flush=True)
    return {
        name: Load(*(statistics.median(values) for values in zip(*found, strict=True)))
        for name, found in runs.items()
    }


@contextmanager
def _loader(name: str, folder: Path) -> Iterator[list[str]]:
    """Prepare a loader; yields its command."""
    command = [str(PROJECT / ".tools" / "loaders" / name / "bin" / name), "--config"]
    config: dict[str, Any] = {"output_path": str(folder), "destination_path": str(folder)}
    config_file = folder / "loader.json"
    if name != "target-postgres":
        config_file.write_text(json.dumps(config))
        yield [*command, str(config_file)]
        return
    from tests.postgres import running_postgres  # noqa: PLC0415 - warns when it is imported

    place = folder / "server"
    place.mkdir()
    with running_postgres(place) as uri:
        config = {"sqlalchemy_url": uri.replace("postgresql://", "postgresql+psycopg://")}
        config_file.write_text(json.dumps(config))
        yield [*command, str(config_file)]


def _load(tap: list[str], loader: list[str]) -> Load:
    """Run the tap into a loader."""
    began = time.monotonic()
    source = subprocess.Popen(tap, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    target = subprocess.Popen(
        loader,
        cwd=PROJECT,
        stdin=source.stdout,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if source.stdout is not None:
        source.stdout.close()
    return Load(_wait(source), _wait(target), time.monotonic() - began)


def _wait(process: subprocess.Popen[bytes]) -> float:
    """Wait for a process; returns its CPU seconds."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{process.args!r} ended with exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime
