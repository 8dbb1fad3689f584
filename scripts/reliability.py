"""Run many fault scenarios and random nights and write docs/reliability.md: `make soak`."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.postgres import running_postgres
from tests.reliability import nights, scenario
from tests.reliability.cases import Case, play_case
from tests.reliability.target import LivePostgres
from tests.reliability.test_mix import SCENARIOS
from tests.reliability.test_nights import LIVE_SCENARIOS
from tests.reliability.test_nights import SCENARIOS as NIGHTS
from tests.test_misbehaviour import BLIND, CASES, FIRST

if TYPE_CHECKING:
    from tests.reliability.scenario import Row

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
TEXT = """# Reliability

Written by `make soak`. Processes of the tap load small simulated accounts under faults, while
rows move and the back end misbehaves; the resulting tables are compared with the account.

## Faults

The number of a scenario determines up to four faults at random requests, quirks of pagination,
and possibly a row that is inserted, deleted, archived, restored or converted during a run. In a
tenth of the scenarios the server becomes unavailable for good; in four of ten, the process
receives SIGKILL, SIGTERM or SIGINT at a random moment. The output is written to tables with
upserts by key, and the next run starts from the last state. Finally, a run without faults
follows.

{faults}

A row is lost if it existed all the time and is in no table. A row is wrong if it did not change
and differs from the account. A record is duplicated if it was emitted twice in one run,
unchanged.

Faults: {kinds}.

`make test` runs the first {scenarios} scenarios. It also tests each fault at the first, a middle
and the last request for customers, lessons and customer_tariffs; a row inserted or deleted at
each of these requests; a token that is revoked at each request; a `total` that is missing, a
string, too large or too small; a last page that is repeated; a hostname that does not resolve; a
server that becomes unavailable for good; and fifty terminated processes, one at each stage of a
run. The output of these runs, up to the last incomplete line, is loaded with target-jsonl, and
the resulting DuckDB tables are compared with the account cell by cell (`tests/reliability/`).

## Random nights

Between and during the runs of a scenario, rows of branches, customers, groups, memberships,
teachers, lessons and payments move: they are inserted, deleted, archived, restored, converted,
rescheduled, given another status or another branch. In six of ten nights the back end misbehaves
in one of {suitable} ways, in one of four the tap or the target is terminated. After each night
healthy runs follow, at most three until all streams are COMPLETE. `detect_deletions` is on. The
live scenarios load PostgreSQL through a pipe, `tap | target-postgres`, in the others the output
is written to tables as target-postgres does. `make test` runs the first {nights} of the others
and {live} live ones.

{nights_table}

The promise: a stream that missed a row is not COMPLETE and has no ACTIVATE_VERSION, and every
row is there after the healthy runs. Rows missed under COMPLETE because several changes during
one run cancelled out in every total are the documented blind spot
([completeness](behaviour.md#completeness)); the next run loaded them.

## Back ends that misbehave

After a healthy load of all streams but those with a request for each customer, and some changes,
the back end of an account misbehaves for one night, and then behaves. The columns give the
number of streams with each verdict (a list that was refused and never answered has none), the
rows that were not loaded that night, how many of these in a stream that was COMPLETE, and the
rows missing after at most two healthy runs.

{cases}

Where `under COMPLETE` is not 0, so few rows are hidden from every request that they may as well
have been deleted.

On a first load no request can tell these accounts from smaller ones, because there is nothing to
compare with; the first healthy run after it loads what was missed:

{blind}

Not covered: a real AlfaCRM account.

Run on {machine}, Python {python}, in {minutes:.0f} minutes.

**Next:** how fast it is: [benchmarks](benchmarks.md).
"""


class Job(NamedTuple):
    """One thing to run: `kind` names a function of this module."""

    kind: str
    number: int
    uri: str
    deadline: float


@cache
def _wanted() -> dict[Row, dict[str, object]]:
    return scenario.reference(Path(tempfile.mkdtemp()))


def run(job: Job) -> tuple[Job, scenario.Result | nights.Result | Case | None]:
    """Run a job in a process that starts its own taps; nothing after the deadline."""
    if time.time() > job.deadline:
        return job, None
    folder = Path(tempfile.mkdtemp())
    if job.kind == "case":
        return job, play_case(list(CASES)[job.number], folder / "tap")
    if job.kind == "faults":
        return job, scenario.play(job.number, _wanted(), folder)
    pipe = None
    if job.kind == "live":
        pipe = LivePostgres(folder / "target", job.uri, f"nights_{job.number}")
    return job, nights.Scenario(job.number, folder / "tap", pipe).play()


def _figures(figures: dict[str, list[int]], head: str = "| | |\n|---|---|") -> str:
    rows = (
        f"| {name} | {' | '.join(f'{number:,}' for number in numbers)} |"
        for name, numbers in figures.items()
    )
    return "\n".join([head, *rows])


def _faults_table(results: list[scenario.Result]) -> str:
    def total(name: str) -> list[int]:
        values = (getattr(result, name) for result in results)
        return [sum(len(value) if isinstance(value, list) else value for value in values)]

    return _figures(
        {
            "Scenarios": [len(results)],
            "Runs of the tap": total("runs"),
            "terminated by a signal": total("killed"),
            "ended with exit code 1": total("failed"),
            "Faults configured": total("faults"),
            "Rows that moved during a run": total("moves"),
            "**Rows lost**": total("lost"),
            "**Rows wrong**": total("wrong"),
            "**Records duplicated**": total("doubled"),
        }
    )


def _nights_table(columns: list[list[nights.Result]]) -> str:
    def total(name: str) -> list[int]:
        return [
            sum(
                len(value) if isinstance(value := getattr(result, name), list) else value
                for result in results
            )
            for results in columns
        ]

    return _figures(
        {
            "Scenarios": [len(results) for results in columns],
            "Runs of the tap": total("runs"),
            "in which the tap or the target was terminated": total("killed"),
            "during which the back end misbehaved": total("misbehaving"),
            "during which rows moved": total("moved"),
            "Rows that moved during a run": total("moves"),
            "Streams that missed rows and were not COMPLETE": total("short"),
            "Streams that missed rows unseen, hidden from every request": total("hidden"),
            "Streams that missed rows unseen, as changes cancelled out": total("cancelled"),
            "**Streams that missed rows under COMPLETE otherwise**": total("broken"),
            "**Rows lost**": total("lost"),
            "**Values wrong**": total("wrong"),
            "**Records duplicated**": total("doubled"),
        },
        "| | Tables | PostgreSQL |\n|---|---|---|",
    )


def _cases_table(cases: list[Case]) -> str:
    words = ("COMPLETE", "UNPROVEN", "INCOMPLETE", "")
    return _figures(
        {
            case.name: [
                *(case.words[word] for word in words),
                case.missed,
                case.concealed + case.hidden,
                case.left,
            ]
            for case in cases
        },
        "| Account | COMPLETE | UNPROVEN | INCOMPLETE | none | Rows missed | under COMPLETE "
        "| missing after |\n|---|---|---|---|---|---|---|---|",
    )


def main() -> None:
    """Run everything; exit with 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=int, default=1_000)
    parser.add_argument("--nights", type=int, default=1_000)
    parser.add_argument("--live", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--minutes", type=float, default=120, help="begin nothing afterwards")
    arguments = parser.parse_args()
    began, numbers = time.monotonic(), {"live": arguments.live, "night": arguments.nights}
    results: dict[str, dict[int, scenario.Result | nights.Result | Case]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_postgres(Path(folder)) as uri,
        multiprocessing.get_context("spawn").Pool(arguments.jobs) as pool,
    ):
        deadline = time.time() + arguments.minutes * 60
        jobs = [Job("case", number, uri, float("inf")) for number in range(len(CASES))]
        for kind, count in {**numbers, "faults": arguments.scenarios}.items():
            jobs += [Job(kind, number, uri, deadline) for number in range(count)]
        jobs.sort(key=lambda job: (job.kind != "case", job.number))
        for job, result in pool.imap_unordered(run, jobs):
            if result is not None:
                results.setdefault(job.kind, {})[job.number] = result
                print(job.kind, job.number, _failures(result) or "", flush=True)
    bad = {
        f"{kind} {number}": failures
        for kind, found in results.items()
        for number, result in found.items()
        if (failures := _failures(result))
    }
    write(results, (time.monotonic() - began) / 60)
    if bad:
        sys.exit(f"broken promises: {bad}")


def _failures(result: scenario.Result | nights.Result | Case) -> object:
    if isinstance(result, Case):
        return result.concealed or result.left
    if isinstance(result, nights.Result):
        return result.failures
    return result.lost or result.wrong or result.doubled


def write(
    results: dict[str, dict[int, scenario.Result | nights.Result | Case]], minutes: float
) -> None:
    """Write the page."""

    def of(kind: str) -> list[object]:
        found = results.get(kind, {})
        return [found[number] for number in sorted(found)]

    page = TEXT.format(
        faults=_faults_table([one for one in of("faults") if isinstance(one, scenario.Result)]),
        kinds=", ".join(scenario.FAULTS),
        scenarios=SCENARIOS,
        suitable=len(nights.SUITABLE),
        nights=NIGHTS,
        live=LIVE_SCENARIOS,
        nights_table=_nights_table(
            [
                [one for one in of(kind) if isinstance(one, nights.Result)]
                for kind in ("night", "live")
            ]
        ),
        cases=_cases_table([one for one in of("case") if isinstance(one, Case)]),
        blind="\n".join(f"- {case}" for case, first in BLIND if first == FIRST),
        machine=f"{platform.machine()}, {os.cpu_count()} cores",
        python=platform.python_version(),
        minutes=minutes,
    )
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
