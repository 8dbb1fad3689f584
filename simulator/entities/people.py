"""Cards of leads and clients, and their child entities."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from simulator import filters as f
from simulator.entities.entity import Entity, by, by_id, by_name, in_branches
from simulator.filters import as_int

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.entities.entity import Body
    from simulator.records import Record, Table


def _customers(rows: list[Record], body: Body) -> None:
    if as_int(body.get("is_study")) == 0:
        by("b_date", newest_first=True)(rows, body)
    else:
        by_name(rows, body)


def _bonus(
    tables: Mapping[str, Table], query: Mapping[str, str]
) -> tuple[object, list[int]] | None:
    """Return one object, without the requested id."""
    id_ = as_int(query["customer_id"])
    if id_ not in tables["customer"]:
        return None
    return {"balance_bonus": tables["customer"][id_].values["balance_bonus"] or 0}, [id_]


def _minutes(start: str, end: str) -> int:
    length = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return round(length.total_seconds() / 60)


def _calendar(
    tables: Mapping[str, Table], query: Mapping[str, str]
) -> tuple[object, list[int]] | None:
    """Return an array of lessons of any status, oldest first."""
    customer = as_int(query["id"])
    start, end = f.iso_of_dotted(query["date1"]), f.iso_of_dotted(query["date2"])
    if start is None or end is None:
        return [], []
    lessons: list[dict[str, Any]] = sorted(
        (
            record.values
            for record in tables["lesson"].values()
            if customer in record.values["customer_ids"] and start <= record.values["date"] <= end
        ),
        key=lambda values: (values["time_from"], values["id"]),
    )
    stubs = [
        {
            "id": values["id"],
            "type": values["lesson_type_id"],
            "status": values["status"],
            "start": values["time_from"],
            "duration": _minutes(values["time_from"], values["time_to"]),
        }
        for values in lessons
    ]
    return stubs, [values["id"] for values in lessons]


ENTITIES = (
    Entity(
        path="customer",
        filters={
            **f.exact("id", "study_status_id", "lead_status_id", "lead_source_id"),
            **f.exact("customer_reject_id", "assigned_id", "legal_type"),
            "is_study": f.study,
            "removed": f.removed,
            "removed_from": f.since_date("e_date"),
            "removed_to": f.until_date("e_date"),
            "branch_ids": f.overlaps("branch_ids"),
            **f.days("updated_at", "created_at"),
            "date_from": f.since_date("b_date"),
            "date_to": f.until_date("b_date"),
            **f.texts("name", "note"),
        },
        sort=_customers,
        sorted_by="is_study",
        orders=(0, 1, 2),
        defaults={"is_study": 1, "removed": 0},
        scope=in_branches,
    ),
    Entity(
        path="bonus/balance-bonus",
        sort=by_id,
        branchless=False,
        url_params=("customer_id",),
        index=False,
        single=_bonus,
    ),
    Entity(
        path="calendar/customer",
        sort=by_id,
        branchless=False,
        url_params=("id", "date1", "date2"),
        index=False,
        single=_calendar,
    ),
)
