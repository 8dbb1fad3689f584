"""Write the table of docs/loaders.md with what the loaders make of every column.

    python -m scripts.translations

Requires the environments of the loaders in `.tools/loaders`, and uses their own translators.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from typing import Any

import yaml

from scripts.tables import PROJECT
from tap_alfacrm.records.column import types_of
from tap_alfacrm.tap import TapAlfaCRM

PAGE = PROJECT / "docs" / "loaders.md"
LOADERS = ("snowflake", "bigquery", "clickhouse", "mssql")
KINDS = {
    "integer": "integer",
    "number": "money",
    "boolean": "boolean",
    "string": "text",
    "date": "date",
    "date-time": "date-time",
    "time": "time",
    "object": "object",
}


def translator(loader: str) -> list[str] | None:
    """Return the command of a loader's translator, or None if the loader is not installed."""
    python = PROJECT / ".tools" / "loaders" / f"target-{loader}" / "bin" / "python"
    script = PROJECT / "tests" / "loaders" / "translate.py"
    return [str(python), str(script), loader] if python.exists() else None


def settings(loader: str) -> dict[str, Any]:
    """Return the settings of the tap in the loader's environment of meltano.yml."""
    project = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))
    [found] = [one for one in project["environments"] if one["name"] == loader]
    [extractor] = found["config"]["plugins"]["extractors"]
    config: dict[str, Any] = extractor["config"]
    return config


def columns(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the schema of each standard column, by its name with that of the stream."""
    tap = TapAlfaCRM(config=config, validate_config=False)
    return {
        f"{name}.{column}": schema
        for name, stream in tap.streams.items()
        for column, schema in stream.schema["properties"].items()
    }


def kind(schema: dict[str, Any]) -> str:
    """Return what a column contains, for people."""
    types = types_of(schema)
    if types == ["array"]:
        return f"list of {kind(schema['items'])}"
    if types == ["string"]:
        return KINDS[schema.get("format", "string")]
    return " or ".join(KINDS[one] for one in types)


def translations(loader: str) -> dict[str, str]:
    """Return the type that a loader gives to each column.

    Args:
        loader: Its name, which is that of its environment in meltano.yml too.

    Raises:
        FileNotFoundError: The loader is not installed.
    """
    command = translator(loader)
    if command is None:
        raise FileNotFoundError(loader)
    done = subprocess.run(
        command,
        input=json.dumps(columns(settings(loader))),
        capture_output=True,
        text=True,
        check=True,
    )
    types: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return types


def table() -> list[list[str]]:
    """Return the rows of the table: kind, number of columns, example, and a type per loader."""
    kinds = {name: kind(schema) for name, schema in columns({}).items()}
    types = {loader: translations(loader) if translator(loader) else None for loader in LOADERS}
    rows = []
    counts = Counter(kinds.values())
    for one in sorted(counts, key=lambda kind: (-counts[kind], kind)):
        names = [name for name, of in kinds.items() if of == one]
        cells = [
            "?" if found is None else " or ".join(sorted({f"`{found[name]}`" for name in names}))
            for found in types.values()
        ]
        rows.append([one, str(len(names)), f"`{min(names)}`", *cells])
    return rows


def written() -> list[list[str]]:
    """Return the rows of the table as the page has them."""
    text = PAGE.read_text(encoding="utf-8")
    part = text.partition("<!-- translations -->\n")[2].partition("\n<!-- /translations -->")[0]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in part.splitlines()[2:]]


def main() -> None:
    """Write the table."""
    header = ["Values", "Columns", "For example", *LOADERS]
    lines = [header, ["---"] * len(header), *table()]
    part = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition("<!-- translations -->\n")
    _, end, after = rest.partition("\n<!-- /translations -->")
    PAGE.write_text(f"{before}{begin}{part}{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
