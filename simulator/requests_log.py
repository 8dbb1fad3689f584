"""The log of requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    """One request and its response."""

    method: str
    path: str
    arrived: float
    """`time.monotonic()` at the arrival."""
    headers: dict[str, str]
    query: dict[str, str]
    body: dict[str, Any]
    is_login: bool
    n: int
    """Number among the data requests, or among the logins, from 1."""
    branch: int | None = None
    entity: str | None = None
    """The requested entity; None if the path is unknown."""
    page: int = 0
    status: int | None = None
    """Status of the response; None if the connection was reset before it."""
    ids: list[Any] = field(default_factory=list)
    """The ids of the rows sent."""
    fault: str | None = None
    """Kind of the fault for this request."""
    answered: float | None = None
    """`time.monotonic()` when the response was sent."""

    @property
    def rows(self) -> int:
        """Number of rows sent."""
        return len(self.ids)
