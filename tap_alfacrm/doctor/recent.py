"""Whether the filters by which streams are incremental work, and in which zone they cut a day."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.doctor.examination import ALL_CARDS
from tap_alfacrm.doctor.findings import Effect, Finding, Level
from tap_alfacrm.doctor.rights import everything
from tap_alfacrm.doctor.shapes import day_of
from tap_alfacrm.doctor.trials import IGNORED, NOTHING, OBEYED, UNTRIED, judge, line
from tap_alfacrm.extract.incremental import DOTTED
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_alfacrm.doctor.examination import Examination
    from tap_alfacrm.extract.incremental import IncrementalFilter
    from tap_alfacrm.records.page import Row
    from tap_alfacrm.streams.base import AlfaCRMStream

SLACK = dt.timedelta(days=2)
"""A day alone does not tell two moments apart that are nearer: zones differ."""


def look(exam: Examination) -> list[Finding]:
    """Try each stream's filter with a day that some rows lie before and some after."""
    asked: dict[str, tuple[ListRequest, dt.date]] = {}
    untried: dict[str, str] = {}
    streams = [
        (stream, stream.incremental_filter)
        for stream in STREAMS
        if stream.incremental_filter is not None
    ]
    for stream, since in streams:
        access, rows = exam.access[stream.name], _rows(exam, stream)
        day = middle_day(rows, since.key)
        if day is not None:
            body = {**everything(stream), since.name: day.strftime(since.date_format)}
            asked[stream.name] = exam.probe.page(ListRequest(access.path, body)), day
        elif not access.reply.is_given:
            untried[stream.name] = "the list is out of reach"
        elif not rows:
            untried[stream.name] = "the list is empty"
        elif not any(row.get(since.key) for row in rows):
            untried[stream.name] = f"the rows carry no {since.key}, so each run loads them all"
        else:
            untried[stream.name] = "all rows seen are of one day or two"
    found = []
    with exam.probe.ahead(question for question, _ in asked.values()):
        for stream, since in streams:
            verdict = UNTRIED
            if stream.name in asked:
                verdict = _verdict(exam, stream, since, *asked[stream.name])
            found.append(_finding(stream, since, verdict, untried.get(stream.name, "")))
    obeyed = any(f.key.startswith("filters.customers.") and f.value == OBEYED for f in found)
    return [*found, _day_cut(exam, obeyed=obeyed)]


def _rows(exam: Examination, stream: type[AlfaCRMStream]) -> Sequence[Row]:
    if stream.name == "customers":
        return exam.card_sample()
    return exam.access[stream.name].reply.items


def middle_day(rows: Sequence[Row], name: str) -> dt.date | None:
    """A day that some rows lie before and some after, by more than a day."""
    days = sorted(day for row in rows if (day := day_of(row.get(name))))
    middle = days[len(days) // 2 :][:1]
    return next((day for day in (*middle, *days[::-1]) if day - days[0] > SLACK), None)


def _verdict(
    exam: Examination,
    stream: type[AlfaCRMStream],
    since: IncrementalFilter,
    question: ListRequest,
    day: dt.date,
) -> str:
    reply = exam.probe.ask(question, f"the filter {_label(since)} of {stream.name}")
    floor = day - dt.timedelta(days=1)  # nobody has documented in which zone a day is cut

    def fits(row: Row) -> bool:
        return (day_of(row.get(since.key)) or floor) >= floor

    return judge(reply, exam.access[stream.name].reply, _rows(exam, stream), fits)


def _label(since: IncrementalFilter) -> str:
    return f"{since.name} ({'DD.MM.YYYY' if since.date_format == DOTTED else 'YYYY-MM-DD'})"


def _finding(
    stream: type[AlfaCRMStream], since: IncrementalFilter, verdict: str, why: str
) -> Finding:
    label, level = _label(since), Level.NOTE
    advice = ""
    if verdict == NOTHING:
        level = Level.ASK
        advice = (
            f"Ask the vendor why the filter {label} of {stream.name} gives nothing: "
            "incremental runs find nothing."
        )
    elif verdict == IGNORED:
        level = Level.ASK
        advice = (
            f"Ask the vendor why the filter {label} of {stream.name} is ignored: "
            "every run loads all of it."
        )
    elif verdict == OBEYED:
        level = Level.FINE
    elif not why:
        level = Level.UNKNOWN
    return Finding(
        key=f"filters.{stream.name}.{since.name}",
        text=line(stream.name, label, verdict, why),
        value=None if verdict == UNTRIED else verdict,
        level=level,
        advice=advice,
        effect=Effect.INCOMPLETE if verdict == NOTHING else Effect.NONE,
    )


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
        zone = ZoneInfo(exam.zones[0])
    days = (
        (identifier, day)
        for identifier, row in exam.sampled_cards().items()
        if (day := _later_there(row.get("updated_at"), zone))
    )
    identifier, day = next(days, (0, None))
    if not obeyed or day is None:
        return untold
    written = day.strftime(DOTTED)
    body = {**ALL_CARDS, "updated_at_from": written, "updated_at_to": written}
    reply = exam.probe.ask(exam.probe.page(exam.card_list(body)), "where filters cut a day")
    if not reply.is_given or len(reply.items) != (reply.total or len(reply.items)):
        return untold
    local = identifier in reply.ids
    text = f"The days of updated_at_from are cut by {'the wall clock' if local else 'UTC'}."
    return Finding(key=key, text=text, value="wall clock" if local else "UTC", level=Level.FINE)


def _later_there(value: object, zone: dt.tzinfo) -> dt.date | None:
    """The day of a moment in a zone, if it is a later one than in UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = dt.datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=dt.UTC)
        there = moment.astimezone(zone).date()
    except (ValueError, OverflowError):
        return None
    return there if there > moment.date() else None
