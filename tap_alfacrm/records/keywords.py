"""Keywords of the schemas, and what they say of the names of fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    Schema = Mapping[str, Any]

CLOCK = "x-alfacrm-clock"
"""Keyword of a date-time in a schema file: `account` (wall clock) or `utc`."""
KEYWORD = "x-alfacrm-"
"""How keywords begin that stand in the schema files alone; catalogs need not keep them."""
ALIASES = f"{KEYWORD}aliases"
"""Keyword with names that some accounts give to the field."""
FIELD = "title"
"""Keyword with the name of the field in the API where the column has another; catalogs keep it."""


def with_keywords(schema: Schema, own: Schema) -> dict[str, Any]:
    """Give a schema of a catalog the keywords of the stream's own schema that catalogs drop.

    Args:
        schema: The schema of a catalog.
        own: The schema of the stream.
    """
    found = {**schema, **{key: own[key] for key in own if key.startswith(KEYWORD)}}
    if "items" in found and "items" in own:
        found["items"] = with_keywords(found["items"], own["items"])
    if "properties" in found:
        inner = own.get("properties", {})
        found["properties"] = {
            name: with_keywords(one, inner.get(name, {}))
            for name, one in found["properties"].items()
        }
    return found


def field_names(properties: Mapping[str, Schema]) -> dict[str, str]:
    """The column of each field of the API, by its own name and by those of some accounts.

    Args:
        properties: Schemas by column.
    """
    own = {schema.get(FIELD, name): name for name, schema in properties.items()}
    aliases = {
        alias: name for name, schema in properties.items() for alias in schema.get(ALIASES, ())
    }
    return {**own, **aliases}
