"""The command `alfacrm-report`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import duckdb
import psycopg

from alfacrm_report.building import MODELS, build
from alfacrm_report.database import connect, is_postgres
from alfacrm_report.kit import Data
from alfacrm_report.page import render
from alfacrm_report.words import LANGUAGES


@click.command(
    help="Build the dbt models over a database that tap-alfacrm has filled, and write a page of "
    "charts and tables. DATABASE is a DuckDB file or a PostgreSQL URL.",
    context_settings={"help_option_names": ["--help", "-h"], "show_default": True},
)
@click.argument("database", envvar="ALFACRM_REPORT_DATABASE")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("school.html"),
    help="The page.",
)
@click.option(
    "--timezone",
    envvar="TAP_ALFACRM_TIMEZONE",
    default="UTC",
    help="IANA time zone of the school, as in the tap.",
)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default=LANGUAGES[0],
    help="Shown first; the page has all of them.",
)
@click.option("--currency", default="", help="Written behind amounts, such as ₴.")
@click.option("--names", is_flag=True, help="Show names of pupils instead of the ids of cards.")
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day on which the page is about.  [default: today, at the school]",
)
@click.option("--build/--no-build", "building", default=True, help="Build the models first.")
@click.option("--source-schema", help="Schema of the loaded tables.  [default: as in the models]")
@click.option("--schema", default=MODELS, help="Schema of the models, with --no-build.")
def main(  # noqa: PLR0913, PLR0917 - one for each option; click passes them by name
    database: str,
    output: Path,
    timezone: str,
    language: str,
    currency: str,
    today: dt.datetime | None,
    source_schema: str | None,
    schema: str,
    *,
    names: bool,
    building: bool,
) -> None:
    """Build, read and write."""
    day = today.date() if today else dt.datetime.now(ZoneInfo(timezone)).date()
    if not is_postgres(database) and not Path(database).is_file():
        message = f"There is no file {database}."
        raise click.UsageError(message)
    if building:
        click.echo("Building the models ...")
        if not build(database, timezone=timezone, today=day, source_schema=source_schema):
            message = "dbt build failed; --no-build writes the page from the models as they are"
            raise click.ClickException(message)
    try:
        with connect(database, MODELS if building else schema) as models:
            data = Data(models, day, with_names=names)
            page = render(data, language=language, currency=currency)
    except (duckdb.Error, psycopg.Error) as error:
        raise click.ClickException(str(error).strip()) from error
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8")
    click.echo(f"The page is {output.resolve()} ({len(page.encode()) // 1000} kB).")


if __name__ == "__main__":
    main(prog_name="alfacrm-report")
