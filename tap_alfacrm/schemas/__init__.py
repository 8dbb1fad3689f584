"""JSON Schema files, one for each stream."""

from __future__ import annotations

import copy
import sys
from typing import TYPE_CHECKING, Any

from singer_sdk import SchemaDirectory

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA = "x-alfacrm-data"
"""Keyword of a schema file with what each column holds: `key` (an id), `fact`, `person` (a name, an
address, a birthday) or `free text`, in which anything about anybody may stand."""
MONEY = "x-alfacrm-money"
"""Keyword of a schema file with the columns that hold money or points, dotted inside of a column.
Of such a column itself it is true."""
DECIMAL = "x-singer.decimal"
"""JSON Schema format of text that loaders make a decimal number of."""
PRECISION, SCALE = 38, 9
"""Digits in all and after the point: what NUMERIC of BigQuery holds, and other databases too."""
FORMATS: dict[str, dict[str, Any]] = {
    "number": {"type": ["number", "null"]},
    "string": {"type": ["string", "null"]},
    "singer.decimal": {
        "type": ["string", "null"],
        "format": DECIMAL,
        "precision": PRECISION,
        "scale": SCALE,
    },
}
"""JSON Schema of a column of money for each value of the setting `decimal_format`."""
_FILES = SchemaDirectory(sys.modules[__name__])


def standard_schema(stream: str) -> dict[str, Any]:
    """The schema that every account has.

    Args:
        stream: Name of the stream.

    Returns:
        The schema file.
    """
    return _FILES.get_schema(stream)


def with_money(schema: Mapping[str, Any], decimal_format: str) -> dict[str, Any]:
    """Give the columns of money the type that was chosen for them.

    Args:
        schema: A schema file.
        decimal_format: The setting.

    Returns:
        Its properties.
    """
    properties: dict[str, Any] = copy.deepcopy(schema["properties"])
    for path in schema.get(MONEY, ()):
        *outer, name = path.split(".")
        inside = properties
        for column in outer:
            inside = inside[column]["items"]["properties"]
        inside[name] |= {**FORMATS[decimal_format], MONEY: True}
    return properties


def with_precision(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Give each decimal text the keywords that the SDK's catalog drops.

    Args:
        schema: A JSON Schema.

    Returns:
        A copy.
    """
    found = dict(schema)
    if found.get("format") == DECIMAL:
        found |= FORMATS["singer.decimal"]
    if isinstance(items := found.get("items"), dict):
        found["items"] = with_precision(items)
    if isinstance(properties := found.get("properties"), dict):
        found["properties"] = {name: with_precision(one) for name, one in properties.items()}
    return found
