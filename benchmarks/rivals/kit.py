"""Shared code of the compared programs: the base URL and the lists to read."""

from __future__ import annotations

import os
import sys
import time

URL = sys.argv[1]
SIZE = int(sys.argv[2])
LOGIN = {"email": "demo@example.org", "api_key": "00000000-0000-4000-8000-000000000000"}
ENTITY = os.environ.get("ENTITY", "customer")
LISTS = {
    "customer": [{"is_study": kind, "removed": removed} for kind in (0, 1) for removed in (0, 2)],
    "lesson": [{"status": status} for status in (1, 2, 3)],
    "regular-lesson": [{}],
}[ENTITY]
LIST_URL = f"{URL}/v2api/{ENTITY}/index"
PAUSE = float(os.environ.get("PAUSE", "0"))
"""Seconds between requests, if the account has a rate limit."""

_last = 0.0


def pace() -> None:
    """Wait until the next request is permitted, as a script written for the limit does."""
    global _last
    time.sleep(max(0.0, _last + PAUSE - time.monotonic()))
    _last = time.monotonic()


pace()  # the login
