"""The report: findings, in sections, with what they mean for a sync."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from enum import StrEnum
from typing import Any

import msgspec

VERSION = 1
"""Of the report's JSON form."""


class Level(StrEnum):
    """Who has to do something about a finding."""

    FINE = "fine"
    NOTE = "note"
    SET = "set"
    ASK = "ask"
    UNKNOWN = "unknown"


class Effect(StrEnum):
    """What a finding means for a sync."""

    NONE = "none"
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing found out.

    Attributes:
        key: Its name, the same in every report.
        text: The line for a person.
        value: What stays the same until the account changes; reports are compared by it. None
            where nothing was found out, or nothing that lasts.
        counts: Numbers that change from day to day.
        level: Who has to do something.
        advice: What the verdict says about it, if anything.
        effect: What it means for a sync.
    """

    key: str
    text: str
    value: Any = None
    counts: Mapping[str, int | None] = {}
    level: Level = Level.NOTE
    advice: str = ""
    effect: Effect = Effect.NONE


class Section(msgspec.Struct, frozen=True):
    """Findings of one kind.

    Attributes:
        title: Its heading.
        findings: What was found out.
        head: A line above them, for those that are the rows of a table.
    """

    title: str
    findings: list[Finding]
    head: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found out.

    Attributes:
        version: Of this form.
        tap: Version of the tap.
        made_at: When, in UTC.
        requests: Requests that it took.
        budget: Requests that it might have taken.
        seconds: Time that it took.
        sections: The findings.
        left_out: What was not asked because the requests or the time were used up.
        fine: What works.
        set: What to set.
        ask: What to ask the administrator or the vendor.
        unknown: What could not be found out.
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
