"""Whole accounts: dictionaries and cards, from nothing but a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.cards import NOW, OPENED, CardMaker
from simulator.people import pools
from simulator.records import Record, Tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

_FIRST_CARD_ID = 1_001
_TEACHERS = 40
_BRANCHES = ("Центр", "Левобережный", "Поділ", "Online", "Старая студия", "Печерськ", "Оболонь")


def _dictionary(rng: Random, label: str, size: int) -> dict[int, Record]:
    """Make a list of choices: ids with gaps, some switched off, its own order."""
    words = pools().words
    weights = rng.sample(range(1, size + 1), size)
    table: dict[int, Record] = {}
    id_ = 0
    for number, weight in enumerate(weights, start=1):
        id_ += rng.choice((1, 1, 1, 2, 5))
        table[id_] = Record(
            {
                "id": id_,
                "name": f"{label} {number}: {rng.choice(words)}",
                "is_enabled": int(rng.random() < 0.75),  # noqa: PLR2004
                "weight": weight,
            }
        )
    return table


def _branches(count: int) -> dict[int, Record]:
    # With more than one branch, the last one is closed but still has its cards.
    return {
        id_: Record(
            {
                "id": id_,
                "name": _BRANCHES[(id_ - 1) % len(_BRANCHES)],
                "is_active": int(count == 1 or id_ < count),
                "subject_ids": [1, 2],
                "weight": id_,
            }
        )
        for id_ in range(1, count + 1)
    }


def dictionaries(rng: Random, *, branches: int, sizes: tuple[int, int, int]) -> Tables:
    """Make everything that is not a card."""
    statuses, lead_rejects, customer_rejects = sizes
    tables: Tables = {
        "branch": _branches(branches),
        "pipeline": _dictionary(rng, "Воронка", 2),
        "lead-status": _dictionary(rng, "Етап", statuses),
        "lead-reject": _dictionary(rng, "Відмова", lead_rejects),
        "customer-reject": _dictionary(rng, "Причина", customer_rejects),
        "teacher": {
            id_: Record({"id": id_, "name": pools().full_name(rng.random)})
            for id_ in range(201, 201 + _TEACHERS)
        },
    }
    pipelines = list(tables["pipeline"])
    for record in tables["lead-status"].values():
        record.values["pipeline_id"] = rng.choice(pipelines)
    return tables


def references(tables: Tables) -> dict[str, Sequence[int]]:
    """List the ids a card may refer to."""
    return {entity: tuple(table) for entity, table in tables.items()}


def cards(rng: Random, maker: CardMaker, counts: dict[tuple[int, bool], int]) -> dict[int, Record]:
    """Make cards of each kind, `(is_study, archived)`, mixed over the years."""
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    rng.shuffle(kinds)
    moments = sorted(rng.randrange(OPENED, NOW) for _ in kinds)
    # An import from a spreadsheet: a run of cards born in the same second.
    batch = range(len(moments) // 2, len(moments) // 2 + len(moments) // 50)
    for position in batch:
        moments[position] = moments[batch.start]
    table: dict[int, Record] = {}
    id_ = _FIRST_CARD_ID
    for (is_study, archived), created in zip(kinds, moments, strict=True):
        table[id_] = maker.card(id_, is_study=is_study, archived=archived, created=created)
        id_ += rng.choice((1, 1, 1, 2, 4))
    return table


def blur_reject_reasons(rng: Random, tables: Tables) -> None:
    """Leave out, and mix, reject reasons in the proportions of a real account."""
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
    # Debts are rare: all but a couple of dozen negative balances are paid.
    debts = [
        record.values
        for record in tables["customer"].values()
        if not record.archived and record.values["balance"].startswith("-")
    ]
    for values in debts[24:]:
        values["balance"] = values["balance_base"] = "0.00"
