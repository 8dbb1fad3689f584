"""How the API describes a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.filters import Filter
    from simulator.records import Record, Table

Body = Mapping[str, Any]
Sorter = Callable[[list["Record"], Body], None]
Scope = Callable[["Record", int, Mapping[str, "Table"]], bool]
Single = Callable[[Mapping[str, "Table"], Mapping[str, str]], tuple[object, list[int]] | None]


@dataclass(frozen=True, kw_only=True)
class Entity:
    """One list of the API, or one thing that it answers with instead."""

    path: str
    filters: Mapping[str, Filter] = field(default_factory=dict)
    sort: Sorter
    """Sorts rows in place; rows that compare alike keep their places."""
    defaults: Mapping[str, object] = field(default_factory=dict)
    """Filters that work even when the body leaves them out."""
    scope: Scope | None = None
    """Tells whether a branch has a row; none: every branch has all."""
    branchless: bool = True
    """Whether the path without a branch answers."""
    url_params: tuple[str, ...] = ()
    """Parameters that the URL must have; the rows have fields of these names."""
    any_param: bool = False
    """Whether one of these parameters is enough."""
    hides_finished: bool = False
    """Whether archived rows never come."""
    table: str = ""
    """The table the rows come from; the one of the path unless given."""
    index: bool = True
    """Whether the path with `/index` answers as well."""
    single: Single | None = None
    """Answers with something other than a list, and the ids in it; none: not found."""


def by(*fields: str, newest_first: bool = False) -> Sorter:
    """Sort by fields as they are; what is missing is the oldest."""

    def sort(rows: list[Record], _: Body) -> None:
        rows.sort(
            key=lambda record: tuple(record.values[name] or "" for name in fields),
            reverse=newest_first,
        )

    return sort


def by_weight(rows: list[Record], _: Body) -> None:
    """Sort by the weight."""
    rows.sort(key=lambda record: record.values["weight"])


def by_name(rows: list[Record], _: Body) -> None:
    """Sort by the name, whatever the case."""
    rows.sort(key=lambda record: record.values["name"].casefold())


def by_id(rows: list[Record], _: Body) -> None:
    """Sort by the id."""
    rows.sort(key=lambda record: record.values["id"])


def latest_id_first(rows: list[Record], _: Body) -> None:
    """Sort by the id, the highest first."""
    rows.sort(key=lambda record: -record.values["id"])


def in_branch(record: Record, branch: int, _: Mapping[str, Table]) -> bool:
    """Tell by `branch_id`."""
    return bool(record.values["branch_id"] == branch)


def in_branches(record: Record, branch: int, _: Mapping[str, Table]) -> bool:
    """Tell by `branch_ids`."""
    return branch in record.values["branch_ids"]


def unnamed(record: Record, branch: int, _: Mapping[str, Table]) -> bool:
    """Tell by what the row does not say."""
    return record.branch == branch


def with_parent(entity: str, name: str) -> Scope:
    """Tell by the branches of the row that a field refers to."""

    def scope(record: Record, branch: int, tables: Mapping[str, Table]) -> bool:
        parent = tables[entity].get(record.values[name])
        return parent is not None and branch in parent.values["branch_ids"]

    return scope
