"""Authentication and rate limit."""

from __future__ import annotations

import secrets
import time
from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.quirks import Quirks
    from simulator.requests_log import Request

EMAIL = "demo@example.org"
API_KEY = "00000000-0000-4000-8000-000000000000"


class Access:
    """Logins, tokens and the rate limit of one account."""

    def __init__(self, quirks: Quirks) -> None:
        """Create an account state without tokens."""
        self._quirks = quirks
        self._tokens: dict[str, float] = {}
        self._uses: Counter[str] = Counter()
        self._recent: deque[float] = deque()

    def log_in(self, request: Request) -> str | None:
        """Return a new token, None if the credentials are wrong."""
        credentials = (request.body.get("email"), request.body.get("api_key"))
        if credentials != (EMAIL, API_KEY) or not self._app_key_fits(request.headers):
            return None
        if self._quirks.login_cancels_older_tokens:
            self.expire_tokens()
        token = secrets.token_hex(16)
        self._tokens[token] = time.monotonic() + self._quirks.token_ttl_seconds
        return token

    def lets_in(self, request: Request) -> bool:
        """Return whether the request has a valid token."""
        token = request.headers.get("x-alfacrm-token", "")
        self._uses[token] += 1
        if self._uses[token] == self._quirks.token_uses:
            self._tokens.pop(token, None)
            return False
        expiry = self._tokens.get(token, 0.0)
        return time.monotonic() < expiry and self._app_key_fits(request.headers)

    def expire_tokens(self) -> None:
        """Invalidate all tokens issued so far."""
        self._tokens.clear()

    def is_too_much(self, request: Request) -> bool:
        """Count a request; return whether it exceeds the rate limit."""
        limit = self._quirks.rate_limit
        if limit is None:
            return False
        start = request.arrived - self._quirks.rate_window_seconds
        while self._recent and self._recent[0] <= start:
            self._recent.popleft()
        if len(self._recent) >= limit:
            return True
        self._recent.append(request.arrived)
        return False

    def _app_key_fits(self, headers: Mapping[str, str]) -> bool:
        wanted = self._quirks.requires_app_key
        return wanted is None or headers.get("x-app-key") == wanted
