"""Load AlfaCRM with Meltano: changes every night, everything on Sundays.

Start it with `dagster dev -f dagster_definitions.py`. Set `MELTANO_PROJECT_ROOT` in its environment
and, unless `meltano` is on the path, `MELTANO`. Requires `dagster` and `dagster-webserver`.
"""

import os
import subprocess

import dagster as dg

PROJECT = os.environ.get("MELTANO_PROJECT_ROOT", "/opt/meltano/school")
MELTANO = os.environ.get("MELTANO", "meltano")
TIMEZONE = "Europe/Kyiv"
LOADS = {
    # extractor in meltano.yml: loader
    "tap-alfacrm": "target-postgres",
}
RUNS = {
    "nightly": ("0 2 * * 1-6", ("--refresh-catalog",)),
    "weekly": ("0 2 * * 0", ("--refresh-catalog", "--full-refresh")),
}


def _job(extractor: str, loader: str, name: str, options: tuple[str, ...]) -> dg.JobDefinition:
    @dg.op(
        name=f"load_{extractor}_{name}".replace("-", "_"),
        # A retry continues from the state of the interrupted run.
        retry_policy=dg.RetryPolicy(max_retries=2, delay=600),
        # One load at a time, because the rate limit is five requests per second per account.
        pool=extractor.replace("-", "_"),
    )
    def load(context: dg.OpExecutionContext) -> None:
        command = [MELTANO, "run", *options, extractor, loader]
        with subprocess.Popen(
            command,
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            for line in process.stdout or ():
                context.log.info(line.rstrip())
        if process.returncode:
            msg = f"{' '.join(command)} ended with {process.returncode}"
            raise dg.Failure(msg)

    @dg.job(name=f"{extractor}_{name}".replace("-", "_"), tags={"crm": "alfacrm"})
    def job() -> None:
        load()

    return job


SCHEDULES = [
    dg.ScheduleDefinition(
        job=_job(extractor, loader, name, options),
        cron_schedule=cron,
        execution_timezone=TIMEZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    for extractor, loader in LOADS.items()
    for name, (cron, options) in RUNS.items()
]

defs = dg.Definitions(jobs=[schedule.job for schedule in SCHEDULES], schedules=SCHEDULES)
