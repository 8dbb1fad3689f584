"""What the API serves: one line of the table for each entity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from simulator import filters as f
from simulator.filters import Filter, as_int

if TYPE_CHECKING:
    from simulator.records import Record

Body = Mapping[str, Any]
Sorter = Callable[[list["Record"], Body], None]


@dataclass(frozen=True)
class Entity:
    """One list of the API."""

    path: str
    filters: Mapping[str, Filter]
    sort: Sorter
    """Sorts rows in place; rows that compare alike keep their places."""
    defaults: Mapping[str, object] = field(default_factory=dict)
    """Filters that work even when the body leaves them out."""
    scope: Literal["everywhere", "branch_id", "branch_ids"] = "everywhere"
    """The field that ties a row to a branch."""
    branchless: bool = True
    """Whether the path without a branch answers."""
    url_params: tuple[str, ...] = ()
    """Parameters that the URL must have."""


def by(*fields: str, newest_first: bool = False) -> Sorter:
    """Sort by fields as they are."""

    def sort(rows: list[Record], _: Body) -> None:
        rows.sort(
            key=lambda record: tuple(record.values[name] for name in fields),
            reverse=newest_first,
        )

    return sort


def _by_name(rows: list[Record], _: Body) -> None:
    rows.sort(key=lambda record: record.values["name"].casefold())


def _customers(rows: list[Record], body: Body) -> None:
    if as_int(body.get("is_study")) == 0:
        rows.sort(key=lambda record: record.values["b_date"], reverse=True)
    else:
        _by_name(rows, body)


def _dictionary(path: str, **more: Filter) -> Entity:
    filters = {
        "id": f.one_of("id"),
        "name": f.contains("name"),
        "is_enabled": f.one_of("is_enabled"),
    }
    return Entity(path, filters | more, by("weight"))


ENTITIES: dict[str, Entity] = {
    entity.path: entity
    for entity in (
        Entity(
            "customer",
            {
                "id": f.one_of("id"),
                "is_study": f.study,
                "removed": f.removed,
                "removed_from": f.since_date("e_date"),
                "removed_to": f.until_date("e_date"),
                "branch_ids": f.overlaps("branch_ids"),
                "updated_at_from": f.since_day("updated_at"),
                "updated_at_to": f.until_day("updated_at"),
                "created_at_from": f.since_day("created_at"),
                "created_at_to": f.until_day("created_at"),
                "date_from": f.since_date("b_date"),
                "date_to": f.until_date("b_date"),
                "study_status_id": f.one_of("study_status_id"),
                "lead_status_id": f.one_of("lead_status_id"),
                "lead_source_id": f.one_of("lead_source_id"),
                "customer_reject_id": f.one_of("customer_reject_id"),
                "assigned_id": f.one_of("assigned_id"),
                "legal_type": f.one_of("legal_type"),
                "name": f.contains("name"),
                "note": f.contains("note"),
            },
            _customers,
            defaults={"is_study": 1, "removed": 0},
            scope="branch_ids",
        ),
        Entity(
            "branch",
            {
                "id": f.one_of("id"),
                "name": f.contains("name"),
                "is_active": f.one_of("is_active"),
                "subject_ids": f.overlaps("subject_ids"),
            },
            by("weight"),
        ),
        _dictionary("lead-status"),
        _dictionary("lead-reject"),
        _dictionary("customer-reject"),
    )
}
