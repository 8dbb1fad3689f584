"""Rendering of rows with the quirks of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from simulator.records import Record
from simulator.variants import other_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulator.account import Account
    from simulator.entities.entity import Body
    from simulator.quirks import Quirks

    Row = dict[str, Any]
    Step = Callable[[Row, Record], None]

_NEWER_FIELDS = ("pipeline_id", "customer_reject_id", "created_at", "updated_at", "gender")
_ODDITIES = (
    "👨‍👩‍👧‍👦",
    "\u202e\u05e9\u05dc\u05d5\u05dd\u202c",
    "e\u0301",
    "\u2028",
    "\u200b",
    "\u00a0",
    "и\u0306",
)


def has_junk(id_: int, share: float) -> bool:
    """Return whether the card has an invalid value."""
    return (id_ * 2_654_435_761) % 2**32 < share * 2**32


def _junk(share: float) -> Step:
    def step(row: Row, _: Record) -> None:
        id_ = row["id"]
        if not has_junk(id_, share):
            return
        kind = id_ // 2 % 4
        if kind == 0:
            row["dob"] = "31.13.2010"
        elif kind == 1:
            row["e_date"] = "0000-00-00"
        elif kind == 2:
            row["balance"] = "abc"
        else:
            row["note"] = f"{row['note'] or ''}\0 кінець"

    return step


def _planted(rows: Mapping[int, Mapping[str, str]]) -> Step:
    def step(row: Row, _: Record) -> None:
        for name, text in rows.get(row.get("id", -1), {}).items():
            row[name] = msgspec.Raw(text.encode())

    return step


def _odd_name(row: Row, _: Record) -> None:
    row["name"] = f"{row['name']} {_ODDITIES[row['id'] % len(_ODDITIES)]}"


def _iso_dob(row: Row, _: Record) -> None:
    if row["dob"]:
        row["dob"] = "-".join(reversed(row["dob"].split(".")))


def _gender(woman: int) -> Step:
    def step(row: Row, _: Record) -> None:
        row["gender"] = (1, woman, None)[row["id"] % 3]

    return step


def _newer_field(row: Row, _: Record) -> None:
    row["messenger_ids"] = [row["id"] % 7] if row["id"] % 2 else []


def _late_field(row: Row, record: Record) -> None:
    if record.archived and row["id"] % 3 == 0:
        row["custom_refusal_comment"] = "передзвонити навесні"


def _forget(*names: str) -> Step:
    def step(row: Row, _: Record) -> None:
        for name in names:
            row.pop(name, None)

    return step


def _nested(name: str, value: object, change: Callable[[str, object], object]) -> object:
    """Apply a change to a value and to all nested values, with their names."""
    if isinstance(value, dict):
        return {key: _nested(key, item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_nested(name, item, change) for item in value]
    return change(name, value)


def _blank(_: str, value: object) -> object:
    return "" if value is None else value


def _boolean_flag(name: str, value: object) -> object:
    return bool(value) if name.startswith("is_") and value in (0, 1) else value


def _as_text(_: str, value: object) -> object:
    return str(value) if type(value) is int else value


def _everywhere(change: Callable[[str, object], object]) -> Step:
    def step(row: Row, _: Record) -> None:
        row.update({name: _nested(name, value, change) for name, value in row.items()})

    return step


def _teacher_names(account: Account) -> Step:
    def step(row: Row, _: Record) -> None:
        teachers = account.tables["teacher"]
        row["teacher_ids"] = [
            teachers[id_].values["name"] for id_ in row["teacher_ids"] if id_ in teachers
        ]

    return step


class Renderer:
    """Renders records as rows, with the steps that the quirks require."""

    def __init__(self, account: Account, quirks: Quirks) -> None:
        """Select the steps."""
        own: list[tuple[str, object, Step]] = [
            ("customer", quirks.teacher_ids == "names", _teacher_names(account)),
            ("customer", quirks.dob_format == "iso", _iso_dob),
            ("customer", quirks.unicode_oddities, _odd_name),
            ("customer", quirks.junk_share, _junk(quirks.junk_share)),
            ("customer", quirks.gender == "one_two", _gender(2)),
            ("customer", quirks.gender == "one_zero", _gender(0)),
            ("customer", quirks.newer_field, _newer_field),
            ("customer", quirks.late_custom_field, _late_field),
            ("customer", quirks.old_version, _forget(*_NEWER_FIELDS)),
            ("group", quirks.teacher_ids == "names", _teacher_names(account)),
            *other_steps(quirks),
            *((path, True, _forget("updated_at")) for path in quirks.no_updated_at),
        ]
        every: list[tuple[object, Step]] = [
            (quirks.empty_values == "blank", _everywhere(_blank)),
            (quirks.flags == "booleans", _everywhere(_boolean_flag)),
            (quirks.numbers_as_text, _everywhere(_as_text)),
        ]
        own += [(path, True, _planted(rows)) for path, rows in quirks.planted.items()]
        self._own: dict[str, list[Step]] = {}
        for path, wanted, step in own:
            if wanted:
                self._own.setdefault(path, []).append(step)
        self._every = [step for wanted, step in every if wanted]
        self._details_need_customer = quirks.lesson_details == "with_customer"

    def rows(self, path: str, records: list[Record], body: Body) -> list[Row]:
        """Render the records of one entity for a request body."""
        steps = self._own.get(path, []) + self._every
        if path == "lesson" and self._details_need_customer and not body.get("customer_id"):
            steps = [_forget("details"), *steps]
        if not steps:
            return [record.values for record in records]
        return [self._render(record, steps) for record in records]

    def plain(self, path: str, payload: object) -> object:
        """Render a payload other than a page of rows."""
        steps = self._own.get(path, []) + self._every
        if isinstance(payload, list):
            return [self._render(Record(row), steps) for row in payload]
        return self._render(Record(payload), steps) if isinstance(payload, dict) else payload

    @staticmethod
    def _render(record: Record, steps: list[Step]) -> Row:
        row = dict(record.values)
        for step in steps:
            step(row, record)
        return row
