"""Stream maps apply to selected streams, and their errors contain no personal data."""

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
from tests.command import write
from tests.conftest import config_for
from tests.test_cli import run
from tests.test_inputs import load, selecting

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
MISTAKES: dict[str, tuple[Any, str]] = {
    "a value that an expression cannot take": (
        {"customers": {"name": "int(name)"}},
        "an expression for customers fails on the value of a row with ValueError.",
    ),
    "a value that a filter cannot take": (
        {"customers": {"__filter__": "int(name) > 1"}},
        "an expression for customers fails on the value of a row with ValueError.",
    ),
    "a function that is not there": (
        {"customers": {"name": "nope(name)"}},
        "customers: Failed to evaluate simpleeval expressions nope(name).",
    ),
    "a column that a filter does not find": (
        {"customers": {"__filter__": "nope > 1"}},
        "customers: Failed to evaluate simpleeval expressions nope > 1.",
    ),
    "an expression that is none": (
        {"customers": {"name": "name +"}},
        "Failed to parse expression name +.",
    ),
    "an expression without an end": ({"customers": {"name": "(" * 5_000}}, "Failed to parse"),
    "a key that is not there": (
        {"customers": {"__key_properties__": ["nope"]}},
        "Invalid key properties for 'customers': [nope].",
    ),
    "a stream to remove": ({"customer": None}, "there is no stream customer."),
    "a column to remove": (
        {"customers": {"fone": "__NULL__"}},
        "customers has no column fone.",
    ),
    "a column of streams": ({"c*": {"fone": None}}, "c* has no column fone."),
    "columns of a stream": (
        {"customer": {"phone": "__NULL__"}},
        "there is no stream customer.",
    ),
    "a hash of a stream": ({"customer": {"phone": "md5(phone)"}}, "there is no stream customer."),
    "a filter of a stream": ({"customer": {"__filter__": "True"}}, "there is no stream customer."),
    "a source": (
        {"other": {"__source__": "customer", "phone": "sha256(phone)"}},
        "there is no stream customer.",
    ),
    "a hash of another name": (
        {"customers": {"fone": "md5(str(phone))"}},
        (
            "customers has no column fone, and phone would stay readable beside its hash (to keep "
            'both on purpose, map "phone": "phone" too).'
        ),
    ),
    "a map that is none": (
        {"customers": "x"},
        "the map of customers is no object and not __NULL__.",
    ),
    "a column that is none": (
        {"customers": {"name": ["x"]}},
        "the map of customers: name is no text.",
    ),
    "an empty expression": ({"customers": {"name": ""}}, "the map of customers: name is no text."),
    "a column without a name": (
        {"customers": {"": "id"}},
        "the map of customers: a column without",
    ),
    "an option that there is not": (
        {"customers": {"__nope__": "x"}},
        "the map of customers: __nope__ is no option.",
    ),
    "the rest of a stream": (
        {"customers": {"__else__": "x"}},
        "the map of customers: __else__ can be __NULL__ only.",
    ),
    "the rest of the streams": (
        {"__else__": "x"},
        "__else__ is no option, or not with this value.",
    ),
    "a key in a text": (
        {"customers": {"__key_properties__": "id"}},
        "the map of customers: Expected `array | null`, got `str` - at `$.__key_properties__`.",
    ),
}


@pytest.mark.parametrize(("maps", "why"), MISTAKES.values(), ids=MISTAKES)
@pytest.mark.parametrize("flattening", [{}, FLATTENING], ids=["as it is", "flattened"])
def test_a_mistake_in_a_map_ends_in_one_line_that_tells_nothing_about_people(
    tmp_path: Path, server: Server, maps: Any, why: str, flattening: Any
) -> None:
    catalog = write(tmp_path / "c.json", selecting("customers"))
    done = load(tmp_path, server, "--catalog", catalog, stream_maps=maps, **flattening)
    assert done.line.startswith(f"Setting stream_maps is wrong: {why}")
    assert not done.out.count("RECORD")
    people = {row["name"] for row in server.account.rows("customer")}
    assert not [name for name in people if name in done.log]


@pytest.mark.parametrize(
    ("maps", "told"),
    [
        ({"customer": {"first": "id"}}, ["there is no stream customer."]),
        ({"other": {"__source__": "customer", "x": "id"}}, ["there is no stream customer."]),
        ({"customers": {"first": "id"}}, []),
        ({"customers": {"phone_hash": "md5(str(phone))", "phone": None}}, []),
        ({"customers": {"phone_hash": "md5(str(phone))", "phone": "phone"}}, []),
        ({"customers": {"phone_hash": "md5(str(phone))", "id": "id", "__else__": None}}, []),
        ({"*": {"note": "__NULL__"}}, []),
        ({"rooms": {"nope": "__NULL__"}}, []),  # it is not selected
        ({"__else__": None, "customers": {}}, []),
    ],
    ids=str,
)
def test_a_map_that_hides_nothing_is_told(
    tmp_path: Path, server: Server, maps: Any, told: list[str]
) -> None:
    catalog = write(tmp_path / "c.json", selecting("customers"))
    done = load(tmp_path, server, "--catalog", catalog, stream_maps=maps)
    assert done.code == 0, done.log
    assert len(done.records("customers")) == len(server.account.rows("customer"))
    lines = [line for line in done.warnings() if "stream_maps" in line]
    assert lines == [f"Setting stream_maps: {line}" for line in told]


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


def test_internal_errors_log_no_personal_data(
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


def test_an_invalid_map_is_a_config_error(server: Server) -> None:
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
