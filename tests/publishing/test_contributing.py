"""The examples of CONTRIBUTING.md work, step by step as written."""

from __future__ import annotations

import os
import shlex
import shutil
from typing import TYPE_CHECKING

import yaml

from tests.publishing.conftest import PROJECT, clean_environment, run
from tests.publishing.pages import Block, blocks

if TYPE_CHECKING:
    from pathlib import Path

ENTITY = "How to add an entity"
QUIRK = "How to add a quirk to the simulator"


def _copy(target: Path) -> None:
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=PROJECT)
    for name in listed.splitlines():
        if (PROJECT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, target / name)
    for tools in (".venv", ".tools"):
        (target / tools).symlink_to(PROJECT / tools)


def _follow(block: Block, copy: Path) -> None:
    if block.language == "console":
        env = clean_environment(copy)
        for command in block.commands():
            run(*shlex.split(command), cwd=copy, env=env)
        return
    assert block.title, block
    file = copy / block.title
    if block.language == "json":
        assert not file.exists()
        file.write_text(block.text, encoding="utf-8")
        return
    text = file.read_text(encoding="utf-8")
    if block.language == "diff":
        lines = block.text.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if not line.startswith("+"))
        assert text.count(before) == 1, before
        text = text.replace(before, "".join(line[1:] for line in lines))
    else:
        assert block.language == "python"
        text += f"\n\n{block.text}"
    file.write_text(text, encoding="utf-8")


def _follow_section(section: str, copy: Path) -> None:
    copy.mkdir()
    _copy(copy)
    for block in blocks(PROJECT / "CONTRIBUTING.md", section):
        _follow(block, copy)


def test_entity_is_added_as_described(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    _follow_section(ENTITY, copy)
    assert "| `certificates` | Certificates that the school awards." in (
        copy / "README.md"
    ).read_text(encoding="utf-8")
    snapshot = (copy / "tests/__snapshots__/test_discovery.ambr").read_text(encoding="utf-8")
    assert "'tap_stream_id': 'certificates'" in snapshot
    counted = (
        "from tap_alfacrm.tap import STREAMS; from simulator import Account;"
        "assert 'certificates' in [s.name for s in STREAMS];"
        "print(len(Account.build(leads=1).rows('certificate')))"
    )
    python = copy / ".venv" / "bin" / "python"
    simulated = ("tests/simulator/test_entities.py", "-k", "certificate")
    run(python, "-m", "pytest", "-n", "0", *simulated, cwd=copy, env=clean_environment(copy))
    assert run(python, "-c", counted, cwd=copy, env=clean_environment(copy)) == "4\n"


def test_quirk_is_added_as_described(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    _follow_section(QUIRK, copy)
    python = copy / ".venv" / "bin" / "python"
    switched = "from simulator import Quirks; print(Quirks(no_room_notes=True).no_room_notes)"
    assert run(python, "-c", switched, cwd=copy, env=clean_environment(copy)) == "True\n"


def test_hooks_run_what_is_installed() -> None:
    text = (PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    [repo] = yaml.safe_load(text)["repos"]
    for hook in repo["hooks"]:
        assert os.access(PROJECT / hook["entry"].split()[0], os.X_OK), hook["id"]


def test_issue_forms_ask_for_the_doctor() -> None:
    folder = PROJECT / ".github" / "ISSUE_TEMPLATE"
    for name in ("api", "bug"):
        form = yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8"))
        asked = {field["id"]: field for field in form["body"] if "id" in field}
        assert "`alfacrm-doctor --format json`" in asked["doctor"]["attributes"]["description"]
