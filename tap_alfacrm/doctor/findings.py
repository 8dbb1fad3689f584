"""Findings of the checks, and how to create one of each level."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from enum import StrEnum
from functools import partial
from typing import Any

import msgspec


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


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One result of a check.

    Attributes:
        key: Its name, the same in every report.
        text: The line of the report.
        value: What stays the same until the account changes; reports are compared by it. None
            where nothing was found, or nothing that lasts.
        counts: Numbers that change from day to day.
        level: Who has to do something.
        advice: The line of the verdict, if it has one.
        effect: What it means for a sync.
    """

    key: str
    text: str
    value: Any = None
    counts: Mapping[str, int | None] = {}
    level: Level = Level.NOTE
    advice: str = ""
    effect: Effect = Effect.NONE


fine = partial(Finding, level=Level.FINE)
"""Works as the tap expects."""
note = partial(Finding, level=Level.NOTE)
"""For information; no action is needed."""
configure = partial(Finding, level=Level.SET)
"""The user has to change a setting or data."""
ask = partial(Finding, level=Level.ASK)
"""To be clarified with the administrator or the vendor."""
unknown = partial(Finding, level=Level.UNKNOWN)
"""Could not be determined."""
