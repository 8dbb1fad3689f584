"""Configured faults, and changes of rows while lists are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from simulator.account import Account
    from simulator.requests_log import Request

FaultKind = Literal[
    "status",
    "html",
    "empty",
    "truncated",
    "reset",
    "reset_in_body",
    "stall",
    "expire_tokens",
    "redirect",
    "wire",
]


@dataclass(frozen=True)
class Fault:
    """One kind of fault, for selected requests.

    Kinds:
        status: an error object with `status`.
        html: an HTML page with `status` (200 for a maintenance page).
        empty: no body, with `status`.
        truncated: the correct response with 200, its JSON cut in half.
        reset: the connection is reset before the response.
        reset_in_body: the connection is reset in the middle of the body.
        stall: the correct response is sent after `seconds`, and not before `until` is true.
        expire_tokens: all tokens issued so far are invalidated before the response.
        redirect: 302 to `location`.
        wire: the bytes of `wire`, with `seconds` between its pieces, until the client goes.
    """

    kind: FaultKind
    at: int | Callable[[Request], bool] | None = None
    """First affected request (from 1), or a predicate; None: any."""
    times: int = 1
    """Number of affected requests."""
    on: Literal["data", "login"] = "data"
    """Data requests and logins are counted separately."""
    status: int = 500
    retry_after: str | None = None
    seconds: float = 1.0
    until: Callable[[], bool] = lambda: True
    location: str = "http://127.0.0.1:9/elsewhere"
    wire: Callable[[], Iterable[bytes]] = tuple

    def wants(self, request: Request) -> bool:
        """Return whether this request is affected."""
        if request.is_login != (self.on == "login"):
            return False
        if callable(self.at):
            return self.at(request)
        return self.at is None or request.n >= self.at


@dataclass(frozen=True)
class Change:
    """A change of the account before a response."""

    at: int
    """Number of the data request before whose response it is applied."""
    do: Callable[[Account], object]


class Schedule:
    """Applies each fault and each change as often as configured."""

    def __init__(self, faults: Iterable[Fault], changes: Iterable[Change]) -> None:
        """Create a schedule."""
        self._faults = list(faults)
        self._left = [fault.times for fault in self._faults]
        self._changes = sorted(changes, key=lambda change: change.at)

    def fault_for(self, request: Request) -> Fault | None:
        """Return the fault for this request, if any."""
        for order, fault in enumerate(self._faults):
            if self._left[order] > 0 and fault.wants(request):
                self._left[order] -= 1
                return fault
        return None

    def changes_before(self, request: Request) -> list[Change]:
        """Return the changes that are due at this request."""
        if request.is_login:
            return []
        due = [change for change in self._changes if change.at <= request.n]
        del self._changes[: len(due)]
        return due
