"""Play many bad nights and write docs/reliability.md: `make soak`."""

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

Written by `make soak`. A night is a small account in trouble, by its number: up to four faults
at random requests, a tenth of the nights a server that is gone for good, quirks of paging, a
row that is inserted, deleted, archived, restored or converted while the tap reads, and in four
of ten nights SIGKILL, SIGTERM or SIGINT at a random moment. The tap runs as a process; what it
wrote goes into tables as a target that updates by key would leave them; the next run goes on
from the last state. In the morning a quiet run follows, and the tables are held against the
account.

| | |
|---|---|
{rows}

Lost is a row that was there all the time and stands in no table. Wrong is a row that did not
change and is not as it should be. Doubled is a record that came twice in one run, unchanged.

The faults: {faults}.

`make test` plays the first {suite} nights, each of the faults at the first, a middle and the
last request for customers, lessons and customer_tariffs, a row inserted or deleted at each of
them, a token that is revoked at every request, totals that are missing, text, too large or too
small, a last page that is repeated, a host that does not resolve, a server that is gone for good,
and fifty kills, one at each stage of a run. What these runs wrote is loaded with target-jsonl, to
the last cut line, and the tables that DuckDB makes of it are held against the account, cell by
cell (`tests/reliability/`).

What is not in it: two changes between the same two pages that cancel each other out in the
total ([completeness](behaviour.md#completeness)), and a real AlfaCRM account.

Made on {machine}, Python {python}, in {minutes:.0f} minutes.
"""


@cache
def _wanted() -> dict[Row, dict[str, object]]:
    return reference(Path(tempfile.mkdtemp()))


def night(seed: int) -> tuple[int, Result]:
    """One night, in a process that has its own taps."""
    return seed, play(seed, _wanted(), Path(tempfile.mkdtemp()))


def main() -> None:
    """Play the nights; exit 1 when anything was lost, wrong or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=1_000)
    nights = parser.parse_args().nights
    began, sums, bad = time.monotonic(), Counter[str](), []
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        for seed, result in pool.imap_unordered(night, range(nights)):
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
        "Nights": nights,
        "Runs of the tap": sums["runs"],
        "ended by a signal": sums["killed"],
        "ended with exit code 1": sums["failed"],
        "Faults ordered": sums["faults"],
        "Rows that moved meanwhile": sums["moves"],
        "**Rows lost**": sums["lost"],
        "**Rows wrong**": sums["wrong"],
        "**Records doubled**": sums["doubled"],
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
        sys.exit(f"nights that lost, spoilt or doubled a row: {bad}")


if __name__ == "__main__":
    main()
