"""Load all schools of `schools.yml` with Dagster: a partition, a run and a retry for each.

Copy this file, schools.py and dagster.yaml beside each other. The run queue of dagster.yaml limits
how many schools load at once, and one account to one load at a time; the run launcher decides on
which workers they run. Requires `dagster` and `pyyaml`.
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import schools

TIMEZONE = "Europe/Kyiv"
PARTITIONS = dg.DynamicPartitionsDefinition(name="schools")
HOURS = 12
"""Age of a load, at most, that the summary takes for tonight's."""


@dg.asset(
    partitions_def=PARTITIONS,
    # A retry continues from the state of the interrupted run.
    retry_policy=dg.RetryPolicy(max_retries=2, delay=600),
)
def school(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """The tables of one school."""
    options = context.get_tag("alfacrm/options") or "--refresh-catalog"
    try:
        verdict = schools.load(context.partition_key, options.split(), context.log.info)
    except schools.SchoolError as error:
        raise dg.Failure(str(error), allow_retries=not error.is_final) from error
    return dg.MaterializeResult(metadata={"verdict": verdict})


@dg.asset
def summary(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """The number of schools that are complete, and the names of the others."""
    since = dt.datetime.now(dt.UTC) - dt.timedelta(hours=HOURS)
    verdicts = {}
    for name in schools.read_schools():
        records = context.instance.fetch_materializations(
            dg.AssetRecordsFilter(
                asset_key=school.key,
                asset_partitions=[name],
                after_timestamp=since.timestamp(),
            ),
            limit=1,
        ).records
        if records and (loaded := records[0].asset_materialization):
            verdicts[name] = str(loaded.metadata["verdict"].value)
    line = schools.summarize(verdicts)
    context.log.info(line)
    return dg.MaterializeResult(metadata={"summary": line})


load_school = dg.define_asset_job("load_school", [school], executor_def=dg.in_process_executor)
summarize = dg.define_asset_job("summarize", [summary])


def _requests(context: dg.ScheduleEvaluationContext, options: str) -> Iterator[dg.RunRequest]:
    names = schools.read_schools()
    context.instance.add_dynamic_partitions(PARTITIONS.name or "", names)
    for name in names:
        yield dg.RunRequest(
            run_key=f"{context.scheduled_execution_time:%Y-%m-%d-%H%M}-{name}",
            partition_key=name,
            tags={"alfacrm/options": options},
        )


@dg.schedule(job=load_school, cron_schedule="0 2 * * 1-6", execution_timezone=TIMEZONE)
def nightly(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """Load the changes of all schools."""
    yield from _requests(context, "--refresh-catalog")


@dg.schedule(job=load_school, cron_schedule="0 2 * * 0", execution_timezone=TIMEZONE)
def weekly(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """Load all schools in full."""
    yield from _requests(context, "--refresh-catalog --full-refresh")


morning = dg.ScheduleDefinition(
    name="morning", job=summarize, cron_schedule="0 8 * * *", execution_timezone=TIMEZONE
)
defs = dg.Definitions(
    assets=[school, summary],
    jobs=[load_school, summarize],
    schedules=[nightly, weekly, morning],
)
