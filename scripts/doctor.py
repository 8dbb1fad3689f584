"""Write the report of `alfacrm-doctor` on the demo account into the documentation.

With `--check`, only report whether the documentation is stale. Times, dates, versions and the rate
are ignored, so that a check can run without the rate limit.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

from scripts.tables import PROJECT
from simulator import Account, Quirks, serve
from tap_alfacrm.doctor.progress import Progress
from tap_alfacrm.doctor.report.text import render_report
from tap_alfacrm.doctor.runner import BUDGET, create_probe, run_checks

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_alfacrm.doctor.report.model import Report

DEMO = Quirks(latency_seconds=0.05)
PACE, FAST = 5, 1_000
_MOVES = re.compile(
    r"alfacrm-doctor \S+|\d{4}-\d\d-\d\dT\S+|[\d.]+ s\b|[\d.]+ min\b|at [\d.]+ a second"
)


def demo(*, fast: bool) -> tuple[Report, int]:
    """Examine the demo account.

    Args:
        fast: Whether to ignore the vendor's rate limit.

    Returns:
        The report, and the number of requests that the account received.
    """
    with serve(Account.demo(), Quirks() if fast else DEMO) as server:
        config: dict[str, Any] = {
            "hostname": server.url,
            "email": server.email,
            "api_key": server.api_key,
            "requests_per_second": FAST if fast else PACE,
        }
        progress = Progress(BUDGET)
        report = run_checks(create_probe(config, progress.count), progress.begin)
        return report, len(server.log)


def printed(report: Report) -> str:
    """Return the output of the command."""
    return click.unstyle(render_report(report))


def whole(text: str) -> str:
    """Return the report as a code block."""
    return f"```\n{text}\n```"


def extract(text: str) -> str:
    """Return the sections on partitions, pagination and the verdict as a code block."""
    parts = re.split(r"\n\n(?=\d\. )", text)
    wanted = [part for part in parts if part[3:].startswith(("What is where", "Paging", "Verdict"))]
    return whole("\n\n".join(wanted))


PARTS: dict[str, Callable[[str], str]] = {"README.md": extract, "docs/doctor.md": whole}


def shape(text: str) -> str:
    """Return a text without line breaks and without values that differ between runs."""
    return " ".join(_MOVES.sub("#", " ".join(text.split())).split())


def stale(text: str) -> list[str]:
    """Return the files that differ from the output of the command."""
    found = []
    for file, make_part in PARTS.items():
        shown = (PROJECT / file).read_text(encoding="utf-8")
        part = shown.partition("<!-- doctor -->\n")[2].partition("\n<!-- /doctor -->")[0]
        if shape(part) != shape(make_part(text)):
            found.append(file)
    return found


def write(text: str) -> None:
    """Write the report into the documentation."""
    for file, make_part in PARTS.items():
        path = PROJECT / file
        before, begin, rest = path.read_text(encoding="utf-8").partition("<!-- doctor -->\n")
        _, end, after = rest.partition("\n<!-- /doctor -->")
        path.write_text(f"{before}{begin}{make_part(text)}{end}{after}", encoding="utf-8")


def main() -> None:
    """Write or check the documentation."""
    if "--check" not in sys.argv:
        write(printed(demo(fast=False)[0]))
        return
    if files := stale(printed(demo(fast=True)[0])):
        sys.exit(f"{', '.join(files)}: stale; run python -m scripts.doctor")


if __name__ == "__main__":
    main()
