"""Twenty schools at once: one dead, one slow, one with a wrong key, by the executors' own means."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.franchise.kit import DEAD, PROJECT, WRONG, Franchise, franchise

if TYPE_CHECKING:
    from pathlib import Path

SCHOOLS = 20
AIRFLOW = """
import json, sys
sys.path.insert(0, ".")
import pendulum
import schools_airflow as recipe
dag = getattr(recipe, "schools-nightly")
dag.get_task("load_school").retries = 0
run = dag.test(logical_date=pendulum.datetime(2026, 1, 5), use_executor=False)
tasks = {(one.task_id, one.map_index): one for one in run.get_task_instances()}
line = tasks["summarize", -1].xcom_pull(task_ids="summarize")
print("FOUND " + json.dumps([line, sorted(str(one.state) for one in tasks.values())]))
"""
DAGSTER = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, ".")
import dagster as dg
dg.RetryPolicy = lambda **_: None
import schools_dagster as recipe
with dg.DagsterInstance.get() as instance:
    context = dg.build_schedule_context(instance, scheduled_execution_time=recipe.dt.datetime.now())
    requests = list(recipe.nightly(context))
    job = recipe.defs.resolve_job_def("load_school")
    def run(request):
        return job.execute_in_process(
            partition_key=request.partition_key,
            tags=dict(request.tags),
            instance=instance,
            raise_on_error=False,
        ).success
    with ThreadPoolExecutor(len(requests)) as pool:
        done = list(pool.map(run, requests))
    asked = dict(zip([request.partition_key for request in requests], done))
    told = recipe.defs.resolve_job_def("summarize").execute_in_process(instance=instance)
    [event] = told.asset_materializations_for_node("summary")
    print("FOUND " + json.dumps([event.metadata["summary"].value, asked]))
"""


def _run(franchised: Franchise, tool: str, code: str, **environment: str) -> list[object]:
    done = subprocess.run(
        [PROJECT / ".tools" / tool / "bin" / "python", "-c", code],
        cwd=franchised.folder,
        env={**franchised.environment, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    found = re.findall(r"^FOUND (.+)$", done.stdout, re.MULTILINE)
    assert len(found) == 1, done.stdout[-6_000:]
    for name, server in franchised.servers.items():
        assert name == WRONG or server.api_key not in done.stdout
    result: list[object] = json.loads(found[0])
    return result


def _check(line: object) -> None:
    text = str(line)
    assert text.startswith(f"{SCHOOLS} schools: COMPLETE {SCHOOLS - 2}, FAILED 2 (")
    assert {DEAD, WRONG} == set(text.split("(")[1].rstrip(")").split(", "))


@pytest.mark.recipes
def test_dagster_loads_each_school_that_can_be_loaded(tmp_path: Path) -> None:
    with franchise(tmp_path, SCHOOLS) as franchised:
        line, asked = _run(franchised, "dagster", DAGSTER, DAGSTER_HOME=str(tmp_path))
        _check(line)
        assert isinstance(asked, dict)
        assert {name for name, is_loaded in asked.items() if not is_loaded} == {DEAD, WRONG}
        franchised.check()


@pytest.mark.recipes
def test_airflow_loads_each_school_that_can_be_loaded(tmp_path: Path) -> None:
    settings = {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path),
    }
    with franchise(tmp_path, SCHOOLS) as franchised:
        airflow = PROJECT / ".tools" / "airflow" / "bin" / "airflow"
        env = {**franchised.environment, **settings}
        subprocess.run([airflow, "db", "migrate"], env=env, check=True, capture_output=True)
        line, states = _run(franchised, "airflow", AIRFLOW, **settings)
        _check(line)
        assert isinstance(states, list)
        assert states.count("failed") == 2
        assert states.count("success") == SCHOOLS
        franchised.check()


SUMMARY = """
import sys
sys.path.insert(0, ".")
import schools
print(schools.read_schools(), schools.summarize({"north": "COMPLETE"}))
"""


def summarize(folder: Path) -> subprocess.CompletedProcess[str]:
    """Read the schools of a folder and summarize them, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", SUMMARY],
        cwd=folder,
        env={"MELTANO_PROJECT_ROOT": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["North-1", "north", "1st"])
def test_names_that_are_no_schemas_are_refused(tmp_path: Path, name: str) -> None:
    source = (PROJECT / "docs" / "recipes" / "schools.py").read_text(encoding="utf-8")
    (tmp_path / "schools.py").write_text(source, encoding="utf-8")
    (tmp_path / "schools.yml").write_text(
        json.dumps({"schools": [{"name": "north"}, {"name": name}]}), encoding="utf-8"
    )
    done = summarize(tmp_path)
    assert done.returncode
    assert "not lower-case identifiers, or not unique" in done.stderr


def test_the_listed_schools_are_summarized(tmp_path: Path) -> None:
    recipes = PROJECT / "docs" / "recipes"
    for file in ("schools.py", "schools.yml"):
        (tmp_path / file).write_text((recipes / file).read_text("utf-8"), encoding="utf-8")
    done = summarize(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['north', 'south'] 2 schools: COMPLETE 1, FAILED 1 (south)\n"
