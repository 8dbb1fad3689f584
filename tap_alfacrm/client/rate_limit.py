"""The limit of requests a second (docs/behaviour.md#rate-limit)."""

from __future__ import annotations

import math
import threading

from pyrate_limiter import InMemoryBucket, Limiter, Rate, RateItem
from typing_extensions import override

SECOND_MS = 1005
"""Milliseconds that count as a second: packets that bunch up must not make six in one."""


class RateLimiter:
    """At most so many requests a second, at even distances, in the order of asking.

    At even distances, because threads that wake late then do not bunch up.
    """

    def __init__(self, requests_per_second: float) -> None:
        """Start at once with the first."""
        distance = Rate(1, math.ceil(SECOND_MS / requests_per_second))
        self._limiter = Limiter(_Punctual([distance]), buffer_ms=1)
        self._turn = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may be sent."""
        with self._turn:
            self._limiter.try_acquire("alfacrm")


class _Punctual(InMemoryBucket):
    """Counts from when a request is let go, which may be later than it was to be."""

    @override
    def put(self, item: RateItem) -> bool:
        item.timestamp = self.now()  # type: ignore[no-untyped-call]  # the library leaves it so
        return super().put(item)
