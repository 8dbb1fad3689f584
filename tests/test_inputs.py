"""What a run is given: it ends right, or in one line that says what is wrong and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tap_alfacrm.tap import ALL_STREAMS, TapAlfaCRM
from tests.command import Done, tap, write
from tests.conftest import config_for

if TYPE_CHECKING:
    from pathlib import Path

    from simulator import Server

NAMES = "hostname, email, api_key"
VARIABLES = "TAP_ALFACRM_HOSTNAME, TAP_ALFACRM_EMAIL, TAP_ALFACRM_API_KEY"


def selecting(*streams: str) -> dict[str, Any]:
    """A catalog that selects some streams."""
    catalog: dict[str, Any] = TapAlfaCRM(config={}, validate_config=False).catalog_dict
    for entry in catalog["streams"]:
        root = next(item for item in entry["metadata"] if not item["breadcrumb"])
        root["metadata"]["selected"] = entry["stream"] in streams
    return catalog


def load(folder: Path, server: Server, *arguments: str, **config: Any) -> Done:
    """Load the branches."""
    path = write(folder / "config.json", config_for(server, **config))
    if "--catalog" not in arguments:
        arguments = (*arguments, "--catalog", write(folder / "c.json", selecting("branches")))
    return tap(folder, "--config", path, *arguments)


# Files


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


FILES: dict[str, tuple[bytes, str]] = {
    "no JSON": (b'{"x":', "is not JSON: Input data was truncated."),
    "nothing": (b"", "is not JSON: Input data was truncated."),
    "another encoding": (
        '{"hostname": "школа"}'.encode("cp1251"),
        "cannot be read: it is not UTF-8. Save it as UTF-8.",
    ),
    "half of a letter in UTF-16": (
        b"\xff\xfe{",
        "cannot be read: it is not UTF-8. Save it as UTF-8.",
    ),
    "deep": (nested(200), "cannot be read: it is nested deeper than 100 levels."),
    "very deep": (nested(100_000), "cannot be read: it is nested deeper than 100 levels."),
}


@pytest.mark.parametrize("option", ["--config", "--state", "--catalog"])
@pytest.mark.parametrize(("content", "why"), FILES.values(), ids=FILES)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, server: Server, option: str, content: bytes, why: str
) -> None:
    path = write(tmp_path / "given", content)
    assert load(tmp_path, server, option, path).line == f"{path} {why}"


@pytest.mark.parametrize("option", ["--config", "--state", "--catalog"])
@pytest.mark.parametrize(
    ("name", "why"), [(".", "Is a directory"), ("nowhere", "No such file or directory")]
)
def test_a_file_that_is_none_is_named(
    tmp_path: Path, server: Server, option: str, name: str, why: str
) -> None:
    path = str(tmp_path / name)
    assert load(tmp_path, server, option, path).line == f"{path} cannot be read: {why}."


@pytest.mark.parametrize("content", [b"[1]", b'["ab"]', b"1"])
def test_settings_that_are_no_object_are_named(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path / "given", content)
    line = tap(tmp_path, "--config", path).line
    assert line == f"{path} cannot be read: it is JSON, but no object of settings by name."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_the_encodings_of_windows_are_read(tmp_path: Path, server: Server, encoding: str) -> None:
    text = json.dumps(config_for(server))
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    config = write(tmp_path / "given", f"{mark}{text}".encode(encoding))
    catalog = write(tmp_path / "catalog", json.dumps(selecting("branches")).encode("utf-16"))
    done = tap(tmp_path, "--config", config, "--catalog", catalog)
    assert done.code == 0, done.log
    assert done.records("branches")


# Settings


def test_settings_without_which_nothing_can_be_asked_are_named_at_once(tmp_path: Path) -> None:
    assert tap(tmp_path).line == (
        f"Settings are missing: {NAMES}. Give a file with them by --config, or set "
        f"{VARIABLES} for --config=ENV."
    )


@pytest.mark.parametrize("option", [[], ["--discover"], ["--test"]], ids=str)
def test_what_is_missing_is_named_with_where_it_was_looked_for(
    tmp_path: Path, option: list[str]
) -> None:
    path = write(tmp_path / "given", {"hostname": "demo.s20.online", "email": " ", "api_key": None})
    assert tap(tmp_path, "--config", path, *option).line == (
        f"Settings are missing: email, api_key. They were looked for in {path}. Give a file "
        "with them by --config, or set TAP_ALFACRM_EMAIL, TAP_ALFACRM_API_KEY for --config=ENV."
    )
    environment = {"TAP_ALFACRM_HOSTNAME": "demo.s20.online", "TAP_ALFACRM_EMAIL": ""}
    assert tap(tmp_path, "--config", "ENV", *option, **environment).line == (
        "Settings are missing: email, api_key. They were looked for in the environment, "
        f"{tmp_path / '.env'} (there is none). Set TAP_ALFACRM_EMAIL, TAP_ALFACRM_API_KEY, or give "
        "a file with --config."
    )


def test_discovery_without_an_account_says_so(tmp_path: Path) -> None:
    done = tap(tmp_path, "--discover")
    assert done.code == 0
    assert len(json.loads(done.out)["streams"]) == len(ALL_STREAMS)
    assert done.warnings() == [
        f"No account is given ({NAMES}), so these are the streams without custom fields."
    ]


def given_in(way: str, folder: Path, settings: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Give settings in one of the ways in which they come."""
    as_text = {
        f"TAP_ALFACRM_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }
    if way == "a file":
        return ["--config", write(folder / "given", settings)], {}
    if way == "a later file":
        first = write(folder / "first", {**settings, "timezone": "Asia/Almaty"})
        return ["--config", first, "--config", write(folder / "given", settings)], {}
    if way == "the environment":
        return ["--config", "ENV"], as_text
    lines = "".join(f"{name}='{value}'\n" for name, value in as_text.items())
    (folder / ".env").write_text(lines)
    return ["--config", "ENV"], {}


WAYS = ["a file", "a later file", "the environment", ".env"]


@pytest.mark.parametrize("way", WAYS)
def test_an_empty_text_is_unset(tmp_path: Path, server: Server, way: str) -> None:
    empty = {"timezone": "", "start_date": "", "app_key": " ", "branch_ids": ""}
    arguments, environment = given_in(way, tmp_path, {**config_for(server), **empty})
    catalog = write(tmp_path / "c.json", selecting("branches"))
    done = tap(tmp_path, *arguments, "--catalog", catalog, **environment)
    assert done.code == 0, done.log
    told = "The setting timezone is unset" in "".join(done.warnings())
    assert told == (way != "a later file")  # where the first file has one


@pytest.mark.parametrize("way", WAYS)
def test_blanks_around_a_text_are_no_part_of_it(tmp_path: Path, server: Server, way: str) -> None:
    settings = {
        name: f" {value}\n" if isinstance(value, str) else value
        for name, value in config_for(server).items()
    }
    arguments, environment = given_in(way, tmp_path, settings)
    catalog = write(tmp_path / "c.json", selecting("branches"))
    done = tap(tmp_path, *arguments, "--catalog", catalog, **environment)
    assert done.code == 0, done.log


@pytest.mark.parametrize("level", ["", "nope", "5", "trace"])
@pytest.mark.parametrize("name", ["LOGLEVEL", "TAP_ALFACRM_LOGLEVEL"])
def test_a_level_that_is_none_is_ignored(
    tmp_path: Path, server: Server, name: str, level: str
) -> None:
    path = write(tmp_path / "config.json", config_for(server))
    catalog = write(tmp_path / "c.json", selecting("branches"))
    done = tap(tmp_path, "--config", path, "--catalog", catalog, **{name: level})
    assert done.code == 0, done.log
    assert (f"The variable {name} is no level" in done.log) == bool(level)
    assert "branches: COMPLETE" in done.log


def test_an_unknown_file_of_variables_does_not_count(tmp_path: Path, server: Server) -> None:
    """Only the working directory's, and that of Meltano's project."""
    below = tmp_path / "below"
    below.mkdir()
    project = tmp_path / "project"
    project.mkdir()
    arguments, _ = given_in(".env", tmp_path, config_for(server))
    assert "Settings are missing" in tap(below, *arguments).line
    given_in(".env", project, config_for(server))
    done = tap(below, *arguments, "--discover", MELTANO_PROJECT_ROOT=str(project))
    assert done.code == 0, done.log
    assert f"Settings were read from {project / '.env'}." in done.log
    given_in(".env", below, config_for(server, hostname="http://127.0.0.1:9"))
    near = tap(below, *arguments, "--discover", MELTANO_PROJECT_ROOT=str(project))
    assert "http://127.0.0.1:9" in near.line


def test_what_is_given_expressly_goes_before_the_file_of_variables(
    tmp_path: Path, server: Server
) -> None:
    given_in(".env", tmp_path, {"hostname": "http://127.0.0.1:9", "timezone": "nowhere"})
    path = write(tmp_path / "config.json", config_for(server, timezone=None))
    done = tap(
        tmp_path, "--config", path, "--config", "ENV", "--discover", TAP_ALFACRM_TIMEZONE="UTC"
    )
    assert done.code == 0, done.log


@pytest.mark.parametrize("content", ["TAP_ALFACRM_API_KEY=ключ".encode("cp1251"), b"\xff\xfeT"])
def test_a_file_of_variables_that_cannot_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".env").write_bytes(content)
    line = tap(tmp_path, "--config", "ENV").line
    assert line.startswith(f"{tmp_path / '.env'} cannot be read: it is not UTF-8.")


# Catalogs


def entry_of(catalog: dict[str, Any], stream: str) -> dict[str, Any]:
    entry: dict[str, Any] = next(one for one in catalog["streams"] if one["stream"] == stream)
    return entry


def facts_of(entry: dict[str, Any], *breadcrumb: str) -> dict[str, Any]:
    facts: dict[str, Any] = next(
        one["metadata"] for one in entry["metadata"] if one["breadcrumb"] == list(breadcrumb)
    )
    return facts


Change = Callable[[dict[str, Any]], object]


def changed(stream: str, *changes: Change) -> dict[str, Any]:
    """A catalog that selects one stream, and says other things of it."""
    catalog: dict[str, Any] = json.loads(json.dumps(selecting(stream)))
    for change in changes:
        change(entry_of(catalog, stream))
    return catalog


def sets(**values: Any) -> Change:
    return lambda entry: entry.update(values)


def says(name: str, value: Any, *breadcrumb: str) -> Change:
    return lambda entry: facts_of(entry, *breadcrumb).update({name: value})


def deselects(*breadcrumb: str) -> Change:
    return lambda entry: facts_of(entry, *breadcrumb).update(selected=False)


def drops(*names: str) -> Change:
    def change(entry: dict[str, Any]) -> None:
        for name in names:
            entry.pop(name, None)
            facts_of(entry).pop(name, None)

    return change


def drops_column(name: str) -> Change:
    return lambda entry: entry["schema"]["properties"].pop(name)


KEY = ("key_properties", "table-key-properties")
WRONG_CATALOGS: dict[str, tuple[Change, str]] = {
    "a key that is no column": (sets(key_properties=["nope"]), "its key nope is no column"),
    "a key of numbers": (sets(key_properties=[1]), "groups: Expected `str`, got `int`"),
    "a key that is none": (says("table-key-properties", "id"), "groups: Expected `array | null`"),
    "a schema without the key": (drops_column("id"), "groups: its key id is no column"),
    "an unknown method": (
        says("replication-method", "LOG_BASED"),
        "groups: its replication-method is none of FULL_TABLE, INCREMENTAL",
    ),
    "a selection that is a text": (says("selected", "true"), "groups: Expected `bool | null`"),
    "a type that there is not": (
        lambda entry: entry["schema"]["properties"]["id"].update(type="int"),
        "groups: Invalid enum value 'int'",
    ),
    "no schema": (drops("schema"), "groups: Object missing required field `schema`"),
    "no name": (drops("tap_stream_id"), "has no tap_stream_id"),
}


@pytest.mark.parametrize(("change", "why"), WRONG_CATALOGS.values(), ids=WRONG_CATALOGS)
def test_a_catalog_that_is_wrong_is_refused(
    tmp_path: Path, server: Server, change: Change, why: str
) -> None:
    path = write(tmp_path / "c.json", changed("groups", change))
    line = load(tmp_path, server, "--catalog", path).line
    assert line.startswith("The catalog cannot be read: ")
    assert why in line
    assert line.endswith("Create a new one with --discover.")


@pytest.mark.parametrize(
    "catalog",
    [[1], 1, "x", {}, {"streams": 5}, {"streams": [{}]}, {"streams": ["x"]}],
    ids=str,
)
def test_what_is_no_catalog_is_refused(tmp_path: Path, server: Server, catalog: Any) -> None:
    line = load(tmp_path, server, "--catalog", write(tmp_path / "c.json", catalog)).line
    assert line.startswith("The catalog cannot be read: ")


def test_a_stream_comes_once(tmp_path: Path, server: Server) -> None:
    catalog = changed("groups")
    catalog["streams"] *= 2
    line = load(tmp_path, server, "--catalog", write(tmp_path / "c.json", catalog)).line
    assert "the stream branches is in it twice" in line


Odd = tuple[str, list[Change], list[str], list[str]]
"""The stream, what the catalog says of it, its key then, and what is told."""
ODD_CATALOGS: dict[str, Odd] = {
    "as discovered": ("groups", [], ["id"], []),
    "no key": ("groups", [drops(*KEY)], ["id"], ["has no key; that of the API is used: id."]),
    "an empty key": (
        "groups",
        [sets(key_properties=[]), says("table-key-properties", [])],
        ["id"],
        ["has no key; that of the API is used: id."],
    ),
    "a wider key": ("customers", [sets(key_properties=["is_study", "id"])], ["is_study", "id"], []),
    "a wider key in the metadata": (
        "customers",
        [says("table-key-properties", ["is_study", "id"])],
        ["is_study", "id"],
        [],
    ),
    "a narrower key": (
        "customer_calendars",
        [sets(key_properties=["id"])],
        ["id"],
        ["has the key id. The API identifies rows by customer_id, id, so a target may merge some"],
    ),
    "a deselected key": (
        "customers",
        [
            sets(key_properties=["is_study", "id"]),
            deselects("properties", "is_study"),
        ],
        ["is_study", "id"],
        ["deselects is_study, which is loaded because it is a key."],
    ),
    "another replication key": (
        "lessons",
        [says("replication-key", "name")],
        ["id"],
        ["has the replication-key name, by which the API has no filter: the key updated_at is"],
    ),
    "a replication key of a full table": (
        "branches",
        [sets(replication_key="id")],
        ["id"],
        ["has the replication-key id, by which the API has no filter: the full table is loaded."],
    ),
    "a method in small letters": ("groups", [says("replication-method", "full_table")], ["id"], []),
    "incremental where there is no filter": (
        "branches",
        [sets(replication_method="incremental")],
        ["id"],
        ["requests incremental replication, which needs a filter of the API"],
    ),
    "no column of the replication key": (
        "lessons",
        [drops_column("updated_at")],
        ["id"],
        ["requests incremental replication, which needs a date-time updated_at in its schema"],
    ),
    "a deselected replication key": (
        "lessons",
        [
            deselects("properties", "updated_at"),
            says("inclusion", "available", "properties", "updated_at"),
        ],
        ["id"],
        ["deselects updated_at, which is loaded because it is a key."],
    ),
    "no metadata": ("groups", [sets(metadata=[])], ["id"], []),
    "the selection of older catalogs": (
        "groups",
        [sets(selected=True), drops("selected", "selected-by-default"), sets(selected=True)],
        ["id"],
        [],
    ),
    "another name": ("groups", [sets(stream="others")], ["id"], []),
    "a key without the API's": (
        "groups",
        [sets(key_properties=["name"]), drops_column("id")],
        ["name"],
        ["has the key name. The API identifies rows by id, so a target may merge some."],
    ),
}


@pytest.mark.parametrize("odd", ODD_CATALOGS.values(), ids=ODD_CATALOGS)
def test_an_odd_catalog_loads_every_row(tmp_path: Path, server: Server, odd: Odd) -> None:
    stream, changes, key, told = odd
    rows = load(tmp_path, server, "--catalog", write(tmp_path / "c.json", changed(stream)))
    path = write(tmp_path / "c.json", changed(stream, *changes))
    done = load(tmp_path, server, "--catalog", path)
    assert done.code == 0, done.log
    schemas = [message for message in done.messages if message["type"] == "SCHEMA"]
    assert [schema["stream"] for schema in schemas] == [stream]
    assert schemas[0]["key_properties"] == key
    assert set(key) <= schemas[0]["schema"]["properties"].keys()
    assert len(done.records(stream)) == len(rows.records(stream)) > 0
    assert all(record.keys() >= set(key) for record in done.records(stream))
    assert f"{stream}: COMPLETE" in done.log
    warnings = [line for line in done.warnings() if line.startswith("The catalog")]
    assert len(warnings) == len(told)
    for line, words in zip(warnings, told, strict=True):
        assert line.startswith(f"The catalog of {stream} {words}")


def test_a_catalog_that_selects_nothing_says_so(tmp_path: Path, server: Server) -> None:
    done = load(tmp_path, server, "--catalog", write(tmp_path / "c.json", selecting()))
    assert done.code == 0
    assert not done.out
    assert "The catalog selects no stream, so nothing is loaded." in "".join(done.warnings())


def test_streams_that_there_are_not_are_left_out(tmp_path: Path, server: Server) -> None:
    catalog = selecting("branches")
    catalog["streams"] += [{"tap_stream_id": f"other_{n}"} for n in range(7)]
    done = load(tmp_path, server, "--catalog", write(tmp_path / "c.json", catalog))
    assert done.code == 0, done.log
    assert (
        "The catalog has streams that do not exist, which are ignored: other_0, other_1, "
        "other_2, other_3, other_4 and 2 more."
    ) in done.warnings()


def test_a_change_of_the_method_alone_is_the_choice(tmp_path: Path, server: Server) -> None:
    for change in (
        says("replication-method", "INCREMENTAL"),
        sets(replication_method="INCREMENTAL"),
        says("forced-replication-method", "incremental"),
    ):
        path = write(tmp_path / "c.json", changed("customers", change))
        done = load(tmp_path, server, "--catalog", path)
        assert "Beginning sync of 'customers' in incremental mode" in done.log


# States


def state_of(stream: str, value: str | None, **more: Any) -> dict[str, Any]:
    mark = {"replication_key": "updated_at", "replication_key_value": value}
    return {"bookmarks": {stream: {**mark, **more}}}


NEAR = "2025-10-01T00:00:00Z"
WRONG_STATES: dict[str, tuple[Any, str]] = {
    "a list": ([1], "it is no object"),
    "a number": (1, "it is no object"),
    "flat": ({"lessons": NEAR}, "it has no bookmarks"),
    "bookmarks in a list": ({"bookmarks": []}, "its bookmarks are no object by stream"),
    "a bookmark that is none": (
        {"bookmarks": {"lessons": NEAR}},
        "the bookmark of lessons: Expected",
    ),
    "no date": (state_of("lessons", "the other day"), "the bookmark of lessons is not a date-time"),
    "a partition without a context": (
        state_of("lessons", NEAR, partitions=[{}]),
        "the bookmark of lessons: Object missing required field `context`",
    ),
    "a message of nothing": ({"type": "STATE", "value": 1}, "it is no object"),
}


@pytest.mark.parametrize(("state", "why"), WRONG_STATES.values(), ids=WRONG_STATES)
def test_a_state_that_is_wrong_is_refused(
    tmp_path: Path, server: Server, state: Any, why: str
) -> None:
    line = load(tmp_path, server, "--state", write(tmp_path / "s.json", state)).line
    assert line.startswith(f"The state cannot be read: {why}")
    assert line.endswith("Correct it, or start without one.")


ODD_STATES: dict[str, tuple[Any, str | None, str | None]] = {
    "none": ({}, None, None),
    "null": (None, None, None),
    "a bookmark": (state_of("lessons", NEAR), NEAR, None),
    "a message": ({"type": "STATE", "value": state_of("lessons", NEAR)}, NEAR, None),
    "Meltano's": (
        {"completed": {"singer_state": {}}, "singer_state": state_of("lessons", NEAR)},
        NEAR,
        None,
    ),
    "another zone": (state_of("lessons", "2025-10-01T03:00:00+03:00"), NEAR, None),
    "no zone": (state_of("lessons", "2025-10-01"), NEAR, None),
    "the future": (
        state_of("lessons", "2999-01-01T00:00:00Z"),
        None,
        "has a bookmark in the future",
    ),
    "the end of time": (
        state_of("lessons", "9999-12-31T23:59:59-12:00"),
        None,
        "has a bookmark in the future",
    ),
    "the year 1": (
        state_of("lessons", "0001-01-01T00:00:00+12:00"),
        None,
        "has a bookmark in the long past",
    ),
    "another column": (
        {"bookmarks": {"lessons": {"replication_key": "id", "replication_key_value": NEAR}}},
        None,
        "is by another column, so everything is loaded.",
    ),
    "a foreign partition": (
        state_of("lessons", NEAR, partitions=[{"context": {"branch": 1}}]),
        NEAR,
        "names a partition of another version or tap, ignored.",
    ),
    "leftovers": (
        state_of("lessons", NEAR, progress_markers=[1], starting_replication_value=2),
        NEAR,
        None,
    ),
}


@pytest.mark.parametrize(("state", "start", "told"), ODD_STATES.values(), ids=ODD_STATES)
def test_an_odd_state_continues_where_it_can(
    tmp_path: Path, server: Server, state: Any, start: str | None, told: str | None
) -> None:
    path = write(tmp_path / "c.json", selecting("lessons"))
    done = load(tmp_path, server, "--catalog", path, "--state", write(tmp_path / "s.json", state))
    assert done.code == 0, done.log
    filters = [
        request.body.get("updated_at_from")
        for request in server.data_requests
        if "/lesson/" in request.path and request.body["pageSize"] == 500  # no check
    ]
    assert filters
    assert all(bool(one) == bool(start) for one in filters)
    first = next((one for one in done.messages if one["type"] == "STATE"), None)
    assert first is not None
    if start:
        assert first["value"]["bookmarks"]["lessons"]["replication_key_value"] == start
    warnings = [line for line in done.warnings() if line.startswith("The state")]
    assert len(warnings) == bool(told)
    assert not told or warnings[0].startswith(f"The state of lessons {told}")


def partition(kind: Any, value: str | None) -> dict[str, Any]:
    return {"context": {"is_study": kind}, "replication_key_value": value}


@pytest.mark.parametrize(
    ("partitions", "told"),
    [
        ([partition(7, NEAR), partition("0", NEAR), partition(None, NEAR)], "names 3 partitions"),
        ([{"context": {}}], "names a partition of"),
        ([partition(0, "2025-11-01"), partition(0, NEAR)], "names a partition twice"),
    ],
)
def test_partitions_of_a_state_are_those_that_there_are(
    tmp_path: Path, server: Server, partitions: list[Any], told: str
) -> None:
    state = {"bookmarks": {"customers": {"partitions": partitions}}}
    incremental = changed("customers", says("replication-method", "INCREMENTAL"))
    done = load(
        tmp_path,
        server,
        "--catalog",
        write(tmp_path / "c.json", incremental),
        "--state",
        write(tmp_path / "s.json", state),
    )
    assert done.code == 0, done.log
    assert "customers: COMPLETE" in done.log
    assert [line for line in done.warnings() if line.startswith(f"The state of customers {told}")]
    ids = {record["id"] for record in done.records("customers")}
    if len(partitions) != 2:
        assert ids == server.account.customer_ids()
    else:
        first = next(one for one in done.messages if one["type"] == "STATE")
        [mark] = first["value"]["bookmarks"]["customers"]["partitions"]
        assert mark["replication_key_value"] == NEAR


def test_a_state_of_a_million_streams_is_read(tmp_path: Path, server: Server) -> None:
    state = {"bookmarks": {f"s{n}": {"replication_key_value": NEAR} for n in range(1_000_000)}}
    path = write(tmp_path / "s.json", state)
    done = load(tmp_path, server, "--state", path)
    assert done.code == 0
    assert "s0, s1, s2, s3, s4 and 999,995 more." in "".join(done.warnings())
    assert len(done.out) < 100_000


# Tests


@pytest.mark.parametrize(
    ("more", "streams"),
    [
        ([], None),
        (["--catalog", "c.json"], ["branches", "customers", "groups"]),
    ],
    ids=["as discovered", "a catalog"],
)
@pytest.mark.parametrize("option", ["--test", "--test=schema"])
def test_a_test_takes_one_record_of_each_selected_stream_and_logs_no_error(
    tmp_path: Path, server: Server, option: str, more: list[str], streams: list[str] | None
) -> None:
    discovered = TapAlfaCRM(config=config_for(server))
    streams = streams or [name for name, one in discovered.streams.items() if one.selected]
    write(tmp_path / "c.json", selecting(*streams))
    config = write(tmp_path / "config.json", config_for(server))
    done = tap(tmp_path, "--config", config, option, *more)
    assert done.code == 0, done.log
    assert not [line for line in done.log.splitlines() if " ERROR " in line or " CRITICAL " in line]
    found = [(one["type"], one.get("stream")) for one in done.messages]
    assert [name for kind, name in found if kind == "SCHEMA"] == streams
    rows = [name for kind, name in found if kind == "RECORD"]
    # no stream is read to its end, so that there is no verdict
    audited = [name for name in streams if name != "sync_audit"]
    assert rows == ([] if option.endswith("schema") else audited)
    for message in done.messages:  # rows were left: no bookmark may pass them
        if message["type"] == "STATE":
            assert "replication_key_value" not in str(message["value"]["bookmarks"].get("groups"))
