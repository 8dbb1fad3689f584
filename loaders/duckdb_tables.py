"""Create DuckDB tables from the output of target-jsonl.

    python loaders/duckdb_tables.py FOLDER FILE CATALOG

The catalog (of `tap-alfacrm --discover`) determines the column types: money is DECIMAL, date-times
are TIMESTAMP in UTC. If a row was loaded more than once, the last one is kept. Existing tables are
replaced.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import duckdb

MONEY = "DECIMAL(38, 9)"
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


def make_tables(folder: Path, database: Path, catalog: dict[str, Any]) -> dict[str, int]:
    """Create a table from each file.

    Args:
        folder: Output folder of target-jsonl, with one file for each stream.
        database: The DuckDB file.
        catalog: Singer catalog of the tap.

    Returns:
        Rows of each table.
    """
    rows = {}
    with duckdb.connect(str(database)) as connection:
        for entry in catalog["streams"]:
            name, file = entry["stream"], folder / f"{entry['stream']}.jsonl"
            if not file.exists():
                continue
            columns = {
                field: column_type(schema)
                for field, schema in entry["schema"]["properties"].items()
            }
            # numbers are read as text, because DuckDB would parse them as DOUBLE
            amounts = [name for name, type_ in columns.items() if type_ == MONEY]
            casts = ", ".join(
                f"CAST({quoted(name)} AS {MONEY}) AS {quoted(name)}" for name in amounts
            )
            exact = f" REPLACE ({casts})" if casts else ""
            read_as = columns | dict.fromkeys(amounts, "VARCHAR")
            keys = ", ".join(map(quoted, entry["key_properties"]))
            connection.execute(
                f"""
                CREATE OR REPLACE TABLE {quoted(name)} AS
                SELECT * EXCLUDE _line{exact} FROM (
                    SELECT *, row_number() OVER () AS _line
                    FROM read_json(?, format = 'newline_delimited', columns = ?,
                                   maximum_object_size = 1073741824)
                )
                QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY _line DESC) = 1
                """,  # noqa: S608 - the names are quoted
                [str(file), read_as],
            )
            count = connection.execute(f"SELECT count(*) FROM {quoted(name)}")  # noqa: S608
            rows[name] = count.fetchall()[0][0]
    return rows


def main() -> None:
    """Read the command line."""
    folder, database, catalog = map(Path, sys.argv[1:4])
    for name, count in make_tables(folder, database, json.loads(catalog.read_text())).items():
        print(f"{name}: {count:,}")


if __name__ == "__main__":
    main()
