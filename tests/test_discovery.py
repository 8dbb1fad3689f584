"""The catalog: standard fields, fields of the account, and the user's selection."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Quirks, serve
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.tap import STREAMS, TapAlfaCRM
from tests.conftest import config_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from syrupy.assertion import SnapshotAssertion

    from simulator import Server
    from tests.conftest import Output

    Sync = Callable[..., Output]


def test_the_catalog_matches_the_snapshot(snapshot: SnapshotAssertion) -> None:
    """Changes of schemas must be visible in review: `pytest --snapshot-update` accepts them."""
    assert TapAlfaCRM(config={}, validate_config=False).catalog_dict == snapshot


def test_the_account_s_own_fields_are_added(account: Account, server: Server) -> None:
    catalog = TapAlfaCRM(config=config_for(server)).catalog_dict
    assert [r.entity for r in server.data_requests].count("customer") == 1
    [entry] = [entry for entry in catalog["streams"] if entry["stream"] == "customers"]
    properties = entry["schema"]["properties"]
    own = {name for name in account.rows("customer")[0] if name.startswith("custom_")}
    assert len(own) == 9
    assert own < set(properties)
    assert set(standard_schema("customers")["properties"]) < set(properties)
    assert properties["custom_interests"]["type"] == ["array", "null"]
    assert all(properties[name]["description"] for name in properties)


def test_a_catalog_that_is_given_is_obeyed(sync: Sync, server: Server) -> None:
    catalog = TapAlfaCRM(config=config_for(server)).catalog_dict
    before = len(server.data_requests)
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if item["breadcrumb"] == []:
                item["metadata"]["selected"] = entry["stream"] in {"branches", "customers"}
            elif item["breadcrumb"][1] in {"phone", "custom_age"}:
                item["metadata"]["selected"] = False
    output = sync(server, catalog=catalog, max_in_flight=1)
    assert server.data_requests[before].entity == "branch"  # no discovery again
    assert not output.records("lead_statuses")
    [record, *_] = output.records("customers")
    assert "custom_channels" in record
    assert not {"phone", "custom_age"} & set(record)
    assert len(output.ids()) == 160


def test_stream_maps_and_flattening_work(sync: Sync, server: Server) -> None:
    output = sync(
        server,
        stream_maps={"customers": {"name": "md5(name)", "phone": "__NULL__"}},
        flattening_enabled=True,
        flattening_max_depth=1,
    )
    for record in output.records("customers"):
        assert len(record["name"]) == 32
        assert "phone" not in record
        assert isinstance(record["branch_ids"], str)
        assert "\\u" not in "".join(v for v in record.values() if isinstance(v, str))
    assert len(output.ids()) == 160


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_every_field_of_every_schema_is_described_and_may_be_null(stream: Any) -> None:
    schema = standard_schema(stream.name)
    assert set(stream.primary_keys) == set(schema["required"])
    for name, field in schema["properties"].items():
        assert field["description"].strip().endswith((".", ")")), name
        types = field["type"]
        assert types == "integer" if name in schema["required"] else "null" in types, name


def test_an_account_that_wants_its_branches_named_is_discovered_too(account: Account) -> None:
    quirks = Quirks(needs_branch=frozenset({"customer"}))
    with serve(account, quirks) as server:
        catalog = TapAlfaCRM(config=config_for(server)).catalog_dict
    [entry] = [entry for entry in catalog["streams"] if entry["stream"] == "customers"]
    assert "custom_age" in entry["schema"]["properties"]


def every_property(schema: dict[str, Any], name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each property of a schema and of what is inside of it."""
    if name:
        yield name, schema
    for key, inner in schema.get("properties", {}).items():
        yield from every_property(inner, f"{name}.{key}".strip("."))
    if items := schema.get("items"):
        yield from every_property(items, f"{name}[]")


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_every_column_has_one_type_and_a_name_of_its_own(stream: Any) -> None:
    schema = standard_schema(stream.name)
    columns = [*schema["properties"]]
    assert columns
    # some loaders write avatarUrl as avatar_url, others compare without case
    assert all(re.fullmatch(r"[a-z_][a-z0-9_]*", name) for name in columns)
    assert len({name.replace("_", "") for name in columns}) == len(columns)
    for name, inner in every_property(schema):
        types = inner["type"] if isinstance(inner["type"], list) else [inner["type"]]
        # an array of ids and names comes as one of names: records hold one type
        assert len({*types} - {"null"}) == 1 or name == "teacher_ids[]", name


@pytest.mark.parametrize("key", ["avatar_url", "avatarUrl"])
def test_a_field_of_two_names_fills_one_column(sync: Sync, key: Any) -> None:
    account = Account.build(teachers=9)
    truth = {row["id"]: row["avatar_url"] for row in account.rows("teacher")}
    assert any(truth.values())
    with serve(account, Quirks(avatar_key=key)) as server:
        output = sync(server, streams=("teachers",))
    found = {card: record["avatar_url"] for card, record in output.final("teachers").items()}
    assert found == truth
    assert "avatarUrl" not in output.records("teachers")[0]
    assert not output.warnings()


def test_a_catalog_that_has_both_names_loads_one(sync: Sync) -> None:
    """A catalog of an earlier version has a column for each."""
    account = Account.build(teachers=9)
    catalog = TapAlfaCRM(config={}, validate_config=False).catalog_dict
    [entry] = [entry for entry in catalog["streams"] if entry["stream"] == "teachers"]
    entry["schema"]["properties"]["avatarUrl"] = {"type": ["string", "null"]}
    with serve(account, Quirks(avatar_key="avatarUrl")) as server:
        output = sync(server, streams=("teachers",), catalog=catalog)
    truth = {row["id"]: row["avatar_url"] for row in account.rows("teacher")}
    assert {i: r["avatar_url"] for i, r in output.final("teachers").items()} == truth


@pytest.mark.parametrize("kind", ["boolean", "mixed"])
def test_streaming_is_an_array_or_null(sync: Sync, kind: Any) -> None:
    account = Account.build(lessons=40)
    with serve(account, Quirks(lesson_streaming=kind)) as server:
        output = sync(server, streams=("lessons",))
    found = [record["streaming"] for record in output.records("lessons")]
    assert found.count(None) == len([one for one in found if not isinstance(one, list)]) > 0
    assert any(found) == (kind == "mixed")
    assert not output.warnings()
