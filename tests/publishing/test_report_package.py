"""The distribution of the report holds all that it needs outside a clone."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from simulator import Account, serve
from tap_alfacrm.tap import TapAlfaCRM
from tests.conftest import config_for
from tests.loaders.kit import DuckDb
from tests.publishing.conftest import PROJECT, UV, clean_environment, run
from tests.publishing.pages import blocks

if TYPE_CHECKING:
    from pathlib import Path

DBT = ("dbt_project.yml", "profiles.yml", "macros", "models", "snapshots", "tests")
"""What dbt reads of its package."""


def _tracked(*paths: str) -> set[str]:
    return set(run("git", "ls-files", *paths, cwd=PROJECT).split())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    run(UV, "build", "--wheel", "--out-dir", folder, "report", cwd=PROJECT)
    [found] = folder.glob("*.whl")
    return found


def test_the_wheel_has_the_models_and_the_templates(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    code = {name.removeprefix("report/") for name in _tracked("report/alfacrm_report")}
    models = {f"alfacrm_report/{name}" for name in _tracked(*(f"dbt/{part}" for part in DBT))}
    assert "alfacrm_report/templates/page.html" in code
    assert "alfacrm_report/dbt/models/marts/alfacrm__revenue.sql" in models
    assert held == code | models


@pytest.mark.recipes
def test_the_command_of_the_page_works_without_a_clone(wheel: Path, tmp_path: Path) -> None:
    [command] = [
        command
        for block in blocks(PROJECT / "docs" / "models.md", "The report")
        if block.language == "console"
        for command in block.commands()
    ]
    source = '"git+https://github.com/tap-alfacrm/tap-alfacrm#subdirectory=report"'
    assert source in command
    with serve(Account.build()) as server:
        config = config_for(server)
        DuckDb(tmp_path).load(config, TapAlfaCRM(config=config).catalog_dict)
    environment = clean_environment(tmp_path)
    run("bash", "-c", command.replace(source, str(wheel)), cwd=tmp_path, env=environment)
    assert "<figure" in (tmp_path / "school.html").read_text(encoding="utf-8")
