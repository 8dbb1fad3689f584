"""Generate the data dictionary, docs/dictionary.md, from the schemas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_alfacrm.records.column import types_of
from tap_alfacrm.schemas import DATA, MONEY, standard_schema
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = re.compile(
    r"\bids? (?:of|in|of the \w+, in) ((?:`\w+`(?:, | or of | or )?)+)", re.IGNORECASE
)
"""Phrases in the schemas that name the streams whose ids a column contains."""
AUDIT = "sync_audit"
DOMAINS = {
    "dictionaries": "Dictionaries and settings",
    "people": "People",
    "customers": "People",
    "teaching": "Teaching",
    "money": "Money",
    "contact": "Communication",
}
"""Domain of the streams of a module."""
_UNIT = re.compile(r"\bin (minutes|seconds|percent)\b")
_LESSONS = re.compile(r"^(?:Paid lessons left|Lessons in the subscription)")
_NULL = re.compile(r"\bnull ((?:if|for|where|with|in|until|as) [^.;]+)", re.IGNORECASE)
_SOME = re.compile(
    r"only in some accounts|(?:missing|absent) in (?P<which>accounts of an older version)",
    re.IGNORECASE,
)
_FORMATS = {"date": "date", "date-time": "timestamp", "time": "time"}
_CLOCKS = {"utc": "UTC", "account": "UTC, from the school's clock"}


def references_of(schema: dict[str, Any], at: str = "") -> Iterator[tuple[str, list[str]]]:
    """The columns of a schema that hold ids, and the streams of which they do."""
    for name, property_ in schema.get("properties", {}).items():
        match = REFERENCE.search(property_.get("description", ""))
        if match:
            yield f"{at}{name}", re.findall(r"`(\w+)`", match[1])
        yield from references_of(property_.get("items", property_), f"{at}{name}.")


def domains() -> dict[str, list[str]]:
    """The tables of each domain, in the order in which the tap loads them."""
    found: dict[str, list[str]] = {}
    for stream in STREAMS:
        module = stream.__module__.rpartition(".")[2]
        found.setdefault(DOMAINS.get(module, "Teaching"), []).append(stream.name)
    return {**found, "Proof of the load": [AUDIT]}


def index() -> str:
    """The tables by domain, with links."""
    lines = ["| Domain | Tables |", "|---|---|"]
    for domain, names in domains().items():
        lines.append(f"| {domain} | {', '.join(f'[`{name}`](#{name})' for name in names)} |")
    return "\n".join(lines)


def tables() -> str:
    """Each table with its columns."""
    return "\n\n".join(_table(name) for names in domains().values() for name in names)


def _table(stream: str) -> str:
    schema = standard_schema(stream)
    refers = dict(references_of(schema))
    lines = [
        f"### {stream}",
        "",
        schema["description"],
        "",
        "| Column | Meaning | Type, unit | Clock | Null | Key |",
        "|---|---|---|---|---|---|",
    ]
    for name, property_ in _columns(schema):
        lines.append(
            "| "
            + " | ".join(
                [
                    f"`{name}`",
                    property_.get("description", "") + _holds(schema, name),
                    ", ".join(filter(None, [type_of(property_), unit_of(schema, name, property_)])),
                    clock_of(property_),
                    null_rule(property_, is_key=name in schema["required"]),
                    _key(name, schema["required"], refers.get(name, [])),
                ]
            )
            + " |"
        )
    return "\n".join(lines)


def _columns(schema: dict[str, Any], at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, property_ in schema.get("properties", {}).items():
        yield f"{at}{name}", property_
        yield from _columns(property_.get("items", property_), f"{at}{name}.")


def type_of(property_: dict[str, Any]) -> str:
    """The type of a column."""
    types = types_of(property_)
    if types == ["array"]:
        return f"list of {type_of(property_['items']).replace(' or ', 's or ')}s"
    if types == ["string"]:
        return _FORMATS.get(property_.get("format", ""), "text")
    return " or ".join("text" if one == "string" else one for one in types) or "any JSON"


def unit_of(schema: dict[str, Any], name: str, property_: dict[str, Any]) -> str:
    """The unit of a number; empty if it is a count, a code or an id."""
    description = property_.get("description", "")
    if "onus points" in description:
        return "points"
    if name in schema.get(MONEY, []):
        return "points" if name.endswith("bonus") else "the school's currency"
    unit = _UNIT.search(description)
    if unit and "or in percent" not in description:
        return unit[1]
    return "lessons" if _LESSONS.search(description) else ""


def clock_of(property_: dict[str, Any]) -> str:
    """The clock by which a day or a time is read; empty for all else."""
    if property_.get("format") == "date-time":
        return _CLOCKS[property_.get("x-alfacrm-clock", "utc")]
    return "the school's" if property_.get("format") in {"date", "time"} else ""


def null_rule(property_: dict[str, Any], *, is_key: bool) -> str:
    """When a column is null, beyond the rules for every column."""
    description = property_.get("description", "")
    if is_key:
        return "never"
    when = [found[1].replace("|", "\\|") for found in _NULL.finditer(description)]
    some = _SOME.search(description)
    if some:
        when.append(
            "in accounts of an older version"
            if some["which"]
            else "in accounts that do not have it"
        )
    return "; ".join(when) or "if empty"


def _holds(schema: dict[str, Any], name: str) -> str:
    held = schema.get(DATA, {}).get(name, "")
    return {"person": " *Personal.*", "free text": " *Free text.*"}.get(held, "")


def _key(name: str, keys: list[str], streams: list[str]) -> str:
    links = " or ".join(f"[`{stream}`](#{stream})" for stream in streams)
    return ", ".join(
        filter(None, ["primary" if name in keys else "", f"id of {links}" if links else ""])
    )
