"""Benchmark the tap and other programs and write docs/benchmarks.md with its charts.

`make bench` runs all measurements; the options shorten them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from benchmarks.accounts import CHANGES, LESSON_CHANGES, PLAIN
from benchmarks.loaders import Load, measure_loaders
from benchmarks.measure import (
    FLOOR,
    LIMIT,
    MOSTLY_WAITING,
    NAMES,
    PAUSE,
    PROJECT,
    STREAMS,
    TAP,
    Rows,
    cpu,
    loads,
    memory,
    rate,
    start,
    wall,
)
from benchmarks.nights import WEEK, nights
from scripts.charts import bars

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LATENCIES = (0.05, 0.2, 0.8)
SIZES = (500, 50)
"""Rows per page: what the tap requests, and the cap of many accounts."""
LOADED = 20_000
"""Customers that are loaded."""
SMALL = 3_600
"""Customers in measurements dominated by response times."""
FEW, MANY = 10_000, 1_000_000
"""Numbers of customers for which memory is compared."""
DOCS = PROJECT / "docs"
KEPT = PROJECT / ".cache" / "benchmarks.json"
SECTIONS = ("start", "cpu", "accounts", "loaders", "memory", "rate", "load", "nights", "wall")
REFRESH_DAYS = (1, 7)
"""Values of `child_refresh_days` for which the nights are compared."""
ACCOUNTS = [
    ("customer", PLAIN),
    *(("customer", change) for change in CHANGES),
    ("lesson", PLAIN),
    *(("lesson", change) for change in LESSON_CHANGES),
    ("regular-lesson", PLAIN),
]
"""Entities, and how their rows differ from the schemas."""


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Render a Markdown table."""
    lines = [f"| {' | '.join(map(str, cells))} |" for cells in (head, ["---"] * len(head), *rows)]
    return ["", *lines, ""]


def cpu_section(rows: int, size: int, found: dict[str, float]) -> list[str]:
    """Render the CPU time of each program."""
    cells = [
        (
            NAMES[name],
            f"{seconds / rows * 1e6:.1f}",
            f"{seconds / found[FLOOR]:.2f}",
            f"{seconds / found[TAP]:.2f}",
        )
        for name, seconds in sorted(found.items(), key=lambda item: item[1])
    ]
    head = ("Program", "µs of CPU per record", "relative to baseline", "relative to tap")
    return ["", f"{rows:,} customers, {size} per page, no latency:", *table(head, cells)]


def accounts_section(rows: int, found: dict[tuple[str, str], dict[str, float]]) -> list[str]:
    """Render the CPU time by account."""
    cells = [
        (
            STREAMS[entity],
            differs_by,
            *(f"{spent[name] / rows * 1e6:.1f}" for name in (FLOOR, TAP, "script")),
            f"{spent[TAP] / spent[FLOOR]:.2f}",
            f"{spent[TAP] / spent['script']:.2f}",
        )
        for (entity, differs_by), spent in found.items()
    ]
    head = ("Stream", "Rows", "baseline, µs", "tap, µs", "plain script, µs", "tap / baseline")
    return [
        "## Accounts that differ from the schemas",
        "",
        "Rows of real accounts have other types than the schemas, other fields and other shapes of",
        f"dates. CPU per record of {rows:,} rows, {SIZES[0]} per page; the baseline and the plain",
        "script read the same rows and leave the values as they are. Where each row has a new",
        "field, discovery finds some 500 columns, and every record of the tap has them all.",
        *table((*head, "tap / script"), cells),
    ]


def loaders_section(rows: int, found: dict[str, Load]) -> list[str]:
    """Render what the tap and each loader take of a load."""
    cells = [
        (
            f"tap-alfacrm \\| {name}",
            f"{load.tap:.1f} s",
            f"{load.loader:.1f} s",
            f"{load.tap / (load.tap + load.loader):.0%}",
            f"{load.wall:.1f} s",
        )
        for name, load in found.items()
    ]
    return [
        "## Loaders",
        "",
        f"CPU time of the tap and of the loader that it is piped into, {rows:,} customers and no",
        "latency; the PostgreSQL server is not counted. Rows for target-csv are flattened, as in",
        "`meltano.yml`.",
        *table(("Pipe", "Tap", "Loader", "Share of the tap", "Time"), cells),
    ]


def load_section(found: dict[tuple[int, float], tuple[int, float, int]]) -> list[str]:
    """Render the requests per second of whole loads."""
    cells = [
        (
            f"{latency * 1000:.0f} ms",
            size,
            f"{number:,}",
            f"{seconds:.0f}",
            f"{number / seconds:.2f}",
            refused,
        )
        for (size, latency), (number, seconds, refused) in found.items()
    ]
    head = ("Latency", "Rows per page", "Requests", "Seconds", "Per second", "Status 429")
    return [
        "",
        "The same over a whole load of the demo account, with all streams that are selected by",
        f"default and {LIMIT} requests per second permitted. The loads run in parallel.",
        *table(head, cells),
    ]


def nights_section(found: dict[int, list[int]]) -> list[str]:
    """Render the requests of nights by setting."""
    cells = []
    for days, (first, *later) in found.items():
        least, most = min(later), max(later)
        night = f"{least}" if least == most else f"{least} to {most}"
        cells.append((days, first, night, f"{most / LIMIT / 60:.1f}"))
    head = ("`child_refresh_days`", "First load", "Quiet night", "Minutes at 5 per second")
    return [
        "## Nights",
        "",
        "Requests of the demo account (17,000 customers, 300 groups, 5 branches), with all streams",
        f"that are selected by default: the first load, and the {WEEK} nights after it, in which",
        "nothing changes.",
        *table(head, cells),
    ]


def wall_section(size: int, times: dict[tuple[int, float, int], dict[str, float]]) -> list[str]:
    """Render the time of each program at one page size, with and without the rate limit."""
    columns = {
        f"{latency * 1000:.0f} ms{f', {limit}/s' if limit else ''}": found
        for (asked, latency, limit), found in times.items()
        if asked == size
    }
    cells = [
        (name, *(f"{found[program]:.1f} s" for found in columns.values()))
        for program, name in NAMES.items()
    ]
    return ["", f"{SMALL:,} customers, {size} per page:", *table(["Program", *columns], cells)]


def _draw(file: str, title: str, values: dict[str, float], unit: str) -> None:
    chart = bars(title, values, unit, own=NAMES[TAP])
    (DOCS / file).write_text(chart, encoding="utf-8")


def main() -> None:
    """Run the measurements and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds without latency")
    parser.add_argument("--wall-rounds", type=int, default=5, help="rounds with latency")
    parser.add_argument("--rows", type=int, default=100_000, help="customers, without latency")
    parser.add_argument("--only", choices=SECTIONS, help="measure only this section")
    options = parser.parse_args()
    results = json.loads(KEPT.read_text()) if options.only and KEPT.exists() else {}
    for section in [options.only] if options.only else SECTIONS:
        results[section] = measure(section, options)
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text(json.dumps(results))
    if missing := [section for section in SECTIONS if section not in results]:
        sys.exit(f"Not measured yet: {', '.join(missing)}. The page was not changed.")
    page = render(results, options)
    (DOCS / "benchmarks.md").write_text(page, encoding="utf-8")
    print(page)


def measure(section: str, options: argparse.Namespace) -> Any:  # noqa: ANN401 - JSON
    """Measure a section: its figures, or pairs of a key and figures."""
    rows, rounds, wall_rounds = options.rows, options.rounds, options.wall_rounds
    programs = FLOOR, TAP, "script"
    loaded = [(size, latency) for size in SIZES for latency in LATENCIES]
    sections: dict[str, Callable[[], Any]] = {
        "start": lambda: start(rounds),
        "cpu": lambda: [((rows, size), cpu(Rows(rows), size, rounds)) for size in SIZES],
        "accounts": lambda: [
            (kind, cpu(Rows(rows, *kind), SIZES[0], rounds, programs)) for kind in ACCOUNTS
        ],
        "loaders": lambda: measure_loaders(LOADED, SIZES[0], rounds),
        "memory": lambda: [(customers, memory(customers)) for customers in (FEW, MANY)],
        "rate": lambda: [
            ((latency, in_flight), rate(SMALL, 50, latency, in_flight, wall_rounds))
            for latency in LATENCIES
            for in_flight in (1, 8)
        ],
        "load": lambda: list(zip(loaded, loads(loaded), strict=True)),
        "nights": lambda: [(days, nights(days)) for days in REFRESH_DAYS],
        "wall": lambda: [
            ((size, latency, limit), wall(SMALL, size, latency, limit, wall_rounds))
            for size in SIZES
            for latency in LATENCIES
            for limit in (0, LIMIT)
        ],
    }
    return sections[section]()


def render(results: dict[str, Any], options: argparse.Namespace) -> str:
    """Draw the charts and write the page."""
    helps = results["start"]
    cpus, accounts, rates, whole, times = (
        {tuple(key): found for key, found in results[name]}
        for name in ("cpu", "accounts", "rate", "load", "wall")
    )
    loaders = {name: Load(*load) for name, load in results["loaders"].items()}
    memories = dict(results["memory"])
    first = next(iter(cpus))
    slowest = times[SIZES[-1], LATENCIES[-1], LIMIT]
    per_record = {NAMES[name]: spent / first[0] * 1e6 for name, spent in cpus[first].items()}
    title = f"CPU per record, {first[0]:,} customers, {first[1]} per page"
    _draw("benchmarks-cpu.svg", title, per_record, "µs")
    title = f"{SMALL:,} customers, {SIZES[-1]} per page, {LIMIT} requests/s, latency 800 ms"
    _draw("benchmarks-time.svg", title, {NAMES[name]: s for name, s in slowest.items()}, "s")

    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. The programs read the same customers (leads and clients, half of",
        "each archived) from the same local server, which returns prerendered responses. The",
        "programs run one after the other; the figures are medians of",
        f"{options.rounds} runs without latency and {options.wall_rounds} with latency. Ratios are",
        "more meaningful than absolute times.",
        "",
        (
            f"Machine: {platform.machine()}, {os.cpu_count()} cores, Python "
            f"{platform.python_version()}, singer-sdk {version('singer-sdk')}, "
            f"msgspec {version('msgspec')}."
        ),
        "",
        "## CPU",
        "",
        "User and system time of the whole process, including its start. The baseline and the",
        "plain script neither convert values nor remove duplicates.",
        "",
        "![CPU per record](benchmarks-cpu.svg)",
    ]
    for (rows, size), found in cpus.items():
        lines += cpu_section(rows, size, found)
    lines += [
        *accounts_section(options.rows, accounts),
        *loaders_section(LOADED, loaders),
        "## Requests per second",
        "",
        f"{SMALL:,} customers, 50 per page, with a server that rejects more than {LIMIT} requests",
        "in any sliding second. Requests are counted at the server, from the first data request",
        "to the last. The rounds run in parallel, each with its own server.",
        *table(
            ("Latency", "In flight", "Requests", "Per second", "Share of the limit", "Status 429"),
            [
                (
                    f"{latency * 1000:.0f} ms",
                    in_flight,
                    number,
                    f"{found:.2f}",
                    f"{found / LIMIT:.1%}",
                    f"{refused:.1%}",
                )
                for (latency, in_flight), (found, refused, number) in rates.items()
            ],
        ),
        *load_section(whole),
        *nights_section(dict(results["nights"])),
        "## Time",
        "",
        "Wall-clock time of the whole process. With a rate limit, the other programs send a",
        f"request every {PAUSE * 1000:.0f} ms, as a script written for that limit would. If a run",
        f"spends more than {MOSTLY_WAITING:.0f} s waiting, the rounds run in parallel, each with",
        "its own server.",
        "",
        "![Time against the limit](benchmarks-time.svg)",
        *(line for size in SIZES for line in wall_section(size, times)),
        "## Memory",
        *table(
            ("Customers", "Maximum resident set size"),
            [(f"{rows:,}", f"{used:.0f} MB") for rows, used in memories.items()],
        ),
        "## Start",
        "",
        f"`tap-alfacrm --help` takes {helps[0]:.2f} s of CPU time, {helps[0] / helps[1]:.2f} times",
        f"as much as a minimal tap built with the SDK ({helps[1]:.2f} s).",
        "",
        "**Next:** load your own account: [recipes](recipes/README.md).",
    ]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


if __name__ == "__main__":
    main()
