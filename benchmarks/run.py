"""Run the tap beside its rivals and write docs/benchmarks.md.

`make bench` runs all of it; `--rounds` and `--rows` make it shorter.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import urllib3

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[1]
RIVALS = PROJECT / "benchmarks" / "rivals"
OTHERS = PROJECT / ".tools" / "bench" / "bin" / "python"
TAP = "tap-alfacrm"
FLOOR = "floor"
NAMES = {
    "fetch": "the bytes alone (urllib3)",
    FLOOR: "floor: urllib3, msgspec, RECORD lines",
    TAP: "tap-alfacrm",
    "script": "plain script: requests, csv.DictWriter",
    "sdk_tap": "idiomatic SDK tap",
    "dlt_source": "dlt rest_api",
    "aioalfacrm_client": "aioalfacrm",
}
LATENCIES = (0.05, 0.2, 0.8)
LIMIT = 5


@dataclass(frozen=True)
class Run:
    """One run of one program: CPU and wall-clock time in seconds, lines written."""

    cpu: float
    wall: float
    lines: int


@contextmanager
def server(rows: int, latency: float = 0.0, limit: int = 0) -> Iterator[str]:
    """Serve an account from prepared bytes."""
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder) / "port"
        command = [sys.executable, "-m", "benchmarks.server", "--rows", str(rows)]
        command += ["--latency", str(latency), "--limit", str(limit), "--port-file", str(port_file)]
        with subprocess.Popen(command, cwd=PROJECT) as process:
            try:
                while not (port_file.exists() and port_file.read_text()):
                    time.sleep(0.05)
                yield f"http://127.0.0.1:{port_file.read_text()}"
            finally:
                process.kill()


def command_of(name: str, url: str, size: int, folder: Path, **settings: float) -> list[str]:
    """The command that reads all cards."""
    if name != TAP:
        python = OTHERS if name in {"dlt_source", "aioalfacrm_client"} else Path(sys.executable)
        return [str(python), str(RIVALS / f"{name}.py"), url, str(size)]
    config = {
        "hostname": url,
        "email": "demo@example.org",
        "api_key": "00000000-0000-4000-8000-000000000000",
        "timezone": "Europe/Kyiv",
        "page_size": size,
        "requests_per_second": 100_000,
        **settings,
    }
    config_file, catalog_file = folder / "config.json", folder / "catalog.json"
    config_file.write_text(json.dumps(config))
    tap = [sys.executable, "-m", "tap_alfacrm", "--config", str(config_file)]
    found = subprocess.run([*tap, "--discover"], check=True, capture_output=True, cwd=PROJECT)
    catalog = json.loads(found.stdout)
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if item["breadcrumb"] == []:
                item["metadata"]["selected"] = entry["stream"] == "customers"
    catalog_file.write_text(json.dumps(catalog))
    return [*tap, "--catalog", str(catalog_file)]


def run(command: list[str]) -> Run:
    """Run a command, its output counted."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=PROJECT, stdout=output, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        output.seek(0)
        lines = sum(1 for _ in output)
    if process.returncode:
        sys.exit(f"{command} ended with exit code {process.returncode}")
    return Run(usage.ru_utime + usage.ru_stime, wall, lines)


def cpu(rows: int, size: int, rounds: int) -> dict[str, float]:
    """Median CPU seconds of each program, their runs taken in turn."""
    runs: dict[str, list[Run]] = {name: [] for name in NAMES}
    with server(rows) as url, tempfile.TemporaryDirectory() as folder:
        commands = {name: command_of(name, url, size, Path(folder)) for name in NAMES}
        for number in range(rounds):
            for name, command in commands.items():
                runs[name].append(run(command))
                print(f"{size} a page, round {number + 1}, {name}: {runs[name][-1]}", flush=True)
    return {name: statistics.median(one.cpu for one in found) for name, found in runs.items()}


def rate(rows: int, size: int, latency: float, in_flight: int, rounds: int) -> tuple[float, float]:
    """Median requests a second between the first and the last, and the share answered 429."""
    rates, refused = [], []
    for _ in range(rounds):
        with server(rows, latency, LIMIT) as url, tempfile.TemporaryDirectory() as folder:
            settings = {"requests_per_second": LIMIT, "max_in_flight": in_flight}
            command = command_of(TAP, url, size, Path(folder), **settings)
            http = urllib3.PoolManager()
            before = len(http.request("GET", f"{url}/count").json()["arrived"])
            time.sleep(1.1)
            run(command)
            count = http.request("GET", f"{url}/count").json()
        arrived = count["arrived"][before:]
        rates.append((len(arrived) - 1) / (arrived[-1] - arrived[0]))
        refused.append(count["refused"] / (len(arrived) + count["refused"]))
        print(
            f"{latency} s, {in_flight} in flight: {rates[-1]:.2f}/s, {refused[-1]:.1%}", flush=True
        )
    return statistics.median(rates), statistics.median(refused)


def report(
    tables: dict[tuple[int, int], dict[str, float]],
    rates: dict[tuple[float, int], tuple[float, float]],
    options: argparse.Namespace,
) -> str:
    """The page."""
    lines = [
        "# Benchmarks",
        "",
        "Made by `make bench`. The programs read the same customers from the same local server,",
        "which answers from prepared bytes; they run in turn, and the figures are medians of",
        f"{options.rounds} rounds of user and system time of the whole process, start included.",
        "Compare the ratios, not the seconds, which are this machine's.",
        "",
        (
            f"Machine: {platform.machine()}, {os.cpu_count()} cores, Python "
            f"{platform.python_version()}, singer-sdk {version('singer-sdk')}, "
            f"msgspec {version('msgspec')}."
        ),
        "",
        "## CPU",
    ]
    for (rows, size), table in tables.items():
        lines += ["", f"{rows:,} customers, {size} a page, no latency:", ""]
        lines += ["| Program | µs of CPU per record | times the floor |", "|---|---|---|"]
        for name, seconds in sorted(table.items(), key=lambda item: item[1]):
            ratio = seconds / table[FLOOR]
            lines.append(f"| {NAMES[name]} | {seconds / rows * 1e6:.1f} | {ratio:.2f} |")
    lines += [
        "",
        "The floor converts nothing and drops no duplicate; the plain script neither.",
        "",
        "## Requests per second",
        "",
        "3,600 customers, 50 a page, against a server that refuses a sixth request in any sliding",
        f"second. The ideal is {LIMIT}.",
        "",
        "| Latency | in flight | requests per second | share of the ideal | answered 429 |",
        "|---|---|---|---|---|",
    ]
    for (latency, in_flight), (found, refused) in rates.items():
        cells = (f"{latency * 1000:.0f} ms", in_flight, f"{found:.2f}", f"{found / LIMIT:.0%}")
        lines.append(f"| {' | '.join(map(str, cells))} | {refused:.1%} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run all and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate-rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    rates = {
        (latency, in_flight): rate(3_600, 50, latency, in_flight, options.rate_rounds)
        for latency in LATENCIES
        for in_flight in (1, 8)
    }
    tables = {
        (rows, size): cpu(rows, size, options.rounds)
        for rows, size in ((options.rows, 500), (options.rows // 5, 50))
    }
    page = report(tables, rates, options)
    (PROJECT / "docs" / "benchmarks.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
