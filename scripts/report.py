"""Load the demo account, build the models, and write the page of charts: `make report` runs this.

`--pictures` also writes the pictures of docs/models.md.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from alfacrm_report import charts, kit
from alfacrm_report.building import MODELS
from alfacrm_report.database import connect
from alfacrm_report.figures import CHAPTERS
from alfacrm_report.words import Words
from scripts.answers import PROJECT
from scripts.models import DBT, load_all
from simulator.school import NOW
from simulator.tables.kit import iso

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OUTPUT = PROJECT / "output" / "report"
DATABASE = OUTPUT / "school.duckdb"
PAGE = OUTPUT / "school.html"
PACKAGE = PROJECT / "report"
PICTURES = PROJECT / "docs" / "assets" / "models"
CSS = PACKAGE / "alfacrm_report" / "templates" / "page.css"
LETTER, ROW, EDGE = 7.2, 22, 14
"""Pixels: a letter of a legend, one of its rows, and the edge around a picture."""


def write() -> None:
    """Run the report's command over the database."""
    command = [
        *(sys.executable, "-m", "alfacrm_report", str(DATABASE), "--output", str(PAGE)),
        *("--timezone", "Europe/Kyiv", "--today", iso(NOW), "--currency", "₴"),
    ]
    environment = {**os.environ, "ALFACRM_DBT": str(DBT), "PYTHONPATH": str(PACKAGE)}
    if code := subprocess.run(command, env=environment, check=False).returncode:
        sys.exit(code)


def pictures() -> dict[Path, str]:
    """Draw the first chart of each mart, in English and in the colours of the light page."""
    words = Words("en", "₴")
    drawn: dict[Path, str] = {}
    with connect(str(DATABASE), MODELS) as database:
        data = kit.Data(database, date.fromisoformat(iso(NOW)), with_names=False)
        shown = [draw(data, words) for figures in CHAPTERS.values() for draw in figures]
    for figure in shown:
        file = PICTURES / f"{figure.mart}.svg"
        if figure.pictures and file not in drawn:
            title = str(words(f"{figure.key}.title"))
            drawn[file] = _framed(figure.pictures[0], figure.legend, title)
    return drawn


def _framed(picture: charts.Picture, legend: Sequence[charts.Series], title: str) -> str:
    """A chart on paper of its own, with its legend above it."""
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", CSS.read_text("utf-8").partition("@")[0]))
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture.wide)
    if size is None:
        sys.exit("report: the chart has no size")
    width, height = float(size[1]), float(size[2])
    names, x, y = [], 0.0, 12.0
    for series in legend if len(legend) > 1 else ():
        length = 18 + LETTER * len(series.name) + 16
        if x + length > width and x:
            x, y = 0, y + ROW
        names.append(
            f'<rect x="{x:g}" y="{y - 10:g}" width="11" height="11" rx="3" '
            f'fill="var(--{series.colour})"/>'
            f'<text x="{x + 17:g}" y="{y:g}" fill="var(--muted)">{escape(series.name)}</text>'
        )
        x += length
    top = y + 14 if names else 0
    chart = picture.wide.replace("<svg ", f'<svg y="{top:g}" width="{width}" height="{height}" ', 1)
    whole = width + 2 * EDGE, height + top + 2 * EDGE
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole[0]:g} {whole[1]:g}" '
        f'width="{whole[0]:g}" height="{whole[1]:g}" font-family="system-ui, sans-serif" '
        f'font-size="13"><title>{escape(title)}</title>'
        f'<rect width="100%" height="100%" rx="10" fill="var(--card)"/>'
        f'<g transform="translate({EDGE},{EDGE})">{"".join(names)}{chart}</g></svg>\n'
    )
    return re.sub(r"var\(--([\w-]+)\)", lambda found: colours[found[1]], text)


def main() -> None:
    """Load, build, write, and name the page."""
    load_all(DATABASE)
    write()
    if "--pictures" in sys.argv[1:]:
        PICTURES.mkdir(parents=True, exist_ok=True)
        for file, text in pictures().items():
            file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
