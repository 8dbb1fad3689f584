"""Rows that come back under several partitions or branches."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING

from tap_alfacrm.doctor.examination import ALL_CARDS
from tap_alfacrm.doctor.model import Finding, Level
from tap_alfacrm.streams.archive import ACTIVE, ARCHIVED

if TYPE_CHECKING:
    from tap_alfacrm.doctor.examination import Examination

BRANCHES = 5
"""Branches asked one by one."""


def look(exam: Examination) -> list[Finding]:
    """Hold pages of several lists against each other."""
    return [_within(exam), _partitions(exam), *_branches(exam)]


def _within(exam: Examination) -> Finding:
    replies = [exam.all_cards, *exam.cards.values()]
    doubled = sum(len(reply.ids) - len({*reply.ids}) for reply in replies)
    keyless = sum(len(reply.items) - len(reply.ids) for reply in replies)
    text = f"Cards twice on one page: {doubled:,}; without a usable id: {keyless:,}."
    return Finding(
        key="duplicates.page",
        text=text,
        value=bool(doubled or keyless),
        counts={"doubled": doubled, "without id": keyless},
        level=Level.ASK if doubled or keyless else Level.FINE,
        advice="Ask the vendor why cards come twice or without an id."
        if doubled or keyless
        else "",
    )


def _partitions(exam: Examination) -> Finding:
    lists = [{*exam.cards[kind, state].ids} for kind in (0, 1) for state in (ACTIVE, ARCHIVED)]
    sampled = len(set().union(*lists))
    several = len(set().union(*(one & other for one, other in combinations(lists, 2))))
    text = (
        f"Of {sampled:,} cards on the first pages of leads and clients, active and archived, "
        f"{several:,} came in more than one."
    )
    return Finding(
        key="duplicates.partitions",
        text=text,
        value=bool(several),
        counts={"sampled": sampled, "several": several},
        level=Level.NOTE if several else Level.FINE,
    )


def _branches(exam: Examination) -> list[Finding]:
    branches = exam.branches[:BRANCHES]
    if exam.card_branch is not None and not exam.settings.branch_ids:
        text = "customers is asked branch by branch here; the tap loads a card once all the same."
        return [Finding(key="duplicates.path", text=text, value="branch by branch")]
    questions = [exam.probe.page(exam.card_list(ALL_CARDS, branch)) for branch in branches]
    with exam.probe.ahead(questions):
        replies = [exam.probe.ask(question, "cards by branch") for question in questions]
    replies = [reply for reply in replies if reply.is_given]
    if not replies:
        text = "Cards were not asked for by branch."
        return [Finding(key="duplicates.branches", text=text, level=Level.UNKNOWN)]
    seen = Counter(identifier for reply in replies for identifier in {*reply.ids})
    several = sum(count > 1 for count in seen.values())
    counts: dict[str, int | None] = {"sampled": len(seen), "several": several}
    text = (
        f"Of {len(seen):,} cards on the first pages of {len(replies)} branches, "
        f"{several:,} came in more than one."
    )
    totals = [reply.rows for reply in replies]
    whole = exam.all_cards.rows
    if whole is not None and None not in totals and len(branches) == len(exam.branches):
        parted = sum(total or 0 for total in totals)
        text += f" The branches have {parted:,} cards between them, the account {whole:,}."
        counts |= {"by branch": parted, "account": whole}
    return [
        Finding(
            key="duplicates.branches",
            text=text,
            value=bool(several or counts.get("by branch", 0) != counts.get("account", 0)),
            counts=counts,
            level=Level.FINE,
            advice="Cards come once in every load, whatever their branches.",
        )
    ]
