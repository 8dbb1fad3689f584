"""Load all schools of `schools.yml` with Airflow: a mapped task, with its own retries, for each.

Copy this file and schools.py to Airflow's DAGs folder. The executor decides on which workers the
tasks run, and `AT_ONCE` how many of them at once. Requires Airflow 3.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import pendulum
import schools
from airflow.exceptions import AirflowFailException
from airflow.sdk import DAG, task

TIMEZONE = "Europe/Kyiv"
AT_ONCE = 20
RUNS = {
    "nightly": ("0 2 * * 1-6", ["--refresh-catalog"]),
    "weekly": ("0 2 * * 0", ["--refresh-catalog", "--full-refresh"]),
}
log = logging.getLogger(__name__)


@task
def list_schools() -> list[str]:
    """Return the names of the schools."""
    return schools.read_schools()


@task(
    # A retry continues from the state of the interrupted run.
    retries=2,
    retry_delay=dt.timedelta(minutes=10),
    execution_timeout=dt.timedelta(hours=4),
    max_active_tis_per_dag=AT_ONCE,
    map_index_template="{{ name }}",
)
def load_school(name: str, options: list[str], **context: Any) -> dict[str, str]:
    """Load one school; return its verdict."""
    context["name"] = name
    try:
        return {name: schools.load(name, options, log.info)}
    except schools.SchoolError as error:
        if error.is_final:
            raise AirflowFailException(str(error)) from error
        raise


@task(trigger_rule="all_done")
def summarize(loaded: list[dict[str, str]]) -> str:
    """Return the number of schools that are complete, and the names of the others."""
    line = schools.summarize({name: word for one in loaded for name, word in one.items()})
    log.info(line)
    return line


for run, (cron, options) in RUNS.items():
    with DAG(
        dag_id=f"schools-{run}",
        schedule=cron,
        start_date=pendulum.datetime(2026, 1, 1, tz=TIMEZONE),
        catchup=False,
        # One load of an account at a time, because the rate limit is five requests per second.
        max_active_runs=1,
        tags=["alfacrm", "meltano"],
        doc_md=__doc__,
    ) as dag:
        summarize(load_school.partial(options=options).expand(name=list_schools()))
    globals()[dag.dag_id] = dag
