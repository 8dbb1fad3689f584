"""Write the sources and the staging models of the dbt package from the schemas.

`--check` only says whether they are stale.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import yaml

from scripts.dictionary import references_of
from scripts.tables import PROJECT
from tap_alfacrm.records.column import types_of
from tap_alfacrm.schemas import standard_schema

if TYPE_CHECKING:
    from pathlib import Path

STREAMS = sorted(file.stem for file in (PROJECT / "tap_alfacrm" / "schemas").glob("*.json"))
MACROS = PROJECT / "dbt" / "macros" / "streams.sql"
STAGING = PROJECT / "dbt" / "models" / "staging"
HEAD = "written by scripts/dbt_sources.py from tap_alfacrm/schemas"
SINGULAR = {"branches": "branch", "ies": "y", "statuses": "status", "s": ""}
"""Plural endings of stream names and their singular."""
WORDS = frozenset(
    {
        "begin",
        "class",
        "date",
        "day",
        "days",
        "duration",
        "end",
        "groups",
        "limit",
        "partition",
        "start",
        "type",
    }
)
"""Columns named by a word of SQL; the singular of the stream becomes their prefix."""
RENAMED = {
    "ctt_id": "customer_tariff_id",
    "is_archive": "is_archived",
    "is_study": "is_client",
    "regular_id": "regular_lesson_id",
}
OTHER_NAMES = {"avatar_url": "avatarUrl", "lessons_count": "lesson_count"}
"""Columns for which some accounts use another name."""
IDS = {"customer_calendars": "lesson_id"}
NEVER_EMPTY = frozenset({"branches", "customers", "lead_statuses", "users"})
"""Streams of which every run loads rows; only these have a freshness check."""
FRESHNESS = {
    f"{level}_after": {"count": hours, "period": "hour"}
    for level, hours in {"warn": 36, "error": 72}.items()
}
FORMATS = {"date": "date", "date-time": "instant", "time": "time"}


def thing(stream: str) -> str:
    """The singular of a stream name."""
    for ending, one in SINGULAR.items():
        if stream.endswith(ending):
            return stream.removesuffix(ending) + one
    return stream


def kind(name: str, schema: dict[str, Any]) -> str:
    """The kind of a column, as defined by the macro `type_of`."""
    match types_of(schema):
        case ["boolean"]:
            return "flag"
        case ["integer"]:
            return "flag" if name.startswith("is_") else "integer"
        case ["number"]:
            return "number"
        case ["string"]:
            return FORMATS.get(schema.get("format", ""), "text")
    return "json"


def column_name(stream: str, name: str) -> str:
    """The name of a column in the staging model."""
    if name == "id":
        return IDS.get(stream, f"{thing(stream)}_id")
    if name in WORDS:
        return f"{thing(stream)}_{name}"
    return RENAMED.get(name, name)


def columns(stream: str) -> dict[str, tuple[str, str]]:
    """The columns of a staging model: expression in Jinja, and description."""
    found = {}
    properties = standard_schema(stream)["properties"]
    for name, schema in properties.items():
        if name in OTHER_NAMES.values() and OTHER_NAMES.keys() & properties.keys():
            continue
        what, described = kind(name, schema), schema["description"]
        expression = _column(name, what)
        if OTHER_NAMES.get(name) in properties:
            expression = f"coalesce({expression}, {_column(OTHER_NAMES[name], what)})"
        found[column_name(stream, name)] = (expression, described)
        if what == "instant":
            at_school = f"{column_name(stream, name)}_local"
            found[at_school] = (_column(name, "local"), f"{described} Here by the school's clock.")
    return found


def _column(name: str, what: str) -> str:
    return f"{{{{ alfacrm.column(loaded, '{name}', '{what}') }}}}"


def model(stream: str) -> str:
    """The SQL of a staging model."""
    schema = standard_schema(stream)
    table = f"source('alfacrm', '{stream}')"
    selected = ",\n".join(
        f"    {expression} as {column}" for column, (expression, _) in columns(stream).items()
    )
    standard = "', '".join(schema["properties"])
    key = "', '".join(schema["required"])
    return (
        f"-- {HEAD}\n"
        f"{{%- set loaded = alfacrm.loaded({table}) %}}\n"
        f"{{%- set standard = ['{standard}'] %}}\n"
        f"select\n{selected},\n"
        "    {{- alfacrm.custom_columns(loaded, standard) }}\n"
        "    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at\n"
        f"from {{{{ alfacrm.loaded_rows(\n"
        f"    loaded, {table}, ['{key}'], var('alfacrm_append_only', false)\n"
        ") }}\n"
    )


def sources() -> str:
    """The sources, with the descriptions of the schemas."""
    tables = []
    for stream in STREAMS:
        schema = standard_schema(stream)
        targets = {
            column: names[0]
            for column, names in references_of(schema)
            if len(names) == 1
            and kind(column, schema["properties"].get(column, {"type": "array"})) == "integer"
        }
        entries = []
        for name, property_ in schema["properties"].items():
            entry: dict[str, Any] = {"name": name, "description": property_["description"]}
            if name in targets:
                to = f"source('alfacrm', '{targets[name]}')"
                entry["data_tests"] = [
                    {
                        "loaded_relationships": {
                            "arguments": {"to": to},
                            "config": {"severity": "warn"},
                        }
                    }
                ]
            entries.append(entry)
        table = {
            "name": stream,
            "description": schema["description"],
            "data_tests": [{"loaded_key": {"arguments": {"columns": schema["required"]}}}],
        }
        if stream in NEVER_EMPTY:
            table["config"] = {"freshness": FRESHNESS, "loaded_at_field": "_sdc_extracted_at"}
        tables.append({**table, "columns": entries})
    source = {
        "name": "alfacrm",
        "description": "What tap-alfacrm loads.",
        "database": "{{ var('alfacrm_database', target.database) }}",
        "schema": "{{ var('alfacrm_schema', 'main' if target.type == 'duckdb' else 'alfacrm') }}",
        "tables": tables,
    }
    return _yaml({"version": 2, "sources": [source]})


def stream_names() -> str:
    """A macro that names the streams."""
    names = "',\n        '".join(STREAMS)
    return (
        f"{{#- The streams of the tap; {HEAD}. -#}}\n"
        "{% macro streams() -%}\n    {{ return([\n"
        f"        '{names}'\n    ]) }}}}\n{{%- endmacro %}}\n"
    )


def staging() -> str:
    """The columns of the staging models."""
    models = []
    for stream in STREAMS:
        schema = standard_schema(stream)
        entries = [
            {"name": name, "description": description}
            for name, (_, description) in columns(stream).items()
        ]
        entries.append(
            {
                "name": "extracted_at",
                "description": "Moment of the extraction, UTC; null where it is not loaded.",
            }
        )
        models.append(
            {
                "name": f"stg_alfacrm__{stream}",
                "description": schema["description"],
                "columns": entries,
            }
        )
    return _yaml({"version": 2, "models": models})


def _yaml(content: dict[str, Any]) -> str:
    unshared = json.loads(json.dumps(content))  # shared objects would become YAML anchors
    return f"# {HEAD}\n" + yaml.safe_dump(unshared, sort_keys=False, allow_unicode=True, width=100)


def files() -> dict[Path, str]:
    """Each generated file with its text."""
    models = {STAGING / f"stg_alfacrm__{stream}.sql": model(stream) for stream in STREAMS}
    return models | {
        MACROS: stream_names(),
        STAGING / "alfacrm_sources.yml": sources(),
        STAGING / "alfacrm_staging.yml": staging(),
    }


def main() -> None:
    """Write the files, or with `--check` exit with 1 if one is stale."""
    made = files()
    stale = [
        file
        for file in made.keys() | set(STAGING.iterdir())
        if not file.exists() or file.read_text(encoding="utf-8") != made.get(file)
    ]
    if "--check" in sys.argv:
        for file in stale:
            print(f"{file.relative_to(PROJECT)} is stale: run python -m scripts.dbt_sources")
        sys.exit(1 if stale else 0)
    for file in stale:
        if file in made:
            file.write_text(made[file], encoding="utf-8")
        else:
            file.unlink()


if __name__ == "__main__":
    main()
