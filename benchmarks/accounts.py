"""Accounts whose rows differ from the schemas, as rows of real accounts do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Row = dict[str, Any]
    Change = Callable[[Row, int], None]
    """Changes the row of this number in place."""

PAGE = 500
"""Rows of which one has the value that occurs once on a page."""


def _as_text(*names: str) -> Change:
    def change(row: Row, _: int) -> None:
        row.update({name: str(row[name]) for name in names if row.get(name) is not None})

    return change


def _as_numbers(row: Row, _: int) -> None:
    row.update({name: float(row[name]) for name in ("balance", "balance_base") if row[name]})


def _one_text_on_a_page(row: Row, number: int) -> None:
    if number % PAGE == 0:
        row["balance_bonus"] = "10"


def _unknown_fields(row: Row, number: int) -> None:
    row.update(score=number, referrer=None, tags=["a", "b"], segment="new", is_vip=number % 2)


def _new_field_in_each_row(row: Row, number: int) -> None:
    row[f"f_{number:x}"] = number


def _missing_fields(row: Row, _: int) -> None:
    for name in ("color", "company_id", "paid_lesson_date", "barcode", "web"):
        row.pop(name, None)


def _twins(row: Row, _: int) -> None:
    row.update(b_date_v=_dotted(row["b_date"]), e_date_v=row["e_date"], dob_v=row["dob"])


def _names_of_teachers(row: Row, number: int) -> None:
    row["teacher_ids"] = [f"Teacher {number % 40}", f"Teacher {number % 7}"]
    row["group_ids"] = "" if number % 3 else [str(number % 90)]


def _dotted_dates(row: Row, _: int) -> None:
    for name in ("b_date", "e_date", "created_at", "updated_at", "last_attend_date"):
        row[name] = _dotted(row[name])


def _iso_moments(row: Row, _: int) -> None:
    for name in ("b_date", "created_at", "updated_at", "next_lesson_date", "paid_till"):
        if row[name]:
            row[name] = f"{row[name].replace(' ', 'T')}+00:00"


def _truth_values(row: Row, number: int) -> None:
    row.update(is_study=bool(row["is_study"]), legal_type=number % 2 == 0)


def _nul_on_a_page(row: Row, number: int) -> None:
    if number % PAGE == 0:
        row["note"] = "a\0b"


def _texts_for_lists(row: Row, _: int) -> None:
    row.update({name: ", ".join(row[name]) for name in ("phone", "email", "web", "addr")})


def _all(row: Row, number: int) -> None:
    """Every value has another type than that of the schema."""
    _unknown_fields(row, number)
    _texts_for_lists(row, number)
    for name, value in row.items():
        if isinstance(value, bool):
            row[name] = int(value)
        elif isinstance(value, int):
            row[name] = str(value)
        elif isinstance(value, list):
            row[name] = [str(item) for item in value] or ""
        elif name in {"balance", "balance_base"}:
            row[name] = float(value)
        elif isinstance(value, str):
            row[name] = _dotted(value)


def _details(row: Row, number: int) -> None:
    """Attendance with a field of the account's own, and none in some lessons."""
    for detail in row["details"] or ():
        detail.update(score=number, bonus=str(detail["bonus"]))
    if number % 5 == 0:
        row["details"] = ""


def _dotted(moment: Any) -> Any:  # noqa: ANN401 - rows may hold anything
    if not isinstance(moment, str) or moment[4:5] != "-" or not moment[:4].isdigit():
        return moment
    return f"{moment[8:10]}.{moment[5:7]}.{moment[:4]}{moment[10:]}"


PLAIN = "as the schema"
CHANGES: dict[str, Change] = {
    "one field as text": _as_text("balance_bonus"),
    "one text on a page": _one_text_on_a_page,
    "ids as text": _as_text("id", "lead_status_id", "assigned_id", "company_id", "is_study"),
    "money as numbers": _as_numbers,
    "five unknown fields": _unknown_fields,
    "a new field in each row": _new_field_in_each_row,
    "five fields missing": _missing_fields,
    "display twins of dates": _twins,
    "names for ids": _names_of_teachers,
    "dotted dates": _dotted_dates,
    "ISO moments with a zone": _iso_moments,
    "truth values for numbers": _truth_values,
    "NUL on each page": _nul_on_a_page,
    "texts for lists": _texts_for_lists,
    "every field": _all,
}
"""How the customers of an account differ."""
LESSON_CHANGES: dict[str, Change] = {"attendance with other fields": _details}
"""How the lessons of an account differ."""
