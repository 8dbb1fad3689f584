"""Load the demo account into DuckDB, and build the dbt models over it: `make models` runs this."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from scripts.answers import PROJECT, load, table
from simulator.school import NOW
from simulator.tables.kit import iso

OUTPUT = PROJECT / "output" / "models"
DATABASE = OUTPUT / "school.duckdb"
DBT = PROJECT / ".tools" / "dbt" / "bin" / "dbt"
PACKAGE = PROJECT / "dbt"
SHOWN = {
    "Open and lost leads": """
        SELECT pipeline, stage, open_leads, lost_leads FROM alfacrm_models.alfacrm__lead_funnel
        ORDER BY lost_leads DESC, funnel_key LIMIT 5
    """,
    "Why leads are lost": """
        SELECT reason, count(*) AS lost_leads FROM alfacrm_models.alfacrm__lead_losses
        GROUP BY reason ORDER BY lost_leads DESC, reason LIMIT 5
    """,
    "What is filled in badly": """
        SELECT check_name, rows_failing, rows_checked FROM alfacrm_models.alfacrm__data_quality
        ORDER BY rows_failing DESC, check_name LIMIT 5
    """,
}
"""Queries for a first look."""


def build() -> None:
    """Run `dbt build` over the database, as of the day on which the demo account was made."""
    variables = f"{{timezone: Europe/Kyiv, alfacrm_today: '{iso(NOW)}'}}"
    command = [
        *(str(DBT), "--quiet", "build", "--vars", variables),
        *("--project-dir", str(PACKAGE), "--profiles-dir", str(PACKAGE)),
        *("--target-path", str(OUTPUT / "target"), "--log-path", str(OUTPUT / "logs")),
    ]
    own = {"ALFACRM_DBT_TARGET": "duckdb", "ALFACRM_DUCKDB_PATH": str(DATABASE)}
    if subprocess.run(command, env={**os.environ, **own}, check=False).returncode:
        sys.exit("models: dbt build failed")


def load_all(database: Path) -> None:
    """Load every stream that the demo account selects into a new DuckDB file.

    Args:
        database: The file.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        print("Loading the demo account ...", flush=True)
        shutil.move(load(Path(folder), select=lambda catalog: catalog), database)


def main() -> None:
    """Load, build, and show a few rows."""
    load_all(DATABASE)
    print("Building the models ...", flush=True)
    build()
    with duckdb.connect(str(DATABASE), read_only=True) as connection:
        for title, query in SHOWN.items():
            found = connection.execute(query)
            head = [column[0] for column in found.description or ()]
            print(f"\n{title}\n{table(head, found.fetchall())}")
    print(f"\nAll models are in {DATABASE.relative_to(PROJECT)}, schema alfacrm_models.")
    print("A page of charts over them: make report")


if __name__ == "__main__":
    main()
