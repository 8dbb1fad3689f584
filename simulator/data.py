"""The cards of an account, generated from a seed."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from simulator import school
from simulator.cards import CardMaker
from simulator.school import OPENED, Calendar

if TYPE_CHECKING:
    from simulator.records import Record
    from simulator.tables import Tables

_FIRST_CARD_ID = 1_001
_REFERENCES = (
    "branch", "pipeline", "lead-status", "lead-reject", "customer-reject",
    "teacher", "study-status", "lead-source", "user",
)  # fmt: skip

_ANY = Calendar(OPENED, school.DEMAND)
_CALENDARS = {
    school.CLIENT: Calendar(OPENED, school.DEMAND, growth=1.35),
    school.OPEN: Calendar(OPENED, school.DEMAND, growth=8),
}
"""Who is still there came more recently than who has left."""


def card_maker(tables: Tables) -> CardMaker:
    """Return a maker of cards that refer to the account's dictionaries."""
    ids = {entity: tuple(tables[entity]) for entity in _REFERENCES}
    stages = tables["lead-status"].items()
    funnels = {id_: record.values["pipeline_id"] for id_, record in stages}
    return CardMaker(Random(f"{tables.seed}/customer"), ids, funnels)


def cards(tables: Tables, maker: CardMaker) -> dict[int, Record]:
    """Generate cards of each kind, `(is_study, archived)`, distributed over the years."""
    rng, sizes = Random(tables.seed), tables.sizes
    counts = {
        school.OPEN: sizes.leads,
        school.CLIENT: sizes.clients,
        school.LOST: sizes.archived_leads,
        school.FORMER: sizes.archived_clients,
    }
    made = sorted((_created(kind, rng), kind) for kind in counts for _ in range(counts[kind]))
    # An import from a spreadsheet: consecutive cards with the same creation time.
    imported = range(0, len(made), 50)
    middle = made[len(made) // 2][0] if made else 0
    for position in imported:
        made[position] = (middle, made[position][1])
    made.sort(key=lambda pair: pair[0])
    table: dict[int, Record] = {}
    id_ = _FIRST_CARD_ID
    for created, (is_study, archived) in made:
        table[id_] = maker.card(id_, is_study=is_study, archived=archived, created=created)
        id_ += rng.choice((1, 1, 1, 2, 4))
    return table


def _created(kind: school.Kind, rng: Random) -> int:
    forgotten = kind == school.OPEN and rng.random() < 0.15
    calendar = _ANY if forgotten else _CALENDARS.get(kind, _ANY)
    return calendar.moment(rng.random)


def blur_reject_reasons(tables: Tables) -> None:
    """Omit and mix reject reasons in the proportions of a real account."""
    rng = Random(tables.seed)
    reasons = list(tables["customer-reject"])

    def some(count: int, *, is_study: int, archived: bool) -> list[dict[str, Any]]:
        found = [
            record.values
            for record in tables["customer"].values()
            if record.archived is archived and record.values["is_study"] == is_study
        ]
        return rng.sample(found, min(count, len(found)))

    for values in some(31, is_study=1, archived=True):
        values["customer_reject_id"] = None
    leads = some(149, is_study=0, archived=True)
    for values in leads[:56]:
        values["lead_reject_id"] = None
    for values in leads[56:]:
        values["customer_reject_id"] = rng.choice(reasons)
    for values in some(4, is_study=1, archived=False):
        values["customer_reject_id"] = rng.choice(reasons)
    # Debts are rare; most of them are in the weak branch.
    active = [r.values for r in tables["customer"].values() if not r.archived]
    for values in active:
        if values["balance"].startswith("-"):
            _owe(values, 0)
    weak = list(tables["branch"])[school.WEAK_BRANCH]
    clients = [values for values in active if values["is_study"]]
    there = [values for values in clients if values["branch_ids"][0] == weak]
    elsewhere = [values for values in clients if values["branch_ids"][0] != weak]
    for number, values in enumerate(rng.sample(there, 15) + rng.sample(elsewhere, 9)):
        _owe(values, 1 + number % 5)


def _owe(values: dict[str, Any], lessons: int) -> None:
    balance = f"-{lessons * school.LESSON_PRICES[lessons - 1]}.00" if lessons else "0.00"
    values.update(balance=balance, balance_base=balance)
    values.update(paid_count=-lessons, paid_lesson_count=-lessons)
