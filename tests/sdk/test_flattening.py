"""CSV cells: JSON without escapes of non-ASCII characters."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

import pytest
from singer_sdk.mapper import PluginMapper

from tap_alfacrm.sdk.flattening import ReadableFlattening, make_json_readable

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "teacher_ids": {"type": ["array", "null"], "items": {"type": ["integer", "string"]}},
        "streaming": {"type": ["boolean", "array", "null"]},
        "fields": {"type": ["object", "null"], "additionalProperties": True},
        "place": {
            "type": ["object", "null"],
            "properties": {
                "city": {"type": ["string", "null"]},
                "rooms": {"type": ["array", "null"], "items": {"type": "string"}},
            },
        },
        "note": {"type": ["string", "null"]},
    },
}


FLATTENING: Any = {"flattening_enabled": True, "flattening_max_depth": 1}


def flatten(record: dict[str, Any], **config: Any) -> dict[str, Any] | None:
    mapper = PluginMapper(
        plugin_config={**FLATTENING, **config},
        logger=logging.getLogger("test"),
    )
    mapper.register_raw_stream_schema("stream", SCHEMA, ["id"])
    make_json_readable(mapper)
    [stream_map] = mapper.stream_maps["stream"]
    return stream_map.transform(record)


@pytest.mark.parametrize(
    ("name", "value", "cell"),
    [
        ("teacher_ids", ["Іван Ко", 2], '["Іван Ко",2]'),
        ("teacher_ids", [], "[]"),
        ("teacher_ids", None, None),
        ("streaming", False, "false"),
        ("streaming", ["зум"], '["зум"]'),
        ("fields", {"дата": [Decimal("1.10")]}, '{"дата":[1.10]}'),
        ("note", "як є", "як є"),
    ],
)
def test_a_cell_holds_json_that_a_person_can_read(name: str, value: object, cell: object) -> None:
    record = flatten({"id": 1, name: value})
    assert record is not None
    assert record[name] == cell


def test_an_object_with_fields_becomes_columns() -> None:
    record = flatten({"id": 1, "place": {"city": "Київ", "rooms": ["Б"]}})
    assert record == {"id": 1, "place__city": "Київ", "place__rooms": '["Б"]'}


def test_custom_maps_see_the_real_values() -> None:
    maps = {"stream": {"first": "str(teacher_ids[0])", "__filter__": "id < 2"}}
    record = flatten({"id": 1, "teacher_ids": ["Я", "Ї"]}, stream_maps=maps)
    assert record is not None
    assert (record["first"], record["teacher_ids"]) == ("Я", '["Я","Ї"]')
    assert flatten({"id": 2, "teacher_ids": []}, stream_maps=maps) is None


@pytest.mark.parametrize(
    "config", [{"flattening_enabled": False}, {"stream_maps": {"stream": "__NULL__"}}]
)
def test_plain_values_are_not_flattened(config: dict[str, Any]) -> None:
    mapper = PluginMapper(
        plugin_config={**FLATTENING, **config},
        logger=logging.getLogger("test"),
    )
    mapper.register_raw_stream_schema("stream", SCHEMA, ["id"])
    before = mapper.stream_maps["stream"][0]
    make_json_readable(mapper)
    assert mapper.stream_maps["stream"] == [before]
    assert not isinstance(before, ReadableFlattening)
