"""What the simulator remembers of a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    """One request as it came in, and what became of it."""

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
    """The entity asked for; none when the path names no known one."""
    page: int = 0
    status: int | None = None
    """Status of the answer; none when the connection was cut before it."""
    ids: list[Any] = field(default_factory=list)
    """The ids of the rows sent."""
    fault: str | None = None
    """Kind of the fault that hit this request."""
    answered: float | None = None
    """`time.monotonic()` when the answer was handed over."""

    @property
    def rows(self) -> int:
        """Number of rows sent."""
        return len(self.ids)
