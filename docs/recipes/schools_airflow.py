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
from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowFailException

TIMEZONE = "Europe/Kyiv"
AT_ONCE = 20
RETRY_SECONDS = 600
FULL_ON = 6
"""Day of the week on which everything is loaded, and not the changes only; Monday is 0."""
log = logging.getLogger(__name__)


@task
def list_schools() -> list[str]:
    """Return the names of the schools."""
    return schools.read_schools()


@task(
    execution_timeout=dt.timedelta(hours=4),
    map_index_template="{{ name }}",
)
def load_school(name: str, **context: Any) -> dict[str, str]:
    """Load one school; return its verdict."""
    context["name"] = name
    day = pendulum.instance(context["dag_run"].run_after).in_timezone(TIMEZONE).weekday()
    options = ["--refresh-catalog", *(["--full-refresh"] if day == FULL_ON else [])]
    try:
        return {name: schools.load(name, options, log.info)}
    except schools.SchoolError as error:
        if error.is_final:
            raise AirflowFailException(str(error)) from error
        raise


@task(trigger_rule="all_done")
def summarize(loaded: list[dict[str, str]]) -> str:
    """Return the number of schools that are complete, and the names of the others."""
    try:
        line = schools.summarize({name: word for one in loaded for name, word in one.items()})
    except schools.SchoolError as error:
        # The run's state is that of its last task.
        raise AirflowFailException(str(error)) from error
    log.info(line)
    return line


with DAG(
    dag_id="schools",
    schedule="0 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz=TIMEZONE),
    catchup=False,
    # One load of an account at a time, because the rate limit is five requests per second.
    max_active_runs=1,
    max_active_tasks=AT_ONCE,
    # A retry continues from the state of the interrupted run.
    default_args={"retries": 2, "retry_delay": dt.timedelta(seconds=RETRY_SECONDS)},
    tags=["alfacrm", "meltano"],
    doc_md=__doc__,
):
    summarize(load_school.expand(name=list_schools()))
