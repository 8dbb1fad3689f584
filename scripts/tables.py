"""Write the generated parts of the documentation; `--check` only reports whether they are stale.

A part is enclosed in `<!-- NAME -->` and `<!-- /NAME -->`.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts import dbt_docs
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.streams.child import ChildStream
from tap_alfacrm.tap import STREAMS, TapAlfaCRM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_alfacrm.streams.base import AlfaCRMStream

PROJECT = Path(__file__).parents[1]
FOLDERS = (
    *("client", "records", "extract", "streams", "sdk", "schemas"),
    *("doctor", "doctor/checks", "doctor/report"),
)
"""Folders of the package, in the order in which a page passes through them."""
REFERENCE = re.compile(
    r"\bids? (?:of|in|of the \w+, in) ((?:`\w+`(?:, | or of | or )?)+)", re.IGNORECASE
)
"""Phrases in the schemas that name the streams whose ids a column contains."""

PARENTS = {"customers": 17_000, "groups": 300, "tasks": 400}
"""Rows of the account for which the cost of a night is given."""
REFRESH_DAYS = 7
"""The `child_refresh_days` for which it is given, beside 1."""
REQUESTS_PER_SECOND = 5
"""What the vendor allows."""
COMMON = {"branches", "companies", "lesson_types", "streamings", "subjects"}
"""Streams referenced by so many others that they would make the diagram illegible."""


def settings() -> str:
    """The settings of the tap as a table."""
    lines = ["| Setting | Type, default | Meaning |", "|---|---|---|"]
    schema = TapAlfaCRM.config_jsonschema
    for name, property_ in schema["properties"].items():
        if "title" not in property_ or name.startswith(("stream_map", "flattening", "faker")):
            continue
        types = [t for t in property_["type"] if t != "null"]
        notes = [types[0]]
        if name in schema["required"]:
            notes.append("required")
        if "default" in property_:
            notes.append(
                f"`{property_['default']}`".replace("True", "true").replace("False", "false")
            )
        if property_.get("secret"):
            notes.append("secret")
        lines.append(f"| `{name}` | {', '.join(notes)} | {property_['description']} |")
    return "\n".join(lines)


def _replication(stream: type[AlfaCRMStream]) -> str:
    if stream.incremental_filter is None:
        return "full table"
    if stream.name == "customers":
        return "full table; incremental by `updated_at` if the catalog says so"
    return f"incremental by `{stream.incremental_filter.key}`"


def _cost(stream: type[AlfaCRMStream]) -> str:
    if issubclass(stream, ChildStream):
        whose = ", ".join(f"`{parent.stream}`" for parent in stream.parents)
        number = len(stream.variants)
        times = "one" if number == 1 else str(number)
        each, part = _night(stream, 1), _night(stream, REFRESH_DAYS)
        setting = f"`child_refresh_days: {REFRESH_DAYS}`"
        return f"{times} per row of {whose}; a night: {each}, with {setting} {part}"
    each = " and branch" if stream.needs_branch else ""
    return f"one per {500} rows{each}"


def _night(stream: type[ChildStream], days: int) -> str:
    """Requests and minutes of a night in which no parent changed."""
    requests = 0
    for parent in stream.parents:
        shows_changes = "updated_at" in standard_schema(parent.stream)["properties"]
        share = days if shows_changes else 1
        requests += len(stream.variants) * -(-PARENTS[parent.stream] // share)
    return f"{requests:,} ({requests / REQUESTS_PER_SECOND / 60:,.1f} min)"


def streams() -> str:
    """The streams as a table."""
    lines = ["| Stream | Description | Replication | Requests |", "|---|---|---|---|"]
    for stream in STREAMS:
        what = standard_schema(stream.name)["description"]
        off = "" if stream.selected_by_default else " Not selected by default."
        lines.append(
            f"| `{stream.name}` | {what}{off} | {_replication(stream)} | {_cost(stream)} |"
        )
    return "\n".join(lines)


def endpoints() -> str:
    """The streams with their endpoints and keys, as a table."""
    lines = [
        "| Stream | Endpoint | Key | Replication | Branch in path |",
        "|---|---|---|---|---|",
    ]
    for stream in STREAMS:
        params = ""
        if issubclass(stream, ChildStream):
            names = sorted({name for p in stream.parents for name in (*p.fixed, p.param)})
            params = f"?{'&'.join(f'{name}=' for name in names)}"
        path = stream.path(None).replace(
            "/v2api/", "/v2api/{branch}/" if stream.needs_branch else "/v2api/"
        )
        branch = "required" if stream.needs_branch else "optional"
        key = ", ".join(f"`{key}`" for key in stream.primary_keys)
        lines.append(
            f"| `{stream.name}` | `{path}{params}` | {key} | {_replication(stream)} | {branch} |"
        )
    return "\n".join(lines)


def references() -> str:
    """The columns that contain ids of other streams, as a table."""
    lines = ["| Stream | Columns with ids of other streams |", "|---|---|"]
    for stream in STREAMS:
        found = [
            f"`{column}`: {' or '.join(f'`{name}`' for name in names)}"
            for column, names in references_of(standard_schema(stream.name))
        ]
        if found:
            lines.append(f"| `{stream.name}` | {'<br>'.join(found)} |")
    return "\n".join(lines)


def diagram() -> str:
    """The same without the most common references, as a Mermaid diagram for GitHub."""
    lines = ["```mermaid", "erDiagram"]
    for stream in STREAMS:
        for column, names in references_of(standard_schema(stream.name)):
            many = "}o" if column.endswith("s") else "|o"
            lines += [
                f'    {name} {many}--o{{ {stream.name} : "{column}"'
                for name in names
                if name not in COMMON
            ]
    return "\n".join([*lines, "```"])


def modules() -> str:
    """Every module with the first line of its docstring, folder by folder."""
    package = PROJECT / "tap_alfacrm"
    lines = ["| Module | Purpose |", "|---|---|"]
    for folder in (package, *(package / name for name in FOLDERS)):
        prefix = "" if folder == package else f"{folder.relative_to(package)}/"
        if prefix:
            lines.append(f"| **`{prefix}`** | **{_summary(folder / '__init__.py')}** |")
        lines += [
            f"| `{prefix}{file.name}` | {_summary(file)} |"
            for file in sorted(folder.glob("*.py"))
            if not file.name.startswith("__")
        ]
    return "\n".join(lines)


def _summary(file: Path) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return re.sub(r" \(docs/[^)]*\)", "", docstring.partition("\n")[0])


def references_of(schema: dict[str, Any], at: str = "") -> Iterator[tuple[str, list[str]]]:
    """The columns of a schema that hold ids, and the streams of which they do."""
    for name, property_ in schema.get("properties", {}).items():
        told = REFERENCE.search(property_.get("description", ""))
        if told:
            yield f"{at}{name}", re.findall(r"`(\w+)`", told[1])
        yield from references_of(property_.get("items", property_), f"{at}{name}.")


PARTS = {
    "CONTRIBUTING.md": {"modules": modules},
    "README.md": {"settings": settings, "streams": streams},
    "docs/models.md": {
        "marts": dbt_docs.marts,
        "lineage": dbt_docs.lineage,
        "bridges": dbt_docs.bridges,
        "columns": dbt_docs.columns,
        "report": dbt_docs.report,
    },
    "docs/streams.md": {
        "endpoints": endpoints,
        "streams": streams,
        "references": references,
        "diagram": diagram,
    },
}


def main() -> None:
    """Write the parts; with `--check`, exit with 1 if one is stale."""
    stale = False
    for file, parts in PARTS.items():
        path = PROJECT / file
        text = path.read_text(encoding="utf-8")
        for name, make in parts.items():
            before, begin, rest = text.partition(f"<!-- {name} -->\n")
            _, end, after = rest.partition(f"\n<!-- /{name} -->")
            text = f"{before}{begin}{make()}{end}{after}"
        if text != path.read_text(encoding="utf-8"):
            stale = True
            if "--check" in sys.argv:
                print(f"{file} is stale: run python -m scripts.tables")
            else:
                path.write_text(text, encoding="utf-8")
    sys.exit(1 if stale and "--check" in sys.argv else 0)


if __name__ == "__main__":
    main()
