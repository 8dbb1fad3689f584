"""Each environment of meltano.yml is run twice, and its tables are compared with the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tap_alfacrm.tap import STREAMS, TapAlfaCRM
from tests.conftest import config_for
from tests.loaders.kit import Csv, DuckDb, Jsonl, Loader, Parquet, Postgres, Sqlite
from tests.publishing.conftest import PROJECT
from tests.publishing.test_commands import reader  # noqa: F401 - a fixture
from tests.truth import of_table, truth, untrue

if TYPE_CHECKING:
    from tests.publishing.reader import Reader
    from tests.truth import Table

CSV = "tap-alfacrm target-csv"
RUN: dict[str, tuple[str, type[Loader], str]] = {
    "dev": (CSV, Csv, "output"),
    "demo": (CSV, Csv, "output/demo"),
    "pseudonymised": (CSV, Csv, "output"),
    "jsonl": ("tap-alfacrm target-jsonl", Jsonl, "output"),
    "duckdb": ("duckdb", DuckDb, "output"),
    "sqlite": ("sqlite", Sqlite, "output"),
    "parquet": ("parquet", Parquet, "output"),
    "postgres": ("tap-alfacrm target-postgres", Postgres, "output"),
}
"""What is run in each environment, and where the tables are."""
TRANSLATED = {"snowflake", "bigquery", "redshift", "clickhouse", "mssql"}
"""Environments whose databases the tests do not have."""
SELECTED = {
    stream.name: list(stream.primary_keys) for stream in STREAMS if stream.selected_by_default
}


def test_each_environment_is_run_or_translated() -> None:
    settings = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))
    assert {one["name"] for one in settings["environments"]} == {*RUN, *TRANSLATED}


def tables_of(loader: Loader, catalog: dict[str, Any]) -> dict[str, Table]:
    """The tables, in the form of the account's own rows."""
    loader.catalog = catalog
    titles = {
        entry["stream"]: {
            name: schema.get("title", name)
            for name, schema in entry["schema"]["properties"].items()
        }
        for entry in catalog["streams"]
    }
    return {
        name: of_table(rows, titles[name], SELECTED[name])
        for name, rows in loader.tables(SELECTED).items()
    }


@pytest.mark.recipes
@pytest.mark.parametrize("environment", RUN)
def test_a_second_run_leaves_every_row(
    reader: Reader,  # noqa: F811 - the fixture
    postgres: str,
    environment: str,
) -> None:
    what, kind, folder = RUN[environment]
    server = reader.servers[""]
    place = reader.folder / folder
    place.mkdir(parents=True)
    loader = Postgres(place, postgres, "alfacrm") if kind is Postgres else kind(place)
    reader.type(f"export TARGET_POSTGRES_SQLALCHEMY_URL={postgres}")
    reader.type("export PSEUDONYM_SALT=grain")
    reader.type("meltano install target-jsonl target-postgres tables")
    reader.type(f"meltano --environment={environment} run {what}")
    new = {path: server.account.insert(path) for path in ("pay", "lesson", "lead-source")}
    reader.type(f"meltano --environment={environment} run {what}")
    wanted = {name: table for name, table in truth(server.account).items() if name in SELECTED}
    assert (new["pay"],) in wanted["pays"]
    catalog = TapAlfaCRM(config=config_for(server)).catalog_dict
    if environment == "pseudonymised":  # names are digests, and texts are left out
        for name, keys in SELECTED.items():
            assert loader.tables({name: keys})[name].keys() == {
                tuple(map(str, key)) for key in wanted[name]
            }
    else:
        assert untrue(tables_of(loader, catalog), wanted) == []
