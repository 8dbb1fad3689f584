"""The command: settings, forms, exit codes, comparison, and what it never shows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from click.testing import CliRunner

from simulator import Quirks, serve
from tap_alfacrm import session as session_module
from tap_alfacrm.doctor.__main__ import BUDGET, cli
from tap_alfacrm.doctor.model import Report
from tests.conftest import config_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

    from simulator import Account, Server

COMMAND = Path(sys.executable).with_name("alfacrm-doctor")
PERSONAL = (
    *("name", "legal_name", "phone", "email", "note", "dob", "web", "addr", "payer_name"),
    *("text", "comment", "subject", "body", "local_number", "remote_number", "topic", "title"),
    *("custom_parent_name", "custom_contract_number", "custom_comment", "message"),
)
"""Fields of the simulated account that tell of a person, or that a person has written."""


@pytest.fixture
def config(school: Account, tmp_path: Path) -> Iterator[tuple[Server, str]]:
    """A plain account, and the file with the settings for it."""
    with serve(school) as server:
        yield server, _file(tmp_path, server)


def _file(folder: Path, server: Server, **settings: Any) -> str:
    path = folder / "config.json"
    path.write_text(json.dumps(config_for(server, **settings)))
    return str(path)


def _run(*arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(cli, arguments, **options)


def test_the_installed_command_reads_the_environment(school: Account) -> None:
    with serve(school) as server:
        variables = {
            f"TAP_ALFACRM_{name.upper()}": str(value) for name, value in config_for(server).items()
        }
        done = subprocess.run(
            [COMMAND], env=variables, capture_output=True, text=True, check=False, timeout=120
        )
    assert done.returncode == 0, done.stderr
    assert "A sync will be complete." in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert "Paging" in done.stderr
    assert "Traceback" not in done.stderr


def test_json_is_a_report(config: tuple[Server, str]) -> None:
    result = _run("--config", config[1], "--format", "json")
    report = msgspec.json.decode(result.stdout, type=Report)
    assert result.exit_code == report.exit_code == 0
    assert report.requests == len(config[0].log) <= BUDGET
    assert [section.title for section in report.sections] == [
        *("Way in", "Rights", "What is where", "Paging", "Filters", "Duplicates", "Values")
    ]


def test_colour_is_for_terminals(config: tuple[Server, str]) -> None:
    assert "\x1b[32m" in _run("--config", config[1], color=True).stdout
    assert "\x1b" not in _run("--config", config[1]).stdout


def test_an_incomplete_sync_ends_with_1(school: Account, tmp_path: Path) -> None:
    with serve(school, Quirks(removed="ignored")) as server:
        result = _run("--config", _file(tmp_path, server))
    assert result.exit_code == 1
    assert "A sync will NOT be complete." in result.stdout


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"api_key": "wrong"}, "refused with status 401"),
        ({"timezone": "Kyiv"}, "Setting timezone is wrong"),
        ({"page_size": 0}, "Setting page_size is wrong"),
    ],
)
def test_what_cannot_be_found_out_ends_with_2(
    school: Account, tmp_path: Path, settings: dict[str, Any], words: str
) -> None:
    with serve(school) as server:
        result = _run("--config", _file(tmp_path, server, **settings))
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("content", [None, "no JSON", "[]"])
def test_a_file_that_is_no_config_is_told(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "config.json"
    if content is not None:
        path.write_text(content)
    result = _run("--config", str(path))
    assert result.exit_code == 2
    assert result.stderr.startswith(str(path))


def test_a_retry_counts(school: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "FIRST_WAIT", 0.001)
    with serve(school, Quirks(rate_limit=2, rate_window_seconds=0.02)) as server:
        _run("--config", _file(tmp_path, server))
        assert len(server.log) <= BUDGET


def test_nobody_who_reads_the_report_learns_of_a_person(
    config: tuple[Server, str], school: Account, tmp_path: Path
) -> None:
    server, file = config
    as_text = _run("--config", file).output
    as_json = _run("--config", file, "--format", "json").output
    report = tmp_path / "old.json"
    report.write_text(_run("--config", file, "--format", "json").stdout)
    compared = _run("--config", file, "--compare", str(report)).output
    shown = f"{as_text}\n{as_json}\n{compared}".casefold()
    values = _personal(school)
    assert len(values) > 500
    assert [value for value in values if value.casefold() in shown] == []
    tokens = {request.headers.get("x-alfacrm-token") for request in server.log} - {None}
    for secret in (server.email, server.api_key, *filter(None, tokens)):
        assert secret.casefold() not in shown


def _personal(account: Account) -> set[str]:
    found: set[str] = set()
    for entity in (
        "customer",
        "teacher",
        "user",
        "pay",
        "task",
        "sms-message",
        "mail-message",
        "phone-call",
        "communication",
        "group",
    ):
        for row in account.rows(entity):
            for name in PERSONAL:
                value = row.get(name)
                items = value if isinstance(value, list) else [value]
                found |= {item for item in items if isinstance(item, str) and len(item) > 4}
    return found


def test_nothing_changed_between_two_looks(config: tuple[Server, str], tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text(_run("--config", config[1], "--format", "json").stdout)
    result = _run("--config", config[1], "--compare", str(old))
    assert result.exit_code == 0
    assert result.stdout.startswith("Nothing changed since ")


def test_what_changed_is_told(school: Account, tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    with serve(school) as server:
        old.write_text(_run("--config", _file(tmp_path, server), "--format", "json").stdout)
    changed = Quirks(
        max_page_size=50,
        forbidden=frozenset({"lead-status"}),
        newer_field=True,
        late_custom_field=True,
        teacher_ids="names",
        ignored_filters=frozenset({"customer.updated_at_from"}),
    )
    with serve(school, changed) as server:
        file = _file(tmp_path, server)
        text = _run("--config", file, "--compare", str(old))
        form = _run("--config", file, "--compare", str(old), "--format", "json")
    for line in (
        "paging.page_size: was no ceiling met, is 50",
        "rights.lead_statuses: access was given, is refused",
        "values.unknown: customers was nothing, is messenger_ids",
        "values.customers.custom: custom_refusal_comment was nothing, is text",
        "values.teacher_ids: was numbers, is names",
        "filters.customers.updated_at_from: was obeyed, is ignored",
    ):
        assert line in text.stdout
    assert text.exit_code == form.exit_code == 1
    changes = {change["key"]: change for change in json.loads(form.stdout)["changes"]}
    assert changes["paging.page_size"]["after"] == 50
    assert len(changes) == text.stdout.count("\n  - ")


@pytest.mark.parametrize("content", ["no JSON", "{}", '{"version": 1}'])
def test_a_file_that_is_no_report_is_told(
    config: tuple[Server, str], tmp_path: Path, content: str
) -> None:
    old = tmp_path / "old.json"
    old.write_text(content)
    result = _run("--config", config[1], "--compare", str(old))
    assert result.exit_code == 2
    assert "is not a report of alfacrm-doctor" in result.stderr
    assert config[0].log == []
