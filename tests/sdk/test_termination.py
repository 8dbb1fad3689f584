"""A signal ends the process at the end of a line, whatever the target reads."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, serve
from tests.conftest import config_for
from tests.test_cli import only

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from simulator import Server

NEXT_SDK = """
import sys
from singer_sdk.plugin_base import PluginBase

def _handle_termination(self, signum, frame):
    if self._is_terminating:
        return
    self._is_terminating = True
    self._terminate()

def _terminate(self):
    sys.exit(0)

PluginBase._is_terminating = False
PluginBase._handle_termination, PluginBase._terminate = _handle_termination, _terminate
"""
"""What singer-sdk 0.55 does with signals."""
PATIENCE = 600
"""Seconds after which a process hangs, however busy the machine is."""
MAIN = "from tap_alfacrm.__main__ import main; main()"


@pytest.fixture(scope="module")
def big() -> Iterator[Server]:
    """More than a pipe holds."""
    with serve(Account.build(leads=300, clients=300)) as server:
        yield server


@pytest.fixture
def arguments(tmp_path: Path, big: Server) -> list[str]:
    (tmp_path / "config.json").write_text(json.dumps(config_for(big)))
    catalog = only(tmp_path, "customers")
    return ["--config", str(tmp_path / "config.json"), "--catalog", catalog]


def start(arguments: list[str], prelude: str = "") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", prelude + MAIN, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def read_some(process: subprocess.Popen[bytes], size: int) -> bytes:
    assert process.stdout is not None
    data = b""
    while len(data) < size:
        data += os.read(process.stdout.fileno(), size - len(data))
    return data


def wait_until_it_blocks(process: subprocess.Popen[bytes]) -> None:
    """Wait until the pipe is full."""
    pipe = os.open(f"/proc/{process.pid}/fd/1", os.O_WRONLY)
    try:
        while select.select([], [pipe], [], 0)[1]:
            time.sleep(0.01)
    finally:
        os.close(pipe)


def messages(out: bytes) -> list[dict[str, Any]]:
    assert out.endswith(b"\n")
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.skipif(sys.platform != "linux", reason="opens the pipe by its name in /proc")
@pytest.mark.parametrize(
    ("size", "sent", "prelude"),
    [
        (size, (signal.SIGINT, signal.SIGTERM)[number % 2], ("", NEXT_SDK)[number // 2 % 2])
        for number, size in enumerate(random.Random(1).sample(range(1, 400_000), 8))
    ],
)
def test_the_line_under_way_is_finished_and_then_comes_the_state(
    arguments: list[str], size: int, sent: signal.Signals, prelude: str
) -> None:
    with start(arguments, prelude) as process:
        out = read_some(process, size)
        wait_until_it_blocks(process)
        process.send_signal(sent)
        time.sleep(0.05)
        process.send_signal(signal.SIGTERM)  # changes nothing
        rest, log = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + sent
    found = messages(out + rest)
    assert [message["type"] for message in found].count("STATE") == 1
    assert found[-1]["type"] == "STATE"
    assert len(found) < 600
    assert b"Stopped by " + sent.name.encode() in log.splitlines()[-1]
    assert b"Traceback" not in log


@pytest.mark.skipif(sys.platform != "linux", reason="opens the pipe by its name in /proc")
def test_a_target_that_never_reads_does_not_keep_the_process(arguments: list[str]) -> None:
    with start(arguments) as process:
        read_some(process, 1_000)
        wait_until_it_blocks(process)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE)
        assert process.stderr is not None
        assert b"The target did not read the last lines" in process.stderr.read()
    assert process.returncode == 128 + signal.SIGTERM


FINALIZED = """
import atexit, sys
atexit.register(lambda: print("finalized", file=sys.stderr))
"""


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ([], 0),
        (["--state", "nowhere"], 1),
        (["--nope"], 2),
        (["--version"], 0),
        (["--discover"], 0),
    ],
    ids=str,
)
def test_the_interpreter_is_not_taken_down_while_requests_are_under_way(
    arguments: list[str], more: list[str], code: int
) -> None:
    with start([*arguments, *more], FINALIZED) as process:
        out, log = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert b"finalized" not in log
    assert b"CRITICAL" in log or b"Error" in log or out


@pytest.mark.parametrize("delay", [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_first_line_costs_no_traceback(
    arguments: list[str], sent: signal.Signals, delay: float
) -> None:
    with start(arguments, "import sys, tap_alfacrm.__main__; print('go', flush=True);") as process:
        assert read_some(process, 3) == b"go\n"
        time.sleep(delay)
        process.send_signal(sent)
        out, log = process.communicate(timeout=PATIENCE)
    assert process.returncode in {-sent, 128 + sent, 0}
    assert b"Traceback" not in log
    assert b"STATE" not in out or b"SCHEMA" in out
