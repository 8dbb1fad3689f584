"""How the simulator holds a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Record:
    """A row in the shape the API serves it, and what the API never shows."""

    values: dict[str, Any]
    archived: bool = False
    """Archived, finished or switched off."""
    branch: int | None = None
    """Branch of a row that names none."""


Table = dict[int, Record]
