"""HTTP to one host: at the pace, and again where that may help (docs/behaviour.md#errors)."""

from __future__ import annotations

import random
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeVar

import backoff
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import InvalidHeader, NameResolutionError
from urllib3.util import Retry

from tap_alfacrm.errors import RequestError, UnavailableError
from tap_alfacrm.records.page import MalformedResponseError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection, Generator, Mapping

    from backoff.types import Details

    from tap_alfacrm.client.rate_limit import RateLimiter
    from tap_alfacrm.client.request import ListRequest
    from tap_alfacrm.client.stats import RequestStats
    from tap_alfacrm.config import Config

    Read = Callable[[bytes, str | None], "T"]
    """Takes the body of an answer and the server's clock when it was asked."""

T = TypeVar("T")

TRIES = 8
"""Times a request is sent before the run gives up: about two minutes of patience."""
FIRST_TRIES = 3
"""The same until the host has answered once: a wrong hostname should not cost two minutes."""
FIRST_WAIT = 1.0
"""Seconds before the second try; later waits double."""
LONGEST_WAIT = 60.0
"""Seconds: the ceiling of a wait the tap chooses itself."""
LONGEST_RETRY_AFTER = 3600.0
"""Seconds: the longest wait a server may ask for with Retry-After."""
CHUNK = 2**24
"""Bytes of a body to read at once: for each piece the threads would wait for one another."""
REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
"""Statuses that refuse a token."""

_jitter = random.Random()  # noqa: S311 - no secret
NOT_FOUND_STATUSES = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
RETRYABLE_STATUSES = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class RetryableError(Exception):
    """An answer, or the lack of one, that another try may mend."""

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class TokenRefusedError(Exception):
    """The token, or the login, was refused.

    Attributes:
        status: 401 or 403; of a login also another.
    """

    def __init__(self, status: int) -> None:
        """Say how.

        Args:
            status: The status that came back.
        """
        super().__init__(str(status))
        self.status = status


class HttpClient:
    """Sends questions, from any thread.

    Attributes:
        host: `https://host[:port]`.
        pace: Sets the pace of what is sent.
    """

    def __init__(
        self,
        settings: Config,
        logger: logging.Logger,
        traffic: RequestStats,
        pace: RateLimiter | None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            settings: Where to, and how fast.
            logger: Where retries are reported.
            traffic: Keeps count of what is sent, and may set a limit to it.
            pace: Sets the pace; None makes one of the settings.
        """
        if pace is None:
            # asyncio comes with it, which --help does not need
            from tap_alfacrm.client.rate_limit import RateLimiter  # noqa: PLC0415

            pace = RateLimiter(settings.requests_per_second)
        self.host, self.pace = settings.base_url, pace
        self._app_key, self._timeout = settings.app_key, settings.request_timeout_seconds
        self._logger, self._traffic = logger, traffic
        self._answered = False
        self._http = requests.Session()
        self._http.mount(self.host, HTTPAdapter(pool_maxsize=settings.max_in_flight))
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        # read once: the environment has the proxy and the certificates, .netrc is nobody's business
        found = self._http.merge_environment_settings(
            self.host, {}, stream=True, verify=None, cert=None
        )
        self._http.proxies, self._http.verify = found["proxies"], found["verify"]
        self._http.trust_env = False
        self._http.headers.update(
            {
                "Accept": "application/json",
                "User-Agent": settings.user_agent or f"tap-alfacrm/{version('tap-alfacrm')}",
            }
        )

    def send(
        self,
        question: ListRequest,
        token: str | None,
        read: Read[T],
        refusals: Collection[int] = REFUSALS,
    ) -> T:
        """Send a question until there is a usable answer.

        Args:
            question: What is asked.
            token: Sent along, None at the login.
            read: Makes of the answer what is wanted, or raises MalformedResponseError.
            refusals: Statuses that refuse the token.

        Returns:
            What was read.

        Raises:
            TokenRefusedError: The token was refused.
            UnavailableError: No such route.
            RequestError: No usable answer.
        """
        headers = {"X-ALFACRM-TOKEN": token, "X-APP-KEY": self._app_key}
        most = TRIES if self._answered else FIRST_TRIES

        @backoff.on_exception(
            backoff_waits,
            RetryableError,
            max_tries=min(most, self._traffic.tries or most),
            jitter=None,
            logger=None,
            on_backoff=lambda details: self._report_retry(question, details),
        )
        def attempt() -> T:
            return self._attempt(question, headers, read, refusals)

        try:
            return attempt()
        except RetryableError as error:
            msg = f"{self.host}{question} got no usable answer: {error}. Try again later."
            raise RequestError(msg) from None

    def _report_retry(self, question: ListRequest, details: Details) -> None:
        self._logger.warning(
            "%s%s: %s; trying again in %.1f s (try %d failed).",
            self.host,
            question,
            details["exception"],
            details["wait"],
            details["tries"],
        )
        self._traffic.wait(details["wait"])

    def _attempt(
        self,
        question: ListRequest,
        headers: Mapping[str, str | None],
        read: Read[T],
        refusals: Collection[int],
    ) -> T:
        self._traffic.count()
        self.pace.wait()
        try:
            with self._http.post(
                self.host + question.path,
                json=dict(question.body),
                params=dict(question.params),
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = b"".join(response.iter_content(CHUNK))
        except requests.RequestException as error:
            reason = _transport_reason(error)
            self._traffic.fail(reason)
            raise RetryableError(reason) from None
        self._answered = True
        self._traffic.seconds.append(response.elapsed.total_seconds())
        self._check(question, response, refusals)
        try:
            return read(body, _moment(response))
        except MalformedResponseError as error:
            self._traffic.fail(f"status {response.status_code}, but {error}")
            reason = f"status {response.status_code}, but {error} ({len(body)} bytes)"
            raise RetryableError(reason) from None

    def _check(
        self, question: ListRequest, response: requests.Response, refusals: Collection[int]
    ) -> None:
        status = response.status_code
        if status == HTTPStatus.OK:
            return
        if status in RETRYABLE_STATUSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            reason = f"status {status}"
            self._traffic.fail(reason, response.headers.get("Retry-After"))
            raise RetryableError(reason, _retry_after(response))
        if status in refusals:
            raise TokenRefusedError(status)
        where = f"{self.host}{question}"
        if status in NOT_FOUND_STATUSES:
            msg = f"{where} does not exist in this account (status {status})."
            raise UnavailableError(msg, status)
        self._traffic.fail(f"status {status}")
        if status < HTTPStatus.BAD_REQUEST:
            msg = (
                f"{where} answered {status}, a redirect, which is not followed because it would "
                "carry the token elsewhere: check the setting hostname."
            )
        else:
            msg = f"{where} answered {status}, which asking again will not mend."
        raise RequestError(msg)


def backoff_waits() -> Generator[float, RetryableError, None]:
    """Growing, jittered waits that obey Retry-After; backoff sends each failure in."""
    failure = yield 0.0
    longest = FIRST_WAIT
    while True:
        wait = _jitter.uniform(longest / 2, longest)
        failure = yield max(wait, min(failure.retry_after, LONGEST_RETRY_AFTER))
        longest = min(longest * 2, LONGEST_WAIT)


def _retry_after(response: requests.Response) -> float:
    try:
        return Retry().parse_retry_after(response.headers.get("Retry-After", "0"))
    except (InvalidHeader, ValueError, OverflowError):  # of a year that no calendar has
        return 0.0


def _moment(response: requests.Response) -> str | None:
    """The server's clock when it was asked: a row may be made while it answers."""
    try:
        asked = parsedate_to_datetime(response.headers["Date"]) - response.elapsed
    except (KeyError, ValueError, OverflowError):
        return None
    return f"{asked:%Y-%m-%d %H:%M:%S}"


def _transport_reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "the TLS certificate could not be verified"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy did not let the request through"
    if isinstance(error, requests.Timeout):
        return "no answer within the time-out"
    causes = [
        error,
        *error.args,
        *(getattr(cause, "reason", None) for cause in error.args),
    ]
    if any(isinstance(cause, NameResolutionError) for cause in causes):
        return "the host name does not resolve (check the setting hostname)"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "the connection failed or was cut"
    return f"the answer could not be read ({type(error).__name__})"
