"""How the simulator holds a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Record:
    """A row in the shape the API serves it, and what the API never shows."""

    values: dict[str, Any]
    archived: bool = False


Tables = dict[str, dict[int, Record]]
