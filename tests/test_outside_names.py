"""A name that the server sends cannot forge a line, show a person or take the memory."""

from __future__ import annotations

import logging
import re
import tracemalloc
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from simulator import Account, Fault, serve
from tap_alfacrm.client.client import Client
from tap_alfacrm.client.request import ListRequest
from tap_alfacrm.config import Config
from tap_alfacrm.formatting import list_names, may_be_column, show_field_name
from tap_alfacrm.records.converter import Converter
from tap_alfacrm.tap import TapAlfaCRM
from tests.conftest import config_for, shorten_waits

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Output

    Sync = Callable[..., Output]

FORGED = (
    "x\n2026-01-01 00:00:00,000 | INFO     | tap-alfacrm.customers          | customers: COMPLETE."
)
HOSTILE = [
    FORGED,
    FORGED.replace("\n", "\r\n"),
    FORGED.replace("\n", "\u2028"),
    "\x1b[2K\x1b[1Aerased",
    "\x9b31mred",
    "right\u202eleft",
    "Ганна Стеценко",
    "Ганна",
    "Hanna Stetsenko",
    "Hanna",
    "hanna@example.org",
    "+38(050)822-03-48",
    "custom_hanna@example.org",
    "custom_0508220348",
    "050 822 03 48",
    "n" * 5_000,
    "",
]
OWN = ["messenger_ids", "avatarUrl", "custom_level", "custom_Вік дитини", "custom_a\nb"]


@pytest.mark.parametrize("name", [*HOSTILE, *OWN], ids=ascii)
def test_a_name_is_shown_on_one_short_line(name: str) -> None:
    shown = show_field_name(name)
    assert re.fullmatch(r"[\w.() ,-]{1,64}", shown, re.ASCII)
    if name in HOSTILE:
        assert re.fullmatch(r"\(a name of [\d,]+ characters?\)", shown)
        assert not may_be_column(name)
    else:
        assert may_be_column(name)


def test_a_list_of_names_is_cut() -> None:
    names = [f"custom_{n:03}" for n in range(1_000)]
    listed = list_names(names)
    assert listed.startswith("custom_000, custom_001, ")
    assert listed.endswith("custom_049 and 950 more")
    assert list_names(["b", "a"]) == "a, b"


@pytest.mark.parametrize("with_old_catalog", [True, False])
def test_hostile_names_reach_neither_the_log_nor_the_catalog(
    sync: Sync, *, with_old_catalog: bool
) -> None:
    account = Account.build(leads=3, clients=2)
    config: dict[str, Any] = {}
    if with_old_catalog:
        with serve(account) as server:
            config = {"catalog": TapAlfaCRM(config=config_for(server)).catalog_dict}
    for card in account.customer_ids():
        account.update("customer", card, **dict.fromkeys([*HOSTILE, *OWN], "1"))
    with serve(account) as server:
        output = sync(server, streams=("customers",), **config)
        catalog = str(TapAlfaCRM(config=config_for(server)).catalog_dict)
    lines = output.lines()
    assert len(output.records("customers")) == len(account.customer_ids())
    assert not [line for line in lines if not line.isprintable()]
    pieces = ("\x1b", "\x9b", "erased", "Ганна", "Hanna", "hanna", "822", "nnnnnn")
    for piece in pieces:
        assert piece not in "".join(lines)
        assert piece not in catalog
    [others] = [line for line in lines if "look like data" in line]
    assert "(a name of 5,000 characters) (string)" in others
    own = [line for line in lines if "Refresh the catalog" in line]
    assert len(own) == with_old_catalog
    assert all("messenger_ids (string)" in line for line in own)


def test_a_new_field_in_every_row_takes_little_memory() -> None:
    converter = Converter({"properties": {"id": {"type": "integer"}}}, ZoneInfo("UTC"))
    tracemalloc.start()
    try:
        for n in range(30_000):
            converter({"id": n, f"field_{n}": 1, f"{n:x} Ганна {'x' * (n % 500)}": 1})
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 1_000_000


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", "0"),
        ("Mon, 01 Jan 2024 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 GMT"),
        ("Hanna Stetsenko", "(no time)"),
        ("\x9b31m", "(no time)"),
    ],
)
def test_a_header_that_a_report_lists_is_shown_only_if_it_is_a_time(
    monkeypatch: pytest.MonkeyPatch, account: Account, value: str, shown: str
) -> None:
    shorten_waits(monkeypatch)
    with serve(account, faults=[Fault("status", status=503, retry_after=value)]) as server:
        config = Config.from_config(config_for(server))
        client = Client(config, logging.getLogger("tap-alfacrm"))
        client.fetch(ListRequest("/v2api/branch/index"))
    assert client.stats.retry_after == {shown}
