"""The report for a person, and for a program."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click
import msgspec

from tap_alfacrm.doctor.model import VERSION, Level, Report
from tap_alfacrm.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class _Written(msgspec.Struct):
    version: int


WIDTH = 80
MARKS = {
    Level.FINE: ("ok", "green"),
    Level.NOTE: ("", None),
    Level.SET: ("set", "yellow"),
    Level.ASK: ("ask", "red"),
    Level.UNKNOWN: ("?", "magenta"),
}
VERDICTS = {
    0: ("A sync will be complete.", "green"),
    1: ("A sync will NOT be complete.", "red"),
    2: ("Whether a sync will be complete could not be found out.", "magenta"),
}


def as_json(report: Report) -> str:
    """The report for a program."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


def from_json(path: Path) -> Report:
    """An earlier report.

    Args:
        path: Its file.

    Raises:
        InputError: It is no such report.
    """
    try:
        content = path.read_bytes()
        written = msgspec.json.decode(content, type=_Written).version
        if written == VERSION:
            return msgspec.json.decode(content, type=Report)
        msg = (
            f"{path} is a report in form {written}, and this alfacrm-doctor reads form {VERSION}: "
            "make a new one to compare with."
        )
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}."
    except msgspec.DecodeError as error:
        msg = f"{path} is not a report of alfacrm-doctor --format json: {error}."
    raise InputError(msg)


def as_text(report: Report) -> str:
    """The report for a person, with colours; whoever prints it drops them off a terminal."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield click.style(f"alfacrm-doctor {report.tap}", bold=True)
    yield (
        f"{report.made_at}, {report.requests} requests of at most {report.budget}, "
        f"{report.seconds:.0f} s."
    )
    yield "Names of fields and counts only: safe to attach to a ticket."
    for number, section in enumerate(report.sections, 1):
        yield ""
        yield click.style(f"{number}. {section.title}", bold=True)
        if section.head:
            yield f"       {section.head}"
        for finding in section.findings:
            if finding.text:
                yield from _marked(finding.text, *MARKS[finding.level])
    yield ""
    yield click.style(f"{len(report.sections) + 1}. Verdict", bold=True)
    yield from _verdict("Fine:", report.fine, "green")
    yield from _verdict("Set:", report.set, "yellow")
    yield from _verdict("Ask:", report.ask, "red")
    yield from _verdict("Not found out:", report.unknown, "magenta")
    left_out = [f"{'; '.join(report.left_out)}."] if report.left_out else []
    yield from _verdict("Left out, because the requests or the time were used up:", left_out, None)
    words, colour = VERDICTS[report.exit_code]
    yield ""
    yield click.style(words, fg=colour, bold=True)


def _marked(text: str, mark: str, colour: str | None) -> Iterator[str]:
    hanging = text.rindex("  ") + 2 if "  " in text else 2
    first, *others = wrapped(text, hanging=hanging, width=WIDTH - 7)
    yield f"  {click.style(f'{mark:<4}', fg=colour)} {first}"
    yield from (f"       {line}" for line in others)


def wrapped(text: str, *, hanging: int, width: int = WIDTH) -> Sequence[str]:
    """A text in lines, without characters that a terminal would obey.

    Args:
        text: The text.
        hanging: Columns by which all lines but the first are moved in.
        width: Of the longest line.

    Returns:
        The lines.
    """
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return textwrap.wrap(shown, width, subsequent_indent=" " * hanging, break_on_hyphens=False)


def _verdict(title: str, lines: Sequence[str], colour: str | None) -> Iterator[str]:
    if not lines:
        return
    yield click.style(f"  {title}", fg=colour)
    for line in lines:
        first, *others = wrapped(f"- {line}", hanging=2, width=WIDTH - 4)
        yield f"    {first}"
        yield from (f"    {other}" for other in others)
