"""What the rows hold, and how it is written."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, cast

from tap_alfacrm.doctor import fields, where, zones
from tap_alfacrm.doctor.findings import Finding, Level
from tap_alfacrm.doctor.probe import number
from tap_alfacrm.doctor.shapes import DATES, shapes
from tap_alfacrm.doctor.words import field_name
from tap_alfacrm.records.converter import Converter
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.streams.archived import ACTIVE, ARCHIVED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_alfacrm.doctor.examination import Examination
    from tap_alfacrm.doctor.shapes import Shapes
    from tap_alfacrm.streams.base import AlfaCRMStream

REASONS = ("lead_reject_id", "customer_reject_id")
JOINERS = "characters that show nothing, or that join others"


def look(exam: Examination) -> list[Finding]:
    """Look through the rows that the other sections have asked for."""
    seen = {name: shapes(rows) for name, rows in exam.samples()}
    return [
        *fields.look(exam, seen),
        *_reasons(exam),
        *_identity(seen),
        *_dates(seen),
        *_log_and_lessons(exam, seen),
        *_texts(exam),
        _unfit(exam),
        *zones.look(exam),
    ]


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


def _identity(seen: dict[str, Shapes]) -> Iterator[Finding]:
    ids = {
        stream: [kind for kind in held["teacher_ids"] if kind != "empty list"]
        for stream, held in seen.items()
        if "teacher_ids" in held and stream in {"customers", "groups"}
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
            for held in seen.values()
            for name, kinds in held.items()
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
    text = f"An unset value is {blank}." if blank else "No unset value was seen."
    yield Finding(key="values.unset", text=text, value=blank or None)


def _blank(seen: dict[str, Shapes]) -> str:
    """How cards write a date or an id that is not set."""
    kinds = {
        kind
        for name, kinds in seen.get("customers", {}).items()
        if name.endswith("_id") or name in {"dob", "paid_till"}
        for kind in kinds
    }
    return " or ".join(sorted(kinds & {"null", "empty text"}))


def _dates(seen: dict[str, Shapes]) -> Iterator[Finding]:
    by_shape: dict[str, list[str]] = {}
    for stream, held in seen.items():
        for name, kinds in held.items():
            for kind in kinds:
                if kind in DATES and not name.startswith(fields.CUSTOM):
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
        found: Counter[str] = Counter()
        for stream, rows in exam.samples():
            for row in rows:
                for name, value in row.items():
                    if isinstance(value, str) and is_odd(value):
                        found[f"{stream}.{field_name(name)}"] += 1
        if found:
            listed = ", ".join(sorted(found))
            yield Finding(
                key=f"values.texts.{what.split()[0].lower()}",
                text=f"Texts with {what}: {listed}.",
                counts=dict(sorted(found.items())),
            )


def _unfit(exam: Examination) -> Finding:
    """Run the rows through the tap's own converter."""
    found: Counter[str] = Counter()
    for name, rows in exam.samples():
        stream = cast("AlfaCRMStream", exam.tap.streams[name])
        converter = Converter(standard_schema(name), exam.settings.zone)
        for row in rows:
            converter(stream.post_process(row))
        found.update(
            {f"{name}.{field}": count for field, count in converter.invalid_values.items()}
        )
    if not found:
        text = "Every value of the sample fits its type."
        return Finding(key="values.unfit", text=text, value=[], level=Level.FINE)
    listed = ", ".join(f"{field} {count:,}" for field, count in sorted(found.items()))
    return Finding(
        key="values.unfit",
        text=f"Values of the sample that their type cannot hold: {listed}.",
        value=sorted(found),
        counts=dict(sorted(found.items())),
        level=Level.SET,
        advice="Correct in the CRM the values that no type can hold; they become null: "
        f"{', '.join(sorted(found))}.",
    )
