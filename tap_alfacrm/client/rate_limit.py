"""The rate limit of the API (docs/behaviour.md#rate-limit)."""

from __future__ import annotations

import math
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING

from pyrate_limiter import Limiter, Rate, RateItem, SingleBucketFactory, StateBucket
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Awaitable

SECOND_MS = 1010
"""Milliseconds counted as a second; the margin covers packets that arrive closer together."""
SCALE = 10**6
"""Makes the whole number that `Rate` takes of a setting that may be a fraction."""
MILLISECONDS = 1000
"""In a second; the clock of the bucket counts whole ones."""


class RateLimiter:
    """Spaces requests evenly; safe to share between threads.

    Evenly, because threads that wake up late then do not send in bursts.
    """

    def __init__(self, requests_per_second: float) -> None:
        """Create a limiter that lets the first request pass at once.

        Args:
            requests_per_second: Requests that may be sent in any second.
        """
        limit = max(1, math.floor(requests_per_second * SCALE))
        burst = 1 + int(requests_per_second // MILLISECONDS)  # requests in the same millisecond
        bucket = _SendTimeBucket([Rate(limit, SECOND_MS * SCALE, burst)])
        # a StateBucket has nothing to leak, for which the library would start a thread
        self._limiter = Limiter(SingleBucketFactory(bucket, schedule_leak=False), buffer_ms=1)
        self._turn, self._turn_of_ahead = threading.Lock(), threading.Lock()

    def wait(self, *, is_ahead: bool = False) -> None:
        """Wait until the next request may be sent.

        Args:
            is_ahead: Whether the response is not needed yet. Such requests have a queue of their
                own, so that a needed request waits for one of them at most, as a rule.
        """
        with self._turn_of_ahead if is_ahead else nullcontext(), self._turn:
            self._limiter.try_acquire("alfacrm")


class _SendTimeBucket(StateBucket):
    """Records when a request was really let pass, which can be later than it was due."""

    @override
    def put(self, item: RateItem) -> bool | Awaitable[bool]:
        item.timestamp = self.now()  # type: ignore[no-untyped-call]  # untyped in the library
        return super().put(item)
