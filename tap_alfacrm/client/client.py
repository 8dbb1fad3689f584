"""One conversation with one account: login and token; question in, envelope out."""

from __future__ import annotations

import math
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn

from tap_alfacrm.client.http import REFUSALS, HttpClient, TokenRefusedError
from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.client.stats import RequestStats
from tap_alfacrm.errors import CredentialsError, RequestError, UnavailableError
from tap_alfacrm.records.page import MalformedResponseError, Page, decode

if TYPE_CHECKING:
    import logging

    from tap_alfacrm.client.rate_limit import RateLimiter
    from tap_alfacrm.config import Config

LOGIN = "/v2api/auth/login"
LOGIN_REFUSALS = REFUSALS | {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
ALONE = 3
"""Fresh logins that a question gets for itself before a refusal is believed."""


class Client:
    """A conversation with one account. Logs in when it must; safe to share between threads."""

    def __init__(
        self,
        settings: Config,
        logger: logging.Logger,
        traffic: RequestStats | None = None,
        *,
        pace: RateLimiter | None = None,
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
        self._login_lock = threading.Lock()
        self._token = token
        self._renew_at = math.inf if token else 0.0
        self._opened: ListRequest | None = None
        self.traffic = traffic or RequestStats()
        """What was sent so far, and how it went."""
        self._wire = HttpClient(settings, logger, self.traffic, pace)

    def twin(self, settings: Config, token: str | None = None) -> Client:
        """A conversation of another login, at the same pace and in the same count.

        Args:
            settings: As whom.
            token: What it takes for its token, until that is refused; None logs in first.

        Returns:
            The conversation.
        """
        return Client(settings, self._logger, self.traffic, pace=self._wire.pace, token=token)

    def log_in(self) -> None:
        """Log in now, unless a token is at hand.

        Raises:
            CredentialsError: The login was refused.
            RequestError: No usable answer.
        """
        self._current_token(None)

    def fetch(self, question: ListRequest) -> Page:
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
        except TokenRefusedError as refused:
            self.traffic.refuse(question.path, refused.status)
            self._logger.info("The token was refused; logging in again.")
        token = self._current_token(token)
        try:
            envelope = self._exchange(question, token)
        except TokenRefusedError as refused:
            self.traffic.refuse(question.path, refused.status)
            if refused.status != HTTPStatus.UNAUTHORIZED and self._is_alive(token):
                raise self._unavailable(question, refused) from None
            envelope = self._ask_alone(question)
        self.traffic.expired += 1
        return envelope

    def _ask_alone(self, question: ListRequest) -> Page:
        """Ask while nobody else begins to, in case the requests cancel each other's tokens."""
        with self._login_lock:
            for _ in range(ALONE):
                self._token = self._login()
                self._renew_at = time.monotonic() + self._settings.token_ttl_seconds
                try:
                    return self._exchange(question, self._token)
                except TokenRefusedError as error:
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
        except TokenRefusedError:
            return False
        return True

    def _unavailable(self, question: ListRequest, refused: TokenRefusedError) -> UnavailableError:
        msg = (
            f"{self._wire.host}{question} was refused with status {refused.status} "
            "right after a fresh login: the API user's role has no right to it. "
            "Ask the account's administrator to allow it."
        )
        return UnavailableError(msg, refused.status)

    def _exchange(self, question: ListRequest, token: str) -> Page:
        envelope = self._wire.send(question, token, question.parser)
        self._opened = self._opened or question.for_page(0, 1)
        return envelope

    def _current_token(self, refused: str | None) -> str:
        """The token to use now; logs in if there is none, it is old, or it is the refused one."""
        with self._login_lock:
            if self._token is None or self._token == refused or time.monotonic() >= self._renew_at:
                self._token = self._login()
                self._renew_at = time.monotonic() + self._settings.token_ttl_seconds
            return self._token

    def _login(self) -> str:
        def read(body: bytes, _: str | None) -> str:
            found = decode(body)
            token = found.get("token") if isinstance(found, dict) else None
            if not isinstance(token, str) or not token.isascii() or not token.isprintable():
                msg = "the body holds no token"
                raise MalformedResponseError(msg)
            return token

        settings = self._settings
        login = {"email": settings.email, "api_key": settings.api_key}
        question = ListRequest(LOGIN, login, is_secret=True)
        try:
            return self._wire.send(question, None, read, LOGIN_REFUSALS)
        except TokenRefusedError as refused:
            self.traffic.refuse(LOGIN, refused.status)
            self._credentials(f"answered {refused.status}")
        except UnavailableError as error:
            msg = (
                f"{self._wire.host}{LOGIN} is not there (status {error.status}): "
                "check the setting hostname; "
                "it is the address in the browser when you work in AlfaCRM."
            )
            raise RequestError(msg) from None

    def _credentials(self, what: str) -> NoReturn:
        msg = (
            f"{self._wire.host} refused the login: {what}. "
            "Check the e-mail, the key (in the profile: 'API key (v2api)'), "
            "and that the user's role has access to the module v2api."
        )
        raise CredentialsError(msg)
