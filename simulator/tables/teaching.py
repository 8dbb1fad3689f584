"""Teachers, groups, memberships, the timetable and lessons."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from simulator.cards import NO_END, NOW, OPENED
from simulator.records import Record
from simulator.tables.kit import DAY, Spec, dotted, iso

if TYPE_CHECKING:
    from simulator.tables.kit import Kit

PLANNED, CANCELLED, CONDUCTED = 1, 2, 3
_INDIVIDUAL, _GROUP, _TRIAL = 1, 2, 3
_STATUSES = (*([CONDUCTED] * 7), PLANNED, PLANNED, CANCELLED)
_GRADES = ("5", "4,5", "4", "10", "3,75", "A+", "", None)
_LEVELS = ("A1", "A2", "B1", "B2")


def _teacher(kit: Kit, id_: int, _at: int) -> Record:
    branch = kit.in_turn("branch", id_)
    other = kit.pick(kit.ids("branch"))
    archived = id_ % 6 == 0 and not kit.fresh
    birthday = date(1965, 1, 1) + timedelta(days=kit.below(13_000))
    skills = kit.some(kit.ids("subject"), kit.below(3))
    return Record(
        {
            "id": id_,
            "name": kit.name(),
            "branch_ids": [branch, other] if other != branch and kit.odds(20) else [branch],
            "dob": f"{birthday:%d.%m.%Y}" if kit.odds(40) else None,
            "gender": kit.below(3),
            "streaming_id": None,
            "note": kit.note(),
            "e_date": iso(NOW - kit.below(700) * DAY) if archived else NO_END,
            "avatar_url": f"https://cdn.example.org/{id_}.jpg" if kit.odds(20) else None,
            "phone": [kit.phone()] if kit.odds(80) else [],
            "email": [f"teacher{id_}@example.org"] if kit.odds(60) else [],
            "web": [],
            "addr": [],
            "teacher-to-skill": [
                {"name": kit.values("subject", skill)["name"]} for skill in skills
            ],
        },
        archived,
    )


def _teacher_rate(kit: Kit, id_: int, at: int) -> Record | None:
    if not kit.ids("teacher"):
        return None
    return Record(
        {
            "id": id_,
            "teacher_id": kit.in_turn("teacher", id_),
            "rate": kit.money(900),
            "type": 1 + kit.below(2),
            "b_date": iso(at),
            "e_date": iso(at + 365 * DAY),
            "is_multirate": kit.below(2),
            "is_proportional": kit.below(2),
            "condition_attend": 1 + kit.below(3),
            "reason_ids": [],
            "count_from": None,
            "count_to": None,
            "duration": kit.pick((45, 60, 90)),
            "lesson_type_ids": kit.some(kit.ids("lesson-type"), kit.below(3)),
            "subject_ids": kit.some(kit.ids("subject"), kit.below(3)),
            "is_gt_zero": kit.below(2),
        }
    )


def _working_hour(kit: Kit, id_: int, _at: int) -> Record | None:
    if not kit.ids("teacher"):
        return None
    teacher = kit.in_turn("teacher", id_)
    locations = kit.here("location", kit.branch("teacher", teacher))
    start = 8 + kit.below(6)
    return Record(
        {
            "id": id_,
            "teacher_id": teacher,
            "location_id": kit.pick(locations) if locations and kit.odds(50) else None,
            "weekday": 1 + kit.below(7),
            "time_from": f"{start:02d}:00:00",
            "time_to": f"{start + 7:02d}:30:00",
        }
    )


def _group(kit: Kit, id_: int, at: int) -> Record:
    # In branches with clients, so that the group can have members.
    clients = kit.clients()
    branch = kit.branch("customer", kit.pick(clients)) if clients else kit.pick(kit.ids("branch"))
    other = kit.pick(kit.ids("branch"))
    teachers = kit.some(kit.here("teacher", branch), kit.pick((0, 1, 1, 1, 2)))
    archived = id_ % 4 == 0 and not kit.fresh
    end = at + kit.below(max(NOW - at, 1)) if archived else NOW + kit.below(400) * DAY
    return Record(
        {
            "id": id_,
            "branch_ids": [branch, other] if other != branch and kit.odds(15) else [branch],
            "teacher_ids": teachers,
            "teachers": [{"id": t, "name": kit.values("teacher", t)["name"]} for t in teachers],
            "name": f"{kit.word().capitalize()} {kit.pick(_LEVELS)}-{id_}",
            "level_id": 1 + kit.below(6),
            "status_id": 1 + kit.below(4),
            "company_id": None,
            "streaming_id": None,
            "limit": kit.pick((6, 8, 10, 12, None)),
            "note": kit.note()[:255],
            "b_date": iso(at),
            "e_date": iso(end),
            **kit.stamps(at),
            "custom_textbook": kit.word() if kit.odds(30) else None,
        },
        archived,
    )


def _cgi(kit: Kit, id_: int, at: int) -> Record | None:
    if not kit.ids("group"):
        return None
    group = kit.in_turn("group", id_)
    clients = kit.clients_here(kit.branch("group", group))
    if not clients:
        return None
    finished = kit.odds(25) and not kit.fresh
    end = at + kit.below(max(NOW - at, 1)) if finished else NOW + kit.below(400) * DAY
    return Record(
        {
            "id": id_,
            "customer_id": kit.pick(clients),
            "group_id": group,
            "b_date": dotted(at),
            "e_date": dotted(end),
        },
        finished,
    )


def _regular_lesson(kit: Kit, id_: int, at: int) -> Record | None:
    of_group = bool(kit.ids("group")) and id_ % 3 > 0
    if not of_group and not kit.clients():
        return None
    if of_group:
        related, kind, type_ = kit.pick(kit.ids("group")), "Group", _GROUP
    else:
        related, kind, type_ = kit.pick(kit.clients()), "Customer", _INDIVIDUAL
    branch = kit.branch(kind.lower(), related)
    days = sorted(kit.some(range(1, 8), kit.pick((1, 1, 2))))
    start = 9 + kit.below(10)
    end = at + 270 * DAY
    rooms = kit.here("room", branch)
    return Record(
        {
            "id": id_,
            "branch_id": branch,
            "lesson_type_id": type_,
            "related_class": kind,
            "related_id": related,
            "subject_id": kit.pick(kit.ids("subject")),
            "streaming": False,
            "teacher_ids": kit.some(kit.here("teacher", branch), 1),
            "room_id": kit.pick(rooms) if rooms else None,
            "day": days[0],
            "days": days,
            "time_from_v": f"{start:02d}:00",
            "time_to_v": f"{start:02d}:59:59" if kit.odds(20) else f"{start + 1:02d}:00",
            "b_date_v": dotted(at),
            "e_date_v": dotted(end),
            "b_date": iso(at),
            "e_date": iso(end),
            "is_public": kit.below(2),
            "customer_limit": kit.pick((None, 8, 12)),
            **kit.stamps(at),
        }
    )


def _lesson(kit: Kit, id_: int, at: int) -> Record | None:
    if not kit.clients():
        return None
    status = CONDUCTED if kit.fresh else _STATUSES[id_ % len(_STATUSES)]
    day = iso(NOW + (1 + kit.below(30)) * DAY if status == PLANNED else at)
    regular = None
    if kit.ids("group") and kit.odds(55):
        type_, group = _GROUP, kit.pick(kit.ids("group"))
        branch = kit.branch("group", group)
        members = kit.children("cgi", "group_id").get(group, [])
        customers = list(dict.fromkeys(member["customer_id"] for member in members))
        teachers = list(kit.values("group", group)["teacher_ids"])
        for row in kit.children("regular-lesson", "related_id").get(group, []):
            if row["related_class"] == "Group":
                regular = row["id"]
    else:
        type_, group = _TRIAL if kit.odds(10) else _INDIVIDUAL, None
        customers = [kit.pick(kit.clients())]
        branch = kit.branch("customer", customers[0])
        teachers = []
    start = 9 + kit.below(10)
    rooms = kit.here("room", branch)
    values: dict[str, Any] = {
        "id": id_,
        "branch_id": branch,
        "date": day,
        "time_from": f"{day} {start:02d}:00:{'01' if kit.odds(30) else '00'}",
        "time_to": f"{day} {start:02d}:59:59" if kit.odds(20) else f"{day} {start + 1:02d}:00:00",
        "lesson_type_id": type_,
        "lesson_type_name": kit.values("lesson-type", type_)["name"]
        if type_ in kit.tables["lesson-type"]
        else None,
        "status": status,
        "subject_id": kit.pick(kit.ids("subject")) if kit.odds(95) else None,
        "room_id": kit.pick(rooms) if rooms and kit.odds(90) else None,
        "teacher_ids": teachers or kit.some(kit.here("teacher", branch), 1),
        "customer_ids": customers,
        "group_ids": [group] if group else [],
        "streaming": False,
        "note": kit.note(),
        "topic": kit.word() if kit.odds(60) else None,
        "homework": kit.note() or None,
        "regular_id": regular,
        "details": [],
        **kit.stamps(at),
    }
    if status == CONDUCTED:
        values["details"] = attendances(kit, values)
    return Record(values)


def attendances(kit: Kit, lesson: dict[str, Any]) -> list[dict[str, Any]]:
    """Make the attendance of each customer of a conducted lesson."""
    return [
        _attendance(kit, lesson, customer, number)
        for number, customer in enumerate(lesson["customer_ids"])
    ]


def _attendance(kit: Kit, lesson: dict[str, Any], customer: int, number: int) -> dict[str, Any]:
    subscriptions = kit.children("customer-tariff", "customer_id").get(customer, [])
    subscription = kit.pick(subscriptions)["id"] if subscriptions else None
    attends = kit.odds(85)
    return {
        "id": lesson["id"] * 100 + number,
        "branch_id": lesson["branch_id"],
        "lesson_id": lesson["id"],
        "customer_id": customer,
        "is_attend": int(attends),
        "reason_id": None if attends else 1 + kit.below(4),
        "commission": kit.money(900) if attends else "0.00",
        "ctt_id": kit.pick((0, -1)) if kit.odds(3) else subscription,
        "grade": kit.pick(_GRADES),
        "homework_grade_id": 1 + kit.below(5) if kit.odds(20) else None,
        "bonus": kit.pick((0, 0, 0, 5)),
        "note": "" if kit.odds(90) else kit.word(),
    }


SPECS = {
    "teacher": Spec(_teacher, lambda sizes: sizes.teachers, first=201),
    "teacher/teacher-rate": Spec(_teacher_rate, lambda sizes: sizes.teachers * 2),
    "teacher/working-hour": Spec(_working_hour, lambda sizes: sizes.teachers * 3),
    "group": Spec(_group, lambda sizes: sizes.groups, first=701),
    "cgi": Spec(_cgi, lambda sizes: sizes.groups * 7, gaps=True),
    "regular-lesson": Spec(_regular_lesson, lambda sizes: sizes.groups * 2, first=51),
    "lesson": Spec(
        _lesson,
        lambda sizes: sizes.lessons,
        first=9_001,
        gaps=True,
        since=OPENED + (NOW - OPENED) * 3 // 4,
    ),
}
