"""The command, as a process: what a person sees when it fails, and what nobody may see."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Fault, Quirks, serve
from tests.conftest import config_for

if TYPE_CHECKING:
    from pathlib import Path

    from simulator import Server

TAP = [sys.executable, "-m", "tap_alfacrm"]


def run(
    tmp_path: Path, config: dict[str, Any] | None, *args: str, **env: str
) -> subprocess.CompletedProcess[str]:
    command = [*TAP, *args]
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config))
        command += ["--config", str(tmp_path / "config.json")]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.getcwd(), **env},  # noqa: PTH109
        timeout=60,
    )


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_a_wrong_key_ends_in_one_line(tmp_path: Path, server: Server) -> None:
    line = last_line(run(tmp_path, config_for(server, api_key="wr0ng-key")))
    assert "refused to log in demo@example.org" in line
    assert "wr0ng-key" not in line


def test_a_dead_server_ends_in_one_line(tmp_path: Path, server: Server) -> None:
    line = last_line(run(tmp_path, config_for(server, hostname="http://127.0.0.1:9")))
    assert "http://127.0.0.1:9/v2api/auth/login" in line
    assert "connection" in line


@pytest.mark.parametrize(
    ("config", "name"),
    [({}, "hostname"), ({"page_size": "x"}, "page_size"), ({"is_study": [9]}, "is_study")],
)
def test_a_wrong_setting_ends_in_one_line(
    tmp_path: Path, server: Server, config: dict[str, Any], name: str
) -> None:
    whole = {**config_for(server), **config} if config else {}
    for arguments in ([], ["--discover"] if config else []):
        assert f"Setting {name}" in last_line(run(tmp_path, whole, *arguments))


def test_no_secret_is_in_any_output(tmp_path: Path, account: Account) -> None:
    faults = [Fault("status", at=2, status=500), Fault("expire_tokens", at=4)]
    faults += [Fault("truncated", at=6), Fault("html", at=7, status=200)]
    with serve(account, Quirks(requires_app_key="app-5ecret"), faults=faults) as server:
        config = config_for(server, app_key="app-5ecret")
        done = run(tmp_path, config, LOGLEVEL="DEBUG", TAP_ALFACRM_LOGLEVEL="DEBUG")
        tokens = {r.headers["x-alfacrm-token"] for r in server.data_requests}
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(tokens) == 2
    people = {row["name"] for row in account.rows("customer")}
    for secret in (*tokens, server.api_key, "app-5ecret"):
        assert secret not in done.stderr
        assert secret not in done.stdout
    assert not [name for name in people if name in done.stderr]


def test_help_and_about_ask_nothing(tmp_path: Path) -> None:
    assert "--config" in run(tmp_path, None, "--help").stdout
    about = run(tmp_path, None, "--about", "--format=markdown").stdout
    assert "| requests_per_second |" in about
    assert "Europe/Kyiv" in about


def test_discovery_without_credentials_gives_the_standard_schema(tmp_path: Path) -> None:
    done = run(tmp_path, {}, "--discover")
    assert done.returncode == 0
    names = [stream["stream"] for stream in json.loads(done.stdout)["streams"]]
    assert {"customers", "branches", "lead_statuses"} <= set(names)


def test_one_record_a_stream_is_enough_to_test_the_account(tmp_path: Path, server: Server) -> None:
    done = run(tmp_path, config_for(server), "--test")
    records = [line for line in done.stdout.splitlines() if line.startswith('{"type":"RECORD"')]
    assert len([line for line in records if '"stream":"customers"' in line]) == 1


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_at_once_with_its_state(
    tmp_path: Path, account: Account, sent: signal.Signals
) -> None:
    with serve(account, Quirks(latency_seconds=0.2)) as server:
        (tmp_path / "config.json").write_text(json.dumps(config_for(server, page_size=2)))
        process = subprocess.Popen(
            [*TAP, "--config", str(tmp_path / "config.json")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        while not any(r.entity == "customer" and r.body["page"] > 1 for r in server.data_requests):
            time.sleep(0.02)
        began = time.monotonic()
        process.send_signal(sent)
        out, _ = process.communicate(timeout=10)
        assert time.monotonic() - began < 2
    assert json.loads(out.strip().splitlines()[-1])["type"] == "STATE"


def test_plain_pipes_carry_text_and_money_unharmed(tmp_path: Path, account: Account) -> None:
    with serve(account) as server:
        done = run(tmp_path, config_for(server))
    row = account.rows("customer")[0]
    [line] = [
        line
        for line in done.stdout.split("\n")
        if line.startswith('{"type":"RECORD","stream":"customers"')
        and f'{{"id":{row["id"]},' in line
    ]
    assert row["name"] in line
    assert f'"balance":{row["balance"]},' in line


@pytest.mark.parametrize("option", ["--config", "--state", "--catalog"])
def test_a_file_that_is_no_json_ends_in_one_line(
    tmp_path: Path, server: Server, option: str
) -> None:
    (tmp_path / "broken.json").write_text('{"x":')
    config = None if option == "--config" else config_for(server)
    line = last_line(run(tmp_path, config, option, str(tmp_path / "broken.json")))
    assert "is not JSON" in line


def test_a_full_disk_ends_in_one_line(tmp_path: Path, server: Server) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config_for(server)))
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [*TAP, "--config", str(tmp_path / "config.json")],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert "No space left on device" in last_line(done)


def test_a_target_that_dies_costs_no_traceback(tmp_path: Path, server: Server) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config_for(server)))
    with subprocess.Popen(
        [*TAP, "--config", str(tmp_path / "config.json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 1
    assert "Traceback" not in said
