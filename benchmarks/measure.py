"""Programs that read the same account, and measurements of their runs."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import urllib3

from benchmarks.accounts import PLAIN
from simulator import Account, Quirks, serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PROJECT = Path(__file__).parents[1]
RIVALS = PROJECT / "benchmarks" / "rivals"
OTHERS = PROJECT / ".tools" / "bench" / "bin" / "python"
TAP, FLOOR = "tap-alfacrm", "floor"
NAMES = {
    "fetch": "download only (urllib3)",
    FLOOR: "baseline: urllib3, msgspec, RECORD lines",
    TAP: "tap-alfacrm",
    "script": "plain script: requests, csv.DictWriter",
    "sdk_tap": "idiomatic SDK tap",
    "dlt_source": "dlt rest_api",
    "aioalfacrm_client": "aioalfacrm",
}
STREAMS = {"customer": "customers", "lesson": "lessons", "regular-lesson": "regular_lessons"}
"""Streams by their entity."""
LIMIT = 5
"""Requests per second that the vendor permits."""
PAUSE = 0.206
"""Seconds between the requests of a script written for the rate limit."""
MOSTLY_WAITING = 5.0
"""Seconds of waiting above which the CPU time of the programs is negligible."""


@dataclass(frozen=True)
class Run:
    """One run of one program.

    Attributes:
        cpu: User and system time, seconds.
        wall: Wall-clock time, seconds.
        memory: Largest resident set, MB.
        lines: Lines written.
    """

    cpu: float
    wall: float
    memory: float
    lines: int


@contextmanager
def server(rows: int, *options: str, latency: float = 0.0, limit: int = 0) -> Iterator[str]:
    """Serve an account from prerendered responses."""
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder) / "port"
        command = [sys.executable, "-m", "benchmarks.server", "--rows", str(rows), *options]
        command += ["--latency", str(latency), "--limit", str(limit), "--port-file", str(port_file)]
        with subprocess.Popen(command, cwd=PROJECT) as process:
            try:
                while not (port_file.exists() and port_file.read_text()):
                    time.sleep(0.05)
                yield f"http://127.0.0.1:{port_file.read_text()}"
            finally:
                process.kill()


def command_of(
    name: str, url: str, size: int, folder: Path, stream: str | None = "customers", **settings: Any
) -> list[str]:
    """Return the command that reads all rows of a stream, or (None) of all that are by default."""
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
            if item["breadcrumb"] == [] and stream:
                item["metadata"]["selected"] = entry["stream"] == stream
    catalog_file.write_text(json.dumps(catalog))
    return [*tap, "--catalog", str(catalog_file)]


def run(command: list[str], environment: Mapping[str, str] | None = None) -> Run:
    """Run a command and measure it."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, **(environment or {})},
            stdout=output,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        output.seek(0)
        lines = sum(1 for _ in output)
    if process.returncode:
        sys.exit(f"{command} ended with exit code {process.returncode}")
    return Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, lines)


@dataclass(frozen=True)
class Rows:
    """What an account has.

    Attributes:
        number: Number of rows.
        entity: Their entity.
        differs_by: How they differ from the schema.
    """

    number: int
    entity: str = "customer"
    differs_by: str = PLAIN


def cpu(
    rows: Rows, size: int, rounds: int, names: Sequence[str] = tuple(NAMES)
) -> dict[str, float]:
    """Measure the median CPU seconds of programs, in alternating runs."""
    options = "--entity", rows.entity, "--differs-by", rows.differs_by
    with server(rows.number, *options) as url, tempfile.TemporaryDirectory() as folder:
        stream = STREAMS[rows.entity]
        commands = {name: command_of(name, url, size, Path(folder), stream) for name in names}
        found = _in_turn(commands, rounds, {"ENTITY": rows.entity})
    return {name: statistics.median(one.cpu for one in runs) for name, runs in found.items()}


def wall(rows: int, size: int, latency: float, limit: int, rounds: int) -> dict[str, float]:
    """Measure the median wall-clock seconds of each program, in alternating runs.

    Where a run does little but wait, the rounds go side by side, each with a server of its own.
    """
    waiting = rows / size * max(latency, PAUSE if limit else 0)
    lanes, turns = (rounds, 1) if waiting > MOSTLY_WAITING else (1, rounds)
    settings: dict[str, Any] = {"requests_per_second": limit} if limit else {}

    def lane(_: int) -> dict[str, list[Run]]:
        with (
            server(rows, latency=latency, limit=limit) as url,
            tempfile.TemporaryDirectory() as folder,
        ):
            commands = {
                name: command_of(name, url, size, Path(folder), **settings) for name in NAMES
            }
            return _in_turn(commands, turns, {}, pause=PAUSE if limit else 0)

    with ThreadPoolExecutor(lanes) as pool:
        found = list(pool.map(lane, range(lanes)))
    return {
        name: statistics.median(one.wall for runs in found for one in runs[name]) for name in NAMES
    }


def _in_turn(
    commands: Mapping[str, list[str]],
    rounds: int,
    environment: Mapping[str, str],
    *,
    pause: float = 0,
) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(rounds):
        for name in random.sample(list(commands), len(commands)):
            time.sleep(pause and 1.1)
            runs[name].append(run(commands[name], {"PAUSE": str(pause), **environment}))
            print(f"round {number + 1}, {name}: {runs[name][-1]}", flush=True)
    return runs


def memory(rows: int, fields: int = 0, in_flight: int = 8) -> float:
    """Measure the maximum resident set size of the tap in MB."""
    options = "--one-page", "--fields", str(fields)
    with server(rows, *options) as url, tempfile.TemporaryDirectory() as folder:
        found = run(command_of(TAP, url, 500, Path(folder), max_in_flight=in_flight))
    print(f"{rows:,} customers, {fields:,} custom fields: {found}", flush=True)
    return found.memory


def start(rounds: int) -> tuple[float, float]:
    """Measure the median CPU seconds of `--help`: this tap, and a minimal tap of the SDK."""
    runs: dict[str, list[float]] = {"tap": [], "minimal": []}
    commands = {
        "tap": [sys.executable, "-m", "tap_alfacrm", "--help"],
        "minimal": [sys.executable, str(RIVALS / "minimal_tap.py"), "--help"],
    }
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command).cpu)
    return statistics.median(runs["tap"]), statistics.median(runs["minimal"])


def load(size: int, latency: float) -> tuple[int, float, int]:
    """Measure a whole load of the demo account, all streams that are selected by default.

    Returns:
        Data requests that were answered, seconds from the first to the last, and status 429.
    """
    quirks = Quirks(rate_limit=LIMIT, latency_seconds=latency, max_page_size=size)
    account = Account.demo()
    with (
        serve(account, quirks, is_prepared=True) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        settings = {"requests_per_second": LIMIT}
        command = command_of(TAP, server.url, size, Path(folder), None, **settings)
        before = len(server.data_requests)
        time.sleep(1.1)
        run(command)
        requests = server.data_requests[before:]
    arrived = [request.arrived for request in requests]
    refused = sum(request.status == HTTPStatus.TOO_MANY_REQUESTS for request in requests)
    number, seconds = len(requests) - refused, max(arrived) - min(arrived)
    print(f"{latency} s, {size} per page: {number / seconds:.2f}/s, {refused} refused", flush=True)
    return number, seconds, refused


def loads(cases: Sequence[tuple[int, float]]) -> list[tuple[int, float, int]]:
    """Measure loads side by side, because they do little but wait."""
    with ThreadPoolExecutor(len(cases)) as pool:
        return list(pool.map(lambda case: load(*case), cases))


def rate(
    rows: int, size: int, latency: float, in_flight: int, rounds: int
) -> tuple[float, float, int]:
    """Measure the median data requests per second, the share with status 429, and the requests.

    A run does little but wait, so the rounds go side by side, each with a server of its own.
    """

    def once(_: int) -> tuple[float, float, int]:
        with server(rows, latency=latency, limit=LIMIT) as url:
            http = urllib3.PoolManager()
            with tempfile.TemporaryDirectory() as folder:
                settings = {"requests_per_second": LIMIT, "max_in_flight": in_flight}
                command = command_of(TAP, url, size, Path(folder), "customers", **settings)
                before = len(http.request("GET", f"{url}/count").json()["arrived"])
                time.sleep(1.1)
                run(command)
            count = http.request("GET", f"{url}/count").json()
        arrived = count["arrived"][before + 1 :]  # after the login
        number = len(arrived)
        pace = (number - 1) / (arrived[-1] - arrived[0])
        refused = count["refused"] / (number + count["refused"])
        print(f"{latency} s, {in_flight} in flight: {pace:.2f}/s, {refused:.1%}", flush=True)
        return pace, refused, number

    with ThreadPoolExecutor(rounds) as pool:
        rates, refusals, numbers = zip(*pool.map(once, range(rounds)), strict=True)
    return statistics.median(rates), statistics.median(refusals), numbers[-1]
