"""Requests of a first load and of the nights after it in which nothing changes."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
from typing import Any
from unittest import mock

from simulator import Account, Quirks, serve
from tap_alfacrm.tap import TapAlfaCRM

FIRST = dt.datetime(2026, 3, 2, 1, 30, tzinfo=dt.UTC)
WEEK = 7
"""Days of which each is a night; with `child_refresh_days` it matters which day it is."""


def nights(child_refresh_days: int) -> list[int]:
    """Load the demo account, all streams that are selected by default, and again each night.

    Args:
        child_refresh_days: The setting.

    Returns:
        Data requests of the first load, and of each night of a week.
    """
    requests, state = [], None
    with serve(Account.demo(), Quirks(rate_limit=None), is_prepared=True) as server:
        config = {
            "hostname": server.url,
            "email": server.email,
            "api_key": server.api_key,
            "timezone": "Europe/Kyiv",
            "requests_per_second": 100_000,
            "child_refresh_days": child_refresh_days,
        }
        catalog = TapAlfaCRM(config=config).catalog_dict
        for day in range(WEEK + 1):
            moment = FIRST + dt.timedelta(days=day)
            before = len(server.data_requests)
            with mock.patch("tap_alfacrm.streams.run.utc_now", return_value=moment):
                state = _load(config, catalog, state)
            requests.append(len(server.data_requests) - before)
            print(f"child_refresh_days {child_refresh_days}, day {day}: {requests[-1]} requests")
    return requests


def _load(config: dict[str, Any], catalog: dict[str, Any], state: object) -> object:
    """Run the tap; returns its last state."""
    output = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(output, write_through=True)):
        copies = json.loads(json.dumps([config, catalog, state]))
        TapAlfaCRM(config=copies[0], catalog=copies[1], state=copies[2]).sync_all()
    messages = map(json.loads, output.getvalue().splitlines())
    return [message["value"] for message in messages if message["type"] == "STATE"][-1]
