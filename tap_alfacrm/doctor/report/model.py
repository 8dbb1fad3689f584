"""The report and its JSON form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap_alfacrm.doctor.findings import Finding  # noqa: TC001 - msgspec reads the annotations
from tap_alfacrm.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

VERSION = 1
"""Version of the JSON form."""


class Section(msgspec.Struct, frozen=True):
    """Findings of one kind.

    Attributes:
        title: Its heading.
        findings: The findings.
        head: Column titles, where the findings are the rows of a table.
    """

    title: str
    findings: list[Finding]
    head: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of all checks.

    Attributes:
        version: Version of the JSON form.
        tap: Version of the tap.
        made_at: When it was made, in UTC.
        requests: Number of requests sent.
        budget: Maximum number of requests.
        seconds: Time taken.
        sections: The findings.
        left_out: What was not requested because the requests or the time were used up.
        fine: What works.
        set: What to set.
        ask: What to ask the administrator or the vendor.
        unknown: What could not be determined.
        exit_code: 0 a sync will be complete, 1 it will not, 2 not known.
    """

    version: int
    tap: str
    made_at: str
    requests: int
    budget: int
    seconds: float
    sections: list[Section]
    left_out: list[str]
    fine: list[str]
    set: list[str]
    ask: list[str]
    unknown: list[str]
    exit_code: int

    def findings(self) -> dict[str, Finding]:
        """All findings by key."""
        return {f.key: f for section in self.sections for f in section.findings}


class _Header(msgspec.Struct):
    version: int


def to_json(value: msgspec.Struct) -> str:
    """A report or a comparison as JSON."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def read_report(path: Path) -> Report:
    """Read an earlier report.

    Args:
        path: Its file.

    Raises:
        InputError: The file is not such a report.
    """
    try:
        content = path.read_bytes()
        version = msgspec.json.decode(content, type=_Header).version
        if version == VERSION:
            return msgspec.json.decode(content, type=Report)
        msg = (
            f"{path} is a report in form {version}, and this alfacrm-doctor reads form {VERSION}: "
            "make a new one to compare with."
        )
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}."
    except msgspec.DecodeError as error:
        msg = f"{path} is not a report of alfacrm-doctor --format json: {error}."
    raise InputError(msg)
