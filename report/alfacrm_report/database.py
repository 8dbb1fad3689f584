"""Read the marts from DuckDB or PostgreSQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    def __init__(self, path: str, schema: str) -> None:
        self._connection = duckdb.connect(path, read_only=True)
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

    def __init__(self, uri: str, schema: str) -> None:
        self._connection = psycopg.connect(plain_uri(uri), autocommit=True)
        self._connection.execute(
            sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)),
        )
        self._connection.read_only = True

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


def connect(address: str, schema: str) -> Database:
    """Open a database for reading.

    Args:
        address: File of DuckDB, or URL of PostgreSQL.
        schema: Schema of the models.

    Returns:
        The database.
    """
    return Postgres(address, schema) if is_postgres(address) else DuckDb(address, schema)
