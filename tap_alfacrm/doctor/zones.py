"""The account's time zone, told by cards whose creation is written on both clocks."""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from tap_alfacrm.doctor.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_alfacrm.doctor.examination import Examination
    from tap_alfacrm.records.page import Row

LIKELY = (
    *("Europe/Kyiv", "Asia/Almaty", "Europe/Moscow", "Europe/Minsk", "Asia/Tashkent"),
    *("Asia/Tbilisi", "Asia/Yerevan", "Asia/Baku", "Asia/Bishkek", "Europe/Chisinau"),
    *("Europe/Warsaw", "Europe/Vilnius", "Europe/Riga", "Europe/Tallinn", "Europe/Prague"),
)
"""Where most accounts are; named first among the zones that fit."""
WINTER, SUMMER = {12, 1, 2}, {6, 7, 8}
SHARE = 0.9
"""Cards that must agree: some are entered with another day of creation."""
WIDEST = dt.timedelta(hours=15)
STEP = dt.timedelta(minutes=15)
YEARS = range(1990, 2200)
ENOUGH = 200
SHOWN = 8
"""Zones named in the report."""


@dataclass(slots=True)
class Clocks:
    """What the cards show.

    Attributes:
        pairs: Moments of creation, in UTC and on the wall clock.
        winter: Minutes that the wall clock is ahead of UTC from December to February.
        summer: The same from June to August.
    """

    pairs: list[tuple[dt.datetime, dt.datetime]] = field(default_factory=list)
    winter: int | None = None
    summer: int | None = None


def look(exam: Examination) -> Iterator[Finding]:
    """Hold the cards' two clocks against each other, and name the zones that fit them."""
    seen = _clocks(exam.card_sample())
    exam.zones = _fitting(seen)
    chosen = exam.settings.timezone
    if not seen.pairs:
        yield Finding(
            key="values.zone",
            text="The cards do not tell the account's time zone: none has both created_at and "
            "b_date.",
            value="unknown",
            level=Level.NOTE if chosen else Level.SET,
            advice="" if chosen else "Set timezone to the zone of the school, such as Europe/Kyiv.",
        )
        return
    told = [
        f"{minutes / 60:g} h in {season}"
        for season, minutes in (("winter", seen.winter), ("summer", seen.summer))
        if minutes is not None
    ]
    ahead = " and ".join(told) or "as much as in the zones below"
    yield Finding(
        key="values.offset",
        text=f"created_at is UTC, b_date the wall clock: it is ahead by {ahead}.",
        value={"winter": seen.winter, "summer": seen.summer},
        counts={"cards": len(seen.pairs)},
        level=Level.FINE,
    )
    if not exam.zones:
        yield Finding(
            key="values.zone",
            text="No IANA zone fits the cards' two clocks.",
            value=[],
            level=Level.ASK,
            advice="Ask the vendor which time zone the account has.",
        )
        return
    others = len(exam.zones) - SHOWN
    shown = ", ".join(exam.zones[:SHOWN]) + (f" and {others} more" if others > 0 else "")
    if chosen in exam.zones:
        yield Finding(
            key="values.zone",
            text=f"The setting timezone, {chosen}, fits; so do {len(exam.zones) - 1} others.",
            value="fits",
            level=Level.FINE,
            advice=f"timezone {chosen} fits the cards.",
        )
        return
    wrong = f"the setting timezone, {chosen}, does not" if chosen else "timezone is not set"
    yield Finding(
        key="values.zone",
        text=f"IANA zones that fit: {shown}; {wrong}.",
        value="does not fit" if chosen else "unset",
        level=Level.SET,
        advice=f"TAP_ALFACRM_TIMEZONE={exam.zones[0]}",
    )


def _clocks(rows: Iterable[Row]) -> Clocks:
    """Hold `created_at` against `b_date`."""
    pairs = [pair for row in rows if (pair := _pair(row)) is not None]
    return Clocks(pairs[:ENOUGH], _offset(pairs, WINTER), _offset(pairs, SUMMER))


def _fitting(seen: Clocks) -> list[str]:
    """The IANA zones that the cards fit, the likely ones first."""
    if not seen.pairs:
        return []
    order = {name: place for place, name in enumerate(LIKELY)}
    found = [zone.key for zone in _zones() if _fits(zone, seen)]
    return sorted(found, key=lambda name: (order.get(name, len(order)), name))


@functools.cache
def _zones() -> tuple[ZoneInfo, ...]:
    """All zones that are named after a place."""
    names = (name for name in available_timezones() if "/" in name and name[:3] not in _ODD)
    return tuple(map(ZoneInfo, names))


_ODD = {"Etc", "US/", "Sys", "Bra", "Can", "Chi", "Mex"}


def _pair(row: Row) -> tuple[dt.datetime, dt.datetime] | None:
    try:
        made = dt.datetime.fromisoformat(row["created_at"])
        begun = dt.datetime.fromisoformat(row["b_date"])
    except (KeyError, TypeError, ValueError):
        return None
    if len(row["b_date"]) <= len("YYYY-MM-DD") or made.tzinfo or begun.tzinfo:
        return None
    if made.year not in YEARS:
        return None
    # both clocks are of one creation only where they differ by a zone's offset
    apart = abs(begun - made)
    off = min(apart % STEP, STEP - apart % STEP)
    if apart > WIDEST or off > dt.timedelta(seconds=5):
        return None
    return made, begun


def _offset(pairs: Iterable[tuple[dt.datetime, dt.datetime]], months: set[int]) -> int | None:
    minutes = Counter(
        round((begun - made) / STEP) * 15 for made, begun in pairs if made.month in months
    )
    return minutes.most_common(1)[0][0] if minutes else None


def _fits(zone: ZoneInfo, seen: Clocks) -> bool:
    allowed = len(seen.pairs) * (1 - SHARE)
    wrong = 0
    for made, begun in seen.pairs:
        offset = zone.utcoffset(made.replace(tzinfo=dt.UTC).astimezone(zone)) or dt.timedelta()
        wrong += abs(begun - made - offset) > dt.timedelta(seconds=5)
        if wrong > allowed:
            return False
    return True
