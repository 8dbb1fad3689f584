"""The package in a dbt project of its own, installed as docs/models.md shows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import duckdb
import pytest
import yaml

from tests.dbt.kit import DBT
from tests.publishing.conftest import run
from tests.publishing.pages import blocks
from tests.reliability.process import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

NAME = "school"


@pytest.mark.recipes
def test_another_project_installs_the_package(tmp_path: Path) -> None:
    [packages] = [
        yaml.safe_load(block.text)
        for block in blocks(PROJECT / "docs" / "models.md")
        if block.title == "packages.yml"
    ]
    # what is committed here stands for what is published
    head = run("git", "rev-parse", "HEAD", cwd=PROJECT)
    packages["packages"][0] |= {"git": PROJECT.as_uri(), "revision": head.strip()}
    output = {"type": "duckdb", "path": str(tmp_path / "school.duckdb"), "schema": "reports"}
    for file, content in {
        "packages.yml": packages,
        "dbt_project.yml": {"name": NAME, "version": "1.0.0", "profile": NAME},
        "profiles.yml": {NAME: {"target": "dev", "outputs": {"dev": output}}},
    }.items():
        (tmp_path / file).write_text(yaml.safe_dump(content))
    with duckdb.connect(output["path"]) as connection:
        connection.execute("CREATE TABLE lead_statuses AS SELECT 7 AS id, 'New' AS name")
        connection.execute(
            "CREATE TABLE customers AS SELECT 1 AS id, 0 AS is_study, false AS is_archived, "
            "7 AS lead_status_id, TIMESTAMP '2025-09-30 22:00:00' AS b_date"
        )
    environment = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    for command in (["deps"], ["build", "--vars", "timezone: Europe/Kyiv"]):
        run(DBT, *command, cwd=tmp_path, env=environment)
    with duckdb.connect(output["path"]) as connection:
        found = connection.execute(
            "SELECT stage, customer_status, created_month FROM reports.alfacrm__customers"
        )
        assert [(*row[:2], str(row[2])) for row in found.fetchall()] == [
            ("New", "open lead", "2025-10-01")
        ]
