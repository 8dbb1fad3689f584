"""Build the models that the page shows, with dbt."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from alfacrm_report.database import is_postgres, parts

if TYPE_CHECKING:
    import datetime as dt

_HERE = Path(__file__).parent
MODELS = "alfacrm_models"
"""The schema of the models in the profile of the package."""


def package() -> Path:
    """The folder of the dbt package: part of this distribution, or of the clone around it."""
    inside = _HERE / "dbt"
    return inside if inside.exists() else _HERE.parents[1] / "dbt"


def program() -> str:
    """The dbt of this environment, or that of the PATH."""
    own = Path(sys.executable).with_name("dbt")
    return os.environ.get("ALFACRM_DBT") or str(own if own.exists() else shutil.which("dbt"))


def build(address: str, *, timezone: str, today: dt.date, source_schema: str | None) -> bool:
    """Run `dbt build` over a database.

    Args:
        address: File of DuckDB, or URL of PostgreSQL.
        timezone: IANA time zone of the school.
        today: The day to which ages and debts refer.
        source_schema: Schema of the loaded tables; None is the default of the package.

    Returns:
        Whether all models were built and all tests passed.
    """
    variables = {"timezone": timezone, "alfacrm_today": today.isoformat()}
    if source_schema:
        variables["alfacrm_schema"] = source_schema
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(program(), "--quiet", "build", "--vars", json.dumps(variables)),
            *("--project-dir", str(package()), "--profiles-dir", str(package())),
            *("--target-path", f"{folder}/target", "--log-path", f"{folder}/logs"),
        ]
        environment = {**os.environ, **_connection(address)}
        done = subprocess.run(command, env=environment, check=False)  # noqa: S603 - runs dbt
        return not done.returncode


def _connection(address: str) -> dict[str, str]:
    """The variables that the profile of the package reads."""
    if not is_postgres(address):
        return {"ALFACRM_DBT_TARGET": "duckdb", "ALFACRM_DUCKDB_PATH": address}
    names = {
        "host": "HOST",
        "port": "PORT",
        "user": "USER",
        "password": "PASSWORD",
        "dbname": "DATABASE",
    }
    found = parts(address)
    own = {f"ALFACRM_POSTGRES_{name}": found[key] for key, name in names.items() if key in found}
    return {"ALFACRM_DBT_TARGET": "postgres", **own}
