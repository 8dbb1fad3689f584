"""A newcomer follows the page from the top, with two simulated schools and PostgreSQL."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import psycopg
import pytest
import yaml

from simulator import Account, serve
from tests.franchise.kit import PROJECT, RECIPE, RECIPES
from tests.publishing.conftest import clean_environment, distributions  # noqa: F401 - a fixture
from tests.publishing.pages import blocks
from tests.publishing.reader import Reader, newcomer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.publishing.conftest import Distributions

PAGE = RECIPES / "schools.md"
SECTION = "Tens to hundreds of schools"


@pytest.mark.recipes
def test_the_page_loads_a_school_into_a_schema_of_its_own(
    distributions: Distributions,  # noqa: F811 - the fixture
    postgres: str,
    tmp_path: Path,
) -> None:
    accounts = {
        "north": Account.build(leads=10, seed=1),
        "south": Account.build(leads=5, clients=5, seed=2),
    }
    settings = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))
    [loader] = [
        {key: value for key, value in one.items() if key != "config"} | {"variant": "meltanolabs"}
        for one in settings["plugins"]["loaders"]
        if one["name"] == "target-postgres"
    ]
    with (
        serve(accounts["north"]) as north,
        serve(accounts["south"]) as south,
        newcomer(
            tmp_path, distributions, servers := {"north": north, "south": south}, loader
        ) as reader,
    ):
        values = {
            **{f"ALFACRM_KEY_{name.upper()}": one.api_key for name, one in servers.items()},
            "TARGET_POSTGRES_SQLALCHEMY_URL": postgres.replace("://", "+psycopg://"),
        }
        for block in blocks(PAGE, SECTION):
            if block.title == ".env":
                names = re.findall(r"^(\w+)=", block.text, re.MULTILINE)
                lines = [f"{name}='{values[name]}'\n" for name in names]
                (reader.folder / ".env").write_text("".join(lines), encoding="utf-8")
            elif block.language == "console":
                for command in block.commands():
                    if command.startswith("set -a"):
                        _save_files(reader)
                    reader.type(command)
        assert reader.log.endswith("\nCOMPLETE\n")
        assert reader.log.count("customers: COMPLETE") == 1
        reader.type(
            """orchestrator/bin/python -c "import schools; schools.load('south', [], print)\""""
        )
    with psycopg.connect(postgres) as connection:
        for name, account in accounts.items():
            connection.execute("SELECT set_config('search_path', %s, false)", [name])
            ids = connection.execute("SELECT id FROM customers ORDER BY id").fetchall()
            assert [id_ for (id_,) in ids] == sorted(account.customer_ids()), name
            verdicts = connection.execute("SELECT DISTINCT verdict FROM sync_audit").fetchall()
            assert verdicts == [("COMPLETE",)]
    for command in (
        "orchestrator/bin/dagster dev -f schools_dagster.py",
        "orchestrator/bin/airflow standalone",
    ):
        assert f"\n{command}\n" in PAGE.read_text(encoding="utf-8")  # what executors.py runs


def _save_files(reader: Reader) -> None:
    for file in (*RECIPE, "schools.yml"):
        shutil.copy(RECIPES / file, reader.folder)
    listed = reader.folder / "schools.yml"
    text = listed.read_text(encoding="utf-8")
    for name, server in reader.servers.items():
        text = text.replace(f"{name}.s20.online", server.url)
        text = text.replace(f"export@{name}.example", server.email)
    listed.write_text(text, encoding="utf-8")
