"""Dictionaries and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator import filters as f
from simulator.entities.entity import Entity, by, by_id, by_weight, in_branch

if TYPE_CHECKING:
    from simulator.filters import Filter


def _dictionary(path: str, **more: Filter) -> Entity:
    filters = {**f.exact("id", "is_enabled"), **f.texts("name"), **more}
    return Entity(path=path, filters=filters, sort=by_weight)


ENTITIES = (
    Entity(
        path="branch",
        filters={
            **f.exact("id", "is_active"),
            **f.texts("name"),
            "subject_ids": f.overlaps("subject_ids"),
        },
        sort=by_weight,
    ),
    Entity(
        path="location",
        filters=f.exact("id"),
        sort=by_weight,
        scope=in_branch,
        branchless=False,
    ),
    Entity(path="room", filters=f.exact("is_enabled"), sort=by_weight, scope=in_branch),
    Entity(
        path="subject",
        filters={**f.exact("id"), **f.texts("name"), "active": f.active},
        sort=by_weight,
        defaults={"active": True},
    ),
    _dictionary("study-status"),
    _dictionary("lead-status"),
    _dictionary("lead-reject"),
    _dictionary("customer-reject"),
    _dictionary("lead-source", **f.texts("code")),
    _dictionary("pipeline"),
    Entity(path="lesson-type", sort=by("sort"), branchless=False),
    Entity(path="user", filters=f.texts("email"), sort=by_id, branchless=False),
    Entity(path="company", sort=by_id),
    Entity(path="streaming", sort=by_id, branchless=False),
)
