"""The catalog: standard fields, fields of the account, and the user's selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Quirks, serve
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.tap import STREAMS, TapAlfaCRM
from tests.conftest import config_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from syrupy.assertion import SnapshotAssertion

    from simulator import Server
    from tests.conftest import Output

    Sync = Callable[..., Output]


def test_the_catalog_matches_the_snapshot(snapshot: SnapshotAssertion) -> None:
    """Changes of schemas must be visible in review: `pytest --snapshot-update` accepts them."""
    assert TapAlfaCRM(config={}, validate_config=False).catalog_dict == snapshot


def test_the_account_s_own_fields_are_added(account: Account, server: Server) -> None:
    catalog = TapAlfaCRM(config=config_for(server)).catalog_dict
    assert len(server.data_requests) <= 4
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
