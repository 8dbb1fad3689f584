"""Write the results and charts of docs/recipes/first-answers.md from the demo account.

`make answers` runs this. A result is enclosed in `<!-- answer: NAME -->` and `<!-- /answer -->`,
below its query.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import duckdb

from loaders.tables import make_tables
from scripts.charts import bars, grouped
from scripts.demo import simulator
from simulator.access import API_KEY, EMAIL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PROJECT = Path(__file__).parents[1]
PAGE = PROJECT / "docs" / "recipes" / "first-answers.md"
CHARTS = PROJECT / "docs" / "assets" / "answers"
STREAMS = frozenset(
    {
        *("customers", "lead_rejects", "lead_sources", "lead_statuses", "lessons"),
        *("pay_types", "pays", "pipelines"),
    }
)
"""The streams that the queries use."""
SHOWN = 12
"""Maximum number of rows of a result on the page."""
MONTHS = 12
ANSWER = re.compile(
    r"```sql\n(?P<query>[^`]+)```\n\n(?P<begin><!-- answer: (?P<name>\w+) -->\n)"
    r"(?P<shown>.*?)(?P<end><!-- /answer -->)",
    re.DOTALL,
)
Rows = list[tuple[Any, ...]]


def queries() -> dict[str, str]:
    """Return the queries of the page by name."""
    found = ANSWER.finditer(PAGE.read_text(encoding="utf-8"))
    return {answer["name"]: answer["query"] for answer in found}


def selection(catalog: dict[str, Any]) -> dict[str, Any]:
    """Select the streams that the queries use, and no others, in a catalog."""
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["stream"] in STREAMS
    return catalog


def load(folder: Path, select: Callable[[dict[str, Any]], dict[str, Any]] = selection) -> Path:
    """Load the demo account into DuckDB.

    Args:
        folder: Folder for its files.
        select: Selects streams in a catalog.

    Returns:
        The database.
    """
    config, target = folder / "config.json", folder / "target.json"
    catalog, singer = folder / "catalog.json", folder / "singer.jsonl"
    with simulator(folder) as url:
        config.write_text(
            json.dumps(
                {
                    "hostname": url,
                    "email": EMAIL,
                    "api_key": API_KEY,
                    "timezone": "Europe/Kyiv",
                    "requests_per_second": 1000,
                }
            )
        )
        tap = [sys.executable, "-m", "tap_alfacrm", f"--config={config}"]
        selected = select(json.loads(_run(*tap, "--discover")))
        catalog.write_text(json.dumps(selected))
        singer.write_bytes(_run(*tap, f"--catalog={catalog}"))
    target.write_text(json.dumps({"destination_path": str(folder), "do_timestamp_file": False}))
    loader = PROJECT / ".tools" / "loaders" / "target-jsonl" / "bin" / "target-jsonl"
    with singer.open("rb") as lines:
        _run(str(loader), f"--config={target}", stdin=lines)
    make_tables(folder, folder / "school.duckdb", selected)
    return folder / "school.duckdb"


def _run(*command: str, stdin: IO[bytes] | None = None) -> bytes:
    done = subprocess.run(command, cwd=PROJECT, stdin=stdin, capture_output=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.decode())
    return done.stdout


def ask(database: Path, query: str) -> tuple[list[str], Rows]:
    """Run a query; return the names of its columns and its rows."""
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute(query)
        return [column[0] for column in found.description or ()], found.fetchall()


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}" if value >= 10_000 else str(value)  # noqa: PLR2004 - not for years
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return "" if value is None else str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal)


def table(head: Sequence[str], rows: Rows) -> str:
    """Render the first rows of a result as a table, or the last ones if it is by month."""
    shown = rows[-SHOWN:] if head[0] == "month" else rows[:SHOWN]
    sides = ["---:" if _is_number(value) else "---" for value in rows[0]]
    cells = [list(head), sides, *([_cell(value) for value in row] for row in shown)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    rest = len(rows) - len(shown)
    if rest:
        more = "earlier rows are not shown" if head[0] == "month" else "more rows follow"
        lines += ["", f"{rest:,} {more}."]
    return "\n".join(lines)


def _column(rows: Rows, number: int) -> list[Any]:
    return [row[number] for row in rows]


def _funnel(rows: Rows) -> str:
    [first, *_] = rows
    stages = [row for row in rows if row[0] == first[0]][:SHOWN]
    return grouped(
        f"Leads by stage: {first[0]}",
        _column(stages, 1),
        {"open": _column(stages, 2), "lost": _column(stages, 3)},
    )


def _rejects(rows: Rows) -> str:
    reasons: dict[str, float] = {}
    for reason, _, leads, _ in rows:
        reasons[reason] = reasons.get(reason, 0) + leads
    most = dict(sorted(reasons.items(), key=lambda item: -item[1])[:SHOWN])
    return bars("Archived leads by reason, the most frequent", most, "leads", digits=0)


def _waits(rows: Rows) -> str:
    return grouped(
        "Days from the card to the first payment",
        [str(year) for year in _column(rows, 0)],
        {"median": _column(rows, 2), "four in five within": _column(rows, 3)},
    )


def _attendance(rows: Rows) -> str:
    last = rows[-MONTHS:]
    months = [f"{month:%Y-%m}" for month in _column(last, 0)]
    return grouped("Attendance, % of those expected", months, {"": _column(last, 3)}, digits=1)


def _revenue(rows: Rows) -> str:
    last = rows[-MONTHS:]
    months = [f"{month:%Y-%m}" for month in _column(last, 0)]
    thousands = [[value / 1000 for value in _column(last, number)] for number in (2, 3)]
    income, refunds = thousands
    return grouped("Thousands by month", months, {"income": income, "refunds": refunds})


DRAWN: dict[str, tuple[str, Callable[[Rows], str]]] = {
    "funnel": ("Open and lost leads by stage", _funnel),
    "rejects": ("Archived leads by reason", _rejects),
    "waits": ("Days from the card to the first payment, by year", _waits),
    "attendance": ("Attendance by month", _attendance),
    "revenue": ("Income and refunds by month", _revenue),
}
"""Title and drawing function of each chart."""


def render(database: Path) -> dict[Path, str]:
    """Render the page and its charts.

    Args:
        database: The demo account, loaded.

    Returns:
        Text of each file.
    """
    files = {}

    def answer(found: re.Match[str]) -> str:
        name = found["name"]
        head, rows = ask(database, found["query"])
        shows, draw = DRAWN[name]
        files[CHARTS / f"{name}.svg"] = draw(rows)
        picture = f"![{shows}](../assets/answers/{name}.svg)"
        return (
            f"```sql\n{found['query']}```\n\n{found['begin']}"
            f"{table(head, rows)}\n\n{picture}\n{found['end']}"
        )

    files[PAGE] = ANSWER.sub(answer, PAGE.read_text(encoding="utf-8"))
    return files


def main() -> None:
    """Write them."""
    with tempfile.TemporaryDirectory() as folder:
        files = render(load(Path(folder)))
    CHARTS.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
