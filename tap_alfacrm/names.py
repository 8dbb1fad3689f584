"""Column names that every database takes, for fields that a school has named itself."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST = 63
"""Bytes of a name that PostgreSQL keeps; it cuts the rest off in silence."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OTHER = re.compile(r"[^a-z0-9]+")


def column_names(fields: Iterable[str], taken: Iterable[str]) -> Mapping[str, str]:
    """Name a column for each field (docs/loaders.md#names).

    A field keeps its name where that is plain. Any other is written in ASCII, followed by six
    digits that depend on the field's name alone: no two fields share a column, and a column
    keeps its name whatever fields come later.

    Args:
        fields: Names of fields.
        taken: Names of columns that there are already.

    Returns:
        The name of the column, by field.
    """
    fields = tuple(fields)
    alike = Counter(name.lower() for name in (*fields, *taken))
    return {
        field: field
        if _PLAIN.fullmatch(field)
        and len(field) <= LONGEST
        and (alike[field.lower()] == 1 or field.islower())
        else _plain(field)
        for field in fields
    }


def _plain(field: str) -> str:
    from anyascii import anyascii  # noqa: PLC0415 - few accounts need its tables

    digits = hashlib.sha256(field.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    words = _OTHER.sub("_", anyascii(field).lower()).strip("_") or "field"
    start = f"f_{words}" if words[0].isdigit() else words
    return f"{start[: LONGEST - len(digits) - 1]}_{digits}"
