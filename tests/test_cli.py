"""The command as a process: its errors, and what its output must not contain."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Fault, Quirks, serve
from simulator.access import API_KEY
from tap_alfacrm.tap import TapAlfaCRM
from tests.catalogs import select
from tests.conftest import config_for

if TYPE_CHECKING:
    from simulator import Request, Server

TAP = [sys.executable, "-m", "tap_alfacrm"]


def run(
    tmp_path: Path, config: dict[str, Any] | None, *args: str, **env: str
) -> subprocess.CompletedProcess[str]:
    command = [*TAP, *args]
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config))
        command += ["--config", str(tmp_path / "config.json")]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.getcwd(), **env},  # noqa: PTH109 - a text
        timeout=600,
    )
    assert API_KEY not in done.stdout + done.stderr
    return done


def only(tmp_path: Path, stream: str) -> str:
    """A catalog that selects one stream."""
    catalog = select(TapAlfaCRM(config={}, validate_config=False).catalog_dict, {stream})
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(catalog))
    return str(path)


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


DEBUG = {"LOGLEVEL": "DEBUG", "TAP_ALFACRM_LOGLEVEL": "DEBUG"}


def test_a_wrong_key_ends_in_one_line(tmp_path: Path, server: Server) -> None:
    done = run(tmp_path, config_for(server, api_key="wr0ng-key"), **DEBUG)
    assert "refused the login" in last_line(done)
    assert "DEBUG" in done.stderr
    assert "wr0ng-key" not in done.stderr + done.stdout


def test_an_unavailable_server_ends_in_one_line(tmp_path: Path, server: Server) -> None:
    dead = config_for(server, hostname="http://127.0.0.1:9", app_key="app-5ecret")
    done = run(tmp_path, dead, **DEBUG)
    assert "http://127.0.0.1:9/v2api/auth/login" in last_line(done)
    assert "connection" in last_line(done)
    for secret in (server.api_key, "app-5ecret"):
        assert secret not in done.stderr + done.stdout


def of_customers(request: Request) -> bool:
    return request.entity == "customer"


FAILURES: dict[str, tuple[Quirks, list[Fault], str]] = {
    "customers refused": (Quirks(forbidden=frozenset({"customer"})), [], "no right to it"),
    "an answer that cannot be mended": (
        Quirks(),
        [Fault("status", at=of_customers, status=422)],
        "responded with status 422",
    ),
    "a redirect": (Quirks(), [Fault("redirect", at=of_customers)], "a redirect"),
}


@pytest.mark.parametrize(("quirks", "faults", "why"), FAILURES.values(), ids=FAILURES)
def test_a_run_that_fails_midway_ends_in_one_line(
    tmp_path: Path, account: Account, quirks: Quirks, faults: list[Fault], why: str
) -> None:
    with serve(account, quirks, faults) as server:
        done = run(tmp_path, config_for(server), "--catalog", only(tmp_path, "customers"), **DEBUG)
        tokens = {r.headers["x-alfacrm-token"] for r in server.data_requests}
    assert tokens
    line = last_line(done)
    assert f"{server.url}/v2api/customer/index" in line
    assert why in line
    for secret in (*tokens, server.api_key):
        assert secret not in done.stderr + done.stdout
    people = {row["name"] for row in account.rows("customer")}
    assert not [name for name in people if name in done.stderr]


@pytest.mark.parametrize(
    ("bookmark", "since"),
    [("2025-10-20T05:00:00Z", "since 2025-10-20T05:00:00Z"), (None, "from the start")],
)
def test_the_last_line_says_what_the_next_run_loads_again(
    tmp_path: Path, account: Account, bookmark: str | None, since: str
) -> None:
    mark = {"replication_key": "updated_at", "replication_key_value": bookmark}
    state = {"bookmarks": {"pays": mark} if bookmark else {}}
    (tmp_path / "state.json").write_text(json.dumps(state))
    files = ["--catalog", only(tmp_path, "pays"), "--state", str(tmp_path / "state.json")]
    with serve(account, faults=[Fault("status", at=2, status=422)]) as server:
        line = last_line(run(tmp_path, config_for(server, page_size=2), *files))
    assert "responded with status 422" in line
    assert f"The next run loads pays again {since}; the other streams continue" in line


@pytest.mark.parametrize(
    ("config", "name"),
    [({"page_size": "x"}, "page_size"), ({"is_study": [9]}, "is_study")],
)
def test_a_wrong_setting_ends_in_one_line(
    tmp_path: Path, server: Server, config: dict[str, Any], name: str
) -> None:
    whole = {**config_for(server), **config}
    for arguments in ([], ["--discover"]):
        assert f"Setting {name}" in last_line(run(tmp_path, whole, *arguments))


def test_no_secret_is_in_any_output(tmp_path: Path, account: Account) -> None:
    faults = [Fault("status", at=2, status=500), Fault("expire_tokens", at=4)]
    faults += [Fault("truncated", at=6), Fault("html", at=7, status=200)]
    with serve(account, Quirks(requires_app_key="app-5ecret"), faults=faults) as server:
        config = config_for(server, app_key="app-5ecret", page_size=20)
        done = run(tmp_path, config, "--catalog", only(tmp_path, "customers"), **DEBUG)
        tokens = {r.headers["x-alfacrm-token"] for r in server.data_requests}
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(tokens) == 2
    people = {row["name"] for row in account.rows("customer")}
    for secret in (*tokens, server.api_key, "app-5ecret"):
        assert secret not in done.stderr
        assert secret not in done.stdout
    assert not [name for name in people if name in done.stderr]


def test_help_and_about_send_no_request(tmp_path: Path) -> None:
    assert "--config" in run(tmp_path, None, "--help").stdout
    about = run(tmp_path, None, "--about", "--format=markdown").stdout
    for name in TapAlfaCRM.config_jsonschema["properties"]:
        assert f"| {name} |" in about
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
    silence = Fault("stall", at=lambda request: request.n > 8, times=1_000, seconds=1_200)
    with serve(account, faults=[silence]) as server:
        (tmp_path / "config.json").write_text(json.dumps(config_for(server, page_size=2)))
        catalog = only(tmp_path, "customers")
        with subprocess.Popen(
            [*TAP, "--config", str(tmp_path / "config.json"), "--catalog", catalog],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                while len(server.data_requests) < 9:
                    time.sleep(0.02)
                title = Path(f"/proc/{process.pid}/cmdline")
                shown = title.read_text() if title.exists() else ""  # Linux has it
                process.send_signal(sent)
                out, log = process.communicate(timeout=600)  # responses take twice as long
            finally:
                process.kill()
        assert not [secret for secret in (server.api_key, server.email) if secret in shown]
    assert process.returncode == 128 + sent  # Meltano saves the state and reports the run as failed
    assert f"Stopped by {sent.name}" in log.splitlines()[-1]
    assert "The next run loads customers again from the start;" in log.splitlines()[-1]
    assert json.loads(out.strip().splitlines()[-1])["type"] == "STATE"


def test_pipes_do_not_change_text_and_money(tmp_path: Path, account: Account) -> None:
    """Output is UTF-8 with one message per line, whatever the values contain."""
    with serve(account, Quirks(unicode_oddities=True)) as server:
        done = run(tmp_path, config_for(server), "--catalog", only(tmp_path, "customers"))
    assert done.returncode == 0
    lines = {}
    for line in done.stdout.split("\n")[:-1]:
        message = json.loads(line)
        if message["type"] == "RECORD":
            lines[message["record"]["id"]] = line
    assert lines.keys() == account.customer_ids()
    assert "\u2028" in done.stdout
    for row in account.rows("customer"):
        line = lines[row["id"]]
        assert row["name"] in line
        assert f'"balance":{row["balance"]},' in line


def test_a_full_disk_ends_in_one_line(tmp_path: Path, server: Server) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config_for(server)))
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [*TAP, "--config", str(tmp_path / "config.json")],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert "No space left on device" in last_line(done)


@pytest.mark.parametrize("lines", [0, 1])
def test_a_terminated_target_causes_no_traceback(
    tmp_path: Path, server: Server, lines: int
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config_for(server)))
    with subprocess.Popen(
        [*TAP, "--config", str(tmp_path / "config.json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        for _ in range(lines):
            process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 1
    assert "Traceback" not in said
    assert "The output cannot be written: Broken pipe" in said.splitlines()[-1]
