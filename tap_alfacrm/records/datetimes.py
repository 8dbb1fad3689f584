"""Dates and moments in any of the API's shapes, to ISO 8601 and to UTC.

See docs/behaviour.md#dates-and-time-zones.
"""

from __future__ import annotations

import datetime as dt
import functools
import re

from tap_alfacrm.records.scalars import InvalidValue

_DATE = (
    r"(?:(?P<y>\d{4})(?P<s>[-./])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})"
    r"|(?P<d2>\d{1,2})(?P<s2>[-./])(?P<m2>\d{1,2})(?P=s2)(?P<y2>\d{4}))"
)
_TIME = r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,]\d+)?)?"
_ZONE = r" ?(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)"
_MOMENT_RE = re.compile(rf"{_DATE}(?:(?:T|,? +){_TIME}(?:{_ZONE})?)?", re.ASCII)
_REST_RE = re.compile(rf"(:\d{{2}}(?::\d{{2}})?)(?:(?<=:..:..)[.,]\d+)?(?:{_ZONE})?", re.ASCII)
"""What follows the hour where a fraction or a zone does."""
_TIME_RE = re.compile(_TIME, re.ASCII)
MINUTE_SECONDS = {
    text: text for text in (f":{rest // 60:02}:{rest % 60:02}" for rest in range(3600))
} | {f":{minute:02}": f":{minute:02}:00" for minute in range(60)}
"""What follows the hour in a moment, and the same to the second."""
KNOWN_DAYS = 10_000
"""Days that a clock remembers."""
KNOWN_ENDINGS = 10_000
"""Ends of moments that a clock remembers."""


def _moment(value: object) -> re.Match[str] | None:
    """A date with or without a time, in any of the API's shapes; None for an empty text."""
    if not isinstance(value, str):
        raise InvalidValue
    value = value.strip()
    if not value:
        return None
    match = _MOMENT_RE.fullmatch(value)
    if match is None:
        raise InvalidValue
    return match


def _day(match: re.Match[str]) -> dt.date:
    return dt.date(
        int(match["y"] or match["y2"]),
        int(match["m"] or match["m2"]),
        int(match["d"] or match["d2"]),
    )


def date(value: object) -> str | None:
    """A day as `YYYY-MM-DD`, also of a moment; null of an empty text.

    Raises:
        InvalidValue: It is none.
        ValueError: There is no such day.
    """
    match = _moment(value)
    return _day(match).isoformat() if match else None


def time(value: object) -> str | None:
    """A time of day as `hh:mm:ss`; null of an empty text.

    Raises:
        InvalidValue: It is none.
        ValueError: There is no such time.
    """
    if not isinstance(value, str):
        raise InvalidValue
    value = value.strip()
    if not value:
        return None
    match = _TIME_RE.fullmatch(value)
    if match is None:
        raise InvalidValue
    return _clock(match).isoformat()


def _clock(match: re.Match[str]) -> dt.time:
    return dt.time(int(match["H"] or 0), int(match["M"] or 0), int(match["S"] or 0))


class UtcConverter:
    """Makes instants in UTC of moments on a clock; each day is worked out once.

    Attributes:
        days: What is known of a day: the names of the days around it, and by the text of an
            hour which of them and which hour it is in UTC. None where the offset changes that
            day, or is not one of full hours.
        endings: What follows the hour in other shapes than `MINUTE_SECONDS`, with a fraction or a
            zone: the same as there, and the zone.
    """

    def __init__(self, clock: dt.tzinfo) -> None:
        """Remember nothing yet.

        Args:
            clock: The zone of moments that name none.
        """
        self._clock = clock
        self.days: dict[str, tuple[tuple[str, str, str], dict[str, tuple[int, str]]] | None] = {}
        self.endings: dict[str, tuple[str, str]] = {}

    def __call__(self, value: object) -> str | None:
        """An instant as `YYYY-MM-DDThh:mm:ssZ`; null of an empty text.

        Raises:
            InvalidValue: It is none.
            ValueError: There is no such moment.
            OverflowError: It lies outside of the years 1 to 9999.
        """
        if isinstance(value, str):
            rest, zone = MINUTE_SECONDS.get(value[13:]), ""
            if rest is None:
                rest, zone = self._end(value[13:])
            if rest:
                name = value[:10] + zone
                if name not in self.days:
                    if len(self.days) > KNOWN_DAYS:
                        self.days.clear()
                    self.days[name] = self._learn(value[:10], zone)
                day = self.days[name]
                hour = day and day[1].get(value[10:13])
                if day and hour:
                    return f"{day[0][hour[0]]}{hour[1]}{rest}Z"
        return _in_utc(value, self._clock)

    def _end(self, text: str) -> tuple[str, str]:
        """What follows the hour, to the second, and the zone; empty where it is neither."""
        if text not in self.endings:
            match = _REST_RE.fullmatch(text)
            if match is None:
                return "", ""
            if len(self.endings) > KNOWN_ENDINGS:
                self.endings.clear()
            rest, zone = match.groups("")
            self.endings[text] = MINUTE_SECONDS.get(rest, ""), zone
        return self.endings[text]

    def _learn(
        self, name: str, zone: str
    ) -> tuple[tuple[str, str, str], dict[str, tuple[int, str]]] | None:
        match = _MOMENT_RE.fullmatch(name)
        if match is None:
            return None
        begin = dt.datetime.combine(_day(match), dt.time(), tzinfo=_zone(zone, self._clock))
        offset = begin.utcoffset()
        hours = (begin.replace(hour=hour) for hour in (6, 12, 18))
        end = begin.replace(hour=23, minute=59, second=59)
        if offset is None or any(moment.utcoffset() != offset for moment in (*hours, end)):
            return None
        ahead, rest = divmod(offset, dt.timedelta(hours=1))
        if rest or not 1 < begin.year < dt.MAXYEAR:
            return None
        before, there, after = (begin.date() + dt.timedelta(days=days) for days in (-1, 0, 1))
        return (before.isoformat(), there.isoformat(), after.isoformat()), _hours(ahead)


@functools.cache
def _hours(ahead: int) -> dict[str, tuple[int, str]]:
    """Each hour of a clock so far ahead of UTC: the day before, that day or the next; its text."""
    found = {}
    for hour in range(24):
        over, in_utc = divmod(hour - ahead, 24)
        for separator in " T":
            found[f"{separator}{hour:02}"] = over + 1, f"T{in_utc:02}"
    return found


@functools.cache
def instants(clock: dt.tzinfo) -> UtcConverter:
    """The instants of a clock, one memory for all its fields."""
    return UtcConverter(clock)


def _zone(text: str | None, clock: dt.tzinfo) -> dt.tzinfo:
    """The zone that a moment names, else that of the clock."""
    if not text:
        return clock
    offset = text + ("00" if len(text) == len("+hh") else "")
    return dt.datetime.strptime(offset, "%z").tzinfo or clock


def _in_utc(value: object, clock: dt.tzinfo) -> str | None:
    match = _moment(value)
    if match is None:
        return None
    # fold=0: of a repeated hour the first, and a skipped hour moves on by the gap
    moment = dt.datetime.combine(_day(match), _clock(match), tzinfo=_zone(match["zone"], clock))
    return f"{moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat()}Z"
