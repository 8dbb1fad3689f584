"""Trouble by appointment: broken answers, and rows that move while paging."""

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
    """One kind of trouble, for the requests it is meant for.

    Kinds:
        status: an error object with `status`.
        html: an HTML page with `status` (200 for a maintenance page).
        empty: no body, with `status`.
        truncated: the right answer with 200, its JSON cut in half.
        reset: the connection is cut before any answer.
        reset_in_body: the connection is cut in the middle of the body.
        stall: nothing happens for `seconds`, then the right answer comes.
        expire_tokens: every token given so far stops working, just before.
        redirect: 302 to `location`.
        wire: the bytes of `wire`, with `seconds` between its pieces, until the client goes.
    """

    kind: FaultKind
    at: int | Callable[[Request], bool] | None = None
    """First request to hit (from 1), or which ones; none: any."""
    times: int = 1
    """How many requests are hit."""
    on: Literal["data", "login"] = "data"
    """Data requests and logins are counted apart."""
    status: int = 500
    retry_after: str | None = None
    seconds: float = 1.0
    location: str = "http://127.0.0.1:9/elsewhere"
    wire: Callable[[], Iterable[bytes]] = tuple

    def wants(self, request: Request) -> bool:
        """Tell whether this request is one to hit."""
        if request.is_login != (self.on == "login"):
            return False
        if callable(self.at):
            return self.at(request)
        return self.at is None or request.n >= self.at


@dataclass(frozen=True)
class Change:
    """Something that happens to the account just before an answer."""

    at: int
    """Number of the data request before whose answer it happens."""
    do: Callable[[Account], object]


class Schedule:
    """Hands out each fault and each change as often as it was ordered."""

    def __init__(self, faults: Iterable[Fault], changes: Iterable[Change]) -> None:
        """Take the orders."""
        self._faults = list(faults)
        self._left = [fault.times for fault in self._faults]
        self._changes = sorted(changes, key=lambda change: change.at)

    def fault_for(self, request: Request) -> Fault | None:
        """Return the fault that hits this request, if any."""
        for order, fault in enumerate(self._faults):
            if self._left[order] > 0 and fault.wants(request):
                self._left[order] -= 1
                return fault
        return None

    def changes_before(self, request: Request) -> list[Change]:
        """Return the changes that are due by this request."""
        if request.is_login:
            return []
        due = [change for change in self._changes if change.at <= request.n]
        del self._changes[: len(due)]
        return due
