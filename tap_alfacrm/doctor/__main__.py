"""The command `alfacrm-doctor`."""

from __future__ import annotations

import logging
import signal
import statistics
import sys
import time
import traceback
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tap_alfacrm.client.client import Client
from tap_alfacrm.client.prefetch import PrefetchClient
from tap_alfacrm.client.stats import RequestStats
from tap_alfacrm.doctor import compare, render
from tap_alfacrm.doctor.examination import Examination
from tap_alfacrm.doctor.probe import Probe
from tap_alfacrm.doctor.progress import Progress
from tap_alfacrm.doctor.verdict import UNKNOWN, examine
from tap_alfacrm.errors import AlfaCRMError
from tap_alfacrm.sdk.settings import ENVIRONMENT, read_config_files
from tap_alfacrm.tap import TapAlfaCRM

if TYPE_CHECKING:
    from collections.abc import Iterator

BUDGET = 120
"""Most requests of one examination, logins and retries included."""
MINUTES = 2
"""After so long no more is asked: an account that fails or stalls is not waited for."""
TRIES = 3
LONGEST_ANSWER = 20.0
"""Seconds to wait for an answer, unless the settings say less."""
STOPPED = 130


def make(config: dict[str, Any], progress: Progress, *, environment: bool = False) -> Examination:
    """Prepare an examination; nothing is asked yet.

    Args:
        config: Settings of the tap.
        progress: Is told how far it is.
        environment: Whether to read settings from the environment too.

    Returns:
        The examination.

    Raises:
        ConfigError: A setting is missing or wrong.
    """
    # with a catalog the tap asks the account for nothing
    with _own_signals():
        tap = TapAlfaCRM(config=config, catalog={"streams": []}, parse_env_config=environment)
    logger = logging.getLogger("alfacrm-doctor")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    settings = msgspec.structs.replace(
        tap.run.config,
        request_timeout_seconds=min(tap.run.config.request_timeout_seconds, LONGEST_ANSWER),
    )
    ends_at = time.monotonic() + 60 * MINUTES
    session = Client(settings, logger, RequestStats(BUDGET, TRIES, ends_at))
    ahead = PrefetchClient(session, settings.max_in_flight)
    traffic, pace = session.stats, 1 / settings.requests_per_second
    probe = Probe(
        ahead,
        settings.page_size,
        lambda: progress.asked(traffic.requests),
        lambda: statistics.median(traffic.response_seconds) < pace,
    )
    return Examination(tap, settings, session, probe)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the tap from taking signals, at which it writes its state and ends with 0."""
    before = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


@click.command(
    help="Find out what an AlfaCRM account does with its API, and whether a sync of it will be "
    f"complete. Reads only, at most {BUDGET} requests. Exit code 0: a sync will be complete; "
    "1: it will not; 2: it could not be found out.",
    context_settings={"help_option_names": ["--help", "-h"]},
)
@click.option(
    "--config",
    "configs",
    multiple=True,
    help="A JSON file with the settings of the tap, or ENV for the variables TAP_ALFACRM_*. "
    "Unset: ENV.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--compare",
    "earlier",
    type=click.Path(path_type=Path, dir_okay=False),
    help="An earlier report (--format json): say what changed since.",
)
@click.version_option(version("tap-alfacrm"), prog_name="alfacrm-doctor")
def cli(configs: tuple[str, ...], form: str, earlier: Path | None) -> None:
    """Examine, and print the report."""
    logging.getLogger("tap-alfacrm").setLevel(logging.ERROR)
    progress = Progress(BUDGET)
    try:
        old = render.from_json(earlier) if earlier else None
        environment = not configs or ENVIRONMENT in configs
        exam = make(read_config_files(configs), progress, environment=environment)
        report = examine(exam, progress.begin)
    except AlfaCRMError as error:
        progress.end()
        click.echo(str(error), err=True)
        sys.exit(UNKNOWN)
    progress.end()
    if old is None:
        click.echo(render.as_json(report) if form == "json" else render.as_text(report))
    else:
        changes = compare.compare(old, report)
        text = msgspec.json.format(msgspec.json.encode(changes), indent=2).decode()
        click.echo(text if form == "json" else compare.as_text(changes))
    sys.exit(report.exit_code)


def main() -> None:
    """Run the command; 1 is the exit code of a verdict alone."""
    try:
        sys.exit(cli(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(UNKNOWN)
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nStopped.", err=True)
        sys.exit(STOPPED)
    except Exception as error:  # noqa: BLE001 - its message may hold the value of a row
        click.echo("".join(traceback.format_tb(error.__traceback__)), err=True)
        click.echo(
            f"{type(error).__name__} in the command itself. Its text is left out, because it may "
            "hold a person's data. Please report it with the lines above.",
            err=True,
        )
        sys.exit(UNKNOWN)


if __name__ == "__main__":
    main()
