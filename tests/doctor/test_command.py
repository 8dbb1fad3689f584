"""The command: settings, forms, exit codes, comparison, and what it never shows."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from click.testing import CliRunner

from simulator import Account, Fault, Quirks, serve
from tap_alfacrm.doctor import __main__ as command
from tap_alfacrm.doctor.__main__ import cli
from tap_alfacrm.doctor.report.model import Report
from tap_alfacrm.doctor.runner import BUDGET
from tests.conftest import config_for, shorten_waits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

    from simulator import Server

COMMAND = Path(sys.executable).with_name("alfacrm-doctor")
PERSONAL = (
    *("name", "legal_name", "phone", "email", "note", "dob", "web", "addr", "payer_name"),
    *("text", "comment", "subject", "body", "local_number", "remote_number", "topic", "title"),
    *("custom_parent_name", "custom_contract_number", "custom_comment", "message"),
)
"""Fields of the simulated account that tell of a person, or that a person has written."""

PERSON = "Olena Made Up"
JUNK = (
    *("null", "true", "-1", "1e999", "NaN", "[]", "[null]", "{}", '{"a": [1]}', '[1, "x"]', '""'),
    *('"x"', '"0001-01-01 00:00:00"', '"9999-12-31 23:59:59"', '"0000-00-00"', r'"\u0000"'),
    *("99999999999999999999999", r'"\ud800"', '"2025-01-01T10:00:00+02:00"'),
)
"""Values that stand where others belong, as JSON."""


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


def test_the_installed_command_reads_the_environment(school: Account, tmp_path: Path) -> None:
    with serve(school) as server:
        variables = {
            f"TAP_ALFACRM_{name.upper()}": str(value) for name, value in config_for(server).items()
        }
        done = subprocess.run(
            [COMMAND],
            env=variables,
            cwd=tmp_path,  # the clone may contain a .env
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    assert done.returncode == 0, done.stderr
    assert "Nothing was found that prevents a complete sync." in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert "Paging" in done.stderr
    assert "Traceback" not in done.stderr


def test_json_is_a_report(config: tuple[Server, str]) -> None:
    result = _run("--config", config[1], "--format", "json")
    report = msgspec.json.decode(result.stdout, type=Report)
    assert result.exit_code == report.exit_code == 0
    assert report.requests == len(config[0].log) <= BUDGET
    assert [section.title for section in report.sections] == [
        *("Way in", "Completeness", "Rights", "What is where", "Paging"),
        *("Filters", "Duplicates", "Values"),
    ]


def test_colour_is_for_terminals(config: tuple[Server, str]) -> None:
    assert "\x1b[32m" in _run("--config", config[1], color=True).stdout
    assert "\x1b" not in _run("--config", config[1]).stdout


def test_on_a_terminal_it_shows_how_far_it_is_and_takes_that_away(
    config: tuple[Server, str],
) -> None:
    master, terminal = pty.openpty()
    with subprocess.Popen(
        [str(COMMAND), "--config", config[1]], stdout=terminal, stderr=terminal
    ) as running:
        os.close(terminal)
        shown = b"".join(_chunks(master)).decode()
    os.close(master)
    assert running.returncode == 0
    progress, _, report = shown.rpartition("\r\x1b[K")
    assert re.findall(r"(\d+) of at most 120 requests: Rights", progress)
    assert report.startswith("\x1b[1malfacrm-doctor ")
    assert "of at most 120 requests: " not in report


def _chunks(master: int) -> Iterator[bytes]:
    with contextlib.suppress(OSError):  # how a terminal without a process ends
        while chunk := os.read(master, 65_536):
            yield chunk


def test_the_report_fits_a_terminal(school: Account, tmp_path: Path) -> None:
    quirks = Quirks(forbidden=frozenset({"pay"}), no_updated_at=frozenset({"customer"}))
    with serve(school, quirks) as server:
        result = _run("--config", _file(tmp_path, server))
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_what_is_no_name_of_a_field_is_not_shown(tmp_path: Path) -> None:
    account = Account.build()
    odd = ["Olena Made Up", "olena@example.com", "380501234567", "custom_\x1b[31m", "x" * 300, ""]
    for identifier in account.customer_ids():
        account.update("customer", identifier, **dict.fromkeys(odd, "x"), custom_health="x")
    with serve(account) as server:
        file = _file(tmp_path, server)
        shown = _run("--config", file).output + _run("--config", file, "--format", "json").output
    assert "(a name of 13 characters)" in shown
    assert "custom_health (text)" in shown
    for name in odd[:-1]:
        assert name not in shown


def test_junk_in_every_field_is_looked_through(tmp_path: Path) -> None:
    junk = itertools.cycle(JUNK)
    account = Account.build()
    planted = {
        entity: {
            row["id"]: {name: next(junk) for name in row if name != "id"}
            for row in account.rows(entity)
            if "id" in row
        }
        for entity in account.tables
    }
    with serve(account, Quirks(planted=planted)) as server:
        result = _run("--config", _file(tmp_path, server))
        assert len(server.log) <= BUDGET
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "customers.balance" in result.stdout.partition("that their type cannot hold")[2]


def test_an_error_of_its_own_is_no_verdict(
    config: tuple[Server, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(PERSON)

    monkeypatch.setattr(command, "run_checks", fail)
    monkeypatch.setattr("sys.argv", ["alfacrm-doctor", "--config", config[1]])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == 2
    shown = capsys.readouterr().err
    assert "RuntimeError in the command itself" in shown
    assert PERSON not in shown


def test_a_stopped_run_has_no_verdict(school: Account, tmp_path: Path) -> None:
    with serve(school, Quirks(latency_seconds=0.2)) as server:
        arguments = [str(COMMAND), "--config", _file(tmp_path, server)]
        with subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as running:
            assert running.stderr
            assert any("Rights" in line for line in running.stderr)
            running.send_signal(signal.SIGINT)
            shown, _ = running.communicate(timeout=600)
    assert running.returncode == 130
    assert shown == ""


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["--bogus"], 2)])
def test_the_command_line_is_checked(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int
) -> None:
    monkeypatch.setattr("sys.argv", ["alfacrm-doctor", *arguments])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == code


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
def test_a_file_that_is_no_config_is_reported(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "config.json"
    if content is not None:
        path.write_text(content)
    result = _run("--config", str(path))
    assert result.exit_code == 2
    assert result.stderr.startswith(str(path))


def test_a_retry_counts(school: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shorten_waits(monkeypatch)
    with serve(school, Quirks(rate_limit=2, rate_window_seconds=0.02)) as server:
        _run("--config", _file(tmp_path, server))
        assert len(server.log) <= BUDGET


def test_report_has_no_personal_data(
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


def test_nothing_changed_between_two_reports(config: tuple[Server, str], tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text(_run("--config", config[1], "--format", "json").stdout)
    result = _run("--config", config[1], "--compare", str(old))
    assert result.exit_code == 0
    assert result.stdout.startswith("Nothing changed since ")


def test_what_changed_is_reported(school: Account, tmp_path: Path) -> None:
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


def test_what_was_not_found_out_is_no_change(school: Account, tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    with serve(school, faults=[Fault("status", at=50, times=1_000, status=418)]) as server:
        old.write_text(_run("--config", _file(tmp_path, server), "--format", "json").stdout)
    with serve(school) as server:
        result = _run("--config", _file(tmp_path, server), "--compare", str(old))
    assert "way_in.troubles: gone: status 418" in result.stdout
    assert result.stdout.startswith("1 change since ")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("no JSON", "is not a report of alfacrm-doctor"),
        ("{}", "is not a report of alfacrm-doctor"),
        ('{"version": 1}', "is not a report of alfacrm-doctor"),
        ('{"version": 7, "sections": {}}', "a report in form 7"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_no_report_is_reported(
    config: tuple[Server, str], tmp_path: Path, content: str | None, words: str
) -> None:
    old = tmp_path / "old.json"
    if content is not None:
        old.write_text(content)
    result = _run("--config", config[1], "--compare", str(old))
    assert result.exit_code == 2
    assert words in result.stderr
    assert config[0].log == []
