"""How long pages are, from where they count, and whether they hold still."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_alfacrm.client.request import PAGE_SIZE_CAPS, ListRequest
from tap_alfacrm.doctor.examination import ALL_CARDS
from tap_alfacrm.doctor.findings import Effect, Finding, Level
from tap_alfacrm.doctor.rights import CONDUCTED
from tap_alfacrm.streams.archived import ALL
from tap_alfacrm.streams.customers import BOTH

if TYPE_CHECKING:
    from tap_alfacrm.doctor.examination import Examination
    from tap_alfacrm.doctor.probe import Reply

WISH = 1_000
"""A page larger than any account is known to give."""
FAR = 1_000_000
"""A page that no list has."""
OTHER_NAMES = ("page_size", "per_page", "per-page", "limit", "count")


def look(exam: Examination) -> list[Finding]:
    """Ask for pages of several sizes, and past the end."""
    cards = exam.card_list(ALL_CARDS)
    named = exam.card_list({**ALL_CARDS, **dict.fromkeys(OTHER_NAMES, 1)})
    unsized = exam.probe.page(named, size=0)
    long = exam.probe.page(cards, size=WISH)
    second = exam.probe.page(cards, page=1, size=0)
    far = exam.probe.page(cards, page=FAR)
    with exam.probe.ahead([unsized, long, second, far]):
        other = exam.probe.ask(unsized, "other names of pageSize")
        most = exam.probe.ask(long, f"a page of {WISH} rows")
        page_1 = exam.probe.ask(second, "page 1")
        last = exam.probe.ask(far, "a page past the end")
    usual, others = _usual(exam, other)
    one = exam.cards[BOTH + 1, ALL]
    if not one.items:
        one = exam.probe.ask(exam.probe.page(cards, size=1), "a page of one row")
    exam.ceiling = _ceiling(exam, most)
    return [
        _size(exam, one, usual, most),
        _usual_size(usual),
        others,
        _first_page(exam, usual, page_1),
        _past_the_end(last),
        _order(exam, most),
        *_total(exam),
    ]


def _ceiling(exam: Examination, most: Reply) -> int | None:
    """Rows on the longest page, if the list has more than it."""
    got = len(most.items)
    if not got or got >= WISH or not _is_cut(most):
        return None
    if got in PAGE_SIZE_CAPS:
        return got
    question = exam.probe.page(exam.card_list(ALL_CARDS), page=1, size=WISH)
    rest = exam.probe.ask(question, f"page 1 of {WISH} rows")
    return got if {*rest.ids} - {*most.ids} else None


def _is_cut(reply: Reply) -> bool:
    """Whether the list has more rows than came."""
    return reply.total is None or len(reply.items) < reply.total


def _size(exam: Examination, one: Reply, usual: Reply, most: Reply) -> Finding:
    key = "paging.page_size"
    if not (one.is_given and usual.is_given and most.is_given):
        return Finding(
            key=key,
            text="Whether pageSize is honoured was not found out.",
            level=Level.UNKNOWN,
        )
    if len(usual.items) == len(one.items):
        if len(usual.items) <= 1:
            text = "There are too few cards to see whether pageSize is honoured."
            return Finding(key=key, text=text, value="too few rows")
        text = f"pageSize is ignored: every page has {len(usual.items)} rows."
        advice = "Ask the vendor to honour pageSize: a sync takes many times as many requests."
        return Finding(key=key, text=text, value="ignored", level=Level.ASK, advice=advice)
    if exam.ceiling is not None:
        text = f"pageSize is honoured up to {exam.ceiling}."
    else:
        text = f"pageSize is honoured; no ceiling is met with {len(most.items):,} rows."
    value = exam.ceiling or "no ceiling met"
    return Finding(key=key, text=text, value=value, level=Level.FINE, advice=text)


def _usual_size(usual: Reply) -> Finding:
    if usual.is_given and _is_cut(usual) and usual.items:
        text = f"Without pageSize a page has {len(usual.items)} rows."
        return Finding(key="paging.default_size", text=text, value=len(usual.items))
    text = "There are too few cards to see how long a page is without pageSize."
    return Finding(key="paging.default_size", text=text)


def _usual(exam: Examination, reply: Reply) -> tuple[Reply, Finding]:
    """A page without pageSize, asked for by the other names that people give it."""
    key, names = "paging.other_names", ", ".join(OTHER_NAMES)
    if len(reply.items) > 1:
        return reply, Finding(key=key, text=f"{names}: ignored.", value="ignored")
    plain = exam.probe.page(exam.card_list(ALL_CARDS), size=0)
    usual = exam.probe.ask(plain, "a page without pageSize")
    if usual.is_given and len(usual.items) <= 1:
        text = f"There are too few cards to try {names}."
        return usual, Finding(key=key, text=text)
    if len(usual.items) <= len(reply.items):
        return usual, Finding(key=key, text=f"{names}: not seen.", level=Level.UNKNOWN)
    text = f"{names}: one of them is obeyed."
    return usual, Finding(key=key, text=text, value="one of them is obeyed")


def _first_page(exam: Examination, usual: Reply, second: Reply) -> Finding:
    key = "paging.first_page"
    if not (second.is_given and usual.is_given):
        return Finding(key=key, text="Page 1 was not seen.", level=Level.UNKNOWN)
    if not second.items:
        text = "There are too few cards for a page 1."
        return Finding(key=key, text=text, value="too few rows")
    if second.ids and second.ids == usual.ids:
        if _is_cut(usual):
            text = "Page 1 is page 0 once more: pages count from 1 here."
            return Finding(key=key, text=text, value=1)
        text = "There are too few cards for a page 1; page 0 comes instead."
        return Finding(key=key, text=text, value="too few rows")
    size = min(exam.settings.page_size, exam.ceiling or exam.settings.page_size)
    text = (
        "Pages count from 0: page 1 has other cards than page 0. A client that starts at page 1 "
        f"loses the first {len(usual.items)} rows of every list, {size} with pageSize."
    )
    return Finding(
        key=key, text=text, value=0, level=Level.FINE, advice="Pages count from 0, as the tap does."
    )


def _past_the_end(reply: Reply) -> Finding:
    key = "paging.past_the_end"
    if not reply.is_given:
        text = "A page past the end was not seen."
        return Finding(key=key, text=text, level=Level.UNKNOWN)
    if reply.items:
        text = "A page past the end repeats the last one; the tap notices and stops."
        return Finding(key=key, text=text, value="repeats")
    text = "A page past the end is empty."
    return Finding(key=key, text=text, value="empty", level=Level.FINE)


def _order(exam: Examination, most: Reply) -> Finding:
    """Hold two answers each against each other: of lessons, and of cards, many sort alike."""
    key = "paging.order"
    access = exam.access["lessons"]
    question = exam.probe.page(ListRequest(access.path, CONDUCTED))
    again = exam.probe.ask(question, "the lessons once more", again=True)
    answers = [(access.reply, again), (exam.all_cards, most)]
    if not any(one.is_given and other.is_given for one, other in answers):
        text = "Whether rows keep their order was not seen."
        return Finding(key=key, text=text, level=Level.UNKNOWN)
    orders = [(_common(one, other), _common(other, one)) for one, other in answers]
    if all(len(one) <= 1 for one, _ in orders):
        text = "There are too few rows to see whether they keep their order."
        return Finding(key=key, text=text)
    if all(one == other for one, other in orders):
        text = "Rows keep their order from request to request."
        return Finding(key=key, text=text, value="stable", level=Level.FINE)
    return Finding(
        key=key,
        text="Rows change places from request to request: an export that reads each page once "
        "loses some. The tap reads such a list again until nothing new comes.",
        value="unstable",
        level=Level.ASK,
        advice="Ask the vendor for a stable order: rows that sort alike change places.",
    )


def _common(one: Reply, other: Reply) -> list[int]:
    """Ids that came in both answers, in the order of the first."""
    both = {*other.ids}
    return [identifier for identifier in dict.fromkeys(one.ids) if identifier in both]


def _total(exam: Examination) -> list[Finding]:
    totals = exam.probe.wire.totals
    written = max(totals, key=lambda how: totals[how]) if totals else "missing"
    texts = {
        "number": "Each list says how many rows it has (total).",
        "text": "Each list says how many rows it has (total), as a text.",
        "missing": "Lists do not say how many rows they have: total is missing.",
    }
    form = Finding(
        key="paging.total",
        text=texts[written],
        value=written,
        level=Level.ASK if written == "missing" else Level.FINE,
        advice="Ask the vendor for total: without it completeness is proved by reading twice."
        if written == "missing"
        else "",
    )
    wrong = _wrong_total(exam)
    return [form] if wrong is None else [form, wrong]


def _wrong_total(exam: Examination) -> Finding | None:
    """Read the list of branches to its end, and count."""
    first = exam.access["branches"].reply
    if first.total is None:
        return None
    key = "paging.total_right"
    rows, right = len({*first.ids}), first.total
    if rows < right:
        question = exam.probe.page(ListRequest(exam.access["branches"].path), page=1)
        rest = exam.probe.ask(question, "page 1 of branches")
        if {*rest.ids} - {*first.ids}:
            return None
    if rows == right:
        text = "The total of branches is the number of branches that come."
        return Finding(key=key, text=text, value="right", level=Level.FINE)
    return Finding(
        key=key,
        text=f"total is wrong: {right} branches are counted and {rows} come.",
        value="wrong",
        level=Level.ASK,
        advice="Ask the vendor why total is wrong: no load can be shown to be complete.",
        effect=Effect.INCOMPLETE,
    )
