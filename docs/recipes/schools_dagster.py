"""Load all schools of `schools.yml` with Dagster: a partition, a run and a retry for each.

Copy this file, schools.py and dagster.yaml beside each other. The run queue of dagster.yaml limits
how many schools load at once, and one account to one load at a time; the run launcher decides on
which workers they run. Requires `dagster`, `dagster-webserver` and `pyyaml`.
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import schools

TIMEZONE = "Europe/Kyiv"
HOURS = 12
"""Age of a run, at most, that the summary takes for tonight's."""
RETRY_SECONDS = 600
PARTITIONS = dg.DynamicPartitionsDefinition(name="schools")
PARTITION, OPTIONS, VERDICT = "dagster/partition", "alfacrm/options", "alfacrm/verdict"
"""Tags of a run: the school, the options of Meltano, and the worst verdict of the streams."""


@dg.asset(
    partitions_def=PARTITIONS,
    # A retry continues from the state of the interrupted run.
    retry_policy=dg.RetryPolicy(max_retries=2, delay=RETRY_SECONDS),
)
def school(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """The tables of one school."""
    options = context.get_tag(OPTIONS) or "--refresh-catalog"
    try:
        verdict = schools.load(context.partition_key, options.split(), context.log.info)
    except schools.SchoolError as error:
        raise dg.Failure(str(error), allow_retries=not error.is_final) from error
    context.instance.add_run_tags(context.run_id, {VERDICT: verdict})
    return dg.MaterializeResult(metadata={"verdict": verdict})


@dg.asset
def summary(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """The number of schools that are complete, and the names of the others."""
    since = dt.datetime.now(dt.UTC) - dt.timedelta(hours=HOURS)
    tags = {PARTITION: schools.read_schools()}
    verdicts: dict[str, str] = {}
    for run in context.instance.get_runs(dg.RunsFilter(tags=tags, created_after=since)):
        otherwise = "FAILED" if run.is_finished else "LOADING"
        # The newest run comes first.
        verdicts.setdefault(run.tags[PARTITION], run.tags.get(VERDICT, otherwise))
    try:
        line = schools.summarize(verdicts)
    except schools.SchoolError as error:
        raise dg.Failure(str(error)) from error
    context.log.info(line)
    return dg.MaterializeResult(metadata={"summary": line})


load_school = dg.define_asset_job("load_school", [school], executor_def=dg.in_process_executor)
summarize = dg.define_asset_job("summarize", [summary], executor_def=dg.in_process_executor)


@dg.sensor(job=load_school, default_status=dg.DefaultSensorStatus.RUNNING)
def new_schools(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Load a school when it is added to the file, and forget one that is removed."""
    names = schools.read_schools()
    known = set(context.instance.get_dynamic_partitions(PARTITIONS.name or ""))
    new = [name for name in names if name not in known]
    return dg.SensorResult(
        run_requests=[dg.RunRequest(partition_key=name) for name in new],
        dynamic_partitions_requests=[
            PARTITIONS.build_add_request(new),
            PARTITIONS.build_delete_request(sorted(known.difference(names))),
        ],
    )


def _requests(context: dg.ScheduleEvaluationContext, options: str) -> Iterator[dg.RunRequest]:
    for name in context.instance.get_dynamic_partitions(PARTITIONS.name or ""):
        yield dg.RunRequest(
            run_key=f"{context.scheduled_execution_time:%Y-%m-%d-%H%M}-{name}",
            partition_key=name,
            tags={OPTIONS: options},
        )


@dg.schedule(
    job=load_school,
    cron_schedule="0 2 * * 1-6",
    execution_timezone=TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def nightly(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """Load the changes of all schools."""
    yield from _requests(context, "--refresh-catalog")


@dg.schedule(
    job=load_school,
    cron_schedule="0 2 * * 0",
    execution_timezone=TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def weekly(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """Load all schools in full."""
    yield from _requests(context, "--refresh-catalog --full-refresh")


morning = dg.ScheduleDefinition(
    name="morning",
    job=summarize,
    cron_schedule="0 8 * * *",
    execution_timezone=TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
defs = dg.Definitions(
    assets=[school, summary],
    jobs=[load_school, summarize],
    schedules=[nightly, weekly, morning],
    sensors=[new_schools],
)
