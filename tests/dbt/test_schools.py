"""The models of several schools, united by one command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb

from tests.dbt.kit import PACKAGE, Step, run_steps

if TYPE_CHECKING:
    from pathlib import Path

CUSTOMERS = "alfacrm__customers"


def _step(folder: Path, schema: str, command: list[str], **variables: object) -> Step:
    arguments = [
        *command,
        *("--project-dir", str(PACKAGE), "--profiles-dir", str(PACKAGE)),
        *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
        *("--vars", json.dumps({"timezone": "Europe/Kyiv", **variables})),
    ]
    environment = {
        "ALFACRM_DBT_TARGET": "duckdb",
        "ALFACRM_DUCKDB_PATH": str(folder / "schools.duckdb"),
        "ALFACRM_DBT_SCHEMA": schema,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    return Step(arguments, environment)


def test_the_models_of_all_schools_have_a_column_for_the_school(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "schools.duckdb")) as database:
        for school, more in (("north", ""), ("south", ", 'blue' AS custom_colour")):
            database.execute(f"CREATE SCHEMA {school}")
            database.execute(
                f"CREATE TABLE {school}.customers AS SELECT range + 1 AS id, 0 AS is_study, "
                f"false AS is_archived, '{school} ' || range AS name{more} "
                f"FROM range({len(school) if more else 3})"
            )
    steps = [
        _step(
            tmp_path,
            f"{school}_models",
            ["run", "--select", f"+{CUSTOMERS}"],
            alfacrm_schema=school,
        )
        for school in ("north", "south")
    ]
    union = _step(
        tmp_path,
        "all_schools",
        ["run-operation", "union_schools"],
        alfacrm_schools=["north", "south"],
    )
    log = run_steps([*steps, union, union])  # a second time in place of the first
    assert log.count(f"{CUSTOMERS}: 2 schools") == 2
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
