"""Which filters the account obeys, told by the rows that come back."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tap_alfacrm.doctor.examination import ALL_CARDS
from tap_alfacrm.doctor.model import Effect, Finding, Level
from tap_alfacrm.doctor.probe import Outcome, number
from tap_alfacrm.doctor.shapes import day_of
from tap_alfacrm.session import Question
from tap_alfacrm.streams.archive import ACTIVE
from tap_alfacrm.streams.customers import BOTH
from tap_alfacrm.tap import STREAMS
from tap_alfacrm.window import DOTTED, ISO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_alfacrm.doctor.examination import Examination
    from tap_alfacrm.doctor.probe import Reply
    from tap_alfacrm.envelope import Row
    from tap_alfacrm.streams.base import AlfaCRMStream
    from tap_alfacrm.window import Since

HEAD = f"{'list':<15}{'filter':<30}what it does"
OBEYED, IGNORED, NOTHING, UNTRIED = "obeyed", "ignored", "gives nothing", "not tried"
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


@dataclass(frozen=True, slots=True)
class Trial:
    """A filter tried.

    Attributes:
        name: The filter, with what it was tried on.
        verdict: What came of it.
        why: Why it could not be tried.
    """

    name: str
    verdict: str
    why: str = ""


def look(exam: Examination) -> list[Finding]:
    """Try the filters of cards, and those by which streams are incremental."""
    rows = [*exam.sampled_cards().values()]
    trials = [_try_equal(exam, rows, name) for name in KNOWN]
    trials += _try_guesses(exam, rows)
    found = [_finding(trial) for trial in trials]
    since = [_since(exam, stream) for stream in STREAMS if stream.since is not None]
    of_cards = next(f for f in since if f.key == "filters.customers.updated_at_from")
    found += since
    found += _statuses(exam)
    found.append(_day_cut(exam, obeyed=of_cards.value == OBEYED))
    return found


def judge(reply: Reply, base: Reply, sample: Sequence[Row], fits: Callable[[Row], bool]) -> str:
    """Whether a filter was obeyed.

    Args:
        reply: What came with the filter.
        base: What came without.
        sample: Rows of the list, some of which fit and some do not.
        fits: Whether a row is what was asked for.

    Returns:
        The verdict.
    """
    if not reply.is_given:
        return UNTRIED
    if not reply.items:
        return NOTHING if any(map(fits, sample)) else OBEYED
    if not all(map(fits, reply.items)):
        return IGNORED
    same = reply.total is not None and reply.total == base.total
    return IGNORED if same and not all(map(fits, sample)) else OBEYED


def _values(row: Row, name: str) -> set[int]:
    value = row.get(name)
    items = value if isinstance(value, list) else [value]
    return {found for item in items if (found := number(item)) is not None}


def _common(rows: Sequence[Row], name: str) -> int | None:
    """A value that many rows have, though not all."""
    counts = Counter(value for row in rows for value in _values(row, name))
    return next((value for value, count in counts.most_common() if count < len(rows)), None)


def _try_equal(exam: Examination, rows: Sequence[Row], name: str) -> Trial:
    value = _common(rows, name)
    if value is None:
        return Trial(name, UNTRIED, "no two cards differ in it")
    asked: Any = [value] if name == "branch_ids" else value
    question = exam.probe.page(exam.card_list({**ALL_CARDS, name: asked}))
    reply = exam.probe.ask(question, f"the filter {name}")
    verdict = judge(reply, exam.all_cards, rows, lambda row: value in _values(row, name))
    return Trial(name, verdict)


def _try_guesses(exam: Examination, rows: Sequence[Row]) -> list[Trial]:
    """Try all at once among active cards; one by one only if that makes a difference."""
    base = exam.cards[BOTH, ACTIVE]
    guesses = dict(GUESSES)
    reason = _common(rows, "lead_reject_id")
    if reason is not None:
        guesses["lead_reject_id"] = reason
    day = _middle_day(rows, "updated_at")
    names = {name: name for name in guesses}
    if day is not None:
        guesses["updated_at_from"] = day.strftime(ISO)
        names["updated_at_from"] = "updated_at_from (YYYY-MM-DD)"

    def ask(body: Mapping[str, Any], what: str) -> Reply:
        filters = {"is_study": BOTH, "removed": ACTIVE, **body}
        return exam.probe.ask(exam.probe.page(exam.card_list(filters)), what)

    together = ask(guesses, "the filters that people guess")
    if together.is_given and together.is_as_long_as(base):
        return [Trial(label, IGNORED) for label in names.values()]
    trials = []
    for name, label in names.items():
        reply = ask({name: guesses[name]}, f"the filter {label}")
        verdict = UNTRIED
        if reply.is_given:
            verdict = IGNORED if reply.is_as_long_as(base) else "has an effect"
        trials.append(Trial(label, verdict))
    if reason is None:
        trials.append(Trial("lead_reject_id", UNTRIED, "no card has one"))
    return trials


def _finding(trial: Trial) -> Finding:
    words = trial.verdict + (f": {trial.why}" if trial.why else "")
    tried = trial.verdict != UNTRIED or trial.why
    broken = trial.name in KNOWN and trial.verdict in {IGNORED, NOTHING}
    return Finding(
        key=f"filters.customers.{trial.name}",
        text=f"{'customers':<15}{trial.name:<30}{words}",
        value=trial.verdict,
        level=Level.ASK if broken else Level.NOTE if tried else Level.UNKNOWN,
        advice=f"Ask the vendor why the filter {trial.name} of customers is {trial.verdict}."
        if broken
        else "",
    )


def _middle_day(rows: Sequence[Row], name: str) -> dt.date | None:
    """A day that some rows lie before and some after, by more than a day."""
    days = sorted(day for row in rows if (day := day_of(row.get(name))))
    slack = dt.timedelta(days=2)
    middle = days[len(days) // 2] if days else None
    for day in [*([middle] if middle else []), *days[::-1]]:
        if days[0] < day - slack:
            return day
    return None


def _since(exam: Examination, stream: type[AlfaCRMStream]) -> Finding:
    """Try the filter by which a stream is incremental."""
    since: Since = stream.since  # type: ignore[assignment]
    shape = "DD.MM.YYYY" if since.style == DOTTED else "YYYY-MM-DD"
    label = f"{since.filter} ({shape})"
    trial = _try_since(exam, stream, since, label)
    words = trial.verdict + (f": {trial.why}" if trial.why else "")
    bad = trial.verdict in {IGNORED, NOTHING}
    lost = trial.verdict == NOTHING
    advice = ""
    if bad:
        advice = f"Ask the vendor why the filter {label} of {stream.name} is {trial.verdict}: " + (
            "incremental runs find nothing." if lost else "every run loads all of it."
        )
    return Finding(
        key=f"filters.{stream.name}.{since.filter}",
        text=f"{stream.name:<15}{label:<30}{words}",
        value=trial.verdict if not trial.why else f"{trial.verdict}: {trial.why}",
        level=Level.ASK if bad else Level.FINE if trial.verdict == OBEYED else Level.NOTE,
        advice=advice,
        effect=Effect.INCOMPLETE if lost else Effect.NONE,
    )


def _try_since(exam: Examination, stream: type[AlfaCRMStream], since: Since, label: str) -> Trial:
    access = exam.access[stream.name]
    rows = _rows(exam, stream.name)
    if not access.reply.is_given:
        return Trial(label, UNTRIED, "the list is out of reach")
    if not rows:
        return Trial(label, UNTRIED, "the list is empty")
    if not any(row.get(since.key) for row in rows):
        return Trial(label, UNTRIED, f"the rows carry no {since.key}, so each run loads them all")
    day = _middle_day(rows, since.key)
    if day is None:
        return Trial(label, UNTRIED, "all rows seen are of one day or two")
    filters = {
        "customers": ALL_CARDS,
        "lessons": {"status": 3},
    }.get(stream.name, stream.everything.filters)
    body = {**filters, since.filter: day.strftime(since.style)}
    reply = exam.probe.ask(
        exam.probe.page(Question(access.path, body)), f"the filter {label} of {stream.name}"
    )
    floor = day - dt.timedelta(days=1)  # nobody has documented in which zone a day is cut
    return Trial(
        label,
        judge(
            reply, access.reply, rows, lambda row: (day_of(row.get(since.key)) or floor) >= floor
        ),
    )


def _rows(exam: Examination, name: str) -> Sequence[Row]:
    if name == "customers":
        return [*exam.sampled_cards().values()]
    return exam.access[name].reply.items


def _statuses(exam: Examination) -> list[Finding]:
    """Whether planned and cancelled lessons can be had, and archived subscriptions."""
    access = exam.access["lessons"]
    found = []
    if access.reply.is_given:
        replies = [
            exam.probe.ask(exam.probe.page(Question(access.path, {"status": status})), what)
            for status, what in ((1, "planned lessons"), (2, "cancelled lessons"))
        ]
        found.append(_statuses_of(replies, access.reply))
    access = exam.access["customer_tariffs"]
    if access.reply.items and access.question is not None:
        body = {**access.question.body, "dead": True}
        question = replace(access.question, body=body)
        dead = exam.probe.ask(question, "archived subscriptions")
        ignored = bool({*dead.ids} & {*access.reply.ids})
        found.append(
            Finding(
                key="filters.customer_tariffs.dead",
                text=f"{'cust. tariffs':<15}{'dead':<30}{IGNORED if ignored else OBEYED}",
                value=IGNORED if ignored else OBEYED,
                level=Level.ASK if ignored else Level.FINE,
                advice="Ask the vendor how archived subscriptions come: dead has no effect."
                if ignored
                else "",
            )
        )
    return found


def _statuses_of(replies: Sequence[Reply], conducted: Reply) -> Finding:
    name = f"{'lessons':<15}{'status':<30}"
    key = "filters.lessons.status"
    if any(reply.outcome != Outcome.GIVEN for reply in replies):
        return Finding(
            key=key,
            text=f"{name}{UNTRIED}",
            level=Level.UNKNOWN,
            effect=Effect.UNKNOWN,
            advice="Whether planned and cancelled lessons can be had was not found out.",
        )
    if any({*reply.ids} & {*conducted.ids} for reply in replies):
        return Finding(
            key=key,
            text=f"{name}{IGNORED}",
            value=IGNORED,
            level=Level.ASK,
            advice="Ask the vendor how planned and cancelled lessons come: status has no effect.",
            effect=Effect.INCOMPLETE,
        )
    counts = dict(zip(("planned", "cancelled"), (reply.rows for reply in replies), strict=True))
    return Finding(key=key, text=f"{name}{OBEYED}", value=OBEYED, counts=counts, level=Level.FINE)


def _day_cut(exam: Examination, *, obeyed: bool) -> Finding:
    """Ask for a day that a card changed on by the wall clock, and not by UTC."""
    key = "filters.day_cut"
    untold = Finding(
        key=key,
        text="Whether filters cut days by UTC or by the wall clock cannot be told.",
        level=Level.UNKNOWN,
    )
    zone = exam.settings.zone
    if exam.zones and exam.settings.timezone not in exam.zones:
        zone = _zone(exam.zones[0])
    days = {
        identifier: there.date()
        for identifier, row in exam.sampled_cards().items()
        if (moment := _moment(row.get("updated_at")))
        and (there := moment.astimezone(zone)).date() > moment.date()
    }
    if not (obeyed and days):
        return untold
    identifier, day = next(iter(days.items()))
    written = day.strftime(DOTTED)
    body = {**ALL_CARDS, "updated_at_from": written, "updated_at_to": written}
    reply = exam.probe.ask(exam.probe.page(exam.card_list(body)), "where filters cut a day")
    if not reply.is_given or len(reply.items) != (reply.total or len(reply.items)):
        return untold
    local = identifier in reply.ids
    text = f"The days of updated_at_from are cut by {'the wall clock' if local else 'UTC'}."
    return Finding(key=key, text=text, value="wall clock" if local else "UTC", level=Level.FINE)


def _zone(name: str) -> dt.tzinfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    return ZoneInfo(name)


def _moment(value: object) -> dt.datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return dt.datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return None
