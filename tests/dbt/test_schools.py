"""The models of several schools, united by one command."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import duckdb

from tests.dbt.kit import DBT, PACKAGE

if TYPE_CHECKING:
    from pathlib import Path

CUSTOMERS = "alfacrm__customers"


def _dbt(folder: Path, schema: str, command: list[str], **variables: object) -> str:
    arguments = [
        *command,
        *("--project-dir", str(PACKAGE), "--profiles-dir", str(PACKAGE)),
        *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
        *("--vars", json.dumps({"timezone": "Europe/Kyiv", **variables})),
    ]
    done = subprocess.run(
        [str(DBT), *arguments],
        env={
            **os.environ,
            "ALFACRM_DBT_TARGET": "duckdb",
            "ALFACRM_DUCKDB_PATH": str(folder / "schools.duckdb"),
            "ALFACRM_DBT_SCHEMA": schema,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_models_of_all_schools_have_a_column_for_the_school(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "schools.duckdb")) as database:
        for school, more in (("north", ""), ("south", ", 'blue' AS custom_colour")):
            database.execute(f"CREATE SCHEMA {school}")
            database.execute(
                f"CREATE TABLE {school}.customers AS SELECT range + 1 AS id, 0 AS is_study, "
                f"false AS is_archived, '{school} ' || range AS name{more} "
                f"FROM range({len(school) if more else 3})"
            )
    for school in ("north", "south"):
        _dbt(
            tmp_path,
            f"{school}_models",
            ["run", "--select", f"+{CUSTOMERS}"],
            alfacrm_schema=school,
        )
    for _ in range(2):  # a second time in place of the first
        log = _dbt(
            tmp_path,
            "all_schools",
            ["run-operation", "union_schools"],
            alfacrm_schools=["north", "south"],
        )
    assert f"{CUSTOMERS}: 2 schools" in log
    with duckdb.connect(str(tmp_path / "schools.duckdb")) as database:
        rows = database.execute(
            f"SELECT school, count(*), count(DISTINCT customer_id) FROM all_schools.{CUSTOMERS} "
            "GROUP BY school ORDER BY school"
        ).fetchall()
        views = database.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'all_schools'"
        ).fetchall()
        tables = database.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'north_models' "
            "AND table_name LIKE 'alfacrm\\_\\_%' ESCAPE '\\'"
        ).fetchall()
    assert rows == [("north", 3, 3), ("south", 5, 5)]
    assert views == tables != [(0,)]
