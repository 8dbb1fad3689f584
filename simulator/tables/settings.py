"""Dictionaries and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.records import Record
from simulator.school import CAMP_STAGES, CUSTOMER_REJECTS, LEAD_REJECTS, SOURCES, STAGES
from simulator.tables.kit import Spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.tables.kit import Kit

_BRANCHES = ("Центр", "Левобережный", "Поділ", "Online", "Старая студия", "Печерськ", "Оболонь")
_SUBJECTS = ("Гітара", "Вокал", "Фортепіано", "English", "Шахи", "Барабани", "Живопись")
_STATUSES = ("Навчається", "Пауза", "Боржник", "Випускник", "Пробний", "Відпустка")
_LOCATIONS = (
    "Центральний корпус",
    "Школа на Садовій",
    "Корпус у парку",
    "Зал на площади",
    "Студія",
)
_PIPELINES = ("Продажі", "Літній табір")
_LESSON_TYPES = ("Индивидуальный", "Групповой", "Пробный", "Концерт", "Відпрацювання")


def _branch(kit: Kit, id_: int, _at: int) -> Record:
    # With more than one branch, the last one is closed but still has cards.
    count = kit.sizes.branches
    return Record(
        {
            "id": id_,
            "name": _BRANCHES[(id_ - 1) % len(_BRANCHES)],
            "is_active": int(count == 1 or id_ != count),
            "subject_ids": kit.some(kit.ids("subject"), 2),
            "weight": id_,
        }
    )


def _location(kit: Kit, id_: int, _at: int) -> Record:
    return Record(
        {
            "id": id_,
            "branch_id": kit.in_turn("branch", id_),
            "is_active": int(kit.odds(85)),
            "name": f"{_LOCATIONS[(id_ - 1) % len(_LOCATIONS)]}, {id_}",
            "weight": kit.below(9),
        }
    )


def _room(kit: Kit, id_: int, _at: int) -> Record:
    branch = kit.in_turn("branch", id_)
    locations = kit.here("location", branch)
    return Record(
        {
            "id": id_,
            "branch_id": branch,
            "location_id": kit.pick(locations) if locations and kit.odds(70) else None,
            "streaming_id": kit.pick(kit.ids("streaming")) if kit.odds(10) else None,
            "color_id": 1 + kit.below(7),
            "name": f"R{id_}",
            "note": f"Класс {id_}",
            "is_enabled": int(kit.odds(85)),
            "weight": id_,
        }
    )


def _subject(kit: Kit, id_: int, _at: int) -> Record:
    # Every fourth subject is no longer taught, which its fields do not show.
    name = _SUBJECTS[id_ % len(_SUBJECTS)]
    return Record(
        {"id": id_, "name": name, "weight": id_ // 2}, archived=id_ % 4 == 0 and not kit.fresh
    )


def _choice(*names: str) -> Callable[[Kit, int, int], Record]:
    """Generate an item of a dictionary; some are disabled, in random order."""

    def make(kit: Kit, id_: int, _at: int) -> Record:
        again, at = divmod(id_ - 1 if kit.fresh else kit.times(names), len(names))
        return Record(
            {
                "id": id_,
                "name": f"{names[at]} {again + 1}" if again else names[at],
                "is_enabled": int(kit.odds(75)),
                "weight": 1 + kit.below(99),
            }
        )

    return make


def _lead_status(kit: Kit, id_: int, at: int) -> Record:
    stages = (*STAGES, *CAMP_STAGES)
    number = id_ - 1 if kit.fresh else kit.times("stage")
    values = _choice(*stages)(kit, number + 1, at).values
    pipeline = kit.ids("pipeline")[number % len(stages) >= len(STAGES)]
    return Record({**values, "id": id_, "weight": 10 * (number + 1), "pipeline_id": pipeline})


def _lead_source(kit: Kit, id_: int, at: int) -> Record:
    record = _choice(*SOURCES)(kit, id_, at)
    record.values["code"] = f"source-{id_}" if kit.odds(60) else None
    return record


def _lesson_type(_kit: Kit, id_: int, _at: int) -> Record:
    return Record(
        {
            "id": id_,
            "name": _LESSON_TYPES[(id_ - 1) % len(_LESSON_TYPES)],
            "type": min(id_, 3),
            "icon": "user" if id_ == 1 else "users",
            "is_active": 1,
            "sort": id_ * 100,
        }
    )


def _user(kit: Kit, id_: int, _at: int) -> Record:
    return Record({"id": id_, "name": kit.colleague(), "email": f"manager{id_}@example.org"})


def _company(_kit: Kit, id_: int, _at: int) -> Record:
    return Record({"id": id_, "name": "Школа «Камертон»"})


def _streaming(_kit: Kit, id_: int, _at: int) -> Record:
    return Record({"id": id_, "name": f"Zoom {id_}"})


SPECS = {
    "branch": Spec(_branch, lambda sizes: sizes.branches),
    "location": Spec(_location, lambda sizes: sizes.branches + 2),
    "room": Spec(_room, lambda sizes: sizes.branches * 3),
    "subject": Spec(_subject, lambda _: 9, first=11),
    "study-status": Spec(_choice(*_STATUSES), lambda _: 5, gaps=True),
    "lead-status": Spec(_lead_status, lambda sizes: sizes.lead_statuses, gaps=True),
    "lead-reject": Spec(_choice(*LEAD_REJECTS), lambda sizes: sizes.lead_rejects, gaps=True),
    "customer-reject": Spec(
        _choice(*CUSTOMER_REJECTS), lambda sizes: sizes.customer_rejects, gaps=True
    ),
    "lead-source": Spec(_lead_source, lambda sizes: sizes.lead_sources, gaps=True),
    "pipeline": Spec(_choice(*_PIPELINES), lambda _: 2, gaps=True),
    "lesson-type": Spec(_lesson_type, lambda _: 5),
    "user": Spec(_user, lambda _: 12, first=2),
    "company": Spec(_company, lambda _: 1),
    "streaming": Spec(_streaming, lambda _: 2),
}
