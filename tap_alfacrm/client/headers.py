"""Parsing of response headers."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

if TYPE_CHECKING:
    import requests

_RETRY_AFTER = re.compile(r"\d{1,9}|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT", re.ASCII)
"""What may be shown of a header that a report lists."""


def retry_after_seconds(response: requests.Response) -> float:
    """Return the wait in seconds that the server requests, 0 if none."""
    try:
        return Retry().parse_retry_after(response.headers.get("Retry-After", "0"))
    except (InvalidHeader, ValueError, OverflowError):  # also a year that no calendar has
        return 0.0


def shown_retry_after(response: requests.Response) -> str | None:
    """Return `Retry-After` for a report, which shows nothing but times."""
    value = response.headers.get("Retry-After")
    return value if value is None or _RETRY_AFTER.fullmatch(value) else "(no time)"


def requested_at(response: requests.Response) -> str | None:
    """Return the server's clock at the request; rows can be created while it responds."""
    try:
        moment = parsedate_to_datetime(response.headers["Date"]) - response.elapsed
    except (KeyError, ValueError, OverflowError):
        return None
    return f"{moment:%Y-%m-%d %H:%M:%S}"
