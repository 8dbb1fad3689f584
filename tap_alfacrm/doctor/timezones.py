"""The account's time zone, found by customers whose creation time is given in UTC and locally."""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_alfacrm.records.page import Row

    TimePair = tuple[dt.datetime, dt.datetime]
    """A moment in UTC and in local time."""

LIKELY = (
    *("Europe/Kyiv", "Asia/Almaty", "Europe/Moscow", "Europe/Minsk", "Asia/Tashkent"),
    *("Asia/Tbilisi", "Asia/Yerevan", "Asia/Baku", "Asia/Bishkek", "Europe/Chisinau"),
    *("Europe/Warsaw", "Europe/Vilnius", "Europe/Riga", "Europe/Tallinn", "Europe/Prague"),
)
"""Time zones of most accounts, the most likely first."""
_LEGACY_PREFIXES = {"Etc", "US/", "Sys", "Bra", "Can", "Chi", "Mex"}
WINTER, SUMMER = {12, 1, 2}, {6, 7, 8}
MIN_SHARE = 0.9
"""Share of customers that must fit: some have another day of creation entered by hand."""
MAX_OFFSET = dt.timedelta(hours=15)
STEP = dt.timedelta(minutes=15)
"""Offsets of all time zones are multiples of it."""
TOLERANCE = dt.timedelta(seconds=5)
YEARS = range(1990, 2200)
MAX_PAIRS = 200


@dataclass(frozen=True, slots=True)
class CreationTimes:
    """Creation times of customers.

    Attributes:
        pairs: The times in UTC and in local time.
        winter: Offset of the local time from December to February, in minutes.
        summer: The same from June to August.
    """

    pairs: Sequence[TimePair]
    winter: int | None
    summer: int | None


def read_creation_times(customers: Iterable[Row]) -> CreationTimes:
    """Read `created_at`, which is in UTC, and `b_date`, which is in local time."""
    pairs = [pair for row in customers if (pair := _read_pair(row)) is not None]
    return CreationTimes(pairs[:MAX_PAIRS], _offset(pairs, WINTER), _offset(pairs, SUMMER))


def find_timezones(times: CreationTimes) -> Sequence[str]:
    """Find the IANA time zones that fit the creation times, the likely ones first."""
    if not times.pairs:
        return []
    order = {name: place for place, name in enumerate(LIKELY)}
    found = [zone.key for zone in _timezones() if _fits(zone, times.pairs)]
    return sorted(found, key=lambda name: (order.get(name, len(order)), name))


@functools.cache
def _timezones() -> Sequence[ZoneInfo]:
    """All time zones that are named after a place."""
    names = available_timezones()
    return [ZoneInfo(n) for n in names if "/" in n and n[:3] not in _LEGACY_PREFIXES]


def _read_pair(row: Row) -> TimePair | None:
    try:
        utc = dt.datetime.fromisoformat(row["created_at"])
        local = dt.datetime.fromisoformat(row["b_date"])
    except (KeyError, TypeError, ValueError):
        return None
    is_date = len(row["b_date"]) <= len("YYYY-MM-DD")
    if is_date or utc.tzinfo or local.tzinfo or utc.year not in YEARS:
        return None
    # two times are of one moment only if they differ by the offset of a time zone
    difference = abs(local - utc)
    deviation = min(difference % STEP, STEP - difference % STEP)
    return None if difference > MAX_OFFSET or deviation > TOLERANCE else (utc, local)


def _offset(pairs: Iterable[TimePair], months: set[int]) -> int | None:
    """The most frequent offset in some months, in minutes."""
    minutes = Counter(
        round((local - utc) / STEP) * 15 for utc, local in pairs if utc.month in months
    )
    return minutes.most_common(1)[0][0] if minutes else None


def _fits(zone: ZoneInfo, pairs: Sequence[TimePair]) -> bool:
    allowed, wrong = len(pairs) * (1 - MIN_SHARE), 0
    for utc, local in pairs:
        offset = zone.utcoffset(utc.replace(tzinfo=dt.UTC).astimezone(zone)) or dt.timedelta()
        wrong += abs(local - utc - offset) > TOLERANCE
        if wrong > allowed:
            return False
    return True
