"""The models of several schools, united by one command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from tests.dbt.kit import Step, Warehouse, run_steps

if TYPE_CHECKING:
    from pathlib import Path

CUSTOMERS = "alfacrm__customers"
SCHOOLS = ["north", "south"]


def _step(database: Path, schema: str, command: list[str], raw: str = "", **more: object) -> Step:
    """A command whose models are in one schema, and the loaded tables in another."""
    warehouse = Warehouse(database.parent, "duckdb", str(database), raw, more)
    return Step(
        warehouse.arguments(*command),
        {**warehouse.environment, "ALFACRM_DBT_SCHEMA": schema},
    )


def test_the_models_of_all_schools_have_a_column_for_the_school(tmp_path: Path) -> None:
    database = tmp_path / "schools.duckdb"
    with duckdb.connect(str(database)) as connection:
        for school, more in (("north", ""), ("south", ", 'blue' AS custom_colour")):
            connection.execute(f"CREATE SCHEMA {school}")
            connection.execute(
                f"CREATE TABLE {school}.customers AS SELECT range + 1 AS id, 0 AS is_study, "
                f"false AS is_archived, '{school} ' || range AS name{more} "
                f"FROM range({len(school) if more else 3})"
            )
    steps = [
        _step(database, f"{school}_models", ["run", "--select", f"+{CUSTOMERS}"], school)
        for school in SCHOOLS
    ]
    union = _step(
        database, "all_schools", ["run-operation", "union_schools"], alfacrm_schools=SCHOOLS
    )
    log = run_steps([*steps, union, union])  # a second time in place of the first
    assert log.count(f"{CUSTOMERS}: 2 schools") == 2
    with duckdb.connect(str(database)) as connection:
        rows = connection.execute(
            f"SELECT school, count(*), count(DISTINCT customer_id) FROM all_schools.{CUSTOMERS} "
            "GROUP BY school ORDER BY school"
        ).fetchall()
        views = connection.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'all_schools'"
        ).fetchall()
        tables = connection.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'north_models' "
            "AND table_name LIKE 'alfacrm\\_\\_%' ESCAPE '\\'"
        ).fetchall()
    assert rows == [("north", 3, 3), ("south", 5, 5)]
    assert views == tables != [(0,)]
