"""Read the marts from DuckDB or PostgreSQL."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Row = dict[str, Any]
_PARAMETER = re.compile(r"\$(\w+)")
_POSTGRES = re.compile(r"^postgres(?:ql)?(?:\+\w+)?://")


class Database(Protocol):
    """A database with the marts."""

    def ask(self, query: str, values: Mapping[str, Any]) -> list[Row]:
        """Run a query.

        Args:
            query: SQL that both databases understand, with parameters like `$since`.
            values: Values of all parameters.

        Returns:
            The rows, by column.
        """


class DuckDb:
    """A DuckDB file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, schema: str) -> None:
        self._connection = connection
        name = schema.replace("'", "''")
        self._connection.execute(f"SET search_path = '{name}'")

    def ask(self, query: str, values: Mapping[str, Any]) -> list[Row]:
        """Run a query."""
        used = {name: values[name] for name in _PARAMETER.findall(query)}
        found = self._connection.execute(query, used)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


class Postgres:
    """A PostgreSQL database."""

    def __init__(self, connection: psycopg.Connection, schema: str) -> None:
        self._connection = connection
        self._connection.execute(
            sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)),
        )

    def ask(self, query: str, values: Mapping[str, Any]) -> list[Row]:
        """Run a query."""
        used = {name: values[name] for name in _PARAMETER.findall(query)}
        text = _PARAMETER.sub(r"%(\1)s", query)
        with self._connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            return cursor.execute(sql.SQL(text), used).fetchall()


def is_postgres(address: str) -> bool:
    """Whether an address is the URL of a PostgreSQL database, and not a DuckDB file."""
    return bool(_POSTGRES.match(address))


def plain_uri(address: str) -> str:
    """A URL as libpq reads it: without the driver that SQLAlchemy's URLs name."""
    return _POSTGRES.sub("postgresql://", address)


def parts(address: str) -> dict[str, str]:
    """Host, port, user, password and name of a PostgreSQL database."""
    found = conninfo_to_dict(plain_uri(address))
    return {name: str(value) for name, value in found.items() if value is not None}


@contextmanager
def connect(address: str, schema: str) -> Iterator[Database]:
    """Open a database for reading.

    Args:
        address: File of DuckDB, or URL of PostgreSQL.
        schema: Schema of the models.

    Yields:
        The database.
    """
    if is_postgres(address):
        with psycopg.connect(plain_uri(address)) as postgres:
            postgres.read_only = True
            yield Postgres(postgres, schema)
    else:
        with duckdb.connect(address, read_only=True) as connection:
            yield DuckDb(connection, schema)
