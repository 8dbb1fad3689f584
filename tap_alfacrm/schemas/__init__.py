"""JSON Schema files, one for each stream."""

from __future__ import annotations

import sys
from typing import Any

from singer_sdk import SchemaDirectory

DATA = "x-alfacrm-data"
"""Keyword of a schema file with what each column holds: `key` (an id), `fact`, `person` (a name, an
address, a birthday) or `free text`, in which anything about anybody may stand."""
MONEY = "x-alfacrm-money"
"""Keyword of a schema file with the columns that hold money."""
_FILES = SchemaDirectory(sys.modules[__name__])


def standard_schema(stream: str) -> dict[str, Any]:
    """The schema that every account has.

    Args:
        stream: Name of the stream.

    Returns:
        The schema file.
    """
    return _FILES.get_schema(stream)
