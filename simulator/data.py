"""The cards of an account, generated from a seed."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from simulator.cards import NOW, OPENED, CardMaker

if TYPE_CHECKING:
    from simulator.records import Record
    from simulator.tables import Tables

_FIRST_CARD_ID = 1_001
_REFERENCES = (
    "branch", "pipeline", "lead-status", "lead-reject", "customer-reject",
    "teacher", "study-status", "lead-source", "user",
)  # fmt: skip


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
        (0, False): sizes.leads,
        (1, False): sizes.clients,
        (0, True): sizes.archived_leads,
        (1, True): sizes.archived_clients,
    }
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    rng.shuffle(kinds)
    moments = sorted(rng.randrange(OPENED, NOW) for _ in kinds)
    # An import from a spreadsheet: consecutive cards with the same creation time.
    batch = range(len(moments) // 2, len(moments) // 2 + len(moments) // 50)
    for position in batch:
        moments[position] = moments[batch.start]
    table: dict[int, Record] = {}
    id_ = _FIRST_CARD_ID
    for (is_study, archived), created in zip(kinds, moments, strict=True):
        table[id_] = maker.card(id_, is_study=is_study, archived=archived, created=created)
        id_ += rng.choice((1, 1, 1, 2, 4))
    return table


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
    # Debts are rare.
    for record in tables["customer"].values():
        if not record.archived and record.values["balance"].startswith("-"):
            record.values["balance"] = record.values["balance_base"] = "0.00"
    for number, values in enumerate(some(24, is_study=1, archived=False), start=1):
        values["balance"] = values["balance_base"] = f"-{number * 75}.50"
