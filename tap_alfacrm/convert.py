"""A schema in, a function out that makes a row right and counts what it could not.

What each type accepts, and why, is told in docs/behaviour.md#dates-and-time-zones,
#decimals, #empty-values and #teacher_ids.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
from collections import Counter, defaultdict
from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from tap_alfacrm.typed import attribute, is_plain, types_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_alfacrm.typed import TypedRow

    Fix = Callable[[Any], Any]
    Schema = Mapping[str, Any]
    Row = dict[str, Any]

CLOCK = "x-alfacrm-clock"
"""Keyword of a date-time in a schema file: `account` (wall clock) or `utc`."""
FIELD = "title"
"""Says the name of the field in the API, where the column has another; catalogues keep it."""

_DATE = r"(?:(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})|(?P<d2>\d{2})\.(?P<m2>\d{2})\.(?P<y2>\d{4}))"
_TIME = r"(?P<H>\d{2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:\.\d+)?)?"
_ZONE = r"(?P<zone>Z|[+-]\d{2}:?\d{2})"
_MOMENT_RE = re.compile(rf"{_DATE}(?:[T ]{_TIME}{_ZONE}?)?", re.ASCII)
_TIME_RE = re.compile(_TIME, re.ASCII)
_DECIMAL_RE = re.compile(r"[+-]?\d{1,100}(?:\.\d{1,100})?", re.ASCII)
_INTEGER_RE = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_INT64 = range(-(2**63), 2**63)
_MAX_EXPONENT = 100
MEMORY = 10_000
"""Values of a field whose mended form is kept."""
_TAILS = frozenset(f":{minute:02}:{second:02}" for minute in range(60) for second in range(60))


class Unfit(ValueError):  # noqa: N818 - a verdict on a value, not a failure of the program
    """A value that its type cannot hold."""


UNFIT = (Unfit, ValueError, OverflowError, RecursionError)
"""What mending raises where a type cannot hold a value."""


class Converter:
    """Makes rows right, one after the other.

    Attributes:
        unfit: Values that became null because their type cannot hold them, by field.
        unknown: Keys of rows that the schema does not have, with the JSON type first seen.
        renames: Whether a column has another name than its field.
    """

    def __init__(self, schema: Schema, zone: dt.tzinfo) -> None:
        """Compile a schema.

        Args:
            schema: JSON Schema of the records; date-times may carry `x-alfacrm-clock`.
            zone: Zone of the account's wall clock.
        """
        self.unfit: Counter[str] = Counter()
        self.unknown: dict[str, str] = {}
        self._fixes = {
            name: self._counting(name, _fix(name, property_, zone, self.unfit))
            for name, property_ in schema["properties"].items()
        }
        self._columns = [
            (name, schema["properties"][name].get(FIELD, name), fix)
            for name, fix in self._fixes.items()
        ]
        self._fields = {field for _, field, _ in self._columns}
        self.renames = self._fields != self._fixes.keys()
        self._names = {attribute(name): name for name in schema["properties"]}
        known: defaultdict[Fix, dict[Any, Any]] = defaultdict(dict)
        self._columns_to_mend: list[Callable[[Sequence[TypedRow]], None]] = []
        for name, property_ in schema["properties"].items():
            if _needs_mending(property_):
                fix = _fix(name, property_, zone, self.unfit)
                column = attribute(name), self._counting(name, fix)
                if isinstance(fix, _Instants):
                    self._columns_to_mend.append(_instants_in(*column, fix))
                elif is_plain(property_):
                    self._columns_to_mend.append(_recurring_in(*column, known[fix]))
                else:
                    self._columns_to_mend.append(_any_in(*column))

    def __call__(self, row: Row) -> Row:
        """Make one row right.

        Args:
            row: A row as the API gave it.

        Returns:
            The record: every property of the schema, in its order, null where the row has none.
        """
        record = {name: fix(row.get(field)) for name, field, fix in self._columns}
        if not row.keys() <= self._fields:
            for name in row.keys() - self._fields:
                self.unknown.setdefault(name, json_type(row[name]))
        return record

    def mend_page(self, rows: Sequence[TypedRow], stamp: Mapping[str, Any]) -> None:
        """Make rows right whose values have the types of the schema already.

        Column by column, because a value that has come before is mended already, and few
        values have not.

        Args:
            rows: Rows of `TypedReader`; they are changed.
            stamp: Fields to add.
        """
        for mend in self._columns_to_mend:
            mend(rows)
        for name, value in stamp.items():
            for row in rows:
                setattr(row, name, value)

    def _counting(self, name: str, fix: Fix) -> Fix:
        def fixed(value: object) -> object:
            if value is None:
                return None
            try:
                return fix(value)
            except UNFIT:
                self.unfit[name] += 1
                return None

        return fixed


def _recurring_in(name: str, fix: Fix, known: dict[Any, Any]) -> Callable[[Any], None]:
    """Mends a column in which the same values come again and again."""
    get = attrgetter(name)

    def mend(rows: Sequence[TypedRow]) -> None:
        if len(known) > MEMORY:
            known.clear()
        for row, value in zip(rows, map(get, rows), strict=True):
            if value is not None:
                fixed = known.get(value)
                if fixed is None:
                    fixed = fix(value)
                    if fixed is not None:
                        known[value] = fixed
                setattr(row, name, fixed)

    return mend


def _instants_in(name: str, fix: Fix, instants: _Instants) -> Callable[[Any], None]:
    """Mends a column of date-times as `_Instants` does, without the cost of a call for each."""
    get, days = attrgetter(name), instants.days

    def mend(rows: Sequence[TypedRow]) -> None:
        for row, value in zip(rows, map(get, rows), strict=True):
            if value is not None:
                day, tail = days.get(value[:10]), value[13:]
                if day is not None and tail in _TAILS and (hour := day[1].get(value[10:13])):
                    setattr(row, name, f"{day[0][hour[0]]}{hour[1]}{tail}Z")
                else:
                    setattr(row, name, fix(value))

    return mend


def _any_in(name: str, fix: Fix) -> Callable[[Any], None]:
    """Mends a column of values of any kind."""
    get = attrgetter(name)

    def mend(rows: Sequence[TypedRow]) -> None:
        for row, value in zip(rows, map(get, rows), strict=True):
            if value is not None:
                setattr(row, name, fix(value))

    return mend


def _needs_mending(schema: Schema) -> bool:
    """Whether a value of the right JSON type may still have to change."""
    types = (
        set(schema.get("type", [])) - {"null"} if isinstance(schema.get("type"), list) else set()
    )
    return "format" in schema or types == {"number"} or not is_plain(schema)


def json_type(value: object) -> str:
    """The JSON Schema type of a decoded value."""
    if isinstance(value, bool):
        return "boolean"
    for type_, name in (
        (str, "string"),
        (int, "integer"),
        ((float, Decimal), "number"),
        (list, "array"),
    ):
        if isinstance(value, type_):
            return name
    return "null" if value is None else "object"


def _fix(name: str, schema: Schema, zone: dt.tzinfo, unfit: Counter[str]) -> Fix:
    """The function that makes a value of this schema right."""
    types = types_of(schema)
    if types == ["array"]:
        return _array(name, schema.get("items") or {}, zone, unfit)
    if types == ["object"]:
        return _object(name, schema, zone, unfit)
    if types == ["string"] and schema.get("format") in {"date", "date-time", "time"}:
        clock = dt.UTC if schema.get(CLOCK) == "utc" else zone
        if schema["format"] == "date-time":
            return _instants(clock)
        return {"date": _date, "time": _time}[schema["format"]]
    if len(types) == 1:
        return {"string": _text, "integer": _integer, "number": _number, "boolean": _boolean}[
            types[0]
        ]
    return _any_of(types) if types else _clean


def _any_of(types: list[str]) -> Fix:
    def fix(value: object) -> object:
        if "boolean" in types and not isinstance(value, list):
            return _boolean(value)
        if json_type(value) in types or (json_type(value) == "integer" and "number" in types):
            return _clean(value)
        if "string" in types:
            return _text(value)
        raise Unfit

    return fix


def _array(name: str, items: Schema, zone: dt.tzinfo, unfit: Counter[str]) -> Fix:
    fix_item = _fix(name, items, zone, unfit)

    def fix(value: object) -> list[Any] | None:
        if value == "":
            return None
        if isinstance(value, dict):  # a PHP array with gaps in its keys
            value = list(value.values())
        elif not isinstance(value, list):
            value = [value]
        fixed = []
        for item in value:
            if item is None:
                continue
            try:
                element = fix_item(item)
            except (Unfit, ValueError, OverflowError):
                unfit[name] += 1
                continue
            if element is not None:
                fixed.append(element)
        return fixed

    return fix


def _object(name: str, schema: Schema, zone: dt.tzinfo, unfit: Counter[str]) -> Fix:
    inner = Converter(schema, zone) if schema.get("properties") else None

    def fix(value: object) -> dict[str, Any] | None:
        if isinstance(value, str) and value:
            value = _decoded(value)
        if value in ("", []):
            return None
        if isinstance(value, list):
            value = {str(index): item for index, item in enumerate(value)}
        if not isinstance(value, dict):
            raise Unfit
        if inner is None:
            return _clean(value)  # type: ignore[no-any-return]
        record = inner(value)
        for field, count in inner.unfit.items():
            unfit[f"{name}.{field}"] += count
        inner.unfit.clear()
        if schema.get("additionalProperties"):
            record |= {_text(key): _clean(value[key]) for key in value.keys() - record.keys()}
        return record

    return fix


def _decoded(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise Unfit from None


def _text(value: object) -> str:
    """Text as it is, but for what no database stores; of other types their JSON text."""
    if not isinstance(value, str):
        value = (
            str(value)
            if isinstance(value, Decimal)
            else json.dumps(_clean(value), ensure_ascii=False, default=str)
        )
    return _UNSTORABLE.sub("", value) if _UNSTORABLE.search(value) else value


def _clean(value: Any) -> Any:  # noqa: ANN401 - JSON may be anything
    """The same JSON, without characters that no database stores."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_text(key): _clean(item) for key, item in value.items()}
    if isinstance(value, (int, Decimal)):
        return value if isinstance(value, bool) else _bounded(value)
    return value


def _bounded(value: int | Decimal) -> int | Decimal | str:
    """A number as it is, or as text where a database or a JSON reader would choke on it."""
    if isinstance(value, int):
        return value if value in _INT64 else str(value)
    return value if value.is_finite() and abs(value.adjusted()) <= _MAX_EXPONENT else str(value)


def _integer(value: object) -> int | None:
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        if not _DECIMAL_RE.fullmatch(value):
            raise Unfit
        value = int(value) if _INTEGER_RE.fullmatch(value) else Decimal(value)
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= _MAX_EXPONENT:
        number = int(value)
        if number != value:
            raise Unfit
        value = number
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, int) or value not in _INT64:
        raise Unfit
    return value


def _number(value: object) -> Decimal | int | None:
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        if not _DECIMAL_RE.fullmatch(value):
            raise Unfit
        return Decimal(value)
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, Decimal))
        or isinstance(_bounded(value), str)
    ):
        raise Unfit
    return value


def _boolean(value: object) -> bool | None:
    if isinstance(value, str):
        value = value.strip().lower()
        if not value:
            return None
    known: dict[object, bool] = {
        0: False,
        1: True,
        "0": False,
        "1": True,
        "false": False,
        "true": True,
    }
    if not isinstance(value, (str, int, bool)) or value not in known:
        raise Unfit
    return known[value]


def _moment(value: object) -> re.Match[str] | None:
    """A date with or without a time, in any of the API's shapes; None for an empty text."""
    if not isinstance(value, str):
        raise Unfit
    value = value.strip()
    if not value:
        return None
    match = _MOMENT_RE.fullmatch(value)
    if match is None:
        raise Unfit
    return match


def _day(match: re.Match[str]) -> dt.date:
    return dt.date(
        int(match["y"] or match["y2"]),
        int(match["m"] or match["m2"]),
        int(match["d"] or match["d2"]),
    )


def _date(value: object) -> str | None:
    match = _moment(value)
    return _day(match).isoformat() if match else None


def _time(value: object) -> str | None:
    if not isinstance(value, str):
        raise Unfit
    value = value.strip()
    if not value:
        return None
    match = _TIME_RE.fullmatch(value)
    if match is None:
        raise Unfit
    return _clock(match).isoformat()


def _clock(match: re.Match[str]) -> dt.time:
    return dt.time(int(match["H"] or 0), int(match["M"] or 0), int(match["S"] or 0))


class _Instants:
    """Makes instants in UTC of moments on a clock; each day is worked out once.

    Attributes:
        days: What is known of a day: the names of the days around it, and by the text of an
            hour which of them and which hour it is in UTC. None where the offset changes that
            day, or is not one of full hours.
    """

    def __init__(self, clock: dt.tzinfo) -> None:
        self._clock = clock
        self.days: dict[str, tuple[tuple[str, str, str], dict[str, tuple[int, str]]] | None] = {}

    def __call__(self, value: object) -> str | None:
        if isinstance(value, str) and value[13:] in _TAILS:
            name = value[:10]
            if name not in self.days:
                if len(self.days) > MEMORY:
                    self.days.clear()
                self.days[name] = self._learn(name)
            day = self.days[name]
            hour = day and day[1].get(value[10:13])
            if day and hour:
                return f"{day[0][hour[0]]}{hour[1]}{value[13:]}Z"
        return _in_utc(value, self._clock)

    def _learn(self, name: str) -> tuple[tuple[str, str, str], dict[str, tuple[int, str]]] | None:
        match = _MOMENT_RE.fullmatch(name)
        if match is None:
            return None
        begin = dt.datetime.combine(_day(match), dt.time(), tzinfo=self._clock)
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
def _instants(clock: dt.tzinfo) -> _Instants:
    return _Instants(clock)


def _in_utc(value: object, clock: dt.tzinfo) -> str | None:
    match = _moment(value)
    if match is None:
        return None
    zone = clock
    if match["zone"]:
        zone = dt.datetime.strptime(match["zone"], "%z").tzinfo or clock
    # fold=0: of a repeated hour the first, and a skipped hour moves on by the gap
    moment = dt.datetime.combine(_day(match), _clock(match), tzinfo=zone)
    return f"{moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat()}Z"
