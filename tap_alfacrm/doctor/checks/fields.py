"""Section "Values": custom fields, unknown fields, missing fields, and other names of fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.doctor.check import Check
from tap_alfacrm.doctor.findings import ask, configure, fine, note
from tap_alfacrm.doctor.value_formats import to_int
from tap_alfacrm.formatting import show_field_name
from tap_alfacrm.records.keywords import field_names
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.streams.archived import ARCHIVED
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_alfacrm.doctor.findings import Finding
    from tap_alfacrm.doctor.probe import Probe
    from tap_alfacrm.doctor.value_formats import FieldFormats

CUSTOM_PREFIX = "custom_"
UNSET_FORMATS = frozenset({"null", "empty text", "empty list"})
DISCOVERED = {stream.name for stream in STREAMS if stream.has_custom_fields}
OTHER_NAMES = (
    ("tariffs", "lessons_count", "lesson_count"),
    ("teachers", "avatar_url", "avatarUrl"),
    *((stream.name, name, f"{name}_v") for stream in STREAMS for name in stream.display_fallbacks),
)
"""Fields that have one name or another, or both."""
ADDED_BY_TAP = frozenset({"is_archived"})


def check_fields(probe: Probe) -> Iterator[Finding]:
    """Compare the fields of the rows with the schemas."""
    for stream, fields in probe.formats.items():
        yield from _check_custom_fields(stream, fields)
    yield from _check_archived_only(probe)
    yield _check_unknown_fields(probe)
    for stream, fields in probe.formats.items():
        yield from _check_missing_fields(stream, fields)
    yield from _check_replication_keys(probe)
    lessons = probe.formats.get("lessons")
    if lessons is not None and "details" not in lessons:
        yield _check_lesson_details(probe)
    yield from _check_other_names(probe)


def _check_custom_fields(stream: str, fields: FieldFormats) -> Iterator[Finding]:
    custom = {name: fields[name] for name in fields if name.startswith(CUSTOM_PREFIX)}
    if custom:
        listed = "; ".join(f"{name} ({', '.join(formats)})" for name, formats in custom.items())
        value = {
            name: [format_ for format_ in formats if format_ not in UNSET_FORMATS]
            for name, formats in custom.items()
        }
        yield note(f"values.{stream}.custom", f"Custom fields of {stream}: {listed}.", value)


def _check_archived_only(probe: Probe) -> Iterator[Finding]:
    """Check for fields that only archived customers have."""
    archived = {
        identifier
        for (_, state), response in probe.partitions.items()
        if state == ARCHIVED
        for identifier in response.ids
    }
    customers = probe.customers_by_id
    active_fields = {
        name for identifier, row in customers.items() if identifier not in archived for name in row
    }
    others = {name for row in customers.values() for name in row} - active_fields
    names = sorted({show_field_name(name) for name in others})
    if active_fields and names:
        text = f"Only archived cards have {', '.join(names)}."
        yield note("values.customers.archived_only", text, names)


def _standard_fields(stream: str) -> set[str]:
    properties: dict[str, Any] = standard_schema(stream)["properties"]
    return {*field_names(properties)}


def _check_unknown_fields(probe: Probe) -> Finding:
    key = "values.unknown"
    unknown = {
        stream: names
        for stream, fields in probe.formats.items()
        if (names := [name for name in fields if _is_unknown(stream, name)])
    }
    if not unknown:
        text = "The schemas have all fields of the account, but for custom ones."
        return fine(key, text, {})
    listed = "; ".join(f"{stream}: {', '.join(names)}" for stream, names in unknown.items())
    advice = (
        "Discover the catalog with this account's credentials: it has fields that the schemas "
        "do not have, and discovery adds them."
        if unknown.keys() <= DISCOVERED
        else "Report the fields that the schemas do not have to the makers of the tap: "
        f"discovery adds those of {', '.join(sorted(DISCOVERED))} alone."
    )
    text = f"Fields that the schemas do not have: {listed}."
    return configure(key, text, unknown, advice=advice)


def _is_unknown(stream: str, name: str) -> bool:
    if {name, name.removesuffix("_v")} & _standard_fields(stream):
        return False
    return not (name.startswith(CUSTOM_PREFIX) and stream in DISCOVERED)


def _check_missing_fields(stream: str, fields: FieldFormats) -> Iterator[Finding]:
    filled = {parent.field for stream in STREAMS for parent in getattr(stream, "parents", ())}
    pairs = [{one, other} for name, one, other in OTHER_NAMES if name == stream]
    renamed = {name for pair in pairs if pair & {*fields} for name in pair}
    missing = sorted(_standard_fields(stream) - {*fields} - ADDED_BY_TAP - renamed)
    if missing:
        added = ", ".join(name for name in missing if name in filled)
        suffix = f"; the tap fills in {added}" if added else ""
        text = f"{stream} lacks fields of the schema: {', '.join(missing)}{suffix}."
        yield note(f"values.{stream}.missing", text, missing)


def _check_replication_keys(probe: Probe) -> Iterator[Finding]:
    for stream in STREAMS:
        filter_, fields = stream.incremental_filter, probe.formats.get(stream.name)
        if filter_ and fields is not None and filter_.key not in fields:
            yield ask(
                f"values.{stream.name}.replication_key",
                f"{stream.name} has no {filter_.key}: each run loads all of it.",
                "missing",
                advice=f"Ask the vendor for {filter_.key} in {stream.entity}.",
            )


def _check_lesson_details(probe: Probe) -> Finding:
    """Request the lessons of one customer, where lessons have no details."""
    access = probe.streams["lessons"]
    lists = (row.get("customer_ids") for row in access.response.rows)
    customers = (to_int(customer) for ids in lists if isinstance(ids, list) for customer in ids)
    customer = next(filter(None, customers), None)
    text = "Lessons come without details"
    if customer is not None:
        request = probe.page_of(ListRequest(access.path, {"customer_id": customer}), size=1)
        response = probe.send(request, "lessons of one customer")
        if any("details" in row for row in response.rows):
            text += ", but with them where one customer is asked about"
    advice = "Ask the vendor for details of lessons: without them attendance is not loaded."
    return ask("values.lessons.details", f"{text}.", text, advice=advice)


def _check_other_names(probe: Probe) -> Iterator[Finding]:
    for stream, one, other in OTHER_NAMES:
        fields = probe.formats.get(stream, {})
        has_both = one in fields
        if other not in fields or (has_both and other in _standard_fields(stream)):
            continue
        names = f"both {one} and {other}" if has_both else f"{other} in place of {one}"
        yield fine(f"values.{stream}.{one}", f"{stream} has {names}; the tap reads both.", names)


FIELDS = Check("Values", 1, check_fields)
