"""Which filters of cards, lessons and subscriptions the account obeys."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.doctor.examination import ALL_CARDS
from tap_alfacrm.doctor.findings import Effect, Finding, Level
from tap_alfacrm.doctor.probe import number
from tap_alfacrm.doctor.recent import middle_day
from tap_alfacrm.doctor.trials import IGNORED, NOTHING, OBEYED, UNTRIED, judge, line
from tap_alfacrm.extract.incremental import ISO
from tap_alfacrm.streams.archived import ACTIVE
from tap_alfacrm.streams.customers import BOTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_alfacrm.doctor.examination import Examination
    from tap_alfacrm.doctor.probe import Reply
    from tap_alfacrm.records.page import Row

KNOWN = ("branch_ids", "customer_reject_id", "lead_status_id")
GUESSES: dict[str, Any] = {
    "archived": True,
    "is_archive": 1,
    "archive": 1,
    "only_archived": True,
    "status": "archived",
    "filters": {"removed": BOTH},
    "custom_guess": "-",
}
"""What people try to get the archive, and a custom field that no account has."""
OTHER_STATUSES = {1: "planned", 2: "cancelled"}


def look(exam: Examination) -> list[Finding]:
    """Try the filters that are known, and those that people guess."""
    rows = exam.card_sample()
    values = {name: _shared(rows, name) for name in KNOWN}
    asked = {
        name: exam.probe.page(
            exam.card_list({**ALL_CARDS, name: [value] if name == "branch_ids" else value})
        )
        for name, value in values.items()
        if value is not None
    }
    lessons = exam.access["lessons"]
    by_status = {
        status: exam.probe.page(ListRequest(lessons.path, {"status": status}))
        for status in OTHER_STATUSES
        if lessons.reply.is_given
    }
    with exam.probe.ahead([*asked.values(), *by_status.values()]):
        known = []
        for name, value in values.items():
            verdict, why = UNTRIED, "no two cards differ in it"
            if name in asked:
                reply = exam.probe.ask(asked[name], f"the filter {name}")
                verdict = judge(reply, exam.all_cards, rows, _has(name, value))
                why = ""
            known.append(_finding(name, verdict, why))
        replies = {
            OTHER_STATUSES[status]: exam.probe.ask(question, f"{OTHER_STATUSES[status]} lessons")
            for status, question in by_status.items()
        }
    return [
        *known,
        *(_finding(name, *found) for name, found in _guesses(exam, rows).items()),
        *([_statuses(replies, lessons.reply)] if replies else []),
        *_dead(exam),
    ]


def _values(row: Row, name: str) -> set[int]:
    value = row.get(name)
    items = value if isinstance(value, list) else [value]
    return {found for item in items if (found := number(item)) is not None}


def _has(name: str, value: int | None) -> Any:  # noqa: ANN401 - a function of a row
    return lambda row: value in _values(row, name)


def _shared(rows: Sequence[Row], name: str) -> int | None:
    """A value that many rows have, though not all."""
    counts = Counter(value for row in rows for value in _values(row, name))
    return next((value for value, count in counts.most_common() if count < len(rows)), None)


def _guesses(exam: Examination, rows: Sequence[Row]) -> dict[str, tuple[str, str]]:
    """Try all at once among active cards; one by one only if that makes a difference."""
    base = exam.cards[BOTH, ACTIVE]
    guesses = dict(GUESSES)
    found: dict[str, tuple[str, str]] = {}
    reason = _shared(rows, "lead_reject_id")
    if reason is not None:
        guesses["lead_reject_id"] = reason
    else:
        found["lead_reject_id"] = (UNTRIED, "no two cards differ in it")
    labels = {name: name for name in guesses}
    day = middle_day(rows, "updated_at")
    if day is not None:
        guesses["updated_at_from"] = day.strftime(ISO)
        labels["updated_at_from"] = "updated_at_from (YYYY-MM-DD)"
    if base.is_given and not base.items:
        return dict.fromkeys(labels.values(), (UNTRIED, "no card is active")) | found

    def ask(body: Mapping[str, Any], what: str) -> Reply:
        filters = {"is_study": BOTH, "removed": ACTIVE, **body}
        return exam.probe.ask(exam.probe.page(exam.card_list(filters)), what)

    together = ask(guesses, "the filters that people guess")
    if together.is_given and together.is_as_long_as(base):
        return dict.fromkeys(labels.values(), (IGNORED, "")) | found
    tried = {}
    for name, label in labels.items():
        reply = ask({name: guesses[name]}, f"the filter {label}")
        effect = IGNORED if reply.is_as_long_as(base) else "has an effect"
        tried[label] = (effect if reply.is_given else UNTRIED, "")
    return tried | found


def _finding(name: str, verdict: str, why: str) -> Finding:
    broken = name in KNOWN and verdict in {IGNORED, NOTHING}
    unclear = verdict == UNTRIED and not why
    return Finding(
        key=f"filters.customers.{name}",
        text=line("customers", name, verdict, why),
        value=None if verdict == UNTRIED else verdict,
        level=Level.ASK if broken else Level.UNKNOWN if unclear else Level.NOTE,
        advice=f"Ask the vendor why the filter {name} of customers is {_said(verdict)}."
        if broken
        else "",
    )


def _said(verdict: str) -> str:
    return "ignored" if verdict == IGNORED else "answered with nothing"


def _statuses(others: Mapping[str, Reply], conducted: Reply) -> Finding:
    """Whether planned and cancelled lessons can be had."""
    key, where = "filters.lessons.status", ("lessons", "status")
    replies = others.values()
    if not all(reply.is_given for reply in replies):
        return Finding(
            key=key,
            text=line(*where, UNTRIED),
            level=Level.UNKNOWN,
            effect=Effect.UNKNOWN,
            advice="Whether planned and cancelled lessons can be had.",
        )
    if any({*reply.ids} & {*conducted.ids} for reply in replies):
        return Finding(
            key=key,
            text=line(*where, IGNORED),
            value=IGNORED,
            level=Level.ASK,
            advice="Ask the vendor how planned and cancelled lessons come: status has no effect.",
            effect=Effect.INCOMPLETE,
        )
    if not any(reply.items for reply in (conducted, *replies)):
        return Finding(key=key, text=line(*where, UNTRIED, "there are no lessons"))
    counts = {name: reply.rows for name, reply in others.items()}
    text = line(*where, OBEYED)
    return Finding(key=key, text=text, value=OBEYED, counts=counts, level=Level.FINE)


def _dead(exam: Examination) -> Iterator[Finding]:
    """Whether archived subscriptions can be had."""
    access = exam.access["customer_tariffs"]
    if not access.reply.items or access.question is None:
        return
    question = replace(access.question, body={**access.question.body, "dead": True})
    reply = exam.probe.ask(question, "archived subscriptions")
    ignored = bool({*reply.ids} & {*access.reply.ids})
    verdict = IGNORED if ignored else OBEYED if reply.is_given else UNTRIED
    yield Finding(
        key="filters.customer_tariffs.dead",
        text=line("customer_tariffs", "dead", verdict),
        value=verdict if reply.is_given else None,
        level={IGNORED: Level.ASK, OBEYED: Level.FINE}.get(verdict, Level.UNKNOWN),
        advice="Ask the vendor how archived subscriptions come: dead has no effect."
        if ignored
        else "",
    )
