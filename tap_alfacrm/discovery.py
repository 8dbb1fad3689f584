"""Fields of this account alone: `custom_*` ones, and ones newer than the schema files."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from tap_alfacrm.convert import json_type
from tap_alfacrm.streams.base import standard_schema

if TYPE_CHECKING:
    from tap_alfacrm.session import Session
    from tap_alfacrm.settings import Settings
    from tap_alfacrm.streams.base import AlfaCRMStream


def account_properties(
    session: Session, settings: Settings, stream: type[AlfaCRMStream]
) -> dict[str, Any]:
    """Ask for one page and describe the fields that the schema file does not have.

    Args:
        session: The account.
        settings: For the page size and the branches.
        stream: The stream to describe.

    Returns:
        JSON Schema by field name (docs/behaviour.md#custom-fields).
    """
    branch = settings.branch_ids[0] if settings.branch_ids else None
    question = stream.question(stream.everything, branch).at(page=0, pageSize=settings.page_size)
    standard = standard_schema(stream.name)["properties"]
    types: defaultdict[str, set[str]] = defaultdict(set)
    for row in session.ask(question).items:
        for name, value in row.items():
            if name not in standard:
                types[name].add(json_type(value) if value != "" else "null")
    return {name: _describe(name, found - {"null"}) for name, found in sorted(types.items())}


def _describe(name: str, types: set[str]) -> dict[str, Any]:
    kind = (
        "Custom field of this account"
        if name.startswith("custom_")
        else "Field newer than this tap"
    )
    schema: dict[str, Any] = {"description": f"{kind}; its type was seen in a sample of its rows."}
    if types == {"array"}:
        return schema | {
            "type": ["array", "null"],
            "items": {"type": ["string", "null"]},
        }
    if types <= {"integer", "number"} and types:
        return schema | {"type": ["integer" if types == {"integer"} else "number", "null"]}
    if types in ({"boolean"}, {"object"}):
        return schema | {"type": [*types, "null"]}
    return schema | {"type": ["string", "null"]}
