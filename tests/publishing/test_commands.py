"""Each command in the documentation is run by a test or explicitly excluded."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import shlex
import shutil
import sys
from typing import TYPE_CHECKING

import duckdb
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from simulator import Account, serve
from tests.publishing.conftest import (
    MELTANO,
    PROJECT,
    Distributions,
    clean_environment,
    run,
)
from tests.publishing.pages import BLOCK, blocks
from tests.publishing.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = [
    *PROJECT.glob("*.md"),
    *(PROJECT / "docs").rglob("*.md"),
    PROJECT / "hub" / "README.md",
    PROJECT / "simulator" / "README.md",
]
COMMAND = re.compile(
    r"^(?:\$ )?((?:\.venv/|\.tools/|(?:dagster|git|make|meltano|python3?|uvx?) ).*?)(?:  +#.*)?$",
    re.MULTILINE,
)
FOLLOWED = {
    "CONTRIBUTING.md",
    "doctor.md",
    "loaders.md",
    "meltano.md",
    "models.md",
    "pipes.md",
    "privacy.md",
    "schedule.md",
    "schools.md",
    "state.md",
}
"""Pages whose commands other tests run completely."""
ELSEWHERE = {
    "python -m simulator",  # tests/simulator/test_command.py
    "python3 -m scripts.notes 1.2.3",  # test_package.py
    "meltano add tap-alfacrm target-jsonl",  # test_recipes.py
}
NOT_IN_A_TEST = {
    "dagster dev -f dagster_definitions.py",  # serves until it is stopped
    # the tests have the versions of docs/recipes/*.txt
    "uv pip install --python orchestrator/bin/python apache-airflow",
    "uv pip install --python orchestrator/bin/python dagster dagster-webserver",
    "git clone https://github.com/tap-alfacrm/tap-alfacrm",
    "git push origin v1.2.3",
    "git tag --annotate v1.2.3 --message v1.2.3",
}
INSTALLATION = ("uvx tap-alfacrm --version", "uv tool install tap-alfacrm")
"""Commands of the installation from PyPI; the test has a wheel instead."""
README = (
    ".venv/bin/alfacrm-doctor",
    ".tools/meltano/bin/meltano invoke tap-alfacrm:doctor",
    ".tools/meltano/bin/meltano run tap-alfacrm target-csv",
    ".venv/bin/tap-alfacrm --config ENV --discover > catalog.json",
    ".venv/bin/tap-alfacrm --config ENV --catalog catalog.json | .tools/bin/uvx target-jsonl",
)
"""Commands of README.md that the tests here run."""


def _told() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for block in blocks(page):
            if block.title or block.language not in {"", "console"}:
                continue
            if page.name in FOLLOWED and block.language == "console":
                continue
            for command in COMMAND.findall(block.text):
                yield page, command


def test_no_command_is_untested() -> None:
    told = list(_told())
    assert len(told) > 10
    known = {*ELSEWHERE, *INSTALLATION, *NOT_IN_A_TEST, *README}
    for page, command in told:
        if command.startswith("make "):
            run("make", "--dry-run", *command.split()[1:], cwd=PROJECT)
        else:
            assert command in known, f"{page}: {command}"
    assert {command for _, command in told} >= {*NOT_IN_A_TEST, *README}


def test_no_installation_reads_the_credentials() -> None:
    shown = run("make", "--dry-run", "--always-make", "demo", "meltano", cwd=PROJECT)
    installations = [line for line in shown.splitlines() if re.search(r"/meltano .*install", line)]
    assert len(installations) > 1
    assert all("--env-file=/dev/null" in line for line in installations)


INLINE = re.compile(
    r"(?<!`)`((?:[\w./]*/)?(?:alfacrm-doctor|make|meltano|python3?|tap-alfacrm|uvx?) [^`]+)`(?!`)"
)
SHOWN = (
    "meltano config set tap-alfacrm flattening_enabled true",
    "meltano run --refresh-catalog tap-alfacrm target-csv",
    "tap-alfacrm --about --format json",
    "tap-alfacrm --help",
)
"""Commands inside sentences that a test here runs."""
OFFERED = {
    "meltano add",  # begins commands that are run
    "meltano add tap-alfacrm",  # test_recipes.py, with a Hub that has it
    "meltano add target-postgres",  # the same for another loader of the Hub
    "meltano config test",  # begins commands that are run
    "meltano install",  # the same
    "meltano run",  # the same
    "meltano run --refresh-catalog ...",  # begins a command that is run
    "meltano run --refresh-catalog",  # the same
    "meltano select",  # the same
    "uv run --with tap-alfacrm --with pip-licenses pip-licenses",  # scripts/licences.py
    "uv run pytest @tests/quick.txt",  # ci.yml, in an environment of its own
    "uv tool install meltano",  # of another project
    "uvx target-jsonl",  # ends commands that are run
    "uvx tap-alfacrm",  # test_package.py, from the wheel
    ".tools/bin/uv lock",  # rewrites uv.lock
}
"""Commands inside sentences that are no complete command, or are run in another form."""


def inline_commands() -> Iterator[tuple[Path, str]]:
    """Commands inside the sentences of the documentation."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in BLOCK.finditer(text):
            text = text.replace(block[0], "")
        for command in INLINE.findall(text):
            yield page, " ".join(command.split())


def test_no_command_inside_a_sentence_is_untested() -> None:
    told = list(inline_commands())
    in_blocks = {
        command
        for page in PAGES
        for block in blocks(page)
        if block.language == "console"
        for command in block.commands()
    }
    for page, command in told:
        program, *words = command.split()
        if program == "make":
            run("make", "--dry-run", *words, cwd=PROJECT)
        elif program.startswith("python") and words[0] == "-m":
            assert importlib.util.find_spec(words[1]), f"{page}: {command}"
        else:
            assert command in {*SHOWN, *OFFERED, *in_blocks}, f"{page}: {command}"
    assert {command for _, command in told} >= {*SHOWN}


@pytest.fixture
def reader(tmp_path: Path, postgres: str) -> Iterator[Reader]:
    """A user with a fresh clone, the installed tap and tools, and a small school."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=PROJECT)
    copy = tmp_path / "tap-alfacrm"
    for name in listed.splitlines():
        if (PROJECT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, copy / name)
    for tools in (".venv", ".tools"):
        (copy / tools).symlink_to(PROJECT / tools)
    env = clean_environment(
        tmp_path,
        MELTANO_SEND_ANONYMOUS_USAGE_STATS="false",
        MELTANO_CLI_DISABLE_VERSION_CHECK="true",
        UV_PYTHON=sys.executable,
    )
    places = (MELTANO.parent, PROJECT / ".venv" / "bin")
    env["PATH"] = os.pathsep.join([*map(str, places), env["PATH"]])
    with serve(Account.build(leads=10, clients=5, archived_leads=3)) as server:
        filled = (copy / ".env.example").read_text(encoding="utf-8")
        for name, value in {
            "HOSTNAME": server.url,
            "EMAIL": server.email,
            "API_KEY": server.api_key,
        }.items():
            filled = re.sub(rf"(?m)^(TAP_ALFACRM_{name})=.*$", rf"\1={value}", filled)
        filled += "TAP_ALFACRM_REQUESTS_PER_SECOND=1000\n"
        (copy / ".env").write_text(filled, encoding="utf-8")
        database = postgres.replace("postgresql://", "postgresql+psycopg://")
        parts = conninfo_to_dict(postgres)
        own = {
            "TARGET_POSTGRES_SQLALCHEMY_URL": shlex.quote(database),
            "ALFACRM_POSTGRES_HOST": str(parts["host"]),
            "ALFACRM_POSTGRES_USER": str(parts["user"]),
            "ALFACRM_POSTGRES_DATABASE": str(parts["dbname"]),
        }
        reader = Reader(copy, env, {"": server}, own)
        reader.type("meltano install tap-alfacrm target-csv")
        yield reader


def _cards(reader: Reader) -> int:
    return len(reader.servers[""].account.customer_ids())


def _rows_in_csv(reader: Reader) -> int:
    with (reader.folder / "output" / "customers.csv").open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.DictReader(file))


@pytest.mark.recipes
def test_commands_of_the_installation_give_the_tap(
    distributions: Distributions, tmp_path: Path
) -> None:
    places = {name: str(tmp_path / name) for name in ("UV_TOOL_DIR", "UV_TOOL_BIN_DIR")}
    links = str(distributions.wheel.parent)
    env = clean_environment(tmp_path, UV_FIND_LINKS=links, UV_PYTHON=sys.executable, **places)
    version = distributions.wheel.name.split("-")[1]
    for command in INSTALLATION:
        assert version in run(*command.split(), cwd=tmp_path, env=env)
    for name in ("tap-alfacrm", "alfacrm-doctor"):
        assert (tmp_path / "UV_TOOL_BIN_DIR" / name).exists()


@pytest.mark.recipes
def test_commands_of_the_readme_load_an_account(reader: Reader) -> None:
    for command in README:
        reader.type(command)
    assert reader.log.count(f"customers: COMPLETE. Rows received {_cards(reader)} ") == 2
    assert _rows_in_csv(reader) == _cards(reader)
    [jsonl] = reader.folder.glob("customers*.jsonl")
    for left in (jsonl.name, "catalog.json", "output/customers.csv", ".env", "school.duckdb"):
        run("git", "check-ignore", "--no-index", left, cwd=PROJECT)
    assert len(jsonl.read_text(encoding="utf-8").splitlines()) == _cards(reader)
    assert reader.log.count("Nothing was found that prevents a complete sync") == 2


@pytest.mark.recipes
def test_commands_inside_sentences_run(reader: Reader) -> None:
    for command in SHOWN:
        reader.type(command)
    assert "customers: COMPLETE" in reader.log


@pytest.mark.recipes
def test_commands_of_the_doctor_examine_an_account(reader: Reader) -> None:
    reader.follow(PROJECT / "docs" / "doctor.md")
    assert json.loads((reader.folder / "changes.json").read_text())["changes"] == []


@pytest.mark.recipes
def test_commands_about_loaders_load_into_each(reader: Reader, postgres: str) -> None:
    page = PROJECT / "docs" / "loaders.md"
    reader.follow(page, "CSV")
    assert _rows_in_csv(reader) == _cards(reader)
    reader.follow(page, "JSON Lines")
    assert len(reader.ids("customers.jsonl")) == _cards(reader)
    reader.follow(page, "DuckDB")
    assert len(reader.ids("customers.jsonl")) == 2 * _cards(reader)
    with duckdb.connect(str(reader.folder / "output" / "school.duckdb")) as database:
        assert database.sql("SELECT count(*) FROM customers").fetchall() == [(_cards(reader),)]
    reader.follow(page, "SQLite")
    assert f"({_cards(reader)},)\n" in reader.log
    reader.follow(page, "Parquet")
    assert len(list((reader.folder / "output" / "parquet").glob("*.parquet"))) > 30
    reader.follow(page, "PostgreSQL")
    with psycopg.connect(postgres) as connection:
        found = connection.execute("SELECT count(*) FROM alfacrm.customers").fetchall()
    assert found == [(_cards(reader),)]
    assert reader.log.count("customers: COMPLETE") == 6


@pytest.mark.recipes
def test_commands_about_models_build_them(reader: Reader, postgres: str) -> None:
    reader.follow(PROJECT / "docs" / "models.md", "Build them")
    with psycopg.connect(postgres) as connection:
        found = connection.execute("SELECT count(*) FROM alfacrm_models.alfacrm__customers")
        assert found.fetchall() == [(_cards(reader),)]
    assert "ERROR=0" in reader.log


@pytest.mark.recipes
def test_commands_about_privacy_load_pseudonyms(reader: Reader) -> None:
    reader.follow(PROJECT / "docs" / "privacy.md")
    assert _rows_in_csv(reader) == _cards(reader)
    written = (reader.folder / "output" / "customers.csv").read_text(encoding="utf-8")
    for row in reader.servers[""].account.rows("customer"):
        assert row["name"] not in written
