"""Tasks, comments, messages, calls and the log of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator import filters as f
from simulator.cards import ZONE
from simulator.entities.entity import Entity, by_id, in_branches, latest_id_first, unnamed
from simulator.tables.contact import LOGGED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.records import Record, Table


def _with_related(record: Record, branch: int, tables: Mapping[str, Table]) -> bool:
    parent = tables[LOGGED[record.values["class"]]].get(record.values["related_id"])
    return parent is not None and branch in parent.values["branch_ids"]


ENTITIES = (
    Entity(
        path="task",
        filters={
            **f.exact("id", "user_id", "priority", "is_done", "is_archive"),
            **f.texts("text"),
            "assigned_id": f.overlaps("assigned_ids"),
            **f.dates("due_date", "done_date"),
            "due_date_is_null": f.is_null("due_date"),
        },
        sort=by_id,
        scope=in_branches,
        branchless=False,
    ),
    Entity(
        path="communication",
        filters={**f.exact("id", "type_id", "user_id"), **f.texts("comment")},
        sort=latest_id_first,
        scope=_with_related,
        branchless=False,
        url_params=("class", "related_id"),
    ),
    Entity(
        path="log",
        filters={
            **f.exact("entity_id", "user_id", "event"),
            "entity": f.text("entity"),
            "date_from": f.since_day("date_time", ZONE),
            "date_to": f.until_day("date_time", ZONE),
        },
        sort=latest_id_first,
        scope=unnamed,
        branchless=False,
    ),
    Entity(
        path="sms-message",
        filters={
            **f.exact("id", "user_id", "is_fail", "is_sent"),
            **f.texts("phone"),
            **f.dates("added"),
            "date_from": f.since_date("added"),
            "date_to": f.until_date("added"),
        },
        sort=latest_id_first,
        scope=unnamed,
        branchless=False,
    ),
    Entity(
        path="mail-message",
        filters={
            **f.exact("id", "is_sent"),
            **f.texts("email", "subject"),
            "date_from": f.since_date("sent_date"),
            "date_to": f.until_date("sent_date"),
        },
        sort=latest_id_first,
        scope=unnamed,
        branchless=False,
    ),
    Entity(
        path="phone-call",
        filters={
            **f.exact("direction", "is_success"),
            **f.texts("local_number", "remote_number"),
            "date_from": f.since_date("call_date"),
            "date_to": f.until_date("call_date"),
        },
        sort=latest_id_first,
        scope=unnamed,
        branchless=False,
    ),
)
