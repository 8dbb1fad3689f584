"""Which fields the rows have: custom ones, new ones, missing ones, and those spelt otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.doctor.findings import Finding, Level
from tap_alfacrm.doctor.probe import number
from tap_alfacrm.doctor.words import field_name
from tap_alfacrm.records.converter import FIELD
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.streams.archived import ARCHIVED
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_alfacrm.doctor.examination import Examination
    from tap_alfacrm.doctor.shapes import Shapes

CUSTOM = "custom_"
UNSET = frozenset({"null", "empty text", "empty list"})
DISCOVERED = {stream.name for stream in STREAMS if stream.has_custom_fields}
SPELLINGS = (
    ("tariffs", "lessons_count", "lesson_count"),
    ("teachers", "avatar_url", "avatarUrl"),
    *((stream.name, name, f"{name}_v") for stream in STREAMS for name in stream.display_fallbacks),
)
"""Fields that go by one name or another, or by both."""
ADDED = frozenset({"is_archived"})
"""Fields of the schema that the tap fills in."""


def look(exam: Examination, seen: dict[str, Shapes]) -> Iterator[Finding]:
    """Hold the fields that came against the schemas.

    Args:
        exam: The examination, all questions asked.
        seen: How the values of each field are written, by stream.

    Yields:
        The findings.
    """
    yield from _custom(exam, seen)
    yield from _unknown_fields(seen)
    yield from _missing_fields(exam, seen)
    yield from _spellings(seen)


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
    names = {name for row in cards.values() for name in row}
    late = sorted({field_name(name) for name in names - living})
    if living and late:
        yield Finding(
            key="values.customers.archived_only",
            text=f"Only archived cards carry {', '.join(late)}.",
            value=late,
        )


def _standard(stream: str) -> dict[str, Any]:
    properties: dict[str, Any] = standard_schema(stream)["properties"]
    return {schema.get(FIELD, name): schema for name, schema in properties.items()}


def _unknown_fields(seen: dict[str, Shapes]) -> Iterator[Finding]:
    found = {
        stream: names
        for stream, fields in seen.items()
        if (names := [name for name in fields if _is_unknown(stream, name)])
    }
    if found:
        listed = "; ".join(f"{stream}: {', '.join(names)}" for stream, names in found.items())
        is_discovered = found.keys() <= DISCOVERED
        yield Finding(
            key="values.unknown",
            text=f"Fields that the schemas do not know: {listed}.",
            value=found,
            level=Level.SET,
            advice="Discover the catalog with this account's credentials: it has fields that "
            "the schemas do not know, and discovery adds them."
            if is_discovered
            else "Report the fields that the schemas do not know to the makers of the tap: "
            f"discovery adds those of {', '.join(sorted(DISCOVERED))} alone.",
        )
    else:
        text = "The account has no field that the schemas do not know, but for custom ones."
        yield Finding(key="values.unknown", text=text, value={}, level=Level.FINE)


def _is_unknown(stream: str, name: str) -> bool:
    if name in _standard(stream) or name.removesuffix("_v") in _standard(stream):
        return False
    return not (name.startswith(CUSTOM) and stream in DISCOVERED)


def _missing_fields(exam: Examination, seen: dict[str, Shapes]) -> Iterator[Finding]:
    filled = {parent.field for stream in STREAMS for parent in getattr(stream, "parents", ())}
    for stream, fields in seen.items():
        missing = sorted(
            {*_standard(stream)} - {*fields} - ADDED - _spelt_otherwise(stream, fields)
        )
        if not missing:
            continue
        key_fields = [name for name in missing if name in filled]
        note = f"; the tap fills in {', '.join(key_fields)}" if key_fields else ""
        yield Finding(
            key=f"values.{stream}.missing",
            text=f"{stream} lacks fields of the schema: {', '.join(missing)}{note}.",
            value=missing,
        )
    for stream_type in STREAMS:
        since, held = stream_type.incremental_filter, seen.get(stream_type.name)
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
    lists = (row.get("customer_ids") for row in access.reply.items)
    pupils = (number(pupil) for ids in lists if isinstance(ids, list) for pupil in ids)
    pupil = next(filter(None, pupils), None)
    key = "values.lessons.details"
    advice = "Ask the vendor for details of lessons: without them attendance is not loaded."
    text = "Lessons come without details"
    if pupil is not None:
        question = exam.probe.page(ListRequest(access.path, {"customer_id": pupil}), size=1)
        reply = exam.probe.ask(question, "lessons of one customer")
        if any("details" in row for row in reply.items):
            text += ", but with them where one customer is asked about"
    return Finding(key=key, text=f"{text}.", value=text, level=Level.ASK, advice=advice)


def _spellings(seen: dict[str, Shapes]) -> Iterator[Finding]:
    for stream, one, other in SPELLINGS:
        held = seen.get(stream, {})
        both = one in held
        if other not in held or (both and other in _standard(stream)):
            continue
        how = f"both {one} and {other}" if both else f"{other} in place of {one}"
        yield Finding(
            key=f"values.{stream}.{one}",
            text=f"{stream} has {how}; the tap knows both.",
            value=how,
            level=Level.FINE,
        )
