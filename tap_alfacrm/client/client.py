"""Fetches pages of one account as one API user."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tap_alfacrm.client import retry
from tap_alfacrm.client.auth import Authenticator
from tap_alfacrm.client.http import HttpClient, TokenRefusedError
from tap_alfacrm.client.stats import RequestStats
from tap_alfacrm.errors import UnavailableError

if TYPE_CHECKING:
    import logging

    from tap_alfacrm.client.rate_limit import RateLimiter
    from tap_alfacrm.client.request import ListRequest
    from tap_alfacrm.config import Config
    from tap_alfacrm.records.page import Page

MAX_EXCLUSIVE_LOGINS = 3
"""Logins for one request, with no other thread logging in, before it counts as refused."""


class Client:
    """Fetches pages of one account and logs in when needed; safe to share between threads.

    Attributes:
        stats: The requests sent so far.
        answered_routes: Routes that have answered, in this run or in an earlier one.
        retries_refusals: Whether a refusal of a route that has answered is taken for a failure
            that passes, and the request sent again.
    """

    def __init__(
        self,
        config: Config,
        logger: logging.Logger,
        stats: RequestStats | None = None,
        *,
        rate_limiter: RateLimiter | None = None,
        token: str | None = None,
    ) -> None:
        """Create a client; nothing is sent yet.

        Args:
            config: Host, credentials and limits.
            logger: Receives a line for each retry and each refused token.
            stats: Counts the requests, and may limit them; None sets no limit.
            rate_limiter: Spaces the requests; None creates one from the config.
            token: Token to use until it is refused; None logs in first.
        """
        self.stats = stats or RequestStats()
        self.answered_routes: set[str] = set()
        self.retries_refusals = False
        self._refused_paths: set[str] = set()
        self._logger = logger
        self._http = HttpClient(config, logger, self.stats, rate_limiter)
        self._auth = Authenticator(config, self._http, self.stats, token)

    def with_credentials(self, config: Config, token: str | None = None) -> Client:
        """Return a client with other credentials that shares the rate limit and the stats.

        Args:
            config: Host, credentials and limits.
            token: Token to use until it is refused; None logs in first.
        """
        rate_limiter = self._http.rate_limiter
        return Client(config, self._logger, self.stats, rate_limiter=rate_limiter, token=token)

    def log_in(self) -> None:
        """Log in now, unless there is a token.

        Raises:
            CredentialsError: The login was refused.
            RequestError: The login got no usable response.
        """
        self._auth.get_token()

    def fetch(self, request: ListRequest) -> Page:
        """Fetch one page.

        Args:
            request: The list, its filters and the page.

        Returns:
            The page.

        Raises:
            CredentialsError: The login was refused.
            UnavailableError: The account does not have the path, or the API user has no right
                to it.
            RequestError: There was no usable response.
        """
        try:
            page = self._fetch(request)
        except UnavailableError as error:
            was_answered = request.route in self.answered_routes
            if request.may_be_refused or not (self.retries_refusals and was_answered):
                raise
            page = self._retry_refused(request, error)
        self.answered_routes.add(request.route)
        return page

    def _retry_refused(self, request: ListRequest, error: UnavailableError) -> Page:
        """Fetch a page again that was refused although its route has answered before.

        A path of which one request stayed refused is retried once only, so that a branch without
        rights does not cost minutes for each of its rows.
        """
        policy = retry.DEFAULT_RETRY_POLICY
        max_tries = 2 if request.path in self._refused_paths else policy.max_tries
        waits = retry.backoff_waits(policy)
        next(waits)
        for tries in range(1, max_tries):
            wait = waits.send(retry.RetryableError(str(error)))
            self._logger.warning(
                "%s The route has answered before; retrying in %.1f s (try %d of %d failed).",
                error,
                wait,
                tries,
                max_tries,
            )
            time.sleep(wait)
            try:
                return self._fetch(request)
            except UnavailableError as refusal:
                error = refusal
        self._refused_paths.add(request.path)
        raise error

    def _fetch(self, request: ListRequest) -> Page:
        """Fetch one page, with another token where the first is refused."""
        token = self._auth.get_token()
        try:
            return self._send(request, token)
        except TokenRefusedError as refusal:
            self._logger.info(
                "%s%s: %s, the token was refused; logging in again.",
                self._http.host,
                request,
                refusal,
            )
        token = self._auth.get_token(refused=token)
        try:
            page = self._send(request, token)
        except TokenRefusedError as refusal:
            if self._auth.lacks_permission(refusal, token):
                raise self._no_permission(request, refusal) from None
            page = self._fetch_exclusively(request)
        self.stats.expired_tokens += 1
        return page

    def _fetch_exclusively(self, request: ListRequest) -> Page:
        """Fetch while no other request obtains a token, in case logins cancel older tokens."""
        with self._auth.exclusive_login() as log_in:
            for _ in range(MAX_EXCLUSIVE_LOGINS):
                token = log_in()
                try:
                    return self._send(request, token)
                except TokenRefusedError as error:
                    refusal = error
                    if self._auth.lacks_permission(refusal, token):
                        break
        raise self._no_permission(request, refusal)

    def _send(self, request: ListRequest, token: str) -> Page:
        try:
            page = self._http.send(request, token, request.parser)
        except TokenRefusedError as refusal:
            self.stats.record_refusal(request.path, refusal.status)
            raise
        self._auth.note_accepted(request)
        return page

    def _no_permission(self, request: ListRequest, refusal: TokenRefusedError) -> UnavailableError:
        msg = (
            f"{self._http.host}{request} was refused with {refusal} right after a fresh login: "
            "the API user's role has no right to it. Ask the account's administrator to allow it."
        )
        return UnavailableError(msg, refusal.status)
