"""Run many fault scenarios and write docs/reliability.md: `make soak`."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.reliability.scenario import FAULTS, Result, play, reference

if TYPE_CHECKING:
    from tests.reliability.scenario import Row

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
TEXT = """# Reliability

Written by `make soak`. In each scenario, processes of the tap load a small simulated account under
faults. The scenario's number determines up to four faults at random requests, quirks of
pagination, and possibly a row that is inserted, deleted, archived, restored or converted during a
run. In a tenth of the scenarios the server becomes unavailable for good; in four of ten, the
process receives SIGKILL, SIGTERM or SIGINT at a random moment. The output is written to tables
with upserts by key, and the next run starts from the last state. Finally, a run without faults
follows, and the tables are compared with the account.

| | |
|---|---|
{rows}

A row is lost if it existed all the time and is in no table. A row is wrong if it did not change
and differs from the account. A record is duplicated if it was emitted twice in one run, unchanged.

Faults: {faults}.

`make test` runs the first {suite} scenarios. It also tests each fault at the first, a middle and
the last request for customers, lessons and customer_tariffs; a row inserted or deleted at each of
these requests; a token that is revoked at each request; a `total` that is missing, a string, too
large or too small; a last page that is repeated; a hostname that does not resolve; a server that
becomes unavailable for good; and fifty terminated processes, one at each stage of a run. The
output of these runs, up to the last incomplete line, is loaded with target-jsonl, and the
resulting DuckDB tables are compared with the account cell by cell (`tests/reliability/`).

Not covered: two changes between the same two pages that cancel each other out in the total
([completeness](behaviour.md#completeness)), and a real AlfaCRM account.

Run on {machine}, Python {python}, in {minutes:.0f} minutes.

**Next:** how fast it is: [benchmarks](benchmarks.md).
"""


@cache
def _wanted() -> dict[Row, dict[str, object]]:
    return reference(Path(tempfile.mkdtemp()))


def run_scenario(seed: int) -> tuple[int, Result]:
    """Run one scenario, in a process that starts its own taps."""
    return seed, play(seed, _wanted(), Path(tempfile.mkdtemp()))


def main() -> None:
    """Run the scenarios; exit with 1 if anything was lost, wrong or duplicated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=int, default=1_000)
    scenarios = parser.parse_args().scenarios
    began, sums, bad = time.monotonic(), Counter[str](), []
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        for seed, result in pool.imap_unordered(run_scenario, range(scenarios)):
            sums.update(
                {name: getattr(result, name) for name in ("runs", "killed", "failed", "faults")},
                moves=result.moves,
                doubled=result.doubled,
                lost=len(result.lost),
                wrong=len(result.wrong),
            )
            if result.lost or result.wrong or result.doubled:
                bad.append(seed)
    figures = {
        "Scenarios": scenarios,
        "Runs of the tap": sums["runs"],
        "terminated by a signal": sums["killed"],
        "ended with exit code 1": sums["failed"],
        "Faults configured": sums["faults"],
        "Rows that moved during a run": sums["moves"],
        "**Rows lost**": sums["lost"],
        "**Rows wrong**": sums["wrong"],
        "**Records duplicated**": sums["doubled"],
    }
    page = TEXT.format(
        rows="\n".join(f"| {name} | {number:,} |" for name, number in figures.items()),
        faults=", ".join(FAULTS),
        suite=90,
        machine=f"{platform.machine()}, {os.cpu_count()} cores",
        python=platform.python_version(),
        minutes=(time.monotonic() - began) / 60,
    )
    PAGE.write_text(page, encoding="utf-8")
    print(page)
    if bad:
        sys.exit(f"scenarios that lost, changed or duplicated a row: {bad}")


if __name__ == "__main__":
    main()
