"""Load a simulated school CRM into CSV files, and check that no row is missing.

`make demo` runs this: the simulator on a free port, `meltano run tap-alfacrm target-csv`
against it, and a comparison of the files with the account.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from simulator.access import API_KEY, EMAIL
from simulator.account import Account
from tap_alfacrm.streams.child import ChildStream
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[1]
OUTPUT = PROJECT / "output" / "demo"
MELTANO = PROJECT / ".tools" / "meltano" / "bin" / "meltano"
ENTITIES = {
    stream.name: stream.entity + stream.actions[0].replace("/index", "")
    for stream in STREAMS
    if not issubclass(stream, ChildStream)
}
"""Streams whose rows the simulated account can list, with the names of their entities."""
VERDICTS = (": COMPLETE", ": INCOMPLETE", ": UNPROVEN")
LOG_LINE = re.compile(r"\S+ \[(\w+) *\] +(\S+) +(.*)")
"""A line of Meltano's log: level, source and text."""
UNLIMITED = 1_000
"""Requests per second in the demo, whose account has no limit."""
VENDOR_LIMIT = 5
"""Requests per second that the vendor allows."""
PATIENCE_SECONDS = 600


@contextmanager
def simulator(folder: Path) -> Iterator[str]:
    """Run the simulated API, and stop it at the end.

    Args:
        folder: Folder for the file with its port.

    Yields:
        The address of the API.
    """
    port_file = folder / "port"
    command = [sys.executable, "-m", "simulator", "--demo", "--port-file", str(port_file)]
    command += ["--set", "rate_limit=none", "--set", "latency_seconds=0"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{_port(process, port_file)}"
        finally:
            process.terminate()


def _port(process: subprocess.Popen[bytes], port_file: Path) -> int:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (port_file.exists() and (port := port_file.read_text())):
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit("demo: the simulator did not start")
        time.sleep(0.1)
    return int(port)


def load(url: str, folder: Path) -> list[str]:
    """Run the load and print its progress.

    Args:
        url: Address of the API.
        folder: Folder for the file with the credentials.

    Returns:
        The lines of the tap's log with a verdict.
    """
    # A separate file, so that the .env of a real account is not read.
    env_file = folder / "demo.env"
    settings = {
        "HOSTNAME": url,
        "EMAIL": EMAIL,
        "API_KEY": API_KEY,
        "REQUESTS_PER_SECOND": UNLIMITED,
    }
    env_file.write_text("".join(f"TAP_ALFACRM_{key}={text}\n" for key, text in settings.items()))
    pipeline = ["run", "--full-refresh", "tap-alfacrm", "target-csv"]
    command = [str(MELTANO), f"--env-file={env_file}", "--environment=demo", *pipeline]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MELTANO_", "TAP_ALFACRM_", "TARGET_CSV_"))
    } | {"MELTANO_CLI_DISABLE_VERSION_CHECK": "true"}
    print("$ meltano run tap-alfacrm target-csv", flush=True)
    verdicts = []
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        for line in process.stdout or ():
            level, source, text = _parts(line.rstrip("\n"))
            if source == "tap-alfacrm" and any(verdict in text for verdict in VERDICTS):
                verdicts.append(text)
            if shown := _progress(level, source, text):
                print(f"  {shown}", flush=True)
    if process.returncode:
        sys.exit(f"demo: meltano ended with exit code {process.returncode}")
    return verdicts


def _parts(line: str) -> tuple[str, str, str]:
    """Level, source and text of a line of Meltano's log; a line of another form is all text."""
    match = LOG_LINE.fullmatch(line)
    return (match[1], match[2], match[3]) if match else ("", "", line)


def _progress(level: str, source: str, text: str) -> str:
    """What to print of a line, "" for nothing: rows of each stream, progress, and problems."""
    if level != "info":
        return text
    if source != "tap-alfacrm":
        return ""
    emitted = re.match(r"(\w+): \w+[.,].* emitted ([\d,]+);", text)
    if emitted:
        return f"{emitted[1]:<24}{emitted[2]:>8} rows"
    return text if text.endswith(" s left.") else ""


def requests_sent() -> int:
    """Number of requests of the load, from the verdicts that it loaded."""
    with (OUTPUT / "sync_audit.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return sum(int(row["requests"]) for row in rows if not row["partition"])


def ids(stream: str) -> list[int]:
    """Read the ids in a stream's CSV file; none if there is no file."""
    path = OUTPUT / f"{stream}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [int(row["id"]) for row in csv.DictReader(file)]


def compare(account: Account) -> bool:
    """Print the number of rows of each file and of the account.

    Args:
        account: The simulated account.

    Returns:
        Whether each row of the account is in its file exactly once.
    """
    whole = True
    for stream, entity in ENTITIES.items():
        loaded = ids(stream)
        truth = sorted(row["id"] for row in account.rows(entity))
        agrees = sorted(loaded) == truth
        whole = whole and agrees
        missing = len(set(truth) - set(loaded))
        doubled = len(loaded) - len(set(loaded))
        file = (OUTPUT / f"{stream}.csv").relative_to(PROJECT)
        verdict = "each once" if agrees else f"{missing:,} missing, {doubled:,} doubled"
        print(f"  {file!s:<36}{len(loaded):>8,} rows of {len(truth):>7,}  {verdict}")
    return whole


def first_answer() -> str:
    """Query the files with DuckDB: archived leads by reject reason."""
    customers, rejects = OUTPUT / "customers.csv", OUTPUT / "lead_rejects.csv"
    with duckdb.connect() as connection:
        found = connection.execute(
            """
            SELECT coalesce(r.name, 'no reason given') AS reason, count(*) AS leads
            FROM read_csv(?, all_varchar = true) AS c
            LEFT JOIN read_csv(?, all_varchar = true) AS r ON r.id = c.lead_reject_id
            WHERE c.is_archived = 'True' AND c.is_study = '0'
            GROUP BY ALL ORDER BY leads DESC, reason LIMIT 8
            """,
            [str(customers), str(rejects)],
        )
        return "\n".join(f"  {reason:<40}{leads:>8,}" for reason, leads in found.fetchall())


def main() -> None:
    """Run the demo; exit 1 when anything is missing."""
    for file in OUTPUT.glob("*.csv"):
        file.unlink()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, simulator(Path(folder)) as url:
        verdicts = load(url, Path(folder))
    requests = requests_sent()
    print(
        f"\nLoaded in {time.monotonic() - started:.0f} s, with {requests:,} requests. A real "
        f"account allows {VENDOR_LIMIT} a second: {requests / VENDOR_LIMIT:.0f} s for this one."
    )
    print("\nRows in the files, compared with the simulated account:")
    whole = compare(Account.demo())
    print("\nVerdicts in the log of the tap:")
    for verdict in verdicts:
        print(f"  {verdict}")
    streams = {verdict.partition(":")[0] for verdict in verdicts if VERDICTS[0] in verdict}
    if not (whole and streams.issuperset(ENTITIES)):
        sys.exit("demo: something is missing")
    print("\nExample query, archived leads by reject reason (DuckDB over these files):")
    print(first_answer())
    print("\nA page of charts over this school: make report")


if __name__ == "__main__":
    main()
