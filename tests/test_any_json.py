"""Any JSON in any place of a catalog or a state: the run ends right, or in one line."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator import Account, serve
from tests.command import tap, write
from tests.conftest import config_for
from tests.test_inputs import selecting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from simulator import Server

STREAMS = ("branches", "customers", "groups", "lessons")
WORDS = (
    *("selected", "inclusion", "unsupported", "automatic", "metadata", "schema", "properties"),
    *("INCREMENTAL", "FULL_TABLE", "LOG_BASED", "replication-method", "replication-key", "id"),
    *("updated_at", "table-key-properties", "type", "object", "string", "date-time", "format"),
    *("bookmarks", "partitions", "context", "is_study", "status", "replication_key_value", "value"),
    *("2025-10-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "0001-01-01", "STATE", "groups", ""),
    *("singer_state", "progress_markers", "$ref", "items", "null", "anyOf", "branches", "x y"),
)
TEXTS = st.sampled_from(WORDS) | st.text(max_size=5)
LEAVES = st.none() | st.booleans() | st.sampled_from([0, 1, 2, -1, 7, 10**30, 1.5, 1e308]) | TEXTS
LONG_AGO = "2015-10-01T00:00:00Z"
"""A bookmark before all rows of the account, so that a run loads each of them."""
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def small() -> Iterator[Server]:
    with serve(Account.build(leads=3, clients=3, archived_leads=2, archived_clients=2)) as server:
        yield server


def good_catalog() -> dict[str, Any]:
    catalog = selecting(*STREAMS)
    streams = [entry for entry in catalog["streams"] if entry["stream"] in STREAMS]
    for entry in streams:
        if entry["stream"] == "customers":
            entry["metadata"][-1]["metadata"]["replication-method"] = "INCREMENTAL"
    copied: dict[str, Any] = json.loads(json.dumps({"streams": streams}))
    return copied


def good_state() -> dict[str, Any]:
    mark = {"replication_key": "updated_at", "replication_key_value": LONG_AGO}
    customers = [{"context": {"is_study": kind}, **mark} for kind in (0, 1)]
    lessons = [{"context": {"status": kind}, **mark} for kind in (1, 2, 3)]
    bookmarks = {
        "groups": mark,
        "customers": {"partitions": customers},
        "lessons": {"partitions": lessons},
    }
    return {"bookmarks": copy.deepcopy(bookmarks)}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values, outermost first."""
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def with_other(draw: st.DrawFn, whole: Any) -> Any:
    """The whole, with another value in one place, or one more, or none."""
    found = sorted(places(whole), key=len)
    depth = draw(st.integers(0, max(map(len, found))))
    path = draw(st.sampled_from([one for one in found if len(one) == depth]))
    value = draw(JSON)
    if not path:
        return value
    parent = whole
    for key in path[:-1]:
        parent = parent[key]
    kind = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
    if kind == "replace":
        parent[path[-1]] = value
    elif kind == "remove":
        del parent[path[-1]]
    elif isinstance(parent, dict):
        parent[draw(TEXTS)] = value
    else:
        parent.insert(path[-1], value)
    return whole


@st.composite
def given_files(draw: st.DrawFn) -> tuple[Any, Any]:
    """A catalog and a state."""
    catalog, state = good_catalog(), good_state()
    for _ in range(draw(st.integers(1, 2))):
        if draw(st.booleans()):
            catalog = with_other(draw, catalog)
        else:
            state = with_other(draw, state)
    return catalog, state


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(files=given_files())
def test_any_json_ends_right_or_in_one_line(
    tmp_path: Path, small: Server, files: tuple[Any, Any]
) -> None:
    catalog, state = files
    done = tap(
        tmp_path,
        "--config",
        write(tmp_path / "config.json", config_for(small, max_in_flight=1)),
        "--catalog",
        write(tmp_path / "c.json", catalog),
        "--state",
        write(tmp_path / "s.json", state),
    )
    if done.code:
        named = ("The catalog cannot be read: ", "The state cannot be read: ", str(tmp_path))
        assert done.line.startswith(named), done.log
        return
    messages = done.messages
    assert all(message["stream"] in STREAMS for message in messages if "stream" in message)
    for name in {message["stream"] for message in messages if message["type"] == "SCHEMA"}:
        assert f"{name}: COMPLETE" in done.log
        wanted = {row["id"] for row in small.account.rows(name.removesuffix("s").removesuffix("e"))}
        schema = next(m["schema"] for m in messages if m.get("stream") == name)
        if "id" in schema["properties"]:
            assert {record["id"] for record in done.records(name)} == wanted
