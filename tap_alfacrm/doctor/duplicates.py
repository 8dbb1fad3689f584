"""Rows that come back under several partitions or branches."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from tap_alfacrm.doctor.examination import ALL_CARDS
from tap_alfacrm.doctor.findings import Finding, Level
from tap_alfacrm.formatting import number_of
from tap_alfacrm.streams.archived import ACTIVE, ARCHIVED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_alfacrm.doctor.examination import Examination
    from tap_alfacrm.doctor.probe import Reply

BRANCHES = 3
"""Branches asked one by one."""


def look(exam: Examination) -> list[Finding]:
    """Hold pages of several lists against each other."""
    return [_within(exam), _partitions(exam), _branches(exam)]


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
    replies = [exam.cards[kind, state] for kind in (0, 1) for state in (ACTIVE, ARCHIVED)]
    where = "leads and clients, active and archived"
    return _finding("duplicates.partitions", where, replies)


def _finding(key: str, where: str, replies: Sequence[Reply]) -> Finding:
    """How many cards came in more than one of several lists."""
    seen = Counter(identifier for reply in replies for identifier in {*reply.ids})
    several = sum(count > 1 for count in seen.values())
    text = (
        f"Of {number_of(len(seen), 'card')} on the first pages of {where}, {several:,} came in "
        "more than one."
    )
    return Finding(
        key=key,
        text=text,
        value=bool(several),
        counts={"sampled": len(seen), "several": several},
        level=Level.NOTE if several else Level.FINE,
    )


def _branches(exam: Examination) -> Finding:
    asked = exam.branches[:BRANCHES]
    questions = [exam.probe.page(exam.card_list(ALL_CARDS, branch)) for branch in asked]
    with exam.probe.ahead(questions):
        replies = [
            exam.probe.ask(question, f"the cards of branch {branch}")
            for branch, question in zip(asked, questions, strict=True)
        ]
    replies = [reply for reply in replies if reply.is_given]
    if not replies:
        text = "Cards were not asked for by branch."
        return Finding(key="duplicates.branches", text=text, level=Level.UNKNOWN)
    where = number_of(len(replies), "branch")
    found = _finding("duplicates.branches", where, replies)
    text, counts = found.text, dict(found.counts)
    totals = [reply.rows for reply in replies]
    if None not in totals and len(replies) == len(exam.branches):
        counts["by branch"] = parted = sum(total or 0 for total in totals)
        text += f" Added up, the branches have {number_of(parted, 'card')}"
        whole = exam.all_cards.rows
        if whole is not None and exam.card_branch is None:
            counts["account"] = whole
            text += f", the account {whole:,}"
        text += "."
    return msgspec.structs.replace(
        found,
        text=text,
        counts=counts,
        level=Level.FINE,
        advice="Cards come once in every load, whatever their branches.",
    )
