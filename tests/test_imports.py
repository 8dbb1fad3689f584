"""Imports run in one direction, checked by a linter."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
LINTER = Path(sys.executable).with_name("lint-imports")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package and its contract, to be broken."""
    shutil.copytree(
        PROJECT / "tap_alfacrm", tmp_path / "tap_alfacrm", ignore=shutil.ignore_patterns("*.pyc")
    )
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINTER, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_contract_holds(copy: Path) -> None:
    assert lint(copy).returncode == 0


@pytest.mark.parametrize(
    ("file", "imported"),
    [
        ("errors.py", "tap_alfacrm.tap"),
        ("records/page.py", "tap_alfacrm.client.request"),
        ("extract/reader.py", "tap_alfacrm.streams.base"),
        ("sdk/output.py", "tap_alfacrm.config"),
    ],
)
def test_an_import_upward_breaks_it_even_for_types_alone(
    copy: Path, file: str, imported: str
) -> None:
    path = copy / "tap_alfacrm" / file
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\nif TYPE_CHECKING:\n    import {imported}\n", encoding="utf-8")
    done = lint(copy)
    assert done.returncode == 1
    assert imported in done.stdout
