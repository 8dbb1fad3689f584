"""The command `alfacrm-doctor`."""

from __future__ import annotations

import logging
import sys
import traceback
from importlib.metadata import version
from pathlib import Path

import click

from tap_alfacrm.doctor.progress import Progress
from tap_alfacrm.doctor.report.compare import compare, render_comparison
from tap_alfacrm.doctor.report.model import read_report, to_json
from tap_alfacrm.doctor.report.text import render_report
from tap_alfacrm.doctor.runner import BUDGET, UNKNOWN, create_probe, run_checks
from tap_alfacrm.errors import AlfaCRMError
from tap_alfacrm.sdk.settings import ENVIRONMENT, read_config_files

STOPPED = 130


@click.command(
    help="Check how an AlfaCRM account behaves, and whether a sync of it will be complete. Reads "
    f"only, at most {BUDGET} requests. Exit code 0: a sync will be complete; 1: it will not; "
    "2: it could not be determined.",
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
    help="An earlier report (--format json): print what changed since then.",
)
@click.version_option(version("tap-alfacrm"), prog_name="alfacrm-doctor")
def cli(configs: tuple[str, ...], form: str, earlier: Path | None) -> None:
    """Run the checks and print the report."""
    logging.getLogger("tap-alfacrm").setLevel(logging.ERROR)
    progress = Progress(BUDGET)
    try:
        old = read_report(earlier) if earlier else None
        environment = not configs or ENVIRONMENT in configs
        probe = create_probe(read_config_files(configs), progress.count, environment=environment)
        report = run_checks(probe, progress.begin)
    except AlfaCRMError as error:
        progress.end()
        click.echo(str(error), err=True)
        sys.exit(UNKNOWN)
    progress.end()
    if old is None:
        click.echo(to_json(report) if form == "json" else render_report(report))
    else:
        changes = compare(old, report)
        click.echo(to_json(changes) if form == "json" else render_comparison(changes))
    sys.exit(report.exit_code)


def main() -> None:
    """Run the command; exit code 1 is for a verdict alone."""
    try:
        sys.exit(cli(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(UNKNOWN)
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nStopped.", err=True)
        sys.exit(STOPPED)
    except Exception as error:  # noqa: BLE001 - its message may contain the value of a row
        click.echo("".join(traceback.format_tb(error.__traceback__)), err=True)
        click.echo(
            f"{type(error).__name__} in the command itself. Its message is left out, because it "
            "may contain a person's data. Please report it with the lines above.",
            err=True,
        )
        sys.exit(UNKNOWN)


if __name__ == "__main__":
    main()
