from __future__ import annotations

import dataclasses
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

import simulator
from simulator.__main__ import parse_quirks


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path, end: signal.Signals) -> None:
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "simulator", "--leads", "3", "--set", "rate_limit=none"]
    command += ["--port-file", str(port_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url, *credentials = process.stdout.readline().split()
        assert url.endswith(f":{port_file.read_text()}")
        login = dict(word.split("=") for word in credentials)
        assert requests.post(f"{url}/v2api/auth/login", json=login, timeout=60).json()["token"]
        process.send_signal(end)
        assert process.wait(5) == 0


def test_switches_are_read_from_text() -> None:
    quirks = parse_quirks(
        ["total=text", "junk_share=0.1", "flags=booleans", "forbidden=branch,lead-status"]
    )
    assert (quirks.total, quirks.junk_share, quirks.flags) == ("text", 0.1, "booleans")
    assert quirks.forbidden == {"branch", "lead-status"}
    assert quirks.rate_limit == 5
    assert parse_quirks(["rate_limit=none", "old_version=true"]).rate_limit is None


@pytest.mark.parametrize("setting", ["totl=text", "total", "total=maybe", "rate_limit=many"])
def test_a_wrong_switch_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=r"totl|total|rate_limit"):
        parse_quirks([setting])


def test_every_switch_is_in_the_readme() -> None:
    readme = Path(simulator.__file__).with_name("README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)` \|", readme, flags=re.MULTILINE)
    assert named == [field.name for field in dataclasses.fields(simulator.Quirks)]
