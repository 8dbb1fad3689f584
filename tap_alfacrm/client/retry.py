"""When a request is sent again (docs/behaviour.md#errors)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

_random = random.Random()  # noqa: S311 - no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and when a request is sent again. Waits are in seconds.

    Attributes:
        max_tries: Tries before the request fails.
        max_tries_before_first_response: The same while the host has not responded at all.
        first_wait: Upper bound of the first wait; the bound doubles with each further wait.
        longest_wait: Upper bound of a wait, unless the server asks for a longer one.
        longest_retry_after: Upper bound of what the server can ask for with `Retry-After`.
        empty_wait: Wait before an empty page is requested again.
        response_timeouts: Time of a whole response, as a multiple of the request timeout, which
            bounds each silence only.
    """

    max_tries: int
    max_tries_before_first_response: int
    first_wait: float
    longest_wait: float
    longest_retry_after: float
    empty_wait: float
    response_timeouts: float


DEFAULT_RETRY_POLICY = RetryPolicy(
    max_tries=8,  # about two minutes
    max_tries_before_first_response=3,  # a wrong hostname fails within seconds
    first_wait=1.0,
    longest_wait=60.0,
    longest_retry_after=3600.0,
    empty_wait=0.5,
    response_timeouts=3.0,  # three minutes, enough for a page of 500 rows at 10 kB/s
)


class RetryableError(Exception):
    """A try got no usable response, but another one may.

    Attributes:
        retry_after: Seconds to wait that the server asked for, 0 if it did not.
        is_rate_limit: Whether the server only asked to wait.
    """

    def __init__(
        self, reason: str, retry_after: float = 0.0, *, is_rate_limit: bool = False
    ) -> None:
        """Create the error.

        Args:
            reason: Why the response is not usable.
            retry_after: Seconds to wait that the server asked for, 0 if it did not.
            is_rate_limit: Whether the server only asked to wait.
        """
        super().__init__(reason)
        self.retry_after, self.is_rate_limit = retry_after, is_rate_limit


def backoff_waits(policy: RetryPolicy) -> Generator[float, RetryableError, None]:
    """Generate growing random waits for `backoff`, which sends each failure in.

    Args:
        policy: Bounds of the waits.

    Yields:
        Seconds to wait before the next try; first a value that `backoff` discards.
    """
    failure = yield 0.0
    longest = policy.first_wait
    while True:
        wait = _random.uniform(longest / 2, longest)
        failure = yield max(wait, min(failure.retry_after, policy.longest_retry_after))
        longest = min(longest * 2, policy.longest_wait)
