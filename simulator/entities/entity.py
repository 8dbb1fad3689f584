"""Definition of an entity of the API."""

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
    """One list of the API, or one endpoint that returns something else."""

    path: str
    filters: Mapping[str, Filter] = field(default_factory=dict)
    sort: Sorter
    """Sorts rows in place; the sort is stable."""
    sorted_by: str = ""
    """Filter on whose value the order depends; empty: the order is always the same."""
    orders: tuple[object, ...] = (None,)
    """Usual values of this filter."""
    defaults: Mapping[str, object] = field(default_factory=dict)
    """Filters that apply if the body omits them."""
    scope: Scope | None = None
    """Returns whether a row belongs to a branch; None: every branch has all rows."""
    branchless: bool = True
    """Whether the path works without a branch."""
    url_params: tuple[str, ...] = ()
    """Required URL parameters; the rows have fields of these names."""
    any_param: bool = False
    """Whether one of these parameters is sufficient."""
    hides_finished: bool = False
    """Whether archived rows are never returned."""
    table: str = ""
    """Table of the rows; None: the table named like the path."""
    index: bool = True
    """Whether the path with `/index` also works."""
    single: Single | None = None
    """Returns a payload other than a list, and the ids in it; None: not found."""


def by(*fields: str, newest_first: bool = False) -> Sorter:
    """Sort by fields; missing values come first."""

    def sort(rows: list[Record], _: Body) -> None:
        rows.sort(
            key=lambda record: tuple(record.values[name] or "" for name in fields),
            reverse=newest_first,
        )

    return sort


def by_weight(rows: list[Record], _: Body) -> None:
    """Sort by weight."""
    rows.sort(key=lambda record: record.values["weight"])


def by_name(rows: list[Record], _: Body) -> None:
    """Sort by name, case-insensitively."""
    rows.sort(key=lambda record: record.values["name"].casefold())


def by_id(rows: list[Record], _: Body) -> None:
    """Sort by id."""
    rows.sort(key=lambda record: record.values["id"])


def latest_id_first(rows: list[Record], _: Body) -> None:
    """Sort by id in descending order."""
    rows.sort(key=lambda record: -record.values["id"])


def in_branch(record: Record, branch: int, _: Mapping[str, Table]) -> bool:
    """Match by `branch_id`."""
    return bool(record.values["branch_id"] == branch)


def in_branches(record: Record, branch: int, _: Mapping[str, Table]) -> bool:
    """Match by `branch_ids`."""
    return branch in record.values["branch_ids"]


def unnamed(record: Record, branch: int, _: Mapping[str, Table]) -> bool:
    """Match by the hidden branch of the row."""
    return record.branch == branch


def with_parent(entity: str, name: str) -> Scope:
    """Match by the branches of the row that a field refers to."""

    def scope(record: Record, branch: int, tables: Mapping[str, Table]) -> bool:
        parent = tables[entity].get(record.values[name])
        return parent is not None and branch in parent.values["branch_ids"]

    return scope
