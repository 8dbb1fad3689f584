"""What many schools at once cost: `python -m benchmarks.schools dagster 20`.

Prints a row for docs/recipes/schools.md. The executor is `meltano`, `dagster` or `airflow`. Reads
/proc, so it runs on Linux only.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.franchise.executors import EXECUTORS
from tests.franchise.kit import franchise

if TYPE_CHECKING:
    from collections.abc import Iterator

TICKS = os.sysconf("SC_CLK_TCK")
BAD_FROM = 5
"""Number of schools from which one is dead, one slow, and one has a wrong key."""


@dataclass
class Usage:
    """What the processes below this one have used.

    Attributes:
        cpu: Seconds, by process.
        memory: Largest sum of their memory so far, in MB; what they share is counted once.
    """

    cpu: dict[int, float] = field(default_factory=dict)
    memory: float = 0.0

    def sample(self) -> None:
        """Look at all processes."""
        memory = 0
        for pid in _descendants(os.getpid()):
            process = Path("/proc") / str(pid)
            try:
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                pages = (process / "smaps_rollup").read_text()
            except (OSError, ProcessLookupError):
                continue  # it has ended
            self.cpu[pid] = sum(map(int, fields[11:13])) / TICKS
            memory += sum(
                int(line.split()[1]) for line in pages.splitlines() if line.startswith("Pss:")
            )
        self.memory = max(self.memory, memory / 1024)


def _descendants(root: int) -> Iterator[int]:
    for file in Path("/proc", str(root), "task").glob("*/children"):
        try:
            children = file.read_text().split()
        except OSError:
            continue  # the thread has ended
        for pid in map(int, children):
            yield pid
            yield from _descendants(pid)


@contextmanager
def measured() -> Iterator[Usage]:
    """Sample until the block ends."""
    usage, ended = Usage(), threading.Event()

    def sample() -> None:
        while not ended.wait(0.5):
            usage.sample()

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield usage
    finally:
        ended.set()
        thread.join()


def main() -> None:
    """Load the schools and print the row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("executor", choices=EXECUTORS)
    parser.add_argument("count", type=int)
    options = parser.parse_args()
    has_bad = options.count >= BAD_FROM
    with (
        tempfile.TemporaryDirectory() as folder,
        franchise(Path(folder), options.count, has_bad=has_bad) as schools,
    ):
        begun = time.monotonic()
        with measured() as usage:
            night = EXECUTORS[options.executor](schools)
        minutes = (time.monotonic() - begun) / 60
        schools.check()
        requests = [len(schools.servers[name].log) for name in schools.accounts]
        states = [file.stat().st_size for file in Path(folder, "states").rglob("state.json")]
    print(
        f"| {options.executor} | {options.count} | {night.at_once} | {minutes:.1f} "
        f"| {sum(usage.cpu.values()):.0f} s | {usage.memory:.0f} MB "
        f"| {statistics.mean(requests):.0f} | {statistics.mean(states):.0f} B |"
    )
    print(night)


if __name__ == "__main__":
    main()
