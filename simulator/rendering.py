"""A row as this account would show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.account import Account
    from simulator.quirks import Quirks
    from simulator.records import Record

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
    """Tell whether the card is one of those with an impossible value."""
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
        elif kind == 2:  # noqa: PLR2004
            row["balance"] = "abc"
        else:
            row["note"] = f"{row['note'] or ''}\0 кінець"

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


def _forget_newer_fields(row: Row, _: Record) -> None:
    for name in _NEWER_FIELDS:
        row.pop(name, None)


def _blank(row: Row, _: Record) -> None:
    row.update({name: "" for name, value in row.items() if value is None})


def _boolean_flags(row: Row, _: Record) -> None:
    row.update({name: bool(value) for name, value in row.items() if name.startswith("is_")})


def _as_text(value: object) -> object:
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return str(value) if type(value) is int else value


def _text_numbers(row: Row, _: Record) -> None:
    row.update({name: _as_text(value) for name, value in row.items()})


def _teacher_names(account: Account) -> Step:
    def step(row: Row, _: Record) -> None:
        teachers = account.tables["teacher"]
        row["teacher_ids"] = [teachers[id_].values["name"] for id_ in row["teacher_ids"]]

    return step


class Renderer:
    """Turns records into rows, by the steps that the quirks ask for."""

    def __init__(self, account: Account, quirks: Quirks) -> None:
        """Choose the steps, once."""
        customer: list[tuple[object, Step]] = [
            (quirks.teacher_ids == "names", _teacher_names(account)),
            (quirks.dob_format == "iso", _iso_dob),
            (quirks.unicode_oddities, _odd_name),
            (quirks.junk_share, _junk(quirks.junk_share)),
            (quirks.gender == "one_two", _gender(2)),
            (quirks.gender == "one_zero", _gender(0)),
            (quirks.newer_field, _newer_field),
            (quirks.late_custom_field, _late_field),
            (quirks.old_version, _forget_newer_fields),
        ]
        every: list[tuple[object, Step]] = [
            (quirks.empty_values == "blank", _blank),
            (quirks.flags == "booleans", _boolean_flags),
            (quirks.numbers_as_text, _text_numbers),
        ]
        self._every = [step for wanted, step in every if wanted]
        self._customer = [step for wanted, step in customer if wanted] + self._every

    def rows(self, path: str, records: list[Record]) -> list[Row]:
        """Render the records of one entity."""
        steps = self._customer if path == "customer" else self._every
        if not steps:
            return [record.values for record in records]
        return [self._render(record, steps) for record in records]

    @staticmethod
    def _render(record: Record, steps: list[Step]) -> Row:
        row = dict(record.values)
        for step in steps:
            step(row, record)
        return row
