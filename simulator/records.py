"""Rows of the simulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Record:
    """A row in the API's format, with its hidden properties."""

    values: dict[str, Any]
    archived: bool = False
    """Archived, ended or disabled."""
    branch: int | None = None
    """Branch of a row without a branch field."""


Table = dict[int, Record]
