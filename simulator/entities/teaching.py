"""Teachers, groups, memberships, the timetable and lessons."""

from __future__ import annotations

from simulator import filters as f
from simulator.entities.entity import (
    Entity,
    by,
    by_id,
    by_name,
    in_branch,
    in_branches,
    with_parent,
)

ENTITIES = (
    Entity(
        path="teacher",
        filters={
            **f.exact("id"),
            **f.texts("name"),
            "removed": f.removed,
            "branch_id": f.overlaps("branch_ids"),
        },
        sort=by_name,
        defaults={"removed": 0},
        scope=in_branches,
    ),
    Entity(
        path="teacher/teacher-rate",
        filters={
            **f.exact("id", "teacher_id", "type"),
            **f.dates("b_date", "e_date"),
            "lesson_type_ids": f.overlaps("lesson_type_ids"),
            "subject_ids": f.overlaps("subject_ids"),
        },
        sort=by_id,
        scope=with_parent("teacher", "teacher_id"),
        branchless=False,
        index=False,
    ),
    Entity(
        path="teacher/working-hour",
        filters=f.exact("id", "teacher_id", "location_id", "weekday"),
        sort=by_id,
        scope=with_parent("teacher", "teacher_id"),
        branchless=False,
        index=False,
    ),
    Entity(
        path="group",
        filters={
            **f.exact("id", "level_id", "status_id"),
            "ids": f.one_of("id"),
            **f.texts("name", "note"),
            "removed": f.removed,
            "branch_id": f.overlaps("branch_ids"),
            "teacher_id": f.overlaps("teacher_ids"),
            **f.dates("b_date", "e_date"),
            **f.days("updated_at", "created_at"),
        },
        sort=by_name,
        defaults={"removed": 0},
        scope=in_branches,
    ),
    Entity(
        path="cgi",
        sort=by_id,
        scope=with_parent("group", "group_id"),
        branchless=False,
        url_params=("group_id", "customer_id"),
        any_param=True,
        hides_finished=True,
    ),
    Entity(
        path="cgi/customer",
        sort=by_id,
        scope=with_parent("group", "group_id"),
        branchless=False,
        url_params=("customer_id",),
        hides_finished=True,
        table="cgi",
        index=False,
    ),
    Entity(
        path="regular-lesson",
        filters={
            **f.exact("id", "subject_id", "related_id"),
            "ids": f.one_of("id"),
            "teacher_id": f.overlaps("teacher_ids"),
            "related_class": f.text("related_class"),
            "date_from": f.since_any_date("e_date"),
            "date_to": f.until_any_date("b_date"),
            "public": f.one_of("is_public"),
        },
        sort=by_id,
        scope=in_branch,
    ),
    Entity(
        path="lesson",
        filters={
            **f.exact("id", "status", "subject_id", "lesson_type_id"),
            "teacher_id": f.overlaps("teacher_ids"),
            "customer_id": f.overlaps("customer_ids"),
            "group_id": f.overlaps("group_ids"),
            "room_ids": f.one_of("room_id"),
            "date_from": f.since_date("date", else_nothing=True),
            "date_to": f.until_date("date", else_nothing=True),
            **f.days("updated_at"),
        },
        sort=by("date", "time_from", newest_first=True),
        defaults={"status": 3},
        scope=in_branch,
    ),
)
