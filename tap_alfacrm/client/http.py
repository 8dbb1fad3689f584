"""HTTP to one host: rate limit, retries and errors (docs/behaviour.md#errors)."""

from __future__ import annotations

import functools
import logging
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar

import backoff
import msgspec
import requests
from urllib3.exceptions import NameResolutionError

from tap_alfacrm.client import retry
from tap_alfacrm.client.headers import requested_at, retry_after_seconds, shown_retry_after
from tap_alfacrm.client.retry import RetryableError
from tap_alfacrm.client.transport import (
    MEGABYTE,
    LimitedAdapter,
    ResponseLimits,
    ResponseTooLargeError,
    read_body,
)
from tap_alfacrm.errors import NoResponseError, RequestError, UnavailableError
from tap_alfacrm.records.page import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from backoff.types import Details

    from tap_alfacrm.client.rate_limit import RateLimiter
    from tap_alfacrm.client.request import ListRequest
    from tap_alfacrm.client.stats import RequestStats
    from tap_alfacrm.config import Config

    ResponseParser = Callable[[bytes, str | None], "T"]
    """Takes the body of a response and the server's clock at the request."""

T = TypeVar("T")

_encoder = msgspec.json.Encoder()

RETRYABLE_STATUSES = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
"""Statuses below 500 after which a request is sent again."""
MAX_PREPARED = 32
"""Requests whose URL and headers are kept for the next page."""
USUAL_WAITS = 2
"""Waits for the rate limit in succession that are no reason to worry."""
NOT_FOUND_STATUSES = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
)
"""Statuses of a path that the account does not have."""
TOKEN_REFUSED_STATUSES = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
"""Statuses of a bad token, and of a missing right."""


class TokenRefusedError(Exception):
    """The token or the login was refused.

    Attributes:
        status: Status of the response.
    """

    def __init__(self, status: int) -> None:
        """Create the error.

        Args:
            status: Status of the response.
        """
        super().__init__(f"status {status}")
        self.status = status


class HttpClient:
    """Sends requests to the host of one account; safe to share between threads.

    Attributes:
        host: `https://host[:port]`.
        rate_limiter: Spaces the requests.
    """

    def __init__(
        self,
        config: Config,
        logger: logging.Logger,
        stats: RequestStats,
        rate_limiter: RateLimiter | None = None,
    ) -> None:
        """Create a client; nothing is sent yet.

        Args:
            config: Host, application key, user agent, timeout and rate limit.
            logger: Receives a warning for each retry.
            stats: Counts the requests, and may limit them.
            rate_limiter: Spaces the requests; None creates one from the config.
        """
        if rate_limiter is None:
            # imports asyncio, which --help does not need
            from tap_alfacrm.client.rate_limit import RateLimiter  # noqa: PLC0415 - see above

            rate_limiter = RateLimiter(config.requests_per_second)
        self.host, self.rate_limiter = config.base_url, rate_limiter
        self._app_key, self._timeout = config.app_key, config.request_timeout_seconds
        self._logger, self._stats = logger, stats
        self._policy = retry.DEFAULT_RETRY_POLICY
        self._has_responded = False
        self._session = requests.Session()
        self._limits = ResponseLimits(
            self._policy.response_timeouts * self._timeout, config.max_response_mb * MEGABYTE
        )
        self._session.mount(self.host, LimitedAdapter(self._limits, config.max_in_flight))
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        # the environment's proxies and certificates are read once here, and .netrc is not read
        environment = self._session.merge_environment_settings(
            self.host, {}, stream=True, verify=None, cert=None
        )
        self._session.proxies = environment["proxies"]
        self._session.verify = environment["verify"]
        self._session.trust_env = False
        self._session.headers.update(
            {
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                "User-Agent": config.user_agent or f"tap-alfacrm/{version('tap-alfacrm')}",
            }
        )
        # the pages of a list differ by their body alone
        self._prepare = functools.lru_cache(MAX_PREPARED)(self._prepare_without_body)
        self._send_with_retries = backoff.on_exception(
            retry.backoff_waits,
            RetryableError,
            max_tries=self._max_tries,
            jitter=None,
            logger=None,
            on_backoff=self._report_retry,
            policy=self._policy,
        )(self._send_once)

    def send(
        self,
        request: ListRequest,
        token: str | None,
        parse: ResponseParser[T],
        refused_statuses: Collection[int] = TOKEN_REFUSED_STATUSES,
    ) -> T:
        """Send a request, and again until there is a usable response.

        Args:
            request: What to send.
            token: Token to send with it, None for the login.
            parse: Parses the response, or raises MalformedResponseError.
            refused_statuses: Statuses that refuse the token or the login.

        Returns:
            The parsed response.

        Raises:
            TokenRefusedError: The token or the login was refused.
            UnavailableError: The account does not have the path.
            RequestError: There was no usable response.
            BudgetError: The request would exceed a limit of the stats.
        """
        try:
            return self._send_with_retries(request, token, parse, refused_statuses)
        except RetryableError as error:
            msg = f"{self.host}{request} got no usable response: {error}. Try again later."
            raise NoResponseError(msg) from None

    def _max_tries(self) -> int:
        policy = self._policy
        allowed = (
            policy.max_tries if self._has_responded else policy.max_tries_before_first_response
        )
        return min(allowed, self._stats.max_tries or allowed)

    def _report_retry(self, details: Details) -> None:
        request, error = details["args"][0], details["exception"]
        is_rate_limit = isinstance(error, RetryableError) and error.is_rate_limit
        is_usual = is_rate_limit and details["tries"] <= USUAL_WAITS
        self._logger.log(
            logging.INFO if is_usual else logging.WARNING,
            "%s%s: %s; retrying in %.1f s (try %d of %d failed).",
            self.host,
            request,
            error,
            details["wait"],
            details["tries"],
            self._max_tries(),
        )
        self._stats.check_deadline(details["wait"])

    def _send_once(
        self,
        request: ListRequest,
        token: str | None,
        parse: ResponseParser[T],
        refused_statuses: Collection[int],
    ) -> T:
        self._stats.record_request()
        try:
            prepared = self._prepare(request.path, tuple(request.params.items()), token).copy()
            # prepare_body would take a twentieth of the time of a page of 50 rows
            prepared.body = _encoder.encode(request.body)
            prepared.headers["Content-Length"] = str(len(prepared.body))
            self.rate_limiter.wait(is_ahead=request.is_ahead)
            with self._session.send(
                prepared,
                proxies=self._session.proxies,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = read_body(response, self._limits.max_bytes)
        except ResponseTooLargeError as error:
            self._stats.record_failure("the response is too large")
            msg = (
                f"{self.host}{request} got a response that was not read: {error}. Lower the "
                "setting page_size, or raise max_response_mb if this account needs it."
            )
            raise RequestError(msg) from None
        except RetryableError as error:
            self._stats.record_failure(str(error))
            raise
        except requests.RequestException as error:
            reason = _transport_reason(error)
            self._stats.record_failure(reason)
            raise RetryableError(reason) from None
        self._has_responded = True
        self._stats.response_seconds.append(response.elapsed.total_seconds())
        self._check_status(request, response, refused_statuses)
        try:
            return parse(body, requested_at(response))
        except MalformedResponseError as error:
            reason = f"status {response.status_code}, but {error}"
            self._stats.record_failure(reason)
            msg = f"{reason} (size: {len(body):,} B)"
            raise RetryableError(msg) from None

    def _prepare_without_body(
        self, path: str, params: Sequence[tuple[str, Any]], token: str | None
    ) -> requests.PreparedRequest:
        headers = {
            "Content-Type": "application/json",
            "X-ALFACRM-TOKEN": token,
            "X-APP-KEY": self._app_key,
        }
        request = requests.Request("POST", self.host + path, headers, params=list(params))
        return self._session.prepare_request(request)

    def _check_status(
        self,
        request: ListRequest,
        response: requests.Response,
        refused_statuses: Collection[int],
    ) -> None:
        status = response.status_code
        if status == HTTPStatus.OK:
            return
        reason = f"status {status}"
        if status in RETRYABLE_STATUSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._stats.record_failure(reason, shown_retry_after(response))
            is_rate_limit = status == HTTPStatus.TOO_MANY_REQUESTS
            raise RetryableError(reason, retry_after_seconds(response), is_rate_limit=is_rate_limit)
        if status in refused_statuses:
            raise TokenRefusedError(status)
        url = f"{self.host}{request}"
        if status in NOT_FOUND_STATUSES:
            msg = f"{url} does not exist in this account ({reason})."
            raise UnavailableError(msg, status)
        self._stats.record_failure(reason)
        if status < HTTPStatus.BAD_REQUEST:
            msg = (
                f"{url} responded with {reason}, a redirect, which is not followed because it "
                "would send the token elsewhere. Check the setting hostname."
            )
        else:
            msg = (
                f"{url} responded with {reason}, and retrying would not help. Please report this "
                "line to the maintainers of the tap."
            )
        raise RequestError(msg)


def _transport_reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "the TLS certificate could not be verified"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the connection through the proxy failed"
    if isinstance(error, requests.Timeout):
        return "no response within the timeout"
    causes = [error, *error.args, *(getattr(cause, "reason", None) for cause in error.args)]
    if any(isinstance(cause, NameResolutionError) for cause in causes):
        return "the host name does not resolve (check the setting hostname)"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "the connection failed or was interrupted"
    return f"the response could not be read ({type(error).__name__})"
