"""Counts and limits of the requests to one account."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tap_alfacrm.errors import BudgetError


@dataclass(slots=True)
class RequestStats:
    """Counts requests and enforces their limits; safe to share between threads.

    Attributes:
        max_requests: Requests that may be sent; None sets no limit.
        max_tries: Tries of one request; None leaves it to the retry policy.
        deadline: Monotonic clock in seconds after which no request is sent.
        requests: Requests sent so far, logins and retries included.
        response_seconds: Response time of each response, in seconds.
        failures: Tries without a usable response, by reason.
        retry_after: Distinct values of `Retry-After` received.
        refusals: Path and status of each response that refused the token or the login.
        expired_tokens: Tokens that were refused for a request that a new token opened.
    """

    max_requests: int | None = None
    max_tries: int | None = None
    deadline: float = math.inf
    requests: int = 0
    response_seconds: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    retry_after: set[str] = field(default_factory=set)
    refusals: list[tuple[str, int]] = field(default_factory=list)
    expired_tokens: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record_request(self) -> None:
        """Count a request that is about to be sent.

        Raises:
            BudgetError: The request would exceed a limit.
        """
        self.check_deadline()
        with self._lock:
            if self.max_requests is not None and self.requests >= self.max_requests:
                msg = f"The limit of the number of requests ({self.max_requests}) is reached."
                raise BudgetError(msg)
            self.requests += 1

    def check_deadline(self, wait_seconds: float = 0.0) -> None:
        """Check that a wait ends before the deadline.

        Raises:
            BudgetError: It does not.
        """
        if time.monotonic() + wait_seconds > self.deadline:
            msg = "The time limit of the requests is reached."
            raise BudgetError(msg)

    def record_failure(self, reason: str, retry_after: str | None = None) -> None:
        """Count a try that got no usable response.

        Args:
            reason: Why, without anything that differs from try to try.
            retry_after: The response's `Retry-After`.
        """
        with self._lock:
            self.failures[reason] += 1
            if retry_after is not None:
                self.retry_after.add(retry_after)

    def record_refusal(self, path: str, status: int) -> None:
        """Note a response that refused the token or the login."""
        self.refusals.append((path, status))
