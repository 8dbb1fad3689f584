"""Section "Values": how values are written, and which ones no type can hold."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, cast

from tap_alfacrm.doctor.check import Check
from tap_alfacrm.doctor.findings import ask, configure, fine, note
from tap_alfacrm.doctor.probe import DOCUMENTED_KINDS
from tap_alfacrm.doctor.value_formats import DATES, to_int
from tap_alfacrm.formatting import show_field_name
from tap_alfacrm.records.converter import Converter
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.streams.archived import ACTIVE, ARCHIVED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_alfacrm.doctor.findings import Finding
    from tap_alfacrm.doctor.probe import Probe
    from tap_alfacrm.doctor.value_formats import FieldFormats
    from tap_alfacrm.streams.base import AlfaCRMStream

    Formats = dict[str, FieldFormats]

REASONS = ("lead_reject_id", "customer_reject_id")
FLAG_FORMATS = {"boolean": "false and true", "integer": "0 and 1", "integer in a text": '"0", "1"'}


def check_values(probe: Probe) -> Iterator[Finding]:
    """Check the rows that the account returned."""
    formats, customers = probe.formats, probe.formats.get("customers", {})
    yield from _check_reasons(probe)
    yield from _check_teacher_ids(formats)
    is_text = "integer in a text" in customers.get("id", [])
    value, note_ = ("texts", "; the tap converts them to numbers") if is_text else ("numbers", "")
    yield fine("values.numbers", f"Ids are {value}{note_}.", value)
    yield from _check_flags(formats)
    yield _check_unset(customers)
    yield from _check_dates(formats)
    yield from _check_logs_and_lessons(formats)
    yield from _check_gender(probe)
    is_escaped = any(response.is_escaped for response in probe.sample_responses)
    yield (
        fine(
            "values.json",
            r"JSON is written with escapes (\uXXXX, \/); the tap reads both forms.",
            "escaped",
        )
        if is_escaped
        else fine("values.json", "JSON is written in UTF-8, without escapes.", "plain")
    )
    yield from _check_texts(probe)
    yield _check_conversion(probe)


def _check_reasons(probe: Probe) -> Iterator[Finding]:
    """Check which customers have a reason for their archiving."""
    counts: dict[str, int | None] = {}
    for state, name in ((ACTIVE, "active"), (ARCHIVED, "archived")):
        responses = [probe.partitions[kind, state] for kind in DOCUMENTED_KINDS]
        customers = {
            identifier: row
            for response in responses
            for identifier, row in zip(response.ids, response.rows, strict=False)
        }
        given = sum(any(row.get(reason) for reason in REASONS) for row in customers.values())
        counts |= {name: len(customers), f"{name} with a reason": given}
    if counts["archived"]:
        yield note(
            "values.customers.reject_ids",
            f"lead_reject_id or customer_reject_id is set in "
            f"{counts['archived with a reason']:,} of {counts['archived']:,} archived cards, and "
            f"in {counts['active with a reason']:,} of {counts['active']:,} active ones.",
            counts=counts,
        )


def _check_teacher_ids(formats: Formats) -> Iterator[Finding]:
    key = "values.teacher_ids"
    found = {
        format_
        for stream in ("customers", "groups")
        for format_ in formats.get(stream, {}).get("teacher_ids", [])
    } - {"null", "empty text", "empty list"}
    if any(" text" in format_ and "integer" not in format_ for format_ in found):
        advice = "Ask the vendor for ids in teacher_ids: names cannot be joined safely."
        yield ask(key, "teacher_ids are names.", "names", advice=advice)
    elif found:
        yield fine(key, "teacher_ids are numbers.", "numbers")


def _check_flags(formats: Formats) -> Iterator[Finding]:
    found = {
        format_
        for fields in formats.values()
        for name in fields
        if name.startswith("is_")
        for format_ in fields[name]
    }
    flags = sorted(found & FLAG_FORMATS.keys())
    if flags:
        text = f"Flags (is_*) are {' or '.join(FLAG_FORMATS[flag] for flag in flags)}."
        yield fine("values.flags", text, flags)


def _check_unset(customers: FieldFormats) -> Finding:
    """Check how a date or an id that is not set is written."""
    found = {
        format_
        for name in customers
        if name.endswith("_id") or name in {"dob", "paid_till"}
        for format_ in customers[name]
    }
    unset = " or ".join(sorted(found & {"null", "empty text"}))
    text = f"An unset value is {unset}." if unset else "No unset value was seen."
    return note("values.unset", text, unset or None)


def _check_dates(formats: Formats) -> Iterator[Finding]:
    found: dict[str, list[str]] = {}
    for stream, fields in formats.items():
        for name in fields:
            for format_ in DATES.intersection(fields[name]):
                if not name.startswith("custom_"):
                    found.setdefault(format_, []).append(f"{stream}.{name}")
    for format_, names in sorted(found.items()):
        yield fine(f"values.dates.{format_}", f"Dates as {format_}: {', '.join(names)}.", names)


def _check_logs_and_lessons(formats: Formats) -> Iterator[Finding]:
    logs = formats.get("logs", {})
    names = ("fields_old", "fields_new", "fields_rel")
    found = sorted({format_ for name in names for format_ in logs.get(name, [])})
    if found:
        text = f"fields_* of the log are {', '.join(found)}; the tap converts them to objects."
        yield fine("values.logs.fields", text, found)
    streaming = formats.get("lessons", {}).get("streaming")
    if streaming:
        text = f"streaming of lessons is {', '.join(streaming)}."
        yield note("values.lessons.streaming", text, streaming)


def _check_gender(probe: Probe) -> Iterator[Finding]:
    values = {to_int(row.get("gender")) for row in probe.customer_rows}
    codes = sorted(code for code in values if code is not None)
    if codes:
        text = f"Codes seen in gender: {', '.join(map(str, codes))}."
        advice = "Look up in the CRM which code of gender is which before you count by it."
        yield configure("values.gender", text, codes, advice=advice)


def _has_invisible_characters(text: str) -> bool:
    is_plain = text.isascii()
    return not is_plain and any(unicodedata.category(c) in {"Cf", "Zl", "Zp"} for c in text)


UNUSUAL_TEXTS: dict[str, Callable[[str], bool]] = {
    "characters that are invisible or join others": _has_invisible_characters,
    "letters apart from their accents": lambda text: not unicodedata.is_normalized("NFC", text),
    "NUL characters": lambda text: "\0" in text,
}


def _check_texts(probe: Probe) -> Iterator[Finding]:
    """Check for characters that surprise programs which compare or store texts."""
    for description, is_unusual in UNUSUAL_TEXTS.items():
        found = Counter(
            f"{stream}.{show_field_name(name)}"
            for stream, rows in probe.samples.items()
            for row in rows
            for name, value in row.items()
            if isinstance(value, str) and is_unusual(value)
        )
        if found:
            key = f"values.texts.{description.split()[0].lower()}"
            text = f"Texts with {description}: {', '.join(sorted(found))}."
            yield note(key, text, counts=dict(sorted(found.items())))


def _check_conversion(probe: Probe) -> Finding:
    """Convert the rows as the tap does."""
    key = "values.unfit"
    found: dict[str, int] = {}
    for name, rows in probe.samples.items():
        stream = cast("AlfaCRMStream", probe.tap.streams[name])
        completions = stream.completions()
        converter = Converter(standard_schema(name), probe.config.zone, completions)
        for row in rows:
            converter(row)
        found |= {f"{name}.{field}": count for field, count in converter.invalid_values.items()}
    if not found:
        return fine(key, "Every value of the sample fits its type.", [])
    counts = dict(sorted(found.items()))
    listed = ", ".join(f"{field} {count:,}" for field, count in counts.items())
    return configure(
        key,
        f"Values of the sample that their type cannot hold: {listed}.",
        [*counts],
        counts=counts,
        advice="Correct in the CRM the values that no type can hold; they become null: "
        f"{', '.join(counts)}.",
    )


VALUES = Check("Values", 0, check_values)
