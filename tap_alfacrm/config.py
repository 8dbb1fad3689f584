"""The settings of one run, checked before the first request."""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import msgspec

from tap_alfacrm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

CREDENTIALS = ("hostname", "email", "api_key")

Text = Annotated[str, msgspec.Meta(min_length=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Kind = Annotated[int, msgspec.Meta(ge=0, le=2)]
Identifier = Annotated[int, msgspec.Meta(ge=0)]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of the tap, named as the user names them.

    Attributes:
        hostname: Host of the account; `base_url` is its normal form.
        email: Login name of the API user.
        api_key: The API user's key.
        app_key: Sent as `X-APP-KEY` when set.
        branch_ids: Branches to ask one by one; none asks the branch-less paths.
        is_study: Partitions of `customers`.
        include_archived: Whether archived rows are read too.
        page_size: Rows asked for on a page.
        requests_per_second: Ceiling for all requests of the run.
        timezone: IANA zone of the account's wall-clock fields; None means UTC.
        token_ttl_seconds: Age in seconds at which a token is renewed.
        request_timeout_seconds: Seconds to wait for a connection or an answer.
        start_date: Lower bound for incremental streams.
        lookback_days: Days that an incremental run goes back behind its bookmark.
        detect_deletions: Whether full tables end in ACTIVATE_VERSION.
        max_in_flight: Requests that may be under way at once.
        user_agent: `User-Agent` header.
    """

    hostname: Text
    email: Text
    api_key: Text
    app_key: str | None = None
    branch_ids: tuple[Identifier, ...] | None = None
    is_study: Annotated[tuple[Kind, ...], msgspec.Meta(min_length=1)] = (0, 1, 2)
    include_archived: bool = True
    page_size: Count = 500
    requests_per_second: Positive = 5
    timezone: str | None = None
    token_ttl_seconds: Count = 780
    request_timeout_seconds: Positive = 60
    start_date: str | None = None
    lookback_days: Annotated[int, msgspec.Meta(ge=0)] = 2
    detect_deletions: bool = False
    max_in_flight: Annotated[int, msgspec.Meta(ge=1, le=64)] = 8
    user_agent: str | None = None

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Config:
        """Check a configuration and give it its types.

        Args:
            config: The tap's configuration; keys this class does not know are left alone.

        Returns:
            The settings.

        Raises:
            ConfigError: With one line that names the setting and says what is right.
        """
        missing = [name for name in CREDENTIALS if not config.get(name)]
        if missing:
            raise ConfigError(name=", ".join(missing), why="it is missing, and required")
        given = {key: value for key, value in config.items() if value is not None}
        try:
            settings = msgspec.convert(given, cls)
        except msgspec.ValidationError as error:
            reason, _, place = str(error).partition(" - at ")
            name = place.strip("`$.").removesuffix("[...]")
            raise ConfigError(name=name, why=reason[:1].lower() + reason[1:]) from None
        settings.check()
        return settings

    def check(self) -> None:
        """Check what the types alone cannot say.

        Raises:
            ConfigError: With one line that names the setting and says what is right.
        """
        _ = self.base_url, self.zone, self.start
        for name in ("app_key", "user_agent"):
            value = getattr(self, name)
            if value is not None and not (value.isprintable() and value.isascii()):
                raise ConfigError(name=name, why="a header can hold printable ASCII only")

    @property
    def start(self) -> dt.datetime | None:
        """`start_date` as a moment; a date without a zone is one in UTC.

        Raises:
            ConfigError: It is not a date.
        """
        if self.start_date is None:
            return None
        try:
            moment = dt.datetime.fromisoformat(self.start_date)
        except ValueError:
            why = f"{self.start_date!r} is not a date such as 2025-09-01"
            raise ConfigError(name="start_date", why=why) from None
        return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)

    @property
    def base_url(self) -> str:
        """`https://host[:port]`, without a trailing slash.

        Raises:
            ConfigError: The hostname is not a plain host.
        """
        text = self.hostname.strip()
        url = urlsplit(text if "://" in text else f"https://{text}")
        wrong = _wrong_host(text, url.scheme)
        if wrong is None:
            try:
                host, port = url.hostname, url.port
            except ValueError:
                wrong = "the port is not a number"
            else:
                if not host or " " in host:
                    wrong = "no host in it"
                elif url.username is not None or url.password is not None:
                    wrong = "credentials do not belong there (use email and api_key)"
                elif url.path not in {"", "/"} or url.query or url.fragment:
                    wrong = "a path or a query does not belong there"
                elif url.scheme == "http" and not _is_loopback(host):
                    wrong = "plain http is for loopback addresses only"
                else:
                    netloc = f"[{host}]" if ":" in host else host
                    return f"{url.scheme}://{netloc}" + (f":{port}" if port else "")
        why = f"{wrong}; give the host alone, such as demo.s20.online"
        raise ConfigError(name="hostname", why=why)

    @property
    def zone(self) -> dt.tzinfo:
        """Zone of the account's wall-clock fields.

        Raises:
            ConfigError: No such zone.
        """
        import pendulum  # noqa: PLC0415 - a tenth of a second that --help need not take

        try:
            return pendulum.timezone(self.timezone or "UTC")
        except (ValueError, OSError):
            why = f"{self.timezone!r} is not an IANA zone such as Europe/Kyiv or Asia/Almaty"
            raise ConfigError(name="timezone", why=why) from None


def _wrong_host(text: str, scheme: str) -> str | None:
    if scheme not in {"http", "https"}:
        return f"{scheme!r} is not https"
    if any(character.isspace() for character in text) or "\\" in text:
        return "it holds white space or a backslash"
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
