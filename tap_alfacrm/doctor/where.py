"""In which partition of `customers` the cards are, and what loading them costs."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from tap_alfacrm.doctor.findings import Effect, Finding, Level
from tap_alfacrm.doctor.probe import Outcome, number
from tap_alfacrm.formatting import number_of
from tap_alfacrm.streams.archived import ACTIVE, ALL, ARCHIVED
from tap_alfacrm.streams.customers import BOTH

if TYPE_CHECKING:
    from tap_alfacrm.doctor.examination import Examination

KINDS = range(-1, 11)
MAIN = range(BOTH + 1)
STATES = (ACTIVE, ALL, ARCHIVED)
HEAD = f"{'is_study':>9}{'removed 0':>12}{'removed 1':>12}{'removed 2':>12}   what it is"
SECONDS_A_MINUTE = 60
KNOWN: dict[frozenset[int | None], str] = {
    frozenset({0}): "leads",
    frozenset({1}): "clients",
    frozenset({0, 1}): "both",
}
EXPECTED = ({"leads"}, {"clients"}, {"leads", "clients", "both"})
"""What 0, 1 and 2 may turn out to be, where they hold any cards."""
UNTOLD = {"not asked", "no answer"}


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


def _kind(exam: Examination, kind: int) -> Finding:
    replies = [exam.cards[kind, state] for state in STATES]
    meaning = _meaning(exam, kind)
    figures = "".join(f"{reply.length:>12}" for reply in replies)
    return Finding(
        key=f"where.is_study.{kind}",
        text=f"{kind:>9}{figures}   {meaning}",
        value=None if meaning in UNTOLD else meaning,
        counts={f"removed {state}": exam.cards[kind, state].rows for state in STATES},
    )


def _meaning(exam: Examination, kind: int) -> str:
    replies = [exam.cards[kind, state] for state in STATES]
    if not all(reply.is_given for reply in replies):
        unasked = any(reply.outcome == Outcome.UNASKED for reply in replies)
        return "not asked" if unasked else "no answer"
    if not any(reply.items for reply in replies):
        return "nothing"
    if kind not in MAIN:
        return _likeness(exam, kind)
    found = frozenset(number(row.get("is_study")) for reply in replies for row in reply.items)
    return KNOWN.get(found & {0, 1}, "cards of another kind")


def _likeness(exam: Examination, kind: int) -> str:
    alike = [other for other in MAIN if _repeats(exam, kind, other)]
    if not alike:
        return "cards"
    if exam.cards[kind, ALL].total is None:
        return f"begins like {' and '.join(map(str, alike))}"
    return f"the same as {alike[-1]}"


def _repeats(exam: Examination, kind: int, other: int) -> bool:
    """Whether lists are as long as others, or where nobody knows, begin with the same card."""
    pairs = [(exam.cards[kind, state], exam.cards[other, state]) for state in STATES]
    return all(
        one.total == another.total and (one.total is not None or one.ids[:1] == another.ids[:1])
        for one, another in pairs
    )


def _grouped(lines: list[Finding]) -> list[Finding]:
    """Show lines of the same figures and meaning as one, from .. to."""
    shown: list[Finding] = []
    for _, group in groupby(lines, key=lambda line: line.text[9:]):
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
    if UNTOLD & {*meanings}:
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
    if not all(
        meaning in {*expected, "nothing"}
        for meaning, expected in zip(meanings, EXPECTED, strict=True)
    ):
        told = ", ".join(f"{kind} gives {meaning}" for kind, meaning in enumerate(meanings))
        return Finding(
            key=key,
            text=f"is_study is not what it is elsewhere: {told}.",
            value=meanings,
            level=Level.ASK,
            advice=f"Ask the vendor what is_study is in this account: {told}.",
            effect=Effect.UNKNOWN,
        )
    return Finding(
        key=key,
        text="is_study filters: 0 leads, 1 clients, 2 both. A row has 0 or 1, never 2.",
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
        share = f" ({100 * archived / all_:.0f} % of all cards)"
    return Finding(
        key=key,
        text=f"removed filters: 0 active, 1 both, 2 archived{share}.",
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
        text = f"The partitions add up: {number_of(both, 'card')}."
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
    settings = exam.settings
    states = (ACTIVE, ARCHIVED) if settings.include_archived else (ACTIVE,)
    kinds = {kind for kind in settings.is_study if kind != BOTH} or {BOTH}
    lists = [exam.cards[kind, state].rows for kind in sorted(kinds) for state in states]
    whole = exam.cards[BOTH, ALL if settings.include_archived else ACTIVE].rows
    if whole is None or None in lists:
        text = "Without totals nobody knows how long a sync takes"
        return _unknown("where.cost", text, Effect.NONE)
    size = min(settings.page_size, exam.ceiling or settings.page_size)
    # a list that ends with a full page needs another, and one request counts all cards
    requests = sum((total or 0) // size + 1 for total in lists) + 1
    # where a filter is ignored, the same cards come in several lists
    cards = min(whole, sum(total or 0 for total in lists))
    takes = f"{number_of(cards, 'card')} in {number_of(requests, 'request')}"
    text = f"A sync loads {takes} of {size:,} rows"
    passes = len(exam.branches) if exam.card_branch is not None else 1
    if passes > 1:
        requests *= passes
        takes = f"about {number_of(requests, 'request')} for {passes} branches"
        text = f"A sync asks branch by branch: {cards:,} cards in the first, {takes} in all"
    seconds = requests / settings.requests_per_second
    minutes = seconds / SECONDS_A_MINUTE
    long = f"{minutes:.0f} min" if minutes >= 1 else f"{seconds:.0f} s"
    return Finding(
        key="where.cost",
        text=f"{text}: {long} at {settings.requests_per_second:g} a second.",
        counts={"cards": cards, "requests": requests},
        level=Level.FINE,
        advice=f"A sync of cards takes {takes}." if passes > 1 else f"A sync loads {takes}.",
    )


def _unknown(key: str, text: str, effect: Effect = Effect.UNKNOWN) -> Finding:
    return Finding(key=key, text=f"{text}.", level=Level.UNKNOWN, advice=f"{text}.", effect=effect)
