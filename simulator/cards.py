"""Customer cards in the API's format."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import log
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from simulator import school
from simulator.people import NOTES, full_name
from simulator.records import Record
from simulator.school import NOW, OPENED, Shares

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from random import Random

T = TypeVar("T")
_Picks = dict[school.Kind, Shares[int]]

ZONE = ZoneInfo("Europe/Kyiv")
NO_END = "2030-12-31"

# Cards from before the API had `created_at`: about 5 % of the active ones.
_CREATED_AT_SINCE = OPENED + (NOW - OPENED) // 4
_DAY = 86_400
_MEAN_STAY = {school.LOST: 25 * _DAY, school.FORMER: 300 * _DAY}
"""Mean time from the creation of a card to its archival."""
_COLORS = ("#ea394c", "#ffcd70", "#ffff00", "#00aa00", "#9acfea", "#1a7bb9", "#3C578C")
# No subscriber can have these numbers: no network uses the code 00.
PHONES = (
    "+380(00){:03d}-{:02d}-{:02d}", "+7(000){:03d}-{:02d}-{:02d}",
    "+38000{:03d}{:02d}{:02d}", "+48 000 {:03d} {:02d} {:02d}",
)  # fmt: skip
_INTERESTS = (
    *((), ("Гітара",), ("Вокал",), ("Шахи",), ("Гітара", "Вокал")),
    *(("Малювання", "Фортепіано"), ("Вокал", "Фортепіано", "Шахи")),
)
_COMMENTS = ("Договір підписано", "Номер шафки", "Класс в школе", "Місце в черзі")
_CHANNELS = (("Viber",), ("Telegram",), ("E-mail", "Viber"), ("Telegram", "E-mail"))


def utc(stamp: int) -> str:
    """Format a moment in UTC as the API does."""
    return datetime.fromtimestamp(stamp, UTC).isoformat(" ")[:19]


def local(stamp: int) -> str:
    """Format a moment in the account's local time."""
    return datetime.fromtimestamp(stamp, ZONE).isoformat(" ")[:19]


class CardMaker:
    """Generates cards that refer to the account's dictionaries."""

    def __init__(
        self, rng: Random, ids: Mapping[str, Sequence[int]], funnels: Mapping[int, int]
    ) -> None:
        """Create a maker from a random generator, ids by entity, and the funnel of each stage."""
        self._chance = rng.random
        self._ids = ids
        self._funnels = funnels

        def shares(entity: str, weights: Mapping[school.Kind, Sequence[int]]) -> _Picks:
            return {kind: Shares(ids[entity], weights[kind]) for kind in weights}

        self._branch_of = shares("branch", school.BRANCHES)
        self._manager_of = shares("user", school.MANAGERS)
        self._source_of = shares("lead-source", school.SOURCE_SHARES)
        self._stage_of = shares("lead-status", school.STAGE_SHARES)
        self._status_of = shares("study-status", school.STUDY_STATUSES)
        rejects = ids["lead-reject"]
        self._early = Shares(rejects, school.EARLY_REJECTS)
        self._late = Shares(rejects, school.LATE_REJECTS)
        self._bad_time = rejects[school.BAD_TIME % len(rejects)]
        self._position = {stage: at for at, stage in enumerate(ids["lead-status"])}
        self._weak_branch = (*ids["branch"], None, None)[school.WEAK_BRANCH]
        self._left = Shares(ids["customer-reject"], school.CUSTOMER_REJECT_SHARES)

    def card(self, id_: int, *, is_study: int, archived: bool, created: int) -> Record:
        """Generate one card that was created at the given moment."""
        ids, chance, pick, below = self._ids, self._chance, self._pick, self._below
        lead, kind = not is_study, (is_study, archived)
        changed = self._changed(created, kind)
        # Most leads have no account yet; all their counters are null.
        has_account = not lead or chance() < 0.34
        balance = "0.00"
        paid_count = paid_till = None
        if has_account:
            paid_count = 0
        if is_study:
            # a few lessons are paid in advance, and a few are owed
            if chance() < (0.08 if archived else 0.75):
                paid_count = below(11) - 2
            balance = f"{(paid_count or 0) * pick(school.LESSON_PRICES)}.00"
            if chance() < 0.7:
                paid_till = f"{local(NOW + (below(120) - 30) * _DAY)[:10]} 12:00:00"
        name = full_name(chance)
        branches = self._branches(kind)
        pipeline = ids["pipeline"][0] if lead else None
        stage = self._stage_of[kind].pick(chance) if lead and chance() < 0.97 else None
        if stage is not None:
            pipeline = self._funnels[stage]
        lead_reject = customer_reject = None
        if archived and lead:
            lead_reject = self._lead_reject(stage, branches[0])
        elif archived:
            customer_reject = self._left.pick(chance)
        values: dict[str, Any] = {
            "id": id_,
            "branch_ids": branches,
            "teacher_ids": self._teachers(lead=lead),
            "name": name,
            "barcode": "",
            "color": pick(_COLORS) if chance() < 0.1 else None,
            "is_study": is_study,
            "study_status_id": self._status_of[kind].pick(chance) if is_study else None,
            "lead_status_id": stage,
            "pipeline_id": pipeline,
            "lead_reject_id": lead_reject,
            "customer_reject_id": customer_reject,
            "lead_source_id": self._source_of[kind].pick(chance) if chance() < 0.8 else None,
            "assigned_id": self._manager_of[kind].pick(chance) if chance() < 0.9 else None,
            "legal_type": 1,
            "legal_name": full_name(chance) if chance() < 0.5 else None,
            "company_id": None,
            "dob": self._birthday() if chance() < 0.24 else None,
            "balance": balance,
            "balance_base": balance if chance() < 0.95 else "0.00",
            "balance_bonus": 0 if has_account else None,
            "paid_count": paid_count,
            "next_lesson_date": f"{local(NOW + (below(13) - 3) * _DAY)[:10]} 12:00:01"
            if is_study and not archived
            else None,
            "paid_till": paid_till,
            "last_attend_date": local(created + below(changed - created + 1))[:10]
            if is_study
            else None,
            "b_date": local(created),
            "e_date": local(changed)[:10] if archived else NO_END,
            "note": pick(NOTES) if chance() < 0.6 else None,
            "paid_lesson_count": paid_count,
            "paid_lesson_date": paid_till,
            "updated_at": utc(changed),
            "created_at": utc(created) if created >= _CREATED_AT_SINCE else None,
            "phone": self._phones(),
            "email": [f"user{id_}@example.org"] if chance() < 0.3 else [],
            "web": [],
            "addr": [],
        }
        values.update(self._custom_fields(created, is_study=is_study))
        return Record(values, archived)

    # Called ten times per card; faster than the methods of Random.
    def _below(self, stop: int) -> int:
        return int(self._chance() * stop)

    def _pick(self, options: Sequence[T]) -> T:
        return options[int(self._chance() * len(options))]

    def _changed(self, created: int, kind: school.Kind) -> int:
        """Pick the moment of the last change, which is the end of an archived card."""
        rest = max(created, NOW) - created
        if kind not in _MEAN_STAY:
            return created + self._below(rest + 1)
        stay = int(-log(1 - self._chance()) * _MEAN_STAY[kind])
        return created + (stay if stay <= rest else self._below(rest + 1))

    def _lead_reject(self, stage: int | None, branch: int) -> int:
        """Pick a reason: who has not come to a lesson does not know the price of one."""
        if branch == self._weak_branch and self._chance() < 0.25:
            return self._bad_time
        early = stage is None or self._position[stage] < school.TRIAL_STAGE
        return (self._early if early else self._late).pick(self._chance)

    def _branches(self, kind: school.Kind) -> list[int]:
        branches = self._ids["branch"]
        first = self._branch_of[kind].pick(self._chance)
        if len(branches) > 1 and self._chance() < 0.04:
            second = self._pick([branch for branch in branches if branch != first])
            return [first, second]
        return [first]

    def _teachers(self, *, lead: bool) -> list[int]:
        if self._chance() < (0.85 if lead else 0.2) or not self._ids["teacher"]:
            return []
        teacher, other = self._pick(self._ids["teacher"]), self._pick(self._ids["teacher"])
        return [teacher] if teacher == other or self._chance() < 0.7 else [teacher, other]

    def _phones(self) -> list[str]:
        below = self._below
        dice = self._chance()
        if dice < 0.02:
            return []
        if dice < 0.03:
            return ["немає телефону"]
        return [
            self._pick(PHONES).format(below(1000), below(100), below(100))
            for _ in range(self._pick((1, 1, 1, 2, 3)))
        ]

    def _birthday(self) -> str:
        day = date(2005, 1, 1) + timedelta(days=self._below(5_000))
        return f"{day:%d.%m.%Y}"

    def _custom_fields(self, created: int, *, is_study: int) -> dict[str, Any]:
        chance, pick, below = self._chance, self._pick, self._below
        filled = 0.8 if is_study else 0.25

        def contract_date() -> str:
            day = local(created + below(80) * _DAY)
            return f"{day[8:10]}.{day[5:7]}.{day[:4]}"

        fields: dict[str, Callable[[], Any]] = {
            "custom_age": lambda: str(4 + below(56)),
            "custom_school_class": lambda: f"{1 + below(11)}-{pick('АБВ')}",
            "custom_parent_name": lambda: full_name(chance),
            "custom_contract_number": lambda: f"{1 + below(9_998):04d}/Д",
            "custom_contract_date": contract_date,
            "custom_interests": lambda: list(pick(_INTERESTS)),
            "custom_channels": lambda: list(pick(_CHANNELS)),
            "custom_level": lambda: pick(("A1", "A2", "B1", "B2")),
            "custom_comment": lambda: f"{pick(_COMMENTS)} {1 + below(12)}",
        }
        return {name: make() if chance() < filled else None for name, make in fields.items()}
