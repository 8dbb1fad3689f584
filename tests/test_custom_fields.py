"""Every field of an account arrives, whatever list it is in and whatever its values are."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Fault, Quirks, serve
from tap_alfacrm.discovery import MAX_COLUMNS, MAX_REQUESTS
from tap_alfacrm.streams.child import ChildStream
from tap_alfacrm.tap import STREAMS, TapAlfaCRM
from tests.conftest import config_for, shorten_waits

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator import Server
    from tests.conftest import Output

    Sync = Callable[..., Output]

SAMPLED = tuple(stream for stream in STREAMS if not issubclass(stream, ChildStream))
NAMES = tuple(stream.name for stream in SAMPLED)
VALUES: dict[str, list[Any]] = {
    "custom_text": ["a", "", None],
    "custom_number": [5, 1.5, None],
    "custom_flag": [True, False],
    "custom_number_or_text": [90, "ninety"],
    "custom_object": [{"a": [1, {"б": None}]}, {}],
    "custom_list_of_numbers": [[1, 2], [], None],
    "custom_list_of_texts": [["a"], ""],
    "custom_list_of_both": [[1, "a"], [True]],
    "custom_list_of_objects": [[{"a": 1}]],
    "custom_list_or_text": [["a"], "b"],
    "custom_nothing": [None, ""],
}
WANTED: dict[str, tuple[Any, list[Any]]] = {
    "custom_text": ("string", ["a", "", None]),
    "custom_number": ("string", ["5", "1.5", None]),
    "custom_flag": ("string", ["true", "false"]),
    "custom_number_or_text": ("string", ["90", "ninety"]),
    "custom_object": ("string", ['{"a": [1, {"б": null}]}', "{}"]),
    "custom_list_of_numbers": (["integer"], [[1, 2], [], None]),
    "custom_list_of_texts": (["string"], [["a"], None]),
    "custom_list_of_both": (["string"], [["1", "a"], ["true"]]),
    "custom_list_of_objects": (["string"], [['{"a": 1}']]),
    "custom_list_or_text": ("string", ['["a"]', "b"]),
    "custom_nothing": ("string", [None, ""]),
}


def table_of(stream: Any) -> str:
    return str(stream.entity + stream.actions[0].replace("/index", ""))


def columns_of(catalog: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["stream"]: entry["schema"]["properties"] for entry in catalog["streams"]}


def discover(server: Server, **config: Any) -> dict[str, dict[str, Any]]:
    return columns_of(TapAlfaCRM(config=config_for(server, **config)).catalog_dict)


@pytest.fixture
def account() -> Account:
    account = Account.build(leads=9, clients=9, archived_leads=4, archived_clients=4)
    for stream in SAMPLED:
        for row in account.rows(table_of(stream)):
            account.update(table_of(stream), row["id"], custom_own=f"own {row['id']}", newer_id=7)
    return account


@pytest.mark.parametrize("in_flight", [1, 8])
@pytest.mark.parametrize(
    "quirks",
    [
        {},
        {"bare_messages": True},
        {
            "needs_branch": frozenset(
                stream.entity for stream in SAMPLED if stream.entity != "branch"
            )
        },
        {"needs_branch": frozenset({"customer", "lesson"}), "needs_branch_status": 404},
    ],
    ids=["plain", "bare messages", "branch in every path", "branch in some paths"],
)
def test_the_own_fields_of_every_list_arrive(
    sync: Sync, account: Account, quirks: Any, in_flight: int
) -> None:
    with serve(account, Quirks(**quirks)) as server:
        output = sync(
            server, streams=NAMES, samples=NAMES + ("more",) * 99, max_in_flight=in_flight
        )
    for stream in SAMPLED:
        records = output.records(stream.name)
        assert records
        for record in records:
            assert record["custom_own"] == f"own {record['id']}", stream.name
            assert record["newer_id"] == 7
    assert not [line for line in output.warnings() if "catalog" in line]


@pytest.mark.parametrize("in_flight", [1, 8])
def test_what_discovery_has_requested_is_not_requested_again(
    sync: Sync, account: Account, in_flight: int
) -> None:
    with serve(account) as server:
        samples = NAMES + ("more",) * 99
        output = sync(server, streams=NAMES, samples=samples, max_in_flight=in_flight)
        asked = Counter((r.path, json.dumps(r.body, sort_keys=True)) for r in server.data_requests)
    assert [question for question, times in asked.items() if times > 1] == []
    for name in NAMES:
        assert output.verdict(name).startswith(f"{name}: COMPLETE"), name


def test_an_old_page_of_many_is_requested_again(
    sync: Sync, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_alfacrm.client.kept.MAX_FIRST_PAGE_AGE", 0)
    with serve(account) as server:
        sync(server, streams=("regular_lessons", "rooms"), samples=NAMES, page_size=5)
        asked = Counter(r.entity for r in server.data_requests if r.body.get("page") == 0)
    assert len(account.rows("regular-lesson")) > 5 >= len(account.rows("study-status"))
    assert asked["regular-lesson"] == 2


def test_a_discovery_takes_ten_seconds_at_most(account: Account) -> None:
    """At the allowed five requests a second; their waits overlap."""
    with serve(account, Quirks(latency_seconds=0.2)) as server:
        discover(server, page_size=5)
        requests = sorted(server.data_requests, key=attrgetter("arrived"))
    assert len(requests) <= MAX_REQUESTS < 5 * 9
    overlapping = sum(later.arrived < (one.answered or 0) for one, later in pairwise(requests))
    assert overlapping >= len(requests) // 4  # one after another, none would


@pytest.mark.parametrize("position", [0, -1])
def test_a_field_of_the_newest_or_the_oldest_rows_is_found(account: Account, position: int) -> None:
    ids = sorted(row["id"] for row in account.rows("regular-lesson"))
    assert len(ids) > 7
    account.update("regular-lesson", ids[position], custom_rare="x")
    with serve(account) as server:
        columns = discover(server, page_size=7)
    assert "custom_rare" in columns["regular_lessons"]


def test_another_branch_is_sampled_where_the_first_has_no_row(account: Account) -> None:
    for row in account.rows("pay"):
        account.update("pay", row["id"], branch_id=3)
    with serve(account) as server:
        columns = discover(server)
    assert "custom_own" in columns["pays"]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_list_that_cannot_be_sampled_does_not_stop_discovery(
    monkeypatch: pytest.MonkeyPatch, account: Account, status: int
) -> None:
    shorten_waits(monkeypatch)
    fault = Fault("status", at=lambda r: r.entity == "log", status=status, times=99)
    with serve(account, faults=[fault]) as server:
        columns = discover(server)
    assert "custom_own" not in columns["logs"]
    assert all("custom_own" in columns[name] for name in NAMES if name != "logs")


@pytest.mark.parametrize("fields", [WANTED, {"custom_x": None}], ids=["each", "one"])
def test_no_value_of_a_custom_field_is_lost(
    sync: Sync, account: Account, fields: dict[str, Any]
) -> None:
    cards = sorted(account.customer_ids())
    for name, values in VALUES.items() if "custom_x" not in fields else ():
        for card, value in zip(cards, values, strict=False):
            account.update("customer", card, **{name: value})
    if "custom_x" in fields:  # seen as text, and anything later
        later = [value for values in VALUES.values() for value in values]
        for card, value in zip(cards, later, strict=False):
            account.update("customer", card, custom_x=value)
    with serve(account) as server:
        output = sync(server, streams=("customers",))
    [schema] = [m["schema"] for m in output.messages if m["type"] == "SCHEMA"]
    final = output.final()
    for name, wanted in fields.items():
        column = schema["properties"][name]
        if wanted is None:
            assert column["type"] == ["string", "null"]
            assert [
                card for card, value in zip(cards, later, strict=False)
                if (final[card][name] is None) != (value is None)
            ] == []  # fmt: skip
            continue
        type_, values = wanted
        if isinstance(type_, list):
            assert column["type"] == ["array", "null"]
            assert column["items"]["type"] == [*type_, "null"]
        else:
            assert column["type"] == [type_, "null"]
        found = [final[card][name] for card in cards[: len(values)]]
        assert json.dumps(found, default=str) == json.dumps(values), name
    assert not [line for line in output.warnings() if "became null" in line]


def test_an_account_has_no_endless_columns(account: Account, caplog: Any) -> None:
    many = {f"field_x{n}": 1 for n in range(MAX_COLUMNS)}
    account.update("customer", min(account.customer_ids()), **many)
    with serve(account) as server:
        columns = discover(server)["customers"]
    assert len([name for name in columns if name.startswith(("field_x", "custom_"))]) == MAX_COLUMNS
    assert "custom_own" in columns
    assert any("of its own" in line for line in caplog.messages)


def test_a_field_that_is_declared_is_loaded(sync: Sync, account: Account) -> None:
    """What the log advises where no sample can show a field, such as the lists of a parent."""
    for row in account.rows("cgi"):
        account.update("cgi", row["id"], custom_own="own")
    with serve(account) as server:
        catalog = TapAlfaCRM(config=config_for(server)).catalog_dict
        [entry] = [e for e in catalog["streams"] if e["stream"] == "group_memberships"]
        output = sync(server, streams=("group_memberships",))
        [line] = [line for line in output.warnings() if "custom_own (string)" in line]
        assert "#custom-fields" in line
        entry["schema"]["properties"]["custom_own"] = {"type": ["string", "null"]}
        for other in catalog["streams"]:
            [root] = [item for item in other["metadata"] if not item["breadcrumb"]]
            root["metadata"]["selected"] = other is entry
        output = sync(server, catalog=catalog)
    assert {record["custom_own"] for record in output.records("group_memberships")} == {"own"}
    assert not [line for line in output.warnings() if "custom_own" in line]
