"""One conversation with one account: login, limiter, retries; question in, envelope out."""

from __future__ import annotations

import math
import random
import threading
import time
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import backoff
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from typing_extensions import override
from urllib3.exceptions import InvalidHeader, NameResolutionError
from urllib3.util import Retry

from tap_alfacrm.envelope import Envelope, MalformedError, decode, read_envelope
from tap_alfacrm.errors import CredentialsError, RequestError, UnavailableError
from tap_alfacrm.traffic import Traffic

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Generator, Mapping

    from backoff.types import Details

    from tap_alfacrm.envelope import Reader
    from tap_alfacrm.settings import Settings

T = TypeVar("T")

LOGIN = "/v2api/auth/login"
ALONE = 3
"""Fresh logins that a question gets for itself before a refusal is believed."""
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
SECOND_MS = 1015
"""Milliseconds that count as a second: packets that bunch up must not make six in one."""

_jitter = random.Random()  # noqa: S311 - no secret
_REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_ABSENT = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one list.

    Attributes:
        path: Path below the host, such as `/v2api/customer/index`.
        body: Filters, sent as JSON. They are shown in errors, so they hold no personal data.
        params: Parameters that the API wants in the URL.
        reader: Makes an envelope of the answer.
        is_single: Whether one answer holds it all, without pages.
    """

    path: str
    body: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    reader: Reader = field(default=read_envelope, compare=False)
    is_single: bool = False

    def at(self, page: int, page_size: int) -> Question:
        """The same question for one page of it (docs/behaviour.md#paging)."""
        if self.is_single:
            return self
        return replace(self, body={**self.body, "page": page, "pageSize": page_size})

    @property
    def kind(self) -> str:
        """The path without the branch; rows may move between lists of one kind."""
        return "/".join(part for part in self.path.split("/") if not part.isdigit())

    @override
    def __hash__(self) -> int:
        return hash(str(self))

    @override
    def __str__(self) -> str:
        """Path and filters, for logs and errors."""
        asked = {**self.params, **self.body}
        return (
            f"{self.path} ({', '.join(f'{key} {value}' for key, value in asked.items())})"
            if asked
            else self.path
        )


class _PassingError(Exception):
    """An answer, or the lack of one, that another try may mend."""

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class _RefusedError(Exception):
    """401 or 403."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class _Headers(AuthBase):
    """The account's headers; also keeps requests from reading credentials out of `.netrc`."""

    def __init__(self, token: str | None, app_key: str | None) -> None:
        self._headers = {"X-ALFACRM-TOKEN": token, "X-APP-KEY": app_key}

    @override
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update({name: value for name, value in self._headers.items() if value})
        return request


class Pace:
    """At most so many requests a second, at even distances, in the order of asking.

    At even distances, because threads that wake late then do not bunch up.
    """

    def __init__(self, requests_per_second: float) -> None:
        """Start at once with the first."""
        # asyncio comes with it, which --help does not need
        from pyrate_limiter import InMemoryBucket, Limiter, Rate, RateItem  # noqa: PLC0415

        class Punctual(InMemoryBucket):
            """Counts from when a request is let go, which may be later than it was to be."""

            @override
            def put(self, item: RateItem) -> bool:
                item.timestamp = self.now()  # type: ignore[no-untyped-call]
                return super().put(item)

        distance = Rate(1, math.ceil(SECOND_MS / requests_per_second))
        self._limiter = Limiter(Punctual([distance]), buffer_ms=1)
        self._turn = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may be sent."""
        with self._turn:
            self._limiter.try_acquire("alfacrm")


class Session:
    """A conversation with one account. Logs in when it must; safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        logger: logging.Logger,
        traffic: Traffic | None = None,
        *,
        pace: Pace | None = None,
        token: str | None = None,
    ) -> None:
        """Prepare a conversation; nothing is sent yet.

        Args:
            settings: Where to, as whom, and how fast.
            logger: Where retries are reported.
            traffic: Keeps count of what is sent, and may set a limit to it.
            pace: Sets the pace; None makes one of the settings.
            token: What it takes for its token, until that is refused; None logs in first.
        """
        self._settings = settings
        self._logger = logger
        self._host = settings.base_url
        self._http = requests.Session()
        self._http.mount(self._host, HTTPAdapter(pool_maxsize=settings.max_in_flight))
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self._http.headers.update(
            {
                "Accept": "application/json",
                "User-Agent": settings.user_agent or f"tap-alfacrm/{version('tap-alfacrm')}",
            }
        )
        self._pace = pace or Pace(settings.requests_per_second)
        self._login_lock = threading.Lock()
        self._token = token
        self._renew_at = math.inf if token else 0.0
        self._answered = False
        self._opened: Question | None = None
        self.traffic = traffic or Traffic()
        """What was sent so far, and how it went."""

    def twin(self, settings: Settings, token: str | None = None) -> Session:
        """A conversation of another login, at the same pace and in the same count.

        Args:
            settings: As whom.
            token: What it takes for its token, until that is refused; None logs in first.

        Returns:
            The conversation.
        """
        return Session(settings, self._logger, self.traffic, pace=self._pace, token=token)

    def log_in(self) -> None:
        """Log in now, unless a token is at hand.

        Raises:
            CredentialsError: The login was refused.
            RequestError: No usable answer.
        """
        self._current_token(None)

    def ask(self, question: Question) -> Envelope:
        """Ask for one page.

        Args:
            question: The list, its filters and the page.

        Returns:
            The page.

        Raises:
            CredentialsError: The login was refused.
            UnavailableError: No right to the entity (403 after a fresh login), or no such route.
            RequestError: No usable answer.
        """
        token = self._current_token(None)
        try:
            return self._exchange(question, token)
        except _RefusedError as refused:
            self.traffic.refuse(question.path, refused.status)
            self._logger.info("The token was refused; logging in again.")
        token = self._current_token(token)
        try:
            envelope = self._exchange(question, token)
        except _RefusedError as refused:
            self.traffic.refuse(question.path, refused.status)
            if refused.status != HTTPStatus.UNAUTHORIZED and self._is_alive(token):
                raise self._unavailable(question, refused) from None
            envelope = self._ask_alone(question)
        self.traffic.expired += 1
        return envelope

    def _ask_alone(self, question: Question) -> Envelope:
        """Ask while nobody else begins to, in case the requests cancel each other's tokens."""
        with self._login_lock:
            for _ in range(ALONE):
                self._token = self._login()
                self._renew_at = time.monotonic() + self._settings.token_ttl_seconds
                try:
                    return self._exchange(question, self._token)
                except _RefusedError as error:
                    refused = error
                    self.traffic.refuse(question.path, refused.status)
                    if refused.status != HTTPStatus.UNAUTHORIZED and self._is_alive(self._token):
                        break
        raise self._unavailable(question, refused)

    def _is_alive(self, token: str) -> bool:
        """Whether a token opens what was opened before, so that a 403 is for want of a right.

        Another login, also that of another program, may have cancelled it meanwhile.
        """
        if self._opened is None:
            return self._token == token
        try:
            self._exchange(self._opened, token)
        except _RefusedError:
            return False
        return True

    def _unavailable(self, question: Question, refused: _RefusedError) -> UnavailableError:
        msg = (
            f"{self._host}{question} was refused with status {refused.status} right after a fresh "
            "login: the API user's role has no right to it. "
            "Ask the account's administrator to allow it."
        )
        return UnavailableError(msg, refused.status)

    def _exchange(self, question: Question, token: str) -> Envelope:
        def read(body: bytes, response: requests.Response) -> Envelope:
            return question.reader(body, _moment(response))

        envelope = self._send(question, _Headers(token, self._settings.app_key), read)
        self._opened = self._opened or question.at(0, 1)
        return envelope

    def _current_token(self, refused: str | None) -> str:
        """The token to use now; logs in if there is none, it is old, or it is the refused one."""
        with self._login_lock:
            if self._token is None or self._token == refused or time.monotonic() >= self._renew_at:
                self._token = self._login()
                self._renew_at = time.monotonic() + self._settings.token_ttl_seconds
            return self._token

    def _login(self) -> str:
        def read(body: bytes, _: requests.Response) -> str:
            found = decode(body)
            token = found.get("token") if isinstance(found, dict) else None
            if not isinstance(token, str) or not token.isascii() or not token.isprintable():
                msg = "the body holds no token"
                raise MalformedError(msg)
            return token

        settings = self._settings
        question = Question(LOGIN, {"email": settings.email, "api_key": settings.api_key})
        try:
            return self._send(question, _Headers(None, settings.app_key), read)
        except _RefusedError as refused:
            self.traffic.refuse(LOGIN, refused.status)
            self._credentials(f"answered {refused.status}")
        except UnavailableError as error:
            msg = (
                f"{self._host}{LOGIN} is not there (status {error.status}): "
                "check the setting hostname; "
                "it is the address in the browser when you work in AlfaCRM."
            )
            raise RequestError(msg) from None

    def _credentials(self, what: str) -> NoReturn:
        msg = (
            f"{self._host} refused the login: {what}. "
            "Check the e-mail, the key (in the profile: 'API key (v2api)'), "
            "and that the user's role has access to the module v2api."
        )
        raise CredentialsError(msg)

    def _send(
        self, question: Question, auth: AuthBase, read: Callable[[bytes, requests.Response], T]
    ) -> T:
        most = TRIES if self._answered else FIRST_TRIES

        @backoff.on_exception(
            _waits,
            _PassingError,
            max_tries=min(most, self.traffic.tries or most),
            jitter=None,
            logger=None,
            on_backoff=lambda details: self._report_retry(question, details),
        )
        def attempt() -> T:
            return self._attempt(question, auth, read)

        try:
            return attempt()
        except _PassingError as error:
            msg = f"{self._host}{_shown(question)} got no usable answer: {error}. Try again later."
            raise RequestError(msg) from None

    def _report_retry(self, question: Question, details: Details) -> None:
        self._logger.warning(
            "%s%s: %s; trying again in %.1f s (try %d failed).",
            self._host,
            _shown(question),
            details["exception"],
            details["wait"],
            details["tries"],
        )
        self.traffic.wait(details["wait"])

    def _attempt(
        self, question: Question, auth: AuthBase, read: Callable[[bytes, requests.Response], T]
    ) -> T:
        self.traffic.count()
        self._pace.wait()
        try:
            with self._http.post(
                self._host + question.path,
                json=dict(question.body),
                params=dict(question.params),
                auth=auth,
                timeout=self._settings.request_timeout_seconds,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = b"".join(response.iter_content(CHUNK))
        except requests.RequestException as error:
            reason = _transport_reason(error)
            self.traffic.fail(reason)
            raise _PassingError(reason) from None
        self._answered = True
        self.traffic.seconds.append(response.elapsed.total_seconds())
        self._check(question, response)
        try:
            return read(body, response)
        except MalformedError as error:
            self.traffic.fail(f"status {response.status_code}, but {error}")
            reason = f"status {response.status_code}, but {error} ({len(body)} bytes)"
            raise _PassingError(reason) from None

    def _check(self, question: Question, response: requests.Response) -> None:
        status = response.status_code
        if status == HTTPStatus.OK:
            return
        if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            reason = f"status {status}"
            self.traffic.fail(reason, response.headers.get("Retry-After"))
            raise _PassingError(reason, _retry_after(response))
        if status in _REFUSED:
            raise _RefusedError(status)
        if question.path == LOGIN and status in {
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        }:
            raise _RefusedError(status)
        where = f"{self._host}{_shown(question)}"
        if status in _ABSENT:
            msg = f"{where} does not exist in this account (status {status})."
            raise UnavailableError(msg, status)
        self.traffic.fail(f"status {status}")
        if status < HTTPStatus.BAD_REQUEST:
            msg = (
                f"{where} answered {status}, a redirect, which is not followed because it would "
                "carry the token elsewhere: check the setting hostname."
            )
        else:
            msg = f"{where} answered {status}, which asking again will not mend."
        raise RequestError(msg)


def _shown(question: Question) -> str:
    return LOGIN if question.path == LOGIN else str(question)


def _waits() -> Generator[float, _PassingError, None]:
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
