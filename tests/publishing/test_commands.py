"""Each command that a page tells is run by a test, or is known to do what no test should."""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from simulator import Account, serve
from tests.publishing.conftest import MELTANO, PROJECT, clean_environment, run
from tests.publishing.pages import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = [
    *PROJECT.glob("*.md"),
    *(PROJECT / "docs").rglob("*.md"),
    PROJECT / "hub" / "README.md",
    PROJECT / "simulator" / "README.md",
]
COMMAND = re.compile(
    r"^(?:\$ )?((?:\.venv/|\.tools/|(?:dagster|git|make|meltano|python3?|uvx?) ).*?)(?:  +#.*)?$",
    re.MULTILINE,
)
FOLLOWED = {"pipes.md", "meltano.md", "schedule.md", "schools.md", "state.md", "CONTRIBUTING.md"}
"""Pages whose commands other tests run from the first to the last."""
ELSEWHERE = {
    "python -m simulator",  # tests/simulator/test_command.py
    "python3 -m scripts.notes 1.2.3",  # test_package.py
}
NOT_IN_A_TEST = {
    "dagster dev -f dagster_definitions.py",  # serves until it is stopped
    "git push origin v1.2.3",
    "git tag --annotate v1.2.3 --message v1.2.3",
}
README = (
    ".tools/meltano/bin/meltano run tap-alfacrm target-csv",
    ".venv/bin/tap-alfacrm --config ENV --discover > catalog.json",
    ".venv/bin/tap-alfacrm --config ENV --catalog catalog.json | target-jsonl",
)
"""Commands of README.md that the tests here run."""


def _told() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for block in blocks(page):
            if block.title or block.language not in {"", "console"}:
                continue
            if page.name in FOLLOWED and block.language == "console":
                continue
            for command in COMMAND.findall(block.text):
                yield page, command


def test_no_command_is_untested() -> None:
    told = list(_told())
    assert len(told) > 10
    for page, command in told:
        if command.startswith("make "):
            run("make", "--dry-run", *command.split()[1:], cwd=PROJECT)
        else:
            assert command in {*ELSEWHERE, *NOT_IN_A_TEST, *README}, f"{page}: {command}"
    assert {command for _, command in told} >= {*NOT_IN_A_TEST, *README}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh clone with the tap and the tools installed."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=PROJECT)
    copy = tmp_path / "tap-alfacrm"
    for name in listed.splitlines():
        if (PROJECT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, copy / name)
    for tools in (".venv", ".tools"):
        (copy / tools).symlink_to(PROJECT / tools)
    return copy


@pytest.mark.recipes
def test_commands_of_the_readme_load_an_account(checkout: Path, tmp_path: Path) -> None:
    target = tmp_path / "bin" / "target-jsonl"
    target.parent.mkdir()
    target.write_text('#!/bin/sh\nexec uvx target-jsonl==0.1.4 "$@"\n', encoding="utf-8")
    target.chmod(0o755)
    account = Account.build(leads=10, clients=5)
    with serve(account) as server:
        env = clean_environment(
            tmp_path,
            MELTANO_SEND_ANONYMOUS_USAGE_STATS="false",
            MELTANO_CLI_DISABLE_VERSION_CHECK="true",
            UV_PYTHON=sys.executable,
        )
        env["PATH"] = os.pathsep.join([str(target.parent), env["PATH"]])
        filled = (checkout / ".env.example").read_text(encoding="utf-8")
        for name, value in {
            "HOSTNAME": server.url,
            "EMAIL": server.email,
            "API_KEY": server.api_key,
        }.items():
            filled = re.sub(rf"(?m)^(TAP_ALFACRM_{name})=.*$", rf"\1={value}", filled)
        filled += "TAP_ALFACRM_REQUESTS_PER_SECOND=1000\n"
        (checkout / ".env").write_text(filled, encoding="utf-8")
        run(MELTANO, "install", "tap-alfacrm", "target-csv", cwd=checkout, env=env)
        log = ""
        for command in README:
            log += run("bash", "-euo", "pipefail", "-c", command, cwd=checkout, env=env)
    cards = len(account.rows("customer"))
    assert log.count(f"customers: COMPLETE. Rows received {cards} ") == 2
    [csv] = (checkout / "output").glob("customers.csv")
    assert len(csv.read_text(encoding="utf-8").splitlines()) > cards
    [jsonl] = checkout.glob("customers*.jsonl")
    assert len(jsonl.read_text(encoding="utf-8").splitlines()) == cards
