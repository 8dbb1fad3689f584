"""In which partition of `customers` the cards are, and what loading them costs."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from tap_alfacrm.doctor.model import Effect, Finding, Level
from tap_alfacrm.doctor.probe import Outcome, number
from tap_alfacrm.streams.archive import ACTIVE, ALL, ARCHIVED
from tap_alfacrm.streams.customers import BOTH

if TYPE_CHECKING:
    from tap_alfacrm.doctor.examination import Examination
    from tap_alfacrm.doctor.probe import Reply

KINDS = range(-1, 11)
MAIN = range(BOTH + 1)
STATES = (ACTIVE, ALL, ARCHIVED)
HEAD = f"{'is_study':>9}{'removed 0':>12}{'removed 1':>12}{'removed 2':>12}   what it is"
SECONDS_A_MINUTE = 60


def gather(exam: Examination) -> None:
    """Ask for page 0 of each partition; one row of those that nobody should need."""
    asked = {
        (kind, state): exam.probe.page(
            exam.card_list({"is_study": kind, "removed": state}), size=None if kind in MAIN else 1
        )
        for kind in sorted(KINDS, key=lambda kind: kind not in MAIN)
        for state in STATES
    }
    with exam.probe.ahead(asked.values()):
        for place, question in asked.items():
            what = "customers of is_study {} and removed {}".format(*place)
            exam.cards[place] = exam.probe.ask(question, what)


def findings(exam: Examination) -> list[Finding]:
    """What each partition holds, whether they add up, and what a sync costs."""
    kinds = [_kind(exam, kind) for kind in KINDS]
    return [
        *_grouped(kinds),
        _leads_and_clients(exam),
        _archive(exam),
        _sum(exam),
        *_narrowed(exam),
        _cost(exam),
    ]


def _totals(exam: Examination, kind: int) -> list[int | None]:
    return [exam.cards[kind, state].rows for state in STATES]


def _kind(exam: Examination, kind: int) -> Finding:
    totals = _totals(exam, kind)
    meaning = _meaning(exam, kind)
    figures = "".join(f"{'?' if total is None else f'{total:,}':>12}" for total in totals)
    return Finding(
        key=f"where.is_study.{kind}",
        text=f"{kind:>9}{figures}   {meaning}",
        value=meaning,
        counts={f"removed {state}": total for state, total in zip(STATES, totals, strict=True)},
    )


def _meaning(exam: Examination, kind: int) -> str:
    replies = [exam.cards[kind, state] for state in STATES]
    if any(reply.outcome == Outcome.UNASKED for reply in replies):
        return "not asked"
    if not all(reply.is_given for reply in replies):
        return "no answer"
    for earlier in range(kind):
        if kind not in MAIN and _repeats(replies, [exam.cards[earlier, s] for s in STATES]):
            return f"the same as {earlier}"
    found = frozenset(number(row.get("is_study")) for reply in replies for row in reply.items)
    known: dict[frozenset[int | None], str] = {
        frozenset({0}): "leads",
        frozenset({1}): "clients",
        frozenset({0, 1}): "both",
    }
    if kind in MAIN and found:
        return known.get(found, "cards of another kind")
    return "cards" if found else "nothing"


def _repeats(replies: list[Reply], others: list[Reply]) -> bool:
    """Whether lists are as long as others, or where nobody knows, begin with the same card."""
    return any(one.ids for one in replies) and all(
        one.total == other.total and (one.total is not None or one.ids[:1] == other.ids[:1])
        for one, other in zip(replies, others, strict=True)
    )


def _grouped(lines: list[Finding]) -> list[Finding]:
    """Show lines of the same figures and meaning as one, from .. to."""
    shown: list[Finding] = []
    for _, group in groupby(lines, key=lambda line: (line.counts, line.value)):
        first, *others = group
        if others:
            last = others[-1].key.rpartition(".")[2]
            label = f"{first.key.rpartition('.')[2]} to {last}"
            first = msgspec.structs.replace(first, text=f"{label:>9}{first.text[9:]}")
        shown += [first, *(msgspec.structs.replace(other, text="") for other in others)]
    return shown


def _leads_and_clients(exam: Examination) -> Finding:
    key = "where.is_study"
    meanings = [_meaning(exam, kind) for kind in MAIN]
    replies = [exam.cards[kind, ALL] for kind in MAIN]
    leads, clients, both = replies
    if not all(reply.is_given for reply in replies):
        return _unknown(key, "is_study was not tried to the end")
    if not both.ids:
        return Finding(key=key, text="There is no card to try is_study on.", value="no cards")
    if leads.ids and leads.is_same_as(clients) and clients.is_same_as(both):
        text = "is_study is ignored: 0, 1 and 2 give the same cards."
        return Finding(
            key=key,
            text=text,
            value="ignored",
            level=Level.ASK,
            advice="Ask the vendor why is_study has no effect: "
            f"only {meanings[1]} come, the others are out of reach.",
            effect=Effect.INCOMPLETE,
        )
    return Finding(
        key=key,
        text="is_study is a filter: 0 leads, 1 clients, 2 both. A row has 0 or 1, never 2.",
        value="obeyed",
        level=Level.FINE,
        advice="is_study is obeyed: 0 leads, 1 clients, 2 both.",
    )


def _archive(exam: Examination) -> Finding:
    key = "where.removed"
    pairs = [(exam.cards[kind, ACTIVE], exam.cards[kind, ARCHIVED]) for kind in MAIN]
    if not all(reply.is_given for pair in pairs for reply in pair):
        return _unknown(key, "removed was not tried to the end")
    if any({*active.ids} & {*archived.ids} for active, archived in pairs):
        return Finding(
            key=key,
            text="removed is ignored: the active cards come where archived ones are asked for.",
            value="ignored",
            level=Level.ASK,
            advice="Ask the vendor how this account gives archived cards: removed has no effect.",
            effect=Effect.INCOMPLETE,
        )
    if not any(archived.ids for _, archived in pairs):
        return Finding(
            key=key,
            text="removed 2 gives no card: nothing is archived, or the archive is out of reach.",
            value="nothing archived",
            level=Level.ASK,
            advice="If the school has archived anybody, ask for the right to the archive.",
        )
    share = ""
    archived, all_ = exam.cards[BOTH, ARCHIVED].rows, exam.cards[BOTH, ALL].rows
    if archived and all_:
        share = f"; {100 * archived / all_:.0f} % of all cards"
    return Finding(
        key=key,
        text=f"removed is a filter: 0 active cards, 1 active and archived, 2 archived{share}.",
        value="obeyed",
        level=Level.FINE,
        advice="removed is obeyed: the archive is within reach.",
    )


def _sum(exam: Examination) -> Finding:
    key = "where.sums"
    both = exam.cards[BOTH, ALL].rows
    parts = [exam.cards[kind, state].rows for kind in (0, 1) for state in (ACTIVE, ARCHIVED)]
    if both is None or None in parts:
        return _unknown(key, "Without totals the partitions cannot be added up", Effect.NONE)
    parted = sum(part or 0 for part in parts)
    if parted == both:
        text = f"The partitions add up: {both:,} cards."
        return Finding(key=key, text=text, value="add up", level=Level.FINE)
    return Finding(
        key=key,
        text=f"The partitions have {parted:,} cards in all, the list of all has {both:,}.",
        value="differ",
        level=Level.NOTE,
    )


def _narrowed(exam: Examination) -> list[Finding]:
    """What the settings leave out."""
    settings = exam.settings
    narrow = {
        "branch_ids": settings.branch_ids is not None,
        "is_study": not ({BOTH} <= {*settings.is_study} or {0, 1} <= {*settings.is_study}),
        "include_archived": not settings.include_archived,
    }
    names = [name for name, is_narrow in narrow.items() if is_narrow]
    if not names:
        return []
    text = f"The settings leave cards out of the sync: {', '.join(names)}."
    return [Finding(key="where.narrowed", text=text, value=names)]


def _cost(exam: Examination) -> Finding:
    """How much the default sync of `customers` has to ask for."""
    size = exam.granted or 1
    states = (ACTIVE, ARCHIVED) if exam.settings.include_archived else (ACTIVE,)
    kinds = {kind for kind in exam.settings.is_study if kind != BOTH} or {BOTH}
    totals = [exam.cards[kind, state].rows for kind in sorted(kinds) for state in states]
    if None in totals:
        return _unknown(
            "where.cost", "Without totals nobody knows how long a sync takes", Effect.NONE
        )
    lists = [total or 0 for total in totals]
    cards = sum(lists)
    # a list that ends with a full page needs another, and one request counts all cards
    requests = sum(math.floor(total / size) + 1 for total in lists) + 1
    pace = exam.settings.requests_per_second
    minutes = requests / pace / SECONDS_A_MINUTE
    long = f"{minutes:.0f} min" if minutes >= 1 else f"{minutes * SECONDS_A_MINUTE:.0f} s"
    where = " in one branch" if exam.card_branch is not None else ""
    return Finding(
        key="where.cost",
        text=f"The sync loads {cards:,} cards{where} in {requests:,} requests of {size} rows: "
        f"{long} at {pace:g} a second.",
        counts={"cards": cards, "requests": requests},
        level=Level.FINE,
        advice=f"The sync loads {cards:,} cards{where} in {requests:,} requests.",
    )


def _unknown(key: str, text: str, effect: Effect = Effect.UNKNOWN) -> Finding:
    return Finding(key=key, text=f"{text}.", level=Level.UNKNOWN, advice=f"{text}.", effect=effect)
