"""Differences between accounts in rows other than cards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.quirks import Quirks
    from simulator.records import Record

    Row = dict[str, Any]
    Step = Callable[[Row, Record], None]

_LOG_FIELDS = ("fields_old", "fields_new", "fields_rel")


def _mixed_streaming(row: Row, _: Record) -> None:
    if row["id"] % 3 == 0:
        links = [f"https://meet.example.org/{row['id']}"]
        row["streaming"] = links if row["id"] % 2 else []


def _blank_log(row: Row, _: Record) -> None:
    row.update({name: row[name] or "" for name in _LOG_FIELDS})


def _json_log(row: Row, _: Record) -> None:
    row.update({name: json.dumps(row[name]) for name in _LOG_FIELDS if row[name] != ""})


def _dotted(day: str) -> str:
    return ".".join(reversed(day.split("-")))


def _dotted_dates(row: Row, _: Record) -> None:
    row.update(b_date=_dotted(row["b_date"]), e_date=_dotted(row["e_date"]))


def _renamed(old: str, new: str) -> Step:
    def step(row: Row, _: Record) -> None:
        # At the same position, so that the order of keys is unchanged.
        renamed = {new if name == old else name: value for name, value in row.items()}
        row.clear()
        row.update(renamed)

    return step


def _without(*names: str) -> Step:
    def step(row: Row, _: Record) -> None:
        for name in names:
            row.pop(name, None)

    return step


def _display_twins(row: Row, _: Record) -> None:
    row.update(b_date_v=row["b_date"], e_date_v=row["e_date"])


def other_steps(quirks: Quirks) -> list[tuple[str, object, Step]]:
    """List the steps: entity, whether enabled, and function."""
    twins = quirks.display_dates != "plain"
    only = quirks.display_dates == "display_only"
    without_dates = _without("b_date", "e_date")
    return [
        ("group", quirks.group_dates == "dotted", _dotted_dates),
        ("lesson", quirks.lesson_streaming == "mixed", _mixed_streaming),
        ("log", quirks.log_fields == "blank", _blank_log),
        ("log", quirks.log_fields == "json", _json_log),
        ("tariff", quirks.lesson_count_key == "lesson_count", _RENAMED_COUNT),
        ("teacher", quirks.avatar_key == "avatarUrl", _RENAMED_AVATAR),
        ("customer-tariff", quirks.no_customer_in_tariffs, _without("customer_id")),
        *((path, twins, _display_twins) for path in ("cgi", "cgi/customer", "customer-tariff")),
        *((path, only, without_dates) for path in ("cgi", "cgi/customer", "customer-tariff")),
        ("regular-lesson", only, without_dates),
    ]


_RENAMED_COUNT = _renamed("lessons_count", "lesson_count")
_RENAMED_AVATAR = _renamed("avatar_url", "avatarUrl")
