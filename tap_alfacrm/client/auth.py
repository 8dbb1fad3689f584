"""Login, and the lifetime of the token (docs/behaviour.md#tokens)."""

from __future__ import annotations

import math
import threading
import time
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_alfacrm.client.http import TOKEN_REFUSED_STATUSES, TokenRefusedError
from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.errors import CredentialsError, RequestError, UnavailableError
from tap_alfacrm.records.page import MalformedResponseError, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_alfacrm.client.http import HttpClient
    from tap_alfacrm.client.stats import RequestStats
    from tap_alfacrm.config import Config

LOGIN_PATH = "/v2api/auth/login"
LOGIN_REFUSED_STATUSES = TOKEN_REFUSED_STATUSES | {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}


class Authenticator:
    """Keeps the token of one API user and logs in when needed; safe to share between threads."""

    def __init__(
        self, config: Config, http: HttpClient, stats: RequestStats, token: str | None = None
    ) -> None:
        """Create an authenticator; nothing is sent yet.

        Args:
            config: Credentials, and the age at which a token is renewed.
            http: Sends the login.
            stats: Notes a login that is refused.
            token: Token to use until it is refused; None logs in first.
        """
        self._config, self._http, self._stats = config, http, stats
        self._lock = threading.RLock()
        self._token = token
        self._renew_at = math.inf if token else 0.0
        self._accepted_request: ListRequest | None = None

    def get_token(self, refused: str | None = None) -> str:
        """Return a token; logs in if there is none, or only an old or a refused one.

        Args:
            refused: A token that was refused.

        Raises:
            CredentialsError: The login was refused.
            RequestError: The login got no usable response.
        """
        with self._lock:
            if self._token is None or self._token == refused or time.monotonic() >= self._renew_at:
                return self._log_in()
            return self._token

    @contextmanager
    def exclusive_login(self) -> Iterator[Callable[[], str]]:
        """Keep all other threads from obtaining a token.

        Yields:
            A function that logs in and returns the new token. Raises like `get_token`.
        """
        with self._lock:
            yield self._log_in

    def note_accepted(self, request: ListRequest) -> None:
        """Remember a request that a token opened, as a test of later tokens."""
        self._accepted_request = self._accepted_request or request.for_page(0, 1)

    def lacks_permission(self, refusal: TokenRefusedError, token: str) -> bool:
        """Return whether a request was refused because the API user has no right to it.

        That is so if the same token still opens what a token opened before. Otherwise another
        login, maybe of another program, has cancelled the token.

        Args:
            refusal: The refusal of a new token.
            token: That token.
        """
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            return False
        if self._accepted_request is None:
            with self._lock:  # a login under way may have cancelled the token
                return self._token == token
        try:
            self._http.send(self._accepted_request, token, self._accepted_request.parser)
        except TokenRefusedError:
            return False
        return True

    def _log_in(self) -> str:
        credentials = {"email": self._config.email, "api_key": self._config.api_key}
        request = ListRequest(LOGIN_PATH, credentials, is_secret=True)
        host = self._http.host
        try:
            token = self._http.send(request, None, _parse_token, LOGIN_REFUSED_STATUSES)
        except TokenRefusedError as refusal:
            self._stats.record_refusal(LOGIN_PATH, refusal.status)
            msg = (
                "Check the settings email and api_key (in the user's profile: 'API key (v2api)'), "
                "and that the user's role has access to the module v2api: "
                f"{host} refused the login with status {refusal.status}."
            )
            raise CredentialsError(msg) from None
        except UnavailableError as error:
            msg = (
                "Check the setting hostname, which is the host in the browser's address bar when "
                f"you work in AlfaCRM: {host}{LOGIN_PATH} does not exist (status {error.status})."
            )
            raise RequestError(msg) from None
        self._token = token
        self._renew_at = time.monotonic() + self._config.token_ttl_seconds
        return token


def _parse_token(body: bytes, _: str | None) -> str:
    content = decode(body)
    token = content.get("token") if isinstance(content, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        msg = "the body has no token"
        raise MalformedResponseError(msg)
    return token
