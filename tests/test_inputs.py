"""What a run is given: it ends right, or in one line that says what is wrong and what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_alfacrm.tap import TapAlfaCRM
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
