"""Schools loaded by Airflow and Dagster, as docs/recipes/schools.md starts them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.franchise.kit import MELTANO, PROJECT, free_port

if TYPE_CHECKING:
    from tests.franchise.kit import Franchise

DAGSTER = """
import json, os, signal, subprocess, sys, time
import dagster as dg
count, port = int(sys.argv[1]), sys.argv[2]
with open("dagster.log", "w") as log, dg.DagsterInstance.get() as instance:
    command = ["dagster", "dev", "-f", "schools_dagster.py", "--port", port]
    dev = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        runs = []
        while len(runs) < count or not all(run.is_finished for run in runs):
            assert dev.poll() is None, "dagster dev ended"
            time.sleep(1)
            runs = instance.get_runs()
    finally:
        os.killpg(dev.pid, signal.SIGTERM)
        dev.wait()
    retry = dg.DagsterEventType.STEP_UP_FOR_RETRY
    found = {
        run.tags["dagster/partition"]: [
            run.status.value == "SUCCESS", 1 + len(instance.all_logs(run.run_id, retry))
        ]
        for run in runs
    }
    times = [(one.start_time, one.end_time) for one in instance.get_run_records()]
assert len(runs) == len(found) == count
print("FOUND " + json.dumps([found, times]))
"""
AIRFLOW = """
import json, os, signal, subprocess, sys, time
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils.session import create_session
name = "schools"
subprocess.run(["airflow", "db", "migrate"], check=True)
with open("airflow.log", "w") as log:
    server = subprocess.Popen(
        ["airflow", "standalone"], stdout=log, stderr=log, start_new_session=True
    )
    try:
        def wait(query):
            while True:
                assert server.poll() is None, "airflow standalone ended"
                with create_session() as session:
                    if (found := query(session)) is not None:
                        return found
                time.sleep(1)
        wait(lambda session: SerializedDagModel.get(name, session=session))
        subprocess.run(["airflow", "dags", "unpause", name], check=True)
        def ended(session):
            run = session.query(DagRun).filter_by(dag_id=name).one_or_none()
            if run is None or run.state not in ("success", "failed"):
                return None
            tasks = session.query(TaskInstance).filter_by(dag_id=name).all()
            schools = [one for one in tasks if one.task_id == "load_school"]
            found = {one.rendered_map_index: [one.state == "success", one.try_number]
                     for one in schools}
            times = [(one.start_date.timestamp(), one.end_date.timestamp()) for one in schools]
            return str(run.state), found, times
        state, found, times = wait(ended)
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # all is done
        server.wait()
print("FOUND " + json.dumps([state, found, times]))
"""
MELTANO_ALONE = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, ".")
import schools
times = []
def load(name):
    begun = time.time()
    try:
        return schools.load(name, [], print)
    except schools.SchoolError:
        return None
    finally:
        times.append((begun, time.time()))
names = schools.read_schools()
with ThreadPoolExecutor(len(names)) as pool:
    found = {name: verdict for name, verdict in zip(names, pool.map(load, names)) if verdict}
try:
    told = schools.summarize(found), True
except schools.SchoolError as error:
    told = str(error), False
print("FOUND " + json.dumps([{name: [name in found, 1] for name in names}, times, told]))
"""

PATIENCE = "36000"
"""Seconds that the executors wait for their own parts, because a test may run on a busy machine."""
AIRFLOW_TIMEOUTS = (
    "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT",
    "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT",
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT",
)
DAGSTER_TIMEOUTS = (
    "DAGSTER_GRPC_TIMEOUT_SECONDS",
    "DAGSTER_REPOSITORY_GRPC_TIMEOUT_SECONDS",
    "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS",
)


@dataclass(frozen=True)
class Night:
    """What an executor did.

    Attributes:
        schools: Whether each school was loaded, and how often it was tried.
        at_once: How many schools were being loaded at the same time, at most.
        summary: The line that states who is complete.
        is_success: Whether the summary succeeded.
    """

    schools: dict[str, tuple[bool, int]]
    at_once: int
    summary: str
    is_success: bool


def by_dagster(franchise: Franchise) -> Night:
    """Start Dagster, which loads each new school; then make the summary."""
    env = _environment(
        franchise,
        "dagster",
        DAGSTER_HOME=str(franchise.folder),
        **dict.fromkeys(DAGSTER_TIMEOUTS, PATIENCE),
    )
    count = len(franchise.servers) + franchise.has_dead
    arguments = [DAGSTER, str(count), str(free_port())]
    schools, times = _drive(franchise, [_python("dagster"), "-c", *arguments], env)
    summarize = ["dagster", "job", "execute", "-f", "schools_dagster.py", "-j", "summarize"]
    told = _run(franchise, summarize, env)
    return _night(schools, times, told.stdout, is_success=told.returncode == 0)


def by_airflow(franchise: Franchise) -> Night:
    """Start Airflow, and unpause the DAG, which runs it at once."""
    port = free_port()
    home = franchise.folder / "airflow"
    env = _environment(
        franchise,
        "airflow",
        AIRFLOW_HOME=str(home),
        AIRFLOW__CORE__LOAD_EXAMPLES="false",
        AIRFLOW__CORE__DAGS_FOLDER=str(franchise.folder / "dags"),
        AIRFLOW__API__PORT=str(port),
        AIRFLOW__API__BASE_URL=f"http://localhost:{port}",
        # SQLite stands for PostgreSQL, and lets its 20 writers wait instead of failing them.
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db?timeout={PATIENCE}",
        **dict.fromkeys(AIRFLOW_TIMEOUTS, PATIENCE),
    )
    state, schools, times = _drive(franchise, [_python("airflow"), "-c", AIRFLOW], env)
    logs = (home / "logs").rglob("task_id=summarize/*.log")
    text = "".join(file.read_text(encoding="utf-8") for file in logs)
    return _night(schools, times, text, is_success=state == "success")


def by_meltano(franchise: Franchise) -> Night:
    """Load all schools at once, a thread for each."""
    command = [sys.executable, "-c", MELTANO_ALONE]
    schools, times, told = _drive(franchise, command, franchise.environment)
    return _night(schools, times, told[0], is_success=told[1])


EXECUTORS = {"meltano": by_meltano, "dagster": by_dagster, "airflow": by_airflow}


def _python(tool: str) -> str:
    return str(PROJECT / ".tools" / tool / "bin" / "python")


def _environment(franchise: Franchise, tool: str, **more: str) -> dict[str, str]:
    places = [str(PROJECT / ".tools" / tool / "bin"), str(MELTANO.parent), os.environ["PATH"]]
    return {**franchise.environment, "PATH": os.pathsep.join(places), **more}


def _run(
    franchise: Franchise, command: list[str], env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=franchise.folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _drive(franchise: Franchise, command: list[str], env: dict[str, str]) -> Any:
    done = _run(franchise, command, env)
    found = re.findall(r"^FOUND (.+)$", done.stdout, re.MULTILINE)
    assert len(found) == 1, done.stdout[-6_000:]
    return json.loads(found[0])


def _night(
    schools: dict[str, Any], times: list[tuple[float, float]], log: str, *, is_success: bool
) -> Night:
    lines = re.findall(r"\d+ schools: [A-Z]+ \d+(?:, [A-Z]+ \d+)*(?: \([\w, ]+\))?", log)
    assert lines, log[-6_000:]
    at_once = max(sum(begun <= moment < ended for begun, ended in times) for moment, _ in times)
    tried = {name: (is_loaded, tries) for name, (is_loaded, tries) in schools.items()}
    return Night(tried, at_once, lines[-1], is_success)
