"""Teachers, groups, memberships, the timetable and lessons."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from simulator.cards import NO_END
from simulator.records import Record
from simulator.school import (
    DEMAND,
    GROUPS_SINCE,
    LESSONS_SINCE,
    NOW,
    SINGLE_LESSON,
    TIMETABLE,
    WEAK_BRANCH,
    Calendar,
)
from simulator.tables.kit import DAY, Spec, dotted_of, iso, iso_of

if TYPE_CHECKING:
    from simulator.tables.kit import Kit

PLANNED, CANCELLED, CONDUCTED = 1, 2, 3
_INDIVIDUAL, _GROUP, _TRIAL = 1, 2, 3
_STATUSES = (*([CONDUCTED] * 8), PLANNED, CANCELLED)
_HOURS = (10, 11, 14, 15, 15, 16, 16, 17, 17, 18, 18, 19)
_GROUP_YEAR = 400 * DAY
"""Age at which most groups have finished their course."""
_COLD = ("12", "01", "02")
_TRIES = 8
_TOPICS = (
    *("Знайомство", "Ритм і темп", "Гами", "Present Simple", "Читання з листа", "Дебют двох коней"),
    *("Підготовка до концерту", "Повторення", "Сольфеджіо", "Диалоги", "Акварель"),
)
_REMARKS = ("Попередили за день", "Запізнення 15 хв", "Болеет", "Без домашнього завдання")
_MEMBERS = 7
"""Memberships of a group, current and ended ones."""
_TEXTBOOKS = ("Family and Friends 2", "Solutions", "Школа гри на гітарі", "Ритміка для дітей")
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
            "name": kit.colleague(),
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
            "rate": f"{150 + 10 * kit.below(16)}.00",
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
    teachers = kit.some(kit.here("teacher", branch), kit.pick((0, 1, 1, 1, 1, 1, 2)))
    archived = NOW - at > _GROUP_YEAR and kit.odds(85) and not kit.fresh
    end = at + 200 * DAY + kit.below(200) * DAY if archived else NOW + (60 + kit.below(300)) * DAY
    subject = kit.values("subject", _subject_of(kit, id_))["name"]
    return Record(
        {
            "id": id_,
            "branch_ids": [branch, other] if other != branch and kit.odds(15) else [branch],
            "teacher_ids": teachers,
            "teachers": [{"id": t, "name": kit.values("teacher", t)["name"]} for t in teachers],
            "name": f"{subject} {kit.pick(_LEVELS)}-{id_}",
            "level_id": 1 + kit.below(6),
            "status_id": 1 + kit.below(4),
            "company_id": None,
            "streaming_id": None,
            "limit": kit.pick((6, 6, 8, 8, 10, None)),
            "note": kit.note()[:255],
            "b_date": iso(at),
            "e_date": iso(end),
            **kit.stamps(at),
            "custom_textbook": kit.pick(_TEXTBOOKS) if kit.odds(30) else None,
        },
        archived,
    )


def _subject_of(kit: Kit, group: int) -> int:
    """Choose the subject of a group, one of those still taught."""
    taught = [id_ for id_, record in kit.tables["subject"].items() if not record.archived]
    return taught[group % len(taught)]


def _is_weak(kit: Kit, branch: int) -> bool:
    return branch == (*kit.ids("branch"), None)[WEAK_BRANCH]


def _cgi(kit: Kit, id_: int, _at: int) -> Record | None:
    if not kit.ids("group"):
        return None
    number = kit.times("members")
    group = kit.ids("group")[number // _MEMBERS % len(kit.ids("group"))]
    branch = kit.branch("group", group)
    clients = kit.clients_here(branch)
    if not clients:
        return None
    values, archived = kit.values("group", group), kit.tables["group"][group].archived
    opens, closes = values["b_date"], values["e_date"]
    for _ in range(_TRIES):
        customer = kit.pick(clients)
        came, left = (day[:10] for day in kit.stay(customer))
        begin, end = max(came, opens), min(left, closes)
        if begin <= end:
            break
    over = number % _MEMBERS >= (values["limit"] or _MEMBERS)
    finished = archived or end < iso(NOW) or over or kit.odds(45 if _is_weak(kit, branch) else 8)
    if kit.fresh:
        begin, end, finished = iso(NOW), iso(NOW + 300 * DAY), False
    elif finished and end >= iso(NOW):
        span = date.fromisoformat(iso(NOW)) - date.fromisoformat(min(begin, iso(NOW)))
        end = (date.fromisoformat(iso(NOW)) - kit.below(span.days + 1) * timedelta(1)).isoformat()
    return Record(
        {
            "id": id_,
            "customer_id": customer,
            "group_id": group,
            "b_date": dotted_of(min(begin, end)),
            "e_date": dotted_of(end),
        },
        finished,
    )


def _regular_lesson(kit: Kit, id_: int, at: int) -> Record | None:
    of_group = bool(kit.ids("group")) and id_ % 4 > 0
    if not of_group and not kit.clients():
        return None
    if of_group:
        groups = kit.ids("group")
        related, kind, type_ = groups[kit.times("groups") % len(groups)], "Group", _GROUP
        opens, closes = (kit.values("group", related)[name] for name in ("b_date", "e_date"))
        subject = _subject_of(kit, related)
        teachers = list(kit.values("group", related)["teacher_ids"])
    else:
        related, kind, type_ = kit.client_of(at) or kit.pick(kit.clients()), "Customer", _INDIVIDUAL
        came, left = (day[:10] for day in kit.stay(related))
        opens = max(came, iso(at))
        closes = max(opens, min(left, iso(at + 270 * DAY)))
        subject, teachers = kit.pick(kit.ids("subject")), []
    branch = kit.branch(kind.lower(), related)
    days = sorted(kit.some(range(1, 7), kit.pick((1, 1, 2))))
    start = kit.pick(_HOURS)
    rooms = kit.here("room", branch)
    return Record(
        {
            "id": id_,
            "branch_id": branch,
            "lesson_type_id": type_,
            "related_class": kind,
            "related_id": related,
            "subject_id": subject,
            "streaming": False,
            "teacher_ids": teachers or kit.some(kit.here("teacher", branch), 1),
            "room_id": kit.pick(rooms) if rooms else None,
            "day": days[0],
            "days": days,
            "time_from_v": f"{start:02d}:00",
            "time_to_v": f"{start:02d}:59:59" if kit.odds(20) else f"{start + 1:02d}:00",
            "b_date_v": dotted_of(opens),
            "e_date_v": dotted_of(closes),
            "b_date": opens,
            "e_date": closes,
            "is_public": kit.below(2),
            "customer_limit": kit.pick((None, 8, 12)),
            **kit.stamps(at),
        }
    )


def _lesson(kit: Kit, id_: int, at: int) -> Record | None:
    if not kit.clients():
        return None
    status = CONDUCTED if kit.fresh else _STATUSES[id_ % len(_STATUSES)]
    if status == PLANNED:
        at = NOW + (7 + kit.below(53)) * DAY
    regular = None if kit.odds(5) else _slot(kit, at)
    values: dict[str, Any]
    if regular is None:
        values = _single_lesson(kit, at)
    else:
        row, day, customers = regular
        values = {
            "branch_id": row["branch_id"],
            "date": day,
            "start": row["time_from_v"],
            "end": row["time_to_v"],
            "lesson_type_id": row["lesson_type_id"],
            "subject_id": row["subject_id"],
            "room_id": row["room_id"],
            "teacher_ids": list(row["teacher_ids"]),
            "customer_ids": customers,
            "group_ids": [row["related_id"]] if row["related_class"] == "Group" else [],
            "regular_id": row["id"],
        }
    day, type_ = values["date"], values["lesson_type_id"]
    start, end = values.pop("start"), values.pop("end")
    values = {
        "id": id_,
        "branch_id": values["branch_id"],
        "date": day,
        "time_from": f"{day} {start}:{'01' if kit.odds(30) else '00'}",
        "time_to": f"{day} {end}:00"[:19],
        "lesson_type_id": type_,
        "lesson_type_name": kit.values("lesson-type", type_)["name"]
        if type_ in kit.tables["lesson-type"]
        else None,
        "status": status,
        "subject_id": values["subject_id"] if kit.odds(95) else None,
        "room_id": values["room_id"] if kit.odds(90) else None,
        "teacher_ids": values["teacher_ids"],
        "customer_ids": values["customer_ids"],
        "group_ids": values["group_ids"],
        "streaming": False,
        "note": kit.note(),
        "topic": kit.pick(_TOPICS) if kit.odds(60) else None,
        "homework": kit.note() or None,
        "regular_id": values["regular_id"],
        "details": [],
        **kit.stamps(min(at, NOW)),
    }
    if status == CONDUCTED:
        values["details"] = attendances(kit, values)
    return Record(values)


def _slot(kit: Kit, at: int) -> tuple[dict[str, Any], str, list[int]] | None:
    """Find a lesson of the timetable in the week before a moment that is not yet made."""
    last = date.fromisoformat(iso(at))
    month = f"{last:%Y-%m}"
    running = kit.remember(("timetable", month), lambda: _running(kit, month))
    for _ in range(_TRIES if running else 0):
        row = kit.pick(running)
        for weekday in row["days"]:
            back = 0 if kit.fresh else (last.isoweekday() - weekday) % 7
            day = last - timedelta(days=back)
            customers = _pupils(kit, row, day.isoformat())
            if customers and (kit.fresh or not kit.times((row["id"], day))):
                return row, day.isoformat(), customers
    return None


def _running(kit: Kit, month: str) -> list[dict[str, Any]]:
    """List the timetable of a month."""
    return [
        record.values
        for record in kit.tables["regular-lesson"].values()
        if record.values["b_date"][:7] <= month <= record.values["e_date"][:7]
    ]


def _pupils(kit: Kit, regular: dict[str, Any], day: str) -> list[int]:
    """List who comes to a lesson of the timetable on a day."""
    if not regular["b_date"] <= day <= regular["e_date"]:
        return []
    if regular["related_class"] != "Group":
        return [regular["related_id"]]
    members = kit.children("cgi", "group_id").get(regular["related_id"], [])
    return list(
        dict.fromkeys(
            member["customer_id"]
            for member in members
            if iso_of(member["b_date"]) <= day <= iso_of(member["e_date"])
        )
    )


def _single_lesson(kit: Kit, at: int) -> dict[str, Any]:
    """Make a lesson outside the timetable: a trial of a new lead, or one of a client."""
    newcomer = kit.newcomer_of(at) if at < NOW and kit.odds(60) else None
    customer = newcomer or kit.client_of(at) or kit.pick(kit.clients())
    branch = kit.branch("customer", customer)
    rooms, start = kit.here("room", branch), kit.pick(_HOURS)
    return {
        "branch_id": branch,
        "date": iso(at),
        "start": f"{start:02d}:00",
        "end": f"{start + 1:02d}:00",
        "lesson_type_id": _TRIAL if newcomer else _INDIVIDUAL,
        "subject_id": kit.pick(kit.ids("subject")),
        "room_id": kit.pick(rooms) if rooms else None,
        "teacher_ids": kit.some(kit.here("teacher", branch), 1),
        "customer_ids": [customer],
        "group_ids": [],
        "regular_id": None,
    }


def attendances(kit: Kit, lesson: dict[str, Any]) -> list[dict[str, Any]]:
    """Make the attendance of each customer of a conducted lesson."""
    return [
        _attendance(kit, lesson, customer, number)
        for number, customer in enumerate(lesson["customer_ids"])
    ]


def _attendance(kit: Kit, lesson: dict[str, Any], customer: int, number: int) -> dict[str, Any]:
    subscription = kit.subscription(customer, lesson["date"])
    price = kit.price_of(subscription) if subscription else SINGLE_LESSON
    attends = kit.odds(
        88
        - 16 * _is_weak(kit, lesson["branch_id"])
        - 7 * (lesson["date"][5:7] in _COLD)
        - 15 * (lesson["lesson_type_id"] == _TRIAL)
    )
    paid = attends and lesson["lesson_type_id"] != _TRIAL
    return {
        "id": lesson["id"] * 100 + number,
        "branch_id": lesson["branch_id"],
        "lesson_id": lesson["id"],
        "customer_id": customer,
        "is_attend": int(attends),
        "reason_id": None if attends else 1 + kit.below(4),
        "commission": f"{price:.2f}" if paid else "0.00",
        "ctt_id": kit.pick((0, -1)) if kit.odds(3) else subscription and subscription["id"],
        "grade": kit.pick(_GRADES),
        "homework_grade_id": 1 + kit.below(5) if kit.odds(20) else None,
        "bonus": kit.pick((0, 0, 0, 5)),
        "note": "" if kit.odds(90) else kit.pick(_REMARKS),
    }


SPECS = {
    "teacher": Spec(_teacher, lambda sizes: sizes.teachers, first=201),
    "teacher/teacher-rate": Spec(_teacher_rate, lambda sizes: sizes.teachers * 2),
    "teacher/working-hour": Spec(_working_hour, lambda sizes: sizes.teachers * 3),
    "group": Spec(
        _group, lambda sizes: sizes.groups, first=701, calendar=Calendar(GROUPS_SINCE, DEMAND)
    ),
    "cgi": Spec(_cgi, lambda sizes: sizes.groups * _MEMBERS, gaps=True),
    "regular-lesson": Spec(_regular_lesson, lambda sizes: sizes.groups * 2, first=51),
    "lesson": Spec(
        _lesson,
        lambda sizes: sizes.lessons,
        first=9_001,
        gaps=True,
        calendar=Calendar(LESSONS_SINCE, TIMETABLE),
    ),
}
