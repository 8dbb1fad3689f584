"""Tasks, comments, messages, calls and the log of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.cards import local, utc
from simulator.records import Record
from simulator.school import NOW
from simulator.tables.kit import DAY, Spec, branches_of, iso

if TYPE_CHECKING:
    from simulator.tables.kit import Kit

LOGGED = {
    "Customer": "customer",
    "Group": "group",
    "Lesson": "lesson",
    "Pay": "pay",
    "Task": "task",
    "Teacher": "teacher",
}
"""Names of entities in the log and in comments."""


_TITLES = (
    *("Зателефонувати після пробного", "Нагадати про оплату", "Запропонувати групу"),
    *("Уточнити розклад", "Подзвонити щодо пропусків", "Привітати з днем народження"),
)
_SUBJECTS = ("Розклад на місяць", "Рахунок за навчання", "Запрошення на концерт")


def _task(kit: Kit, id_: int, at: int) -> Record:
    customer = kit.pick(kit.ids("customer")) if kit.ids("customer") and kit.odds(50) else None
    group = kit.pick(kit.ids("group")) if kit.ids("group") and kit.odds(40) else None
    branches = kit.some(kit.ids("branch"), 1 + kit.below(2))
    if customer is not None:
        branches = list(branches_of(kit.values("customer", customer)))
        group = None
    elif group is not None:
        branches = list(branches_of(kit.values("group", group)))
    done = kit.odds(60)
    archived = id_ % 5 == 0 and not kit.fresh
    due = at + kit.below(30) * DAY
    return Record(
        {
            "id": id_,
            "company_id": None,
            "branch_ids": branches,
            "user_id": kit.pick(kit.ids("user")),
            "assigned_ids": kit.some(kit.ids("user"), 1 + kit.below(2)),
            "group_ids": [group] if group else [],
            "customer_ids": [customer] if customer else [],
            "title": kit.pick(_TITLES),
            "text": kit.note(),
            "is_archive": int(archived),
            "created_at": utc(at),
            "is_done": int(done),
            "is_private": int(kit.odds(10)),
            "due_date": iso(due) if kit.odds(80) else None,
            "done_date": local(min(due, NOW)) if done else None,
            "is_public_entry": 0,
            "is_notify": int(kit.odds(30)),
            "priority": 1 + kit.below(3),
        },
        archived,
    )


def _communication(kit: Kit, id_: int, at: int) -> Record | None:
    kinds = [kind for kind in ("Customer", "Group", "Task") if kit.ids(LOGGED[kind])]
    if not kinds:
        return None
    kind = kit.pick((*kinds[:1] * 4, *kinds))
    return Record(
        {
            "id": id_,
            "type_id": 1,
            "class": kind,
            "related_id": kit.pick(kit.ids(LOGGED[kind])),
            "user_id": kit.pick(kit.ids("user")),
            "added": local(at),
            "comment": f"<p>{kit.pick(_TITLES)}</p>" if kit.odds(20) else kit.note() or None,
        }
    )


def _log(kit: Kit, id_: int, at: int) -> Record | None:
    kinds = [kind for kind, entity in LOGGED.items() if kit.ids(entity)]
    if not kinds:
        return None
    kind = kit.pick((*kinds[:1] * 6, *kinds))
    event = 1 + kit.below(3)
    # PHP writes an empty map as an empty list.
    old: object = []
    new: object = {"note": kit.note(), "assigned_id": str(kit.pick(kit.ids("user")))}
    moved = kit.newcomer_of(at) if kind == "Customer" and kit.odds(70) else None
    stages = kit.ids("lead-status")
    reached = kit.values("customer", moved)["lead_status_id"] if moved else None
    if moved and reached in stages[1:] and not kit.times(("moved", moved)):
        # each lead moves once, to the stage that it has now
        before = stages[kit.below(stages.index(reached))]
        entity_id, event = moved, 2
        old, new = {"lead_status_id": str(before)}, {"lead_status_id": str(reached)}
    else:
        entity_id = kit.pick(kit.ids(LOGGED[kind]))
        if event > 1:
            old = {"note": None, "assigned_id": None}
    return Record(
        {
            "id": id_,
            "entity": kind,
            "entity_id": entity_id,
            "user_id": kit.pick(kit.ids("user")) if kit.odds(90) else None,
            "event": event,
            "fields_old": old,
            "fields_new": new,
            "fields_rel": {"branch_ids": ["1"]} if kit.odds(20) else kit.pick(([], [], "")),
            "date_time": local(at),
        },
        branch=kit.branch(LOGGED[kind], entity_id),
    )


def _sms(kit: Kit, id_: int, at: int) -> Record:
    sent = kit.odds(85)
    values: dict[str, Any] = {
        "id": id_,
        "user_id": kit.pick(kit.ids("user")),
        "phone": kit.phone(),
        "text": f"Нагадуємо про заняття завтра о {10 + kit.below(9)}:00 🎸",
        "is_fail": int(not sent and kit.odds(60)),
        "is_sent": int(sent),
        "added": local(at),
        "sent_date": local(at + 60) if sent else None,
    }
    return Record(values, branch=kit.pick(kit.ids("branch")))


def _mail(kit: Kit, id_: int, at: int) -> Record:
    sent = kit.odds(90)
    values: dict[str, Any] = {
        "id": id_,
        "email": f"user{kit.below(9_999)}@example.org",
        "subject": kit.pick(_SUBJECTS),
        "html": f"<p>Доброго дня!<br>\r\nЧекаємо на вас {1 + kit.below(28)} числа.</p>",
        "is_sent": int(sent),
        "sent_date": local(at) if sent else None,
    }
    return Record(values, branch=kit.pick(kit.ids("branch")))


def _call(kit: Kit, id_: int, at: int) -> Record:
    success = kit.odds(75)
    values: dict[str, Any] = {
        "id": id_,
        "direction": 1 + kit.below(2),
        "local_number": str(100 + kit.below(20)),
        "remote_number": kit.phone(),
        "is_success": int(success),
        "duration": 5 + kit.below(900) if success else 0,
        "call_date": local(at),
        "record_url": f"https://records.example.org/{id_}.mp3" if success else None,
    }
    return Record(values, branch=kit.pick(kit.ids("branch")))


SPECS = {
    "task": Spec(_task, lambda sizes: sizes.tasks, gaps=True),
    "communication": Spec(_communication, lambda sizes: sizes.communications),
    "log": Spec(_log, lambda sizes: sizes.logs, first=100_001, gaps=True),
    "sms-message": Spec(_sms, lambda sizes: sizes.messages),
    "mail-message": Spec(_mail, lambda sizes: sizes.messages),
    "phone-call": Spec(_call, lambda sizes: sizes.messages),
}
