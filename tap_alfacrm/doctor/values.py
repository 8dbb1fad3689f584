"""What the rows hold: fields, types, shapes, clocks."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Any

from tap_alfacrm.convert import FIELD, Converter
from tap_alfacrm.doctor import where, zones
from tap_alfacrm.doctor.model import Finding, Level
from tap_alfacrm.doctor.probe import number
from tap_alfacrm.doctor.shapes import DATES, shapes
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.session import Question
from tap_alfacrm.streams.archive import ACTIVE, ARCHIVED
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_alfacrm.doctor.examination import Examination

    Shapes = dict[str, list[str]]

CUSTOM = "custom_"
REASONS = ("lead_reject_id", "customer_reject_id")
SHOWN_ZONES = 8
UNSET = frozenset({"null", "empty text", "empty list"})
SPELLINGS = (
    ("tariffs", "lessons_count", "lesson_count"),
    ("teachers", "avatar_url", "avatarUrl"),
    *((stream, "b_date", "b_date_v") for stream in ("group_memberships", "customer_tariffs")),
)
"""Fields that go by one name or another, or by both."""
ADDED = frozenset({"is_archived"})
"""Fields of the schema that the tap fills in."""
JOINERS = "characters that show nothing, or that join others"


def look(exam: Examination) -> list[Finding]:
    """Look through the rows that the other sections have asked for."""
    seen = {name: shapes(rows) for name, rows in exam.samples()}
    unfit = _unfit(exam)
    return [
        *_custom(exam, seen),
        *_reasons(exam),
        *_unknown_fields(seen),
        *_missing_fields(exam, seen),
        *_spellings(seen),
        *_identity(seen),
        *_dates(seen),
        *_log_and_lessons(exam, seen),
        *_texts(exam),
        *unfit,
        *_clocks(exam),
    ]


def _custom(exam: Examination, seen: dict[str, Shapes]) -> Iterator[Finding]:
    for stream, fields in seen.items():
        custom = {name: kinds for name, kinds in fields.items() if name.startswith(CUSTOM)}
        if not custom:
            continue
        listed = "; ".join(f"{name} ({', '.join(kinds)})" for name, kinds in custom.items())
        yield Finding(
            key=f"values.{stream}.custom",
            text=f"Custom fields of {stream}: {listed}.",
            value={
                name: [kind for kind in kinds if kind not in UNSET]
                for name, kinds in custom.items()
            },
        )
    archived = {
        identifier
        for (_, state), reply in exam.cards.items()
        if state == ARCHIVED
        for identifier in reply.ids
    }
    cards = exam.sampled_cards()
    living = {
        name for identifier, row in cards.items() if identifier not in archived for name in row
    }
    late = sorted({n for row in cards.values() for n in row} - living) if archived else []
    if living and late:
        yield Finding(
            key="values.customers.archived_only",
            text=f"Only archived cards carry {', '.join(late)}.",
            value=late,
        )


def _reasons(exam: Examination) -> Iterator[Finding]:
    """Which cards say why they were archived."""
    counts: dict[str, int | None] = {}
    for state, kind in ((ACTIVE, "active"), (ARCHIVED, "archived")):
        cards = {
            identifier: row
            for is_study in where.MAIN
            for identifier, row in zip(
                exam.cards[is_study, state].ids, exam.cards[is_study, state].items, strict=False
            )
        }
        given = sum(any(row.get(name) for name in REASONS) for row in cards.values())
        counts |= {kind: len(cards), f"{kind} with a reason": given}
    if counts["archived"]:
        yield Finding(
            key="values.customers.reject_ids",
            text=f"lead_reject_id or customer_reject_id is set in "
            f"{counts['archived with a reason']:,} of {counts['archived']:,} archived cards, and "
            f"in {counts['active with a reason']:,} of {counts['active']:,} active ones.",
            counts=counts,
        )


def _standard(stream: str) -> dict[str, Any]:
    properties: dict[str, Any] = standard_schema(stream)["properties"]
    return {schema.get(FIELD, name): schema for name, schema in properties.items()}


def _unknown_fields(seen: dict[str, Shapes]) -> Iterator[Finding]:
    new = {
        stream: sorted(
            name for name in fields if not name.startswith(CUSTOM) and name not in _standard(stream)
        )
        for stream, fields in seen.items()
    }
    new = {
        stream: [name for name in names if not name.endswith("_v")] for stream, names in new.items()
    }
    found = {stream: names for stream, names in new.items() if names}
    if found:
        listed = "; ".join(f"{stream}: {', '.join(names)}" for stream, names in found.items())
        yield Finding(
            key="values.unknown",
            text=f"Fields that the schemas do not know: {listed}.",
            value=found,
            level=Level.SET,
            advice="Discover the catalogue with this account's credentials: it has fields that "
            "the schemas do not know, and discovery adds them.",
        )
    else:
        text = "The account has no field that the schemas do not know, but for custom ones."
        yield Finding(key="values.unknown", text=text, value={}, level=Level.FINE)


def _missing_fields(exam: Examination, seen: dict[str, Shapes]) -> Iterator[Finding]:
    filled = {parent.field for stream in STREAMS for parent in getattr(stream, "parents", ())}
    for stream, fields in seen.items():
        missing = sorted(
            {*_standard(stream)} - {*fields} - ADDED - _spelt_otherwise(stream, fields)
        )
        if not missing:
            continue
        key_fields = [name for name in missing if name in filled]
        note = f" ({key_fields[0]} is filled in by the tap)" if key_fields else ""
        yield Finding(
            key=f"values.{stream}.missing",
            text=f"{stream} lacks fields of the schema: {', '.join(missing)}{note}.",
            value=missing,
        )
    for stream_type in STREAMS:
        since, held = stream_type.since, seen.get(stream_type.name)
        if since and held is not None and since.key not in held:
            yield Finding(
                key=f"values.{stream_type.name}.replication_key",
                text=f"{stream_type.name} has no {since.key}: each run loads all of it.",
                value="missing",
                level=Level.ASK,
                advice=f"Ask the vendor for {since.key} in {stream_type.entity}.",
            )
    lessons = seen.get("lessons")
    if lessons is not None and "details" not in lessons:
        yield _details(exam)


def _spelt_otherwise(stream: str, fields: Shapes) -> set[str]:
    """Fields that go by their other name here."""
    pairs = [{one, other} for where, one, other in SPELLINGS if where == stream]
    return {name for pair in pairs if pair & {*fields} for name in pair}


def _details(exam: Examination) -> Finding:
    access = exam.access["lessons"]
    pupils = (p for row in access.reply.items for p in row.get("customer_ids") or [])
    pupil = next(filter(None, map(number, pupils)), None)
    key = "values.lessons.details"
    advice = "Ask the vendor for details of lessons: without them attendance is not loaded."
    text = "Lessons come without details"
    if pupil is not None:
        question = exam.probe.page(Question(access.path, {"customer_id": pupil}), size=1)
        reply = exam.probe.ask(question, "lessons of one customer")
        if any("details" in row for row in reply.items):
            text += ", but with them where one customer is asked about"
    return Finding(key=key, text=f"{text}.", value=text, level=Level.ASK, advice=advice)


def _spellings(seen: dict[str, Shapes]) -> Iterator[Finding]:
    for stream, one, other in SPELLINGS:
        if other in seen.get(stream, {}):
            both = one in seen[stream]
            how = f"both {one} and {other}" if both else f"{other} in place of {one}"
            yield Finding(
                key=f"values.{stream}.{one}",
                text=f"{stream} has {how}; the tap knows both.",
                value=how,
                level=Level.FINE,
            )


def _identity(seen: dict[str, Shapes]) -> Iterator[Finding]:
    ids = {
        stream: [kind for kind in fields["teacher_ids"] if kind != "empty list"]
        for stream, fields in seen.items()
        if "teacher_ids" in fields and stream in {"customers", "groups"}
    }
    kinds = sorted({kind for found in ids.values() for kind in found} - {"null", "empty text"})
    if kinds:
        named = any(" text" in kind and "integer" not in kind for kind in kinds)
        text = f"teacher_ids are {'names' if named else 'numbers'}."
        advice = "Ask the vendor for ids in teacher_ids: names cannot be joined safely."
        yield Finding(
            key="values.teacher_ids",
            text=text,
            value="names" if named else "numbers",
            level=Level.ASK if named else Level.FINE,
            advice=advice if named else "",
        )
    every = [kind for fields in seen.values() for kinds in fields.values() for kind in kinds]
    cards = seen.get("customers", {})
    ids_shape = cards.get("id", [])
    text_ids = "integer in a text" in ids_shape
    yield Finding(
        key="values.numbers",
        text=f"Ids are {'texts; the tap makes them numbers' if text_ids else 'numbers'}.",
        value="texts" if text_ids else "numbers",
        level=Level.FINE,
    )
    flags = sorted(
        {
            kind
            for fields in seen.values()
            for name, kinds in fields.items()
            if name.startswith("is_")
            for kind in kinds
        }
        & {"boolean", "integer", "integer in a text"}
    )
    if flags:
        words = {"boolean": "false and true", "integer": "0 and 1", "integer in a text": '"0", "1"'}
        text = f"Flags (is_*) are {' or '.join(words[flag] for flag in flags)}."
        yield Finding(key="values.flags", text=text, value=flags, level=Level.FINE)
    blank = _blank(seen)
    text = f"An unset value is {blank}."
    yield Finding(key="values.unset", text=text, value=blank, counts={"fields": len(every)})


def _blank(seen: dict[str, Shapes]) -> str:
    """How cards write a date or an id that is not set."""
    kinds = {
        kind
        for name, kinds in seen.get("customers", {}).items()
        if name.endswith("_id") or name in {"dob", "paid_till"}
        for kind in kinds
    }
    return " or ".join(sorted(kinds & {"null", "empty text"})) or "not seen"


def _dates(seen: dict[str, Shapes]) -> Iterator[Finding]:
    by_shape: dict[str, list[str]] = {}
    for stream, fields in seen.items():
        for name, kinds in fields.items():
            for kind in kinds:
                if kind in DATES and not name.startswith(CUSTOM):
                    by_shape.setdefault(kind, []).append(f"{stream}.{name}")
    for kind, names in sorted(by_shape.items()):
        shown = ", ".join(names)
        yield Finding(
            key=f"values.dates.{kind}",
            text=f"Dates as {kind}: {shown}.",
            value=names,
            level=Level.FINE,
        )


def _log_and_lessons(exam: Examination, seen: dict[str, Shapes]) -> Iterator[Finding]:
    log = seen.get("logs", {})
    kinds = sorted({k for n in ("fields_old", "fields_new", "fields_rel") for k in log.get(n, [])})
    if kinds:
        text = f"fields_* of the log are {', '.join(kinds)}; the tap makes them objects."
        yield Finding(key="values.logs.fields", text=text, value=kinds, level=Level.FINE)
    streaming = seen.get("lessons", {}).get("streaming")
    if streaming:
        text = f"streaming of lessons is {', '.join(streaming)}."
        yield Finding(key="values.lessons.streaming", text=text, value=streaming)
    codes = sorted(
        {c for row in exam.sampled_cards().values() if (c := number(row.get("gender"))) is not None}
    )
    if codes:
        text = f"Codes seen in gender: {', '.join(map(str, codes))}."
        yield Finding(
            key="values.gender",
            text=text,
            value=codes,
            advice="Look up in the CRM which code of gender is which before you count by it.",
            level=Level.SET,
        )
    if exam.probe.wire.escaped:
        text = r"JSON is written with escapes (\uXXXX, \/); the tap reads both forms."
        yield Finding(key="values.json", text=text, value="escaped", level=Level.FINE)
    else:
        text = "JSON is written in UTF-8, without escapes."
        yield Finding(key="values.json", text=text, value="plain", level=Level.FINE)


_ODD: tuple[tuple[str, Callable[[str], bool]], ...] = (
    (
        JOINERS,
        lambda text: (
            not text.isascii() and any(unicodedata.category(c) in {"Cf", "Zl", "Zp"} for c in text)
        ),
    ),
    ("letters apart from their accents", lambda text: not unicodedata.is_normalized("NFC", text)),
    ("NUL characters", lambda text: "\0" in text),
)


def _texts(exam: Examination) -> Iterator[Finding]:
    """Characters that surprise whoever compares or stores texts."""
    for what, is_odd in _ODD:
        fields: Counter[str] = Counter()
        for stream, rows in exam.samples():
            for row in rows:
                for name, value in row.items():
                    if isinstance(value, str) and is_odd(value):
                        fields[f"{stream}.{name}"] += 1
        if fields:
            listed = ", ".join(sorted(fields))
            yield Finding(
                key=f"values.texts.{what.split()[0].lower()}",
                text=f"Texts with {what}: {listed}.",
                counts=dict(sorted(fields.items())),
            )


def _unfit(exam: Examination) -> list[Finding]:
    """Run the rows through the tap's own converter."""
    found: Counter[str] = Counter()
    for name, rows in exam.samples():
        stream = exam.tap.stream(name)
        converter = Converter(standard_schema(name), exam.settings.zone)
        for row in rows:
            converter(stream.mend(row))
        found.update({f"{name}.{field}": count for field, count in converter.unfit.items()})
    if not found:
        text = "Every value of the sample fits its type."
        return [Finding(key="values.unfit", text=text, value=[], level=Level.FINE)]
    listed = ", ".join(f"{field} {count:,}" for field, count in sorted(found.items()))
    return [
        Finding(
            key="values.unfit",
            text=f"Values of the sample that their type cannot hold: {listed}.",
            value=sorted(found),
            counts=dict(sorted(found.items())),
            level=Level.SET,
            advice="Correct in the CRM the values that no type can hold; they become null: "
            f"{', '.join(sorted(found))}.",
        )
    ]


def _clocks(exam: Examination) -> Iterator[Finding]:
    seen = zones.clocks(exam.sampled_cards().values())
    exam.zones = zones.fitting(seen)
    chosen = exam.settings.timezone
    if not seen.pairs:
        yield Finding(
            key="values.zone",
            text="The cards do not tell the account's time zone: none has both created_at and "
            "b_date.",
            value="unknown",
            level=Level.NOTE if chosen else Level.SET,
            advice="" if chosen else "Set timezone to the zone of the school, such as Europe/Kyiv.",
        )
        return
    winter, summer = _hours(seen.winter), _hours(seen.summer)
    yield Finding(
        key="values.offset",
        text="created_at is UTC, b_date the wall clock: it is ahead by "
        f"{winter} in winter and {summer} in summer.",
        value={"winter": seen.winter, "summer": seen.summer},
        counts={"cards": len(seen.pairs)},
        level=Level.FINE,
    )
    if not exam.zones:
        yield Finding(
            key="values.zone",
            text="No IANA zone fits the cards' two clocks.",
            value=[],
            level=Level.ASK,
            advice="Ask the vendor which time zone the account has.",
        )
        return
    others = len(exam.zones) - SHOWN_ZONES
    shown = ", ".join(exam.zones[:SHOWN_ZONES]) + (f" and {others} more" if others > 0 else "")
    if chosen in exam.zones:
        yield Finding(
            key="values.zone",
            text=f"The setting timezone, {chosen}, fits; so do {len(exam.zones) - 1} others.",
            value="fits",
            level=Level.FINE,
            advice=f"timezone {chosen} fits the cards.",
        )
        return
    wrong = f"the setting timezone, {chosen}, does not" if chosen else "timezone is not set"
    yield Finding(
        key="values.zone",
        text=f"IANA zones that fit: {shown}; {wrong}.",
        value="does not fit" if chosen else "unset",
        level=Level.SET,
        advice=f"TAP_ALFACRM_TIMEZONE={exam.zones[0]}",
    )


def _hours(minutes: int | None) -> str:
    if minutes is None:
        return "an unknown time"
    return f"{minutes / 60:g} h"
