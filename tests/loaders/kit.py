"""Runs the tap and a real loader as processes and reads the resulting tables."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import re
import sqlite3
import subprocess
from abc import ABC, abstractmethod
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg
import requests
from typing_extensions import override

from loaders.tables import column_type
from tests.reliability.process import PROJECT, Tap

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.reliability.process import Ending

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
Row = dict[str, Any]
Tables = dict[str, dict[Any, Row]]


def command(name: str) -> str:
    """The executable of a loader."""
    return str(PROJECT / ".tools" / "loaders" / name / "bin" / name)


def plain(value: Any) -> Any:
    """A value in the form in which tables are compared."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Decimal):
        return value.normalize() + 0
    if isinstance(value, float):  # in JSON columns, where it was text of a few digits
        return Decimal(str(value)).normalize() + 0
    if isinstance(value, int):
        return Decimal(value).normalize() + 0
    if isinstance(value, dt.datetime):
        return f"{value.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def unpacked(value: Any) -> Any:
    """A value, or a list of values, that is stored as JSON."""
    if isinstance(value, list):
        return [unpacked(item) for item in value]
    return value if value is None else json.loads(value, parse_float=Decimal)


class Loader(ABC):
    """A loader with its own destination.

    Attributes:
        settings: Settings of the tap for this loader.
        keeps: Whether rows of earlier runs are kept.
        removes: Whether rows are removed that a complete full table no longer has.
        built: What is built from its files after each load.
    """

    name: str
    built: Sequence[Built] = ()
    keeps = True
    removes = False
    settings: dict[str, Any] = {}  # noqa: RUF012 - no one writes to it

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config_file = folder / "loader.json"
        self.config_file.write_text(json.dumps(self.config))
        self.catalog: dict[str, Any] = {}

    @property
    @abstractmethod
    def config(self) -> dict[str, Any]:
        """The loader's own settings."""

    @abstractmethod
    def tables(self, keys: dict[str, list[str]]) -> Tables:
        """All tables, in the form of `plain`, without the loader's columns."""

    def shown(self, value: Any) -> Any:
        """The form of a record's value in `tables`."""
        return plain(value)

    def load(
        self, config: dict[str, Any], catalog: dict[str, Any], state: Row | None = None
    ) -> tuple[Ending, Row]:
        """Run tap and loader; return the tap's output and the loader's state."""
        self.catalog = catalog
        tap = Tap(self.folder / "tap", {**config, **self.settings}, catalog)
        ending = tap.run(state)
        assert ending.code == 0, ending.log[-1]
        with (self.folder / "tap" / "output").open("rb") as output:
            done = subprocess.run(
                [command(self.name), "--config", str(self.config_file)],
                stdin=output,
                capture_output=True,
                check=False,
                cwd=self.folder,
            )
        assert done.returncode == 0, done.stderr[-2000:].decode()
        for one in self.built:
            one.build(catalog)
        lines = done.stdout.decode().strip().splitlines()
        return ending, json.loads(lines[-1]) if lines else {}


class Csv(Loader):
    """target-csv; cells are text."""

    name = "target-csv"
    keeps = False
    settings = {"flattening_enabled": True, "flattening_max_depth": 1}  # noqa: RUF012 - never changed

    @property
    @override
    def config(self) -> dict[str, Any]:
        return {"output_path": str(self.folder)}

    @override
    def tables(self, keys: dict[str, list[str]]) -> Tables:
        csv.field_size_limit(10**9)
        tables: Tables = {}
        for stream, names in keys.items():
            with (self.folder / f"{stream}.csv").open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            tables[stream] = {tuple(row[name] for name in names): row for row in rows}
            assert len(tables[stream]) == len(rows), stream
        return tables

    @override
    def shown(self, value: Any) -> Any:
        if value is None:
            return ""
        if isinstance(value, (list, dict)):
            return json.dumps(value, ensure_ascii=False, default=float)
        text = str(value)
        return f"{text[:10]} {text[11:19]}+00:00" if INSTANT.fullmatch(text) else text


class Jsonl(Loader):
    """target-jsonl; appends a line for each record."""

    name = "target-jsonl"

    @property
    @override
    def config(self) -> dict[str, Any]:
        return {"destination_path": str(self.folder), "do_timestamp_file": False}

    @override
    def tables(self, keys: dict[str, list[str]]) -> Tables:
        return {
            stream: {
                tuple(row[name] for name in names): plain(row)
                for line in self.file(stream).read_text(encoding="utf-8").splitlines()
                for row in [json.loads(line, parse_float=Decimal)]
            }
            for stream, names in keys.items()
        }

    def file(self, stream: str) -> Path:
        """The file of a stream."""
        return self.folder / f"{stream}.jsonl"


def rows_of(result: duckdb.DuckDBPyConnection) -> list[Row]:
    """The rows of a DuckDB query, in the form of `plain`."""
    columns = [(column[0], str(column[1])) for column in result.description or ()]
    return [
        {
            name: plain(unpacked(value) if "JSON" in type_ else value)
            for (name, type_), value in zip(columns, row, strict=True)
        }
        for row in result.fetchall()
    ]


class Built(Jsonl):
    """Tables that the utility `tables` of meltano.yml builds from the files of target-jsonl."""

    destination: str
    environment: dict[str, str] = {}  # noqa: RUF012 - no one writes to it

    @property
    def target(self) -> str:
        """Where the tables are."""
        return str(self.folder / self.destination)

    @override
    def load(
        self, config: dict[str, Any], catalog: dict[str, Any], state: Row | None = None
    ) -> tuple[Ending, Row]:
        done = super().load(config, catalog, state)
        self.build(catalog)
        return done

    def build(self, catalog: dict[str, Any]) -> None:
        """Build the tables from the files."""
        self.catalog = catalog
        catalog_file = self.folder / "built.json"
        catalog_file.write_text(json.dumps(catalog))
        python = PROJECT / ".tools" / "loaders" / "tables" / "bin" / "python"
        subprocess.run(
            [python, PROJECT / "loaders" / "tables.py", self.folder, catalog_file, self.target],
            env={**os.environ, **self.environment},
            check=True,
            capture_output=True,
        )

    @override
    def tables(self, keys: dict[str, list[str]]) -> Tables:
        tables: Tables = {}
        with closing(self.connect()) as connection:
            for stream, names in keys.items():
                rows = self.rows(connection, stream)
                tables[stream] = {tuple(row[name] for name in names): row for row in rows}
                assert len(tables[stream]) == len(rows), stream
        return tables

    def connect(self) -> Any:
        """Connect to what reads the tables."""
        return duckdb.connect()

    @abstractmethod
    def rows(self, connection: Any, stream: str) -> list[Row]:
        """The rows of a table."""


class DuckDb(Built):
    """A DuckDB file."""

    destination = "school.duckdb"

    @override
    def connect(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(self.target)

    @override
    def rows(self, connection: duckdb.DuckDBPyConnection, stream: str) -> list[Row]:
        return rows_of(connection.execute(f'SELECT * FROM "{stream}"'))  # noqa: S608 - names of the test


class Sqlite(Built):
    """An SQLite file, which has numbers and text only."""

    destination = "school.sqlite"

    @override
    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.target)

    @override
    def rows(self, connection: sqlite3.Connection, stream: str) -> list[Row]:
        [entry] = [entry for entry in self.catalog["streams"] if entry["stream"] == stream]
        types = {name: column_type(s) for name, s in entry["schema"]["properties"].items()}
        connection.row_factory = sqlite3.Row
        found = connection.execute(f'SELECT * FROM "{stream}"').fetchall()  # noqa: S608 - names of the test
        return [
            {name: self._value(types[name], row[name]) for name in row.keys()}  # noqa: SIM118 - a Row is no dict
            for row in found
        ]

    @staticmethod
    def _value(type_: str, value: Any) -> Any:
        if value is None:
            return None
        if "JSON" in type_ or type_.endswith("[]"):
            return plain(unpacked(value))
        if type_ == "BOOLEAN":
            return {0: False, 1: True}[value]
        return f"{value.replace(' ', 'T')}Z" if type_ == "TIMESTAMP" else plain(value)


class Parquet(Built):
    """Parquet files in a folder."""

    destination = "parquet"

    @override
    def rows(self, connection: duckdb.DuckDBPyConnection, stream: str) -> list[Row]:
        file = str(self.folder / self.destination / f"{stream}.parquet")
        return rows_of(connection.execute("SELECT * FROM read_parquet(?)", [file]))


class S3(Parquet):
    """Parquet files in S3, which moto simulates."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.url = f"{url}/{folder.name.replace('_', '-')}"
        requests.put(self.url, timeout=60).raise_for_status()
        self.environment = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    @property
    @override
    def target(self) -> str:
        return f"s3://{self.url.rpartition('/')[2]}/school/alfacrm"

    @override
    def rows(self, connection: duckdb.DuckDBPyConnection, stream: str) -> list[Row]:
        file = self.folder / self.destination / f"{stream}.parquet"
        file.parent.mkdir(exist_ok=True)
        address = f"{self.url}/school/alfacrm/{file.name}"
        found = requests.get(address, headers={"Authorization": "AWS key:secret"}, timeout=60)
        found.raise_for_status()
        file.write_bytes(found.content)
        return super().rows(connection, stream)


class Postgres(Loader):
    """target-postgres, into a real PostgreSQL."""

    name = "target-postgres"
    removes = True

    def __init__(self, folder: Path, uri: str, schema: str, **settings: Any) -> None:
        self.uri, self.schema, self._settings = uri, schema, settings
        super().__init__(folder)

    @property
    @override
    def config(self) -> dict[str, Any]:
        return {
            "sqlalchemy_url": self.uri.replace("postgresql://", "postgresql+psycopg://"),
            "default_target_schema": self.schema,
            **self._settings,
        }

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The result of a query."""
        with psycopg.connect(self.uri) as connection:
            connection.execute(f'SET search_path TO "{self.schema}"')
            return connection.execute(query).fetchall()

    @override
    def shown(self, value: Any) -> Any:
        """An array has one type: text if ids and names are mixed."""
        if isinstance(value, list) and not any(isinstance(item, dict) for item in value):
            return [str(item) for item in value]
        return plain(value)

    @override
    def tables(self, keys: dict[str, list[str]]) -> Tables:
        tables: Tables = {}
        with psycopg.connect(self.uri) as connection:
            for stream, names in keys.items():
                found = connection.execute(f'SELECT * FROM "{self.schema}"."{stream}"')  # noqa: S608 - names of the test
                columns = [column.name for column in found.description or ()]
                rows = [
                    {
                        name: self.shown(value)
                        for name, value in zip(columns, row, strict=True)
                        if not name.startswith("_sdc_")
                    }
                    for row in found.fetchall()
                ]
                tables[stream] = {tuple(row[name] for name in names): row for row in rows}
                assert len(tables[stream]) == len(rows), stream
        return tables
