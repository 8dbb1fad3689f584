"""Overrides of SDK internals, and when they are not used."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk import Stream
from singer_sdk.mapper import SameRecordTransform

from simulator import Account, Quirks, serve
from tap_alfacrm.sdk.page_stream import PageStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator import Server
    from tests.conftest import Output

    Sync = Callable[..., Output]


def without_times(output: Output) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in message.items() if key != "time_extracted"}
        for message in output.messages
    ]


@pytest.mark.parametrize("quirk", [{}, {"junk_share": 0.2}, {"late_custom_field": True}], ids=str)
def test_writing_by_page_is_writing_by_record(
    sync: Sync, account: Account, monkeypatch: pytest.MonkeyPatch, quirk: dict[str, Any]
) -> None:
    with serve(account, Quirks(**quirk)) as server:
        by_page = sync(server, page_size=20)
        monkeypatch.setattr(PageStream, "can_write_pages", False)
        by_record = sync(server, page_size=20)
    assert without_times(by_page) == without_times(by_record)


@pytest.mark.parametrize("max_in_flight", [1, 8])
def test_a_field_deselected_within_a_field_is_left_out(
    sync: Sync, account: Account, server: Server, max_in_flight: int
) -> None:
    from tap_alfacrm.tap import TapAlfaCRM  # noqa: PLC0415
    from tests.conftest import config_for  # noqa: PLC0415

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
    from tap_alfacrm.tap import TapAlfaCRM  # noqa: PLC0415
    from tests.conftest import config_for  # noqa: PLC0415

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


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("_sync_records", ["self", "context", "write_messages"]),
        ("_write_starting_replication_value", ["self", "context"]),
        ("_finalize_state", ["self", "state"]),
        ("_write_state_message", ["self"]),
        ("_increment_stream_state", ["self", "latest_record", "context"]),
        ("_write_activate_version_message", ["self", "full_table_version"]),
    ],
)
def test_the_sdk_still_has_what_is_relied_on(name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(Stream, name)).parameters) == parameters


def test_the_sdk_still_syncs_as_the_override_does() -> None:
    """Each step of the SDK's loop that the override omits must have no effect here."""
    source = inspect.getsource(Stream._sync_records)
    for step in (
        "self.get_record_counter()",
        "self.get_sync_timer()",
        "self._write_starting_replication_value(current_context)",
        "self._check_max_record_limit(",
        "self.post_process(record, current_context)",
        "self._process_record(",
        "self._write_record_message(record)",
        "self._increment_stream_state(record, context=current_context)",
        "self.STATE_MSG_FREQUENCY",
        "self._finalize_state(state)",
        "self._finalize_state(self.stream_state)",
    ):
        assert source.count(step) == 1, step
    assert source.count("self._write_state_message()") == 2
    assert source.count("self.") == 20
    assert SameRecordTransform.__mro__[1].__name__ == "DefaultStreamMap"
