"""What a conversation with an account has sent, and how it went."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tap_alfacrm.errors import BudgetError


@dataclass(slots=True)
class RequestStats:
    """The count of a conversation; safe to share between threads.

    Attributes:
        budget: Most requests to send; None sets no limit.
        tries: Most times to send one request; None leaves it to the session.
        ends_at: Moment of the monotonic clock after which nothing is sent.
        requests: Requests sent so far, logins and retries included.
        seconds: Time that each answer took.
        failures: Tries without a usable answer, by reason.
        retry_after: Values of `Retry-After` that came.
        refusals: Path and status of each 401 and 403.
        expired: Tokens that were refused where a fresh one was not.
    """

    budget: int | None = None
    tries: int | None = None
    ends_at: float = math.inf
    requests: int = 0
    seconds: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    retry_after: set[str] = field(default_factory=set)
    refusals: list[tuple[str, int]] = field(default_factory=list)
    expired: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self) -> None:
        """One more request is sent.

        Raises:
            BudgetError: It would be one too many, or too late.
        """
        self.wait(0)
        with self._lock:
            if self.budget is not None and self.requests >= self.budget:
                msg = f"{self.budget} requests were sent, and no more are allowed."
                raise BudgetError(msg)
            self.requests += 1

    def wait(self, seconds: float) -> None:
        """Somebody is about to wait.

        Raises:
            BudgetError: There is not so much time left.
        """
        if time.monotonic() + seconds > self.ends_at:
            msg = "The time is used up."
            raise BudgetError(msg)

    def fail(self, reason: str, retry_after: str | None = None) -> None:
        """A request got no usable answer."""
        with self._lock:
            self.failures[reason] += 1
            if retry_after is not None:
                self.retry_after.add(retry_after)

    def refuse(self, path: str, status: int) -> None:
        """A request was answered with 401 or 403."""
        self.refusals.append((path, status))
