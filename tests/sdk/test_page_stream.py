"""Overrides of SDK internals, and when they are not used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Quirks, serve
from tap_alfacrm.sdk.page_stream import PageStream
from tap_alfacrm.tap import TapAlfaCRM
from tests.conftest import config_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator import Server
    from tests.conftest import Output

    Sync = Callable[..., Output]


def what_a_target_does(output: Output) -> list[dict[str, Any]]:
    """The messages without their time, and without states that say nothing new."""
    found: list[dict[str, Any]] = []
    last: Any = {}
    for message in output.messages:
        if message["type"] == "STATE":
            value = bookmarks(message["value"])
            if value == last:
                continue
            message = {**message, "value": value}  # noqa: PLW2901 - compared without its value
            last = value
        found.append({**message, "time_extracted": None})
    return found


def bookmarks(state: dict[str, Any]) -> dict[str, Any]:
    """Without the empty ones of full tables, which singer-sdk 0.55 writes no more."""
    empty = {"context", "partitions", "replication_key_signpost"}
    found = {}
    for name, stream in state.get("bookmarks", {}).items():
        partitions = [one for one in stream.get("partitions", []) if one.keys() - empty]
        if partitions or stream.keys() - empty:
            found[name] = {**stream, "partitions": partitions}
    return found


@pytest.mark.parametrize("quirk", [{}, {"junk_share": 0.2}, {"late_custom_field": True}], ids=str)
def test_writing_by_page_is_writing_by_record(
    sync: Sync, account: Account, monkeypatch: pytest.MonkeyPatch, quirk: dict[str, Any]
) -> None:
    with serve(account, Quirks(**quirk)) as server:
        by_page = sync(server, page_size=20)
        monkeypatch.setattr(PageStream, "can_write_pages", False)
        by_record = sync(server, page_size=20)
    assert what_a_target_does(by_page) == what_a_target_does(by_record)


@pytest.mark.parametrize("max_in_flight", [1, 8])
def test_a_field_deselected_within_a_field_is_left_out(
    sync: Sync, account: Account, server: Server, max_in_flight: int
) -> None:
    account.insert("log", fields_new={"name": "Олена", "balance": "1.00"})
    catalog = TapAlfaCRM(config=config_for(server)).catalog_dict
    for entry in catalog["streams"]:
        entry["metadata"][0]["metadata"]["selected"] = entry["stream"] == "logs"
        nested = {"breadcrumb": ["properties", "fields_new", "properties", "name"]}
        entry["metadata"].append({**nested, "metadata": {"selected": False}})
    output = sync(server, catalog=catalog, max_in_flight=max_in_flight)
    fields = [record["fields_new"] for record in output.records("logs") if record["fields_new"]]
    assert any("balance" in field for field in fields)
    assert not any("name" in field for field in fields)


def test_the_lines_are_those_that_the_sdk_writes(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = []
    with serve(account) as server:
        for untouched in (True, False):
            tap = TapAlfaCRM(config=config_for(server))
            for name, stream in tap.streams.items():
                stream.selected = name == "branches"
            if not untouched:
                monkeypatch.setattr(PageStream, "can_write_pages", False)
            tap.sync_all()
            lines = capsys.readouterr().out.split("\n")
            moments = {json.loads(line)["time_extracted"] for line in lines if "RECORD" in line}
            texts.append("\n".join(lines))
            for moment in moments:
                texts[-1] = texts[-1].replace(moment, "")
    assert texts[0] == texts[1]
