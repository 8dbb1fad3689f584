"""Stream maps: they fit what is selected, and their mistakes tell nothing about people."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.helpers._catalog import get_selected_schema
from singer_sdk.mapper import PluginMapper

from tap_alfacrm import cli
from tap_alfacrm.errors import ConfigError
from tap_alfacrm.tap import TapAlfaCRM
from tests.conftest import config_for
from tests.test_cli import last_line, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from singer_sdk.singerlib import Catalog

    from simulator import Server
    from tests.conftest import Output

    Sync = Callable[..., Output]


def test_a_deselected_stream_may_have_a_map(tmp_path: Path, server: Server) -> None:
    maps = {
        "rooms": {"note": "__NULL__"},
        "customer_*": {"note": "__NULL__"},
        "customers": {"name": "md5(name)", "note": "__NULL__"},
    }
    catalog = TapAlfaCRM(config={}, validate_config=False).catalog_dict
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            item["metadata"]["selected"] = entry["stream"] == "customers"
    file = tmp_path / "selected.json"
    file.write_text(json.dumps(catalog))
    done = run(tmp_path, config_for(server, stream_maps=maps), "--catalog", str(file))
    assert done.returncode == 0, done.stderr
    records = [m for m in map(json.loads, done.stdout.splitlines()) if m["type"] == "RECORD"]
    assert {record["stream"] for record in records} == {"customers"}
    assert {len(record["record"]["name"]) for record in records} == {32}


def test_a_stream_that_is_selected_later_is_mapped_too(sync: Sync, server: Server) -> None:
    output = sync(
        server,
        streams=("customers", "customer_tariffs"),
        stream_maps={"customer_tariffs": {"note": "__NULL__"}},
    )
    assert output.records("customer_tariffs")
    assert not any("note" in record for record in output.records("customer_tariffs"))


FLATTENING = {"flattening_enabled": True, "flattening_max_depth": 1}
MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "a value that an expression cannot take": (
        {"customers": {"name": "int(name)"}},
        "customers fails on the value of a row with ValueError",
    ),
    "a function that is not there": ({"customers": {"name": "nope(name)"}}, "nope(name)"),
    "an expression that is none": ({"customers": {"name": "name +"}}, "name +"),
    "a key that is not there": ({"customers": {"__key_properties__": ["nope"]}}, "nope"),
}


@pytest.mark.parametrize(("maps", "why"), MISTAKES.values(), ids=MISTAKES)
@pytest.mark.parametrize("flattening", [{}, FLATTENING], ids=["as it is", "flattened"])
def test_a_mistake_in_a_map_ends_in_one_line_that_tells_nothing_about_people(
    tmp_path: Path, server: Server, maps: dict[str, Any], why: str, flattening: Any
) -> None:
    done = run(tmp_path, config_for(server, stream_maps=maps, **flattening))
    line = last_line(done)
    assert "Setting stream_maps is wrong: " in line
    assert why in line
    people = {row["name"] for row in server.account.rows("customer")}
    assert not [name for name in people if name in done.stderr]


def test_a_map_is_flattened_once(sync: Sync, server: Server) -> None:
    output = sync(
        server,
        streams=("customers",),
        stream_maps={"customers": {"first": "str(branch_ids[0])"}},
        **FLATTENING,
    )
    for record in output.records("customers"):
        ids = json.loads(record["branch_ids"])
        assert record["first"] == str(ids[0])


def test_what_is_no_mistake_of_the_user_keeps_people_out_of_the_log_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        name = "Тарас Бульба"
        raise RuntimeError(name)

    log = io.StringIO()
    monkeypatch.setattr(TapAlfaCRM, "cli", fail)
    monkeypatch.setattr(TapAlfaCRM.logger, "propagate", True)
    # one of its own, because the command ends with it in its hands
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.StreamHandler(log)])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    assert ended.value.code == 1
    assert "Тарас" not in log.getvalue()
    assert "test_stream_maps.py" in log.getvalue()
    assert "RuntimeError in the tap itself" in log.getvalue().splitlines()[-1]


def test_a_map_that_cannot_be_is_a_wrong_setting(server: Server) -> None:
    with pytest.raises(ConfigError, match="stream_maps is wrong: Failed to parse"):
        TapAlfaCRM(config=config_for(server, stream_maps={"customers": {"name": "("}}))


def register_as_singer_sdk_0_55_does(self: PluginMapper, catalog: Catalog) -> None:
    for entry in catalog.streams:
        schema, mask = entry.schema.to_dict(), entry.metadata.resolve_selection()
        name = entry.stream or entry.tap_stream_id
        if mask[()]:
            schema = get_selected_schema(name, schema, mask)
        self.register_raw_stream_schema(name, schema, entry.key_properties)


def test_a_deselected_stream_may_have_a_map_with_the_next_sdk_too(
    sync: Sync, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        PluginMapper, "register_raw_streams_from_catalog", register_as_singer_sdk_0_55_does
    )
    maps = {"rooms": {"note": "__NULL__"}, "customers": {"name": "md5(name)"}}
    output = sync(server, streams=("customers",), stream_maps=maps)
    assert {len(record["name"]) for record in output.records("customers")} == {32}
