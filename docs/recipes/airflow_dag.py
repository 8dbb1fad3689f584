"""Load AlfaCRM with Meltano: changes every night, everything on Sundays.

Put this file into Airflow's folder of DAGs, and set `MELTANO_PROJECT_ROOT` and, unless `meltano`
is on the path of the workers, `MELTANO` in their environment. It works with Airflow 3 and the
provider `apache-airflow-providers-standard`.
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
    # extractor, as meltano.yml names it: loader
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
            # The API allows an account five requests a second: one load at a time.
            max_active_runs=1,
            tags=["alfacrm", "meltano"],
            doc_md=__doc__,
        ) as dag:
            BashOperator(
                task_id="load",
                bash_command=f"{MELTANO} run {options} {extractor} {loader}",
                cwd=PROJECT,
                append_env=True,
                # A run that was cut off goes on where it stopped.
                retries=2,
                retry_delay=dt.timedelta(minutes=10),
                execution_timeout=dt.timedelta(hours=4),
            )
        globals()[dag.dag_id] = dag
