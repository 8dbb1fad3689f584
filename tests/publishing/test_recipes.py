"""The recipes work as written, with the built wheel and a Hub that has the tap."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, serve
from tests.publishing.conftest import MELTANO, PROJECT, Distributions, run
from tests.publishing.pages import blocks
from tests.publishing.reader import Reader, newcomer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from simulator import Server

RECIPES = PROJECT / "docs" / "recipes"
TARGET: dict[str, Any] = {
    "name": "target-jsonl",
    "namespace": "target_jsonl",
    "variant": "andyh1203",
    "label": "JSON Lines",
    "pip_url": "target-jsonl==0.1.4",
    "executable": "target-jsonl",
    "quality": "bronze",
    "settings": [
        {"name": "destination_path", "kind": "string", "value": "output"},
        {"name": "do_timestamp_file", "kind": "boolean", "value": False},
    ],
}


@pytest.fixture(scope="module")
def accounts() -> dict[str, Account]:
    return {
        "": Account.build(leads=30, clients=20, archived_leads=10),
        "NORTH": Account.build(leads=10, seed=1),
        "SOUTH": Account.build(leads=5, clients=5, seed=2),
    }


@pytest.fixture(scope="module")
def servers(accounts: dict[str, Account]) -> Iterator[dict[str, Server]]:
    with (
        serve(accounts[""]) as school,
        serve(accounts["NORTH"]) as north,
        serve(accounts["SOUTH"]) as south,
    ):
        yield {"": school, "NORTH": north, "SOUTH": south}


@pytest.fixture(scope="module")
def reader(
    distributions: Distributions,
    servers: dict[str, Server],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Reader]:
    """A new user, for whom tap-alfacrm on PyPI is the built wheel."""
    with newcomer(tmp_path_factory.mktemp("reader"), distributions, servers, TARGET) as reader:
        yield reader


@pytest.fixture(scope="module")
def school(reader: Reader) -> Reader:
    """The project that meltano.md creates."""
    school = Reader(reader.folder, reader.env, reader.servers)
    school.follow(RECIPES / "meltano.md", "")
    assert school.folder.name == "school"
    return school


def test_pipes(reader: Reader, accounts: dict[str, Account], tmp_path: Path) -> None:
    piping = Reader(tmp_path, reader.env, reader.servers)
    piping.follow(RECIPES / "pipes.md")
    cards = [row["id"] for row in accounts[""].rows("customer")]
    assert set(piping.ids("customers.jsonl")) == set(cards)
    state = json.loads((piping.folder / "state.json").read_text(encoding="utf-8"))
    assert "replication_key_value" in json.dumps(state["bookmarks"]["pays"])
    assert piping.log.count("customers: COMPLETE") == 2


def test_lines_of_powershell(reader: Reader, accounts: dict[str, Account], tmp_path: Path) -> None:
    """Each line is a variable, a program with words, or a pipe that `cmd` runs."""
    server = reader.servers[""]
    own = {"HOSTNAME": server.url, "EMAIL": server.email, "API_KEY": server.api_key}
    env = {
        **reader.env,
        "UV_TOOL_DIR": str(tmp_path / "tools"),
        "UV_TOOL_BIN_DIR": str(tmp_path / "bin"),
        "PATH": os.pathsep.join([str(tmp_path / "bin"), reader.env["PATH"]]),
        "TAP_ALFACRM_REQUESTS_PER_SECOND": "1000",
    }
    [block] = [one for one in blocks(RECIPES / "windows.md") if one.language == "powershell"]
    for line in block.text.splitlines():
        if found := re.fullmatch(r'\$env:(\w+) = "([^"$`]*)"', line):
            env[found[1]] = own.get(found[1].removeprefix("TAP_ALFACRM_"), found[2])
        elif found := re.fullmatch(r'cmd /c "([\w .>|-]+)"', line):
            run("bash", "-o", "pipefail", "-c", found[1], cwd=tmp_path, env=env)
        else:
            assert re.fullmatch(r"[\w .-]+", line), line
            run(*line.split(), cwd=tmp_path, env=env)
    [file] = tmp_path.glob("customers-*.jsonl")
    written = file.read_text(encoding="utf-8").splitlines()
    rows = {row["id"]: row for row in map(json.loads, written)}
    assert rows.keys() == accounts[""].customer_ids()
    assert {row["name"] for row in rows.values()} == {
        row["name"] for row in accounts[""].rows("customer")
    }
    assert "bookmarks" in json.loads((tmp_path / "state.json").read_text().splitlines()[-1])


def test_from_meltano_add_to_rows(school: Reader, accounts: dict[str, Account]) -> None:
    cards = sorted(row["id"] for row in accounts[""].rows("customer"))
    assert "Plugin configuration is valid" in school.log
    assert "Nothing was found that prevents a complete sync" in school.log
    assert f"customers: COMPLETE. Rows received {len(cards)} " in school.log
    assert school.ids("customers.jsonl") == cards
    assert not (school.folder / "output" / "communications.jsonl").exists()
    api_key = school.servers[""].api_key
    assert api_key not in school.log
    assert api_key not in (school.folder / "meltano.yml").read_text(encoding="utf-8")
    assert ".env" in (school.folder / ".gitignore").read_text(encoding="utf-8")


@pytest.mark.recipes
def test_a_deselected_stream_is_loaded_beside_the_others(school: Reader) -> None:
    settings = (school.folder / "meltano.yml").read_text(encoding="utf-8")
    output = school.folder / "output"
    before = {file.name for file in output.glob("*.jsonl")}
    more = Reader(school.folder, school.env, school.servers)
    more.follow(RECIPES / "meltano.md", "Streams that are not selected by default")
    assert "communications: COMPLETE" in more.log
    assert {file.name for file in output.glob("*.jsonl")} - before == {"communications.jsonl"}
    verdicts = set(re.findall(r"(\w+): COMPLETE\. Rows", more.log))
    assert verdicts == {*re.findall(r"(\w+): COMPLETE\. Rows", school.log), "communications"}
    (output / "communications.jsonl").unlink()
    (school.folder / "meltano.yml").write_text(settings, encoding="utf-8")


@pytest.mark.recipes
def test_meltano_schedules(school: Reader) -> None:
    night = Reader(school.folder, school.env, school.servers)
    night.follow(RECIPES / "schedule.md")
    assert "customers: COMPLETE" in night.log
    assert '"cron_interval": "0 2 * * *"' in night.log


@pytest.mark.recipes
def test_state_backends(school: Reader) -> None:
    moved = Reader(school.folder, school.env, school.servers)
    moved.follow(RECIPES / "state.md")
    assert "No state was found" not in moved.log
    [state] = (school.folder / "states").rglob("state.json")
    assert "pays" in state.read_text(encoding="utf-8")


def test_meltano_knows_each_setting_of_the_state() -> None:
    page = (RECIPES / "state.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(state_backend\.[\w.]+)`", page))
    code = "\n".join(
        file.read_text(encoding="utf-8")
        for file in MELTANO.parents[1].glob("lib/*/site-packages/meltano/core/state_store/**/*.py")
    )
    assert len(named) > 5
    assert {name for name in named if f'name="{name}"' not in code} == set()


@pytest.mark.recipes
def test_several_schools(school: Reader, accounts: dict[str, Account]) -> None:
    own = (school.folder / ".env").read_text(encoding="utf-8")
    several = Reader(school.folder, school.env, school.servers)
    several.follow(RECIPES / "schools.md", "")
    for name in ("north", "south"):
        rows = accounts[name.upper()].rows("customer")
        assert several.ids(f"{name}/customers.jsonl") == sorted(row["id"] for row in rows)
        assert f"dev:tap-alfacrm--{name}-to-target-jsonl--{name}" in several.log
    (school.folder / ".env").write_text(own, encoding="utf-8")


RUN_AIRFLOW = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
assert not bag.import_errors, bag.import_errors
found = {id_: [task.bash_command for task in dag.tasks] for id_, dag in bag.dags.items()}
[task] = bag.dags["tap-alfacrm-weekly"].tasks
task.execute({})
print("FOUND " + json.dumps(found))
"""
RUN_DAGSTER = """
import json, sys
import dagster as dg
sys.path.insert(0, sys.argv[1])
import dagster_definitions as recipe
dg.Definitions.validate_loadable(recipe.defs)
done = recipe.defs.resolve_job_def("tap_alfacrm_weekly").execute_in_process()
assert done.success
schedules = [(s.name, s.cron_schedule, s.execution_timezone) for s in recipe.SCHEDULES]
print("FOUND " + json.dumps(schedules))
"""


def _orchestrate(tool: str, code: str, recipe: Path, school: Reader, **env: str) -> tuple[str, Any]:
    """Run a recipe's weekly load in the orchestrator's own environment."""
    if "target-postgres" not in (school.folder / "meltano.yml").read_text(encoding="utf-8"):
        school.type("meltano add target-postgres --inherit-from target-jsonl")  # a stand-in
    python = PROJECT / ".tools" / tool / "bin" / "python"
    done = subprocess.run(
        [python, "-c", code, recipe],
        cwd=school.folder,
        env={**school.env, "MELTANO_PROJECT_ROOT": str(school.folder), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    [found] = re.findall(r"^FOUND (.+)$", done.stdout, re.MULTILINE)
    return done.stdout, json.loads(found)


@pytest.mark.recipes
def test_airflow_runs_the_load(school: Reader, tmp_path: Path) -> None:
    log, found = _orchestrate(
        "airflow", RUN_AIRFLOW, RECIPES / "airflow_dag.py", school, AIRFLOW_HOME=str(tmp_path)
    )
    assert found == {
        "tap-alfacrm-nightly": ["meltano run --refresh-catalog tap-alfacrm target-postgres"],
        "tap-alfacrm-weekly": [
            "meltano run --refresh-catalog --full-refresh tap-alfacrm target-postgres"
        ],
    }
    assert "customers: COMPLETE" in log


@pytest.mark.recipes
def test_dagster_runs_the_load(school: Reader, tmp_path: Path) -> None:
    log, found = _orchestrate("dagster", RUN_DAGSTER, RECIPES, school, DAGSTER_HOME=str(tmp_path))
    assert found == [
        ["tap_alfacrm_nightly_schedule", "0 2 * * 1-6", "Europe/Kyiv"],
        ["tap_alfacrm_weekly_schedule", "0 2 * * 0", "Europe/Kyiv"],
    ]
    assert "customers: COMPLETE" in log


@pytest.mark.recipes
def test_dagster_s_load_fails_when_meltano_fails(school: Reader, tmp_path: Path) -> None:
    code = RUN_DAGSTER.replace("assert done.success", "").replace(
        "execute_in_process()", "execute_in_process(raise_on_error=False)"
    )
    at_once = "import dagster as dg; dg.RetryPolicy = lambda **_: None"
    code = f"{at_once}\n{code}\nassert not done.success\n"
    log, _ = _orchestrate(
        "dagster", code, RECIPES, school, DAGSTER_HOME=str(tmp_path), MELTANO="false"
    )
    assert (
        "false run --refresh-catalog --full-refresh tap-alfacrm target-postgres ended with 1" in log
    )
