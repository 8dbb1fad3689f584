"""Load AlfaCRM with Meltano: changes every night, everything on Sundays.

Copy this file to Airflow's DAGs folder and set `MELTANO_PROJECT_ROOT` in the environment of the
workers; also set `MELTANO` unless `meltano` is on their path. Requires Airflow 3 and the provider
`apache-airflow-providers-standard`.
"""

from __future__ import annotations

import datetime as dt
import os

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

PROJECT = os.environ.get("MELTANO_PROJECT_ROOT", "/opt/meltano/school")
MELTANO = os.environ.get("MELTANO", "meltano")
TIMEZONE = "Europe/Kyiv"
LOADS = {
    # extractor in meltano.yml: loader
    "tap-alfacrm": "target-postgres",
}
RUNS = {
    "nightly": ("0 2 * * 1-6", "--refresh-catalog"),
    "weekly": ("0 2 * * 0", "--refresh-catalog --full-refresh"),
}

for extractor, loader in LOADS.items():
    for name, (cron, options) in RUNS.items():
        with DAG(
            dag_id=f"{extractor}-{name}",
            schedule=cron,
            start_date=pendulum.datetime(2026, 1, 1, tz=TIMEZONE),
            catchup=False,
            # One load at a time, because the rate limit is five requests per second per account.
            max_active_runs=1,
            tags=["alfacrm", "meltano"],
            doc_md=__doc__,
        ) as dag:
            BashOperator(
                task_id="load",
                bash_command=f"{MELTANO} run {options} {extractor} {loader}",
                cwd=PROJECT,
                append_env=True,
                # A retry continues from the state of the interrupted run.
                retries=2,
                retry_delay=dt.timedelta(minutes=10),
                execution_timeout=dt.timedelta(hours=4),
            )
        globals()[dag.dag_id] = dag
