"""The report as text for a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from tap_alfacrm.doctor.findings import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_alfacrm.doctor.report.model import Report

WIDTH = 80
MARKS = {
    Level.FINE: ("ok", "green"),
    Level.NOTE: ("", None),
    Level.SET: ("set", "yellow"),
    Level.ASK: ("ask", "red"),
    Level.UNKNOWN: ("?", "magenta"),
}
VERDICTS = {
    0: ("Nothing was found that prevents a complete sync.", "green"),
    1: ("A sync will NOT be complete.", "red"),
    2: ("Whether a sync will be complete could not be determined.", "magenta"),
}


def render_report(report: Report) -> str:
    """Render a report with colours, which `click.echo` removes where there is no terminal."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield click.style(f"alfacrm-doctor {report.tap}", bold=True)
    yield (
        f"{report.made_at}, {report.requests} requests of at most {report.budget}, "
        f"{report.seconds:.0f} s."
    )
    yield "Names of fields and counts only: safe to attach to a ticket."
    yield ""
    yield click.style("1. Verdict", bold=True)
    verdict, colour = VERDICTS[report.exit_code]
    yield f"  {click.style(verdict, fg=colour, bold=True)}"
    left_out = [f"{'; '.join(report.left_out)}."] if report.left_out else []
    yield from _verdict("Fine:", report.fine, "green")
    yield from _verdict("Set:", report.set, "yellow")
    yield from _verdict("Ask:", report.ask, "red")
    yield from _verdict("Not determined:", report.unknown, "magenta")
    yield from _verdict("Left out, because the requests or the time were used up:", left_out, None)
    for number, section in enumerate(report.sections, 2):
        yield ""
        yield click.style(f"{number}. {section.title}", bold=True)
        if section.head:
            yield f"       {section.head}"
        for finding in section.findings:
            if finding.text:
                yield from _finding(finding.text, *MARKS[finding.level])


def _finding(text: str, mark: str, colour: str | None) -> Iterator[str]:
    indent = text.rindex("  ") + 2 if "  " in text else 2
    first, *others = wrap(text, indent=indent, width=WIDTH - 7)
    yield f"  {click.style(f'{mark:<4}', fg=colour)} {first}"
    yield from (f"       {line}" for line in others)


def wrap(text: str, *, indent: int, width: int = WIDTH) -> Sequence[str]:
    """Break a text into lines, without characters that control the terminal.

    Args:
        text: The text.
        indent: Columns by which all lines but the first are indented.
        width: Of the longest line.
    """
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return textwrap.wrap(shown, width, subsequent_indent=" " * indent, break_on_hyphens=False)


def _verdict(title: str, lines: Sequence[str], colour: str | None) -> Iterator[str]:
    if not lines:
        return
    yield click.style(f"  {title}", fg=colour)
    for line in lines:
        yield from (f"    {part}" for part in wrap(f"- {line}", indent=2, width=WIDTH - 4))
