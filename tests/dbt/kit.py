"""A loaded database and the dbt models in it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil
import subprocess
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests.reliability.process import PROJECT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DBT = PROJECT / ".tools" / "dbt" / "bin" / "dbt"
PACKAGE = PROJECT / "dbt"
TODAY = dt.date(2025, 11, 1)
"""The day on which the simulated account was made."""
MODELS = "alfacrm_models"
Rows = list[tuple[Any, ...]]
_RUN = """
import json, os, sys
import duckdb
from dbt.cli.main import dbtRunner
for environment, statement, arguments in json.load(sys.stdin):
    os.environ.update(environment)
    if statement:
        with duckdb.connect(os.environ["ALFACRM_DUCKDB_PATH"]) as connection:
            connection.execute(statement)
    assert dbtRunner().invoke(arguments).success
"""


def plain(value: Any) -> Any:
    """A value in the form in which rows of two databases are compared."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float, Decimal)):
        return round(Decimal(str(value)), 4).normalize() + 0
    return value


@dataclass(frozen=True)
class Step:
    """A command of dbt.

    Attributes:
        arguments: Its command line, without the program.
        environment: Variables beside those of this process and of the steps before.
        statement: What is run before it in the DuckDB file.
    """

    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    statement: str = ""


def run_steps(steps: Sequence[Step]) -> str:
    """Run commands of dbt in one process, which costs one start, and return their output."""
    done = subprocess.run(
        [DBT.with_name("python"), "-c", _RUN],
        input=json.dumps([[step.environment, step.statement, step.arguments] for step in steps]),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@dataclass
class Warehouse:
    """A database with loaded tables and dbt models.

    Attributes:
        folder: Where dbt writes.
        target: Name of the output in dbt/profiles.yml.
        address: File of DuckDB, or URI of PostgreSQL.
        schema: Where the raw tables are.
    """

    folder: Path
    target: str
    address: str
    schema: str
    variables: dict[str, Any] = field(default_factory=dict)

    def arguments(self, *command: str) -> list[str]:
        """A command line of dbt, without the program."""
        variables = {
            "timezone": "Europe/Kyiv",
            "alfacrm_today": TODAY.isoformat(),
            "alfacrm_schema": self.schema,
            **self.variables,
        }
        return [
            *command,
            *("--project-dir", str(PACKAGE), "--profiles-dir", str(PACKAGE)),
            *("--target-path", str(self.folder / "target")),
            *("--log-path", str(self.folder / "logs"), "--vars", json.dumps(variables)),
        ]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that dbt/profiles.yml reads."""
        if self.target == "duckdb":
            own = {"ALFACRM_DUCKDB_PATH": self.address}
        else:
            parts = conninfo_to_dict(self.address)
            own = {
                "ALFACRM_POSTGRES_HOST": str(parts["host"]),
                "ALFACRM_POSTGRES_USER": str(parts["user"]),
                "ALFACRM_POSTGRES_DATABASE": str(parts["dbname"]),
            }
        return {"ALFACRM_DBT_TARGET": self.target, "NO_COLOR": "1", **own}

    def copy(self, folder: Path) -> Warehouse:
        """A copy of the DuckDB file, for a test that changes it."""
        address = str(shutil.copy(self.address, folder))
        shutil.copytree(self.folder / "target", folder / "target")
        return dataclasses.replace(self, folder=folder, address=address)

    def dbt(self, *command: str) -> str:
        """Run dbt and return its output; fails on a non-zero exit code."""
        return run_steps([Step(self.arguments(*command), self.environment)])

    def ask(self, query: str) -> Rows:
        """Rows of a query over the models."""
        if self.target == "duckdb":
            with duckdb.connect(self.address, read_only=True) as connection:
                connection.execute(f"SET search_path = '{MODELS},main'")
                return connection.execute(query).fetchall()
        with psycopg.connect(self.address) as postgres:
            postgres.execute(f"SET search_path TO {MODELS}, {self.schema}")
            return postgres.execute(query).fetchall()

    def columns(self) -> dict[str, list[str]]:
        """The names of the columns of each model."""
        found: dict[str, list[str]] = {}
        for model, name in self.ask(
            "SELECT table_name, column_name FROM information_schema.columns "
            f"WHERE table_schema = '{MODELS}' ORDER BY column_name"
        ):
            found.setdefault(model, []).append(name)
        return found

    def rows(self, model: str, columns: Sequence[str]) -> Rows:
        """The rows of a model, sorted."""
        names = ", ".join(f'"{column}"' for column in columns)
        found = self.ask(f"SELECT {names} FROM {model}")
        return sorted((tuple(map(plain, row)) for row in found), key=str)
