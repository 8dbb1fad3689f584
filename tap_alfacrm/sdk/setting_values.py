"""Parsing of settings whose values have a format of their own."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from tap_alfacrm.errors import ConfigError

MAX_PORT = 65535
EARLIEST_YEAR = 1900
"""Earlier dates are typing errors, and leave no room for arithmetic."""
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


def parse_hostname(hostname: str) -> str:
    """Turn a hostname, with or without a scheme and a port, into `https://host[:port]`.

    Args:
        hostname: As it was given.

    Raises:
        ConfigError: It is not a plain host.
    """
    text = hostname.strip()
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        wrong: str | None = "it holds a bracket"
    else:
        wrong = _wrong_host(text, url)
        if wrong is None:
            host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
            return f"{url.scheme}://{host}" + (f":{url.port}" if url.port else "")
    why = f"{wrong}; give the host alone, such as demo.s20.online"
    raise ConfigError(name="hostname", why=why)


def _wrong_host(text: str, url: SplitResult) -> str | None:
    if url.scheme not in {"http", "https"}:
        return f"{url.scheme!r} is not https"
    try:
        has_host, _ = bool(url.hostname), url.port
    except ValueError:
        return f"the port is not a number up to {MAX_PORT}"
    problems = {
        "it holds white space or a backslash": "\\" in text or len(text.split()) > 1,
        "no host in it": not has_host,
        "credentials do not belong there (use email and api_key)": "@" in url.netloc,
        "a path or a query does not belong there": url.path.strip("/") or url.query or url.fragment,
        "it is no name of a host": not _is_host(url.hostname or ""),
        "plain http is for loopback addresses only": url.scheme == "http"
        and not _is_loopback(url.hostname or ""),
    }
    return next((problem for problem, applies in problems.items() if applies), None)


def _is_host(host: str) -> bool:
    if _address(host) is not None:
        return True
    try:
        name = host.encode("idna").decode()
    except UnicodeError:  # a part of it is empty or too long
        return False
    return all(map(_LABEL.fullmatch, name.split(".")))


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def parse_start_date(text: str | None) -> dt.datetime | None:
    """Parse `start_date`; a date without a zone is one in UTC.

    Args:
        text: As it was given.

    Raises:
        ConfigError: It is not a date.
    """
    if text is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        why = f"{text!r} is not a date such as 2025-09-01"
        raise ConfigError(name="start_date", why=why) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    if moment.year < EARLIEST_YEAR:
        why = f"it lies before {EARLIEST_YEAR}; leave it out to load everything"
        raise ConfigError(name="start_date", why=why)
    if moment > dt.datetime.now(dt.UTC) + dt.timedelta(days=1):
        raise ConfigError(name="start_date", why="it lies in the future; nothing would be loaded")
    return moment


def parse_timezone(name: str | None) -> dt.tzinfo:
    """Return the time zone of a name, None for UTC.

    Args:
        name: As it was given.

    Raises:
        ConfigError: There is no such zone.
    """
    import pendulum  # noqa: PLC0415 - a tenth of a second that --help need not take

    try:
        return pendulum.timezone(name or "UTC")
    except (ValueError, OSError):
        why = f"{name!r} is not an IANA zone such as Europe/Kyiv or Asia/Almaty"
        raise ConfigError(name="timezone", why=why) from None


def check_text(name: str, text: str, *, has_spaces: bool) -> None:
    """Check a text without quotation marks.

    Args:
        name: Name of the setting.
        text: Its value.
        has_spaces: Whether white space may be in it.

    Raises:
        ConfigError: It is not such a text.
    """
    if text[:1] in {"'", '"'}:
        raise ConfigError(name=name, why="it is in quotation marks; give it without them")
    if len(text.split()) > 1 and not has_spaces:
        raise ConfigError(name=name, why="it holds white space")


def check_header(name: str, text: str) -> None:
    """Check a text that is sent in a header.

    Args:
        name: Name of the setting.
        text: Its value.

    Raises:
        ConfigError: No header can hold it.
    """
    if not (text.isprintable() and text.isascii()):
        raise ConfigError(name=name, why="a header can hold printable ASCII only")
