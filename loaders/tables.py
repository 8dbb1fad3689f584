"""Create DuckDB tables, an SQLite database or Parquet files from the output of target-jsonl.

    python loaders/tables.py FOLDER CATALOG DESTINATION

FOLDER is the output folder of target-jsonl. CATALOG is the tap's catalog, which determines the
column types. DESTINATION is a DuckDB file (`.duckdb`), an SQLite file (`.sqlite`), or a folder or
`s3://bucket/prefix` for Parquet files.

Money is DECIMAL and date-times are TIMESTAMP in UTC; in SQLite, which has neither, they are
NUMERIC and TEXT. If a row was loaded more than once, the last one is kept. Existing tables are
replaced.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

MONEY = "DECIMAL(38, 9)"
LARGEST_OBJECT = 1 << 30
"""Bytes that one line may have."""
BATCH = 10_000
"""Rows that are copied to SQLite at once."""
TYPES = {"integer": "BIGINT", "number": MONEY, "boolean": "BOOLEAN", "object": "JSON"}
FORMATS = {"date": "DATE", "date-time": "TIMESTAMP", "time": "TIME"}


def column_type(schema: dict[str, Any]) -> str:
    """Return the type of a column for a JSON Schema."""
    given = schema.get("type", [])
    types = ({given} if isinstance(given, str) else set(given)) - {"null"}
    if types == {"string"}:
        return FORMATS.get(schema.get("format", ""), "VARCHAR")
    if types == {"array"}:
        item = column_type(schema.get("items") or {})
        return f"{item}[]"
    return TYPES.get(types.pop(), "JSON") if len(types) == 1 else "JSON"


def quoted(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def _fields(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas of the fields that were selected."""
    left_out = {
        item["breadcrumb"][-1]
        for item in entry.get("metadata", [])
        if item["breadcrumb"] and item["metadata"].get("selected") is False
    } - set(entry["key_properties"])
    properties: dict[str, Any] = entry["schema"]["properties"]
    return {name: schema for name, schema in properties.items() if name not in left_out}


def _make_table(connection: duckdb.DuckDBPyConnection, entry: dict[str, Any], file: Path) -> int:
    name = quoted(entry["stream"])
    columns = {field: column_type(schema) for field, schema in _fields(entry).items()}
    # numbers are read as text, because DuckDB would parse them as DOUBLE
    amounts = [field for field, type_ in columns.items() if type_ == MONEY]
    casts = ", ".join(f"CAST({quoted(field)} AS {MONEY}) AS {quoted(field)}" for field in amounts)
    exact = f" REPLACE ({casts})" if casts else ""
    keys = ", ".join(map(quoted, entry["key_properties"]))
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE {name} AS
        SELECT * EXCLUDE _line{exact} FROM (
            SELECT *, row_number() OVER () AS _line
            FROM read_json(?, format = 'newline_delimited', columns = ?, maximum_object_size = ?)
        )
        QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY _line DESC) = 1
        """,  # noqa: S608 - the names are quoted
        [str(file), columns | dict.fromkeys(amounts, "VARCHAR"), LARGEST_OBJECT],
    )
    count = connection.execute(f"SELECT count(*) FROM {name}")  # noqa: S608 - the name is quoted
    return int(count.fetchall()[0][0])


def make_tables(folder: Path, database: Path, catalog: dict[str, Any]) -> dict[str, int]:
    """Create a DuckDB table from each file.

    Args:
        folder: Output folder of target-jsonl, with one file for each stream.
        database: The DuckDB file.
        catalog: Singer catalog of the tap.

    Returns:
        Rows of each table.
    """
    with duckdb.connect(str(database)) as connection:
        return {
            entry["stream"]: _make_table(connection, entry, file)
            for entry in catalog["streams"]
            if (file := folder / f"{entry['stream']}.jsonl").exists()
        }


def _for_sqlite(name: str, type_: str) -> tuple[str, str]:
    """Return the SQLite type of a DuckDB column and the expression that selects its values."""
    column = quoted(name)
    if type_ in {"BIGINT", "BOOLEAN"}:
        return "INTEGER", f"CAST({column} AS BIGINT)"
    if type_.startswith("DECIMAL"):  # as text, which SQLite stores as a number
        return "NUMERIC", f"CAST({column} AS VARCHAR)"
    if type_ == "TIMESTAMP":
        return "TEXT", f"strftime({column}, '%Y-%m-%d %H:%M:%S')"
    if type_.endswith("[]"):
        return "TEXT", f"CAST(to_json({column}) AS VARCHAR)"
    return "TEXT", f"CAST({column} AS VARCHAR)"


def copy_to_sqlite(
    connection: duckdb.DuckDBPyConnection, catalog: dict[str, Any], destination: Path
) -> None:
    """Replace the tables of an SQLite file in one transaction.

    Args:
        connection: The DuckDB tables.
        catalog: Singer catalog of the tap, for the keys.
        destination: The SQLite file.
    """
    keys = {entry["stream"]: entry["key_properties"] for entry in catalog["streams"]}
    with closing(sqlite3.connect(destination)) as sqlite, sqlite:
        sqlite.execute("BEGIN")
        for (table,) in connection.execute("SHOW TABLES").fetchall():
            name = quoted(table)
            described = connection.execute(f"DESCRIBE {name}").fetchall()
            columns = [(field, *_for_sqlite(field, type_)) for field, type_, *_ in described]
            definitions = ", ".join(f"{quoted(field)} {type_}" for field, type_, _ in columns)
            key = ", ".join(map(quoted, keys[table]))
            sqlite.execute(f"DROP TABLE IF EXISTS {name}")
            sqlite.execute(f"CREATE TABLE {name} ({definitions}, PRIMARY KEY ({key}))")
            rows = connection.execute(f"SELECT {', '.join(e for *_, e in columns)} FROM {name}")  # noqa: S608 - the names are quoted
            insert = f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - the name is quoted
            while batch := rows.fetchmany(BATCH):
                sqlite.executemany(insert, batch)


def copy_to_parquet(connection: duckdb.DuckDBPyConnection, destination: str) -> None:
    """Replace the Parquet file of each table.

    Args:
        connection: The DuckDB tables.
        destination: A folder, or `s3://bucket/prefix`.
    """
    with tempfile.TemporaryDirectory() as temporary:
        remote = destination.startswith("s3://")
        folder = Path(temporary if remote else destination)
        folder.mkdir(parents=True, exist_ok=True)
        for (table,) in connection.execute("SHOW TABLES").fetchall():
            file, unfinished = folder / f"{table}.parquet", folder / f".{table}.parquet"
            connection.execute(
                f"COPY {quoted(table)} TO {_text(unfinished)} (FORMAT parquet, COMPRESSION zstd)"
            )
            unfinished.replace(file)
        if remote:
            _upload(folder, destination)


def _text(path: Path) -> str:
    """Quote a path for SQL."""
    return "'" + str(path).replace("'", "''") + "'"


def _upload(folder: Path, destination: str) -> None:
    import boto3  # type: ignore[import-not-found]  # noqa: PLC0415 - in its environment, for S3 only

    bucket, _, prefix = destination.removeprefix("s3://").partition("/")
    client = boto3.client("s3")
    for file in sorted(folder.glob("*.parquet")):
        client.upload_file(
            str(file), bucket, "/".join(filter(None, [prefix.strip("/"), file.name]))
        )


def load(folder: Path, catalog: dict[str, Any], destination: str) -> dict[str, int]:
    """Create the tables in their destination.

    Args:
        folder: Output folder of target-jsonl.
        catalog: Singer catalog of the tap.
        destination: A DuckDB file, an SQLite file, or a folder or S3 URL for Parquet files.

    Returns:
        Rows of each table.
    """
    if destination.endswith(".duckdb"):
        Path(destination).parent.mkdir(parents=True, exist_ok=True)
        return make_tables(folder, Path(destination), catalog)
    with tempfile.TemporaryDirectory() as temporary:
        database = Path(temporary) / "tables.duckdb"
        rows = make_tables(folder, database, catalog)
        with duckdb.connect(str(database)) as connection:
            if destination.endswith(".sqlite"):
                Path(destination).parent.mkdir(parents=True, exist_ok=True)
                copy_to_sqlite(connection, catalog, Path(destination))
            else:
                copy_to_parquet(connection, destination)
    return rows


def main() -> None:
    """Read the command line."""
    folder, catalog, destination = sys.argv[1:4]
    found = json.loads(Path(catalog).read_text(encoding="utf-8"))
    for name, count in load(Path(folder), found, destination).items():
        print(f"{name}: {count:,}")


if __name__ == "__main__":
    main()
