"""Translate the schemas of columns to the types of a database, as a loader does, offline.

    python translate.py LOADER < {column: schema}

Requires the loader's environment. Writes the types as JSON.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")  # old SDKs use pkg_resources


def snowflake():
    from snowflake.sqlalchemy.snowdialect import dialect
    from target_snowflake.connector import SnowflakeConnector

    names = ("user", "account", "database", "password")
    return SnowflakeConnector(config=dict.fromkeys(names, "x")), dialect()


def redshift():
    from sqlalchemy_redshift.dialect import RedshiftDialect
    from target_redshift.connector import RedshiftConnector

    return RedshiftConnector(config={}), RedshiftDialect()


def clickhouse():
    from clickhouse_sqlalchemy.drivers.http.base import ClickHouseDialect_http
    from target_clickhouse.connectors import ClickhouseConnector

    return ClickhouseConnector(
        config={"sqlalchemy_url": "clickhouse+http://x"}
    ), ClickHouseDialect_http()


def mssql():
    from sqlalchemy.dialects.mssql import dialect
    from target_mssql.connector import mssqlConnector

    return mssqlConnector(config={"sqlalchemy_url": "mssql+pymssql://x"}), dialect()


def bigquery():
    from target_bigquery.core import SchemaResolverVersion, SchemaTranslator

    def translated(schema):
        translator = SchemaTranslator(
            {"type": "object", "properties": {"x": schema}}, {}, SchemaResolverVersion.V2
        )
        [field] = [field for field in translator.translated_schema if field.name == "x"]
        return f"{field.mode} {field.field_type}".upper().removeprefix("NULLABLE ")

    return translated


def types(loader):
    made = globals()[loader]()
    if callable(made):
        return made
    connector, dialect = made
    return lambda schema: str(connector.to_sql_type(schema).compile(dialect=dialect))


translated = types(sys.argv[1])
found = {name: translated(schema) for name, schema in json.load(sys.stdin).items()}
print(json.dumps(found))
