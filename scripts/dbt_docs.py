"""Generate the tables and the lineage diagram of docs/models.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from click import Option

from alfacrm_report.__main__ import main

MODELS = Path(__file__).parents[1] / "dbt" / "models"
REFERENCE = re.compile(r"'((?:stg_|int_)?alfacrm__\w+)'")
LOOKED_UP = frozenset(
    {
        *("branches", "customer_rejects", "lead_rejects", "lead_sources", "lead_statuses"),
        *("lesson_types", "pay_item_categories", "pay_items", "pipelines", "study_statuses"),
        *("subjects", "teachers", "users"),
    }
)
"""Streams that are joined for names only; the diagram leaves them out."""


def _described(folder: str) -> list[dict[str, Any]]:
    return [
        model
        for file in sorted((MODELS / folder).glob("*.yml"))
        for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]
    ]


def _question(model: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = model["config"]["meta"]
    return found


def marts() -> str:
    """The marts with their questions and grains, as a table."""
    lines = ["| Mart | Question | Grain |", "|---|---|---|"]
    for model in _described("marts"):
        name, meta = model["name"], _question(model)
        link = f"[`{name.removeprefix('alfacrm__')}`](#{name})"
        lines.append(f"| {link} | {meta['question']} | {meta['grain']} |")
    return "\n".join(lines)


def columns() -> str:
    """Each mart with its columns and a picture; `python -m scripts.report --pictures` draws it."""
    sections = []
    for model in _described("marts"):
        meta = _question(model)
        lines = [
            f"### {model['name']}",
            "",
            f"*{meta['question']}* {model['description']} Grain: {meta['grain']}.",
            "",
            f"![{meta['question']}](assets/models/{model['name']}.svg)",
            "",
            "| Column | Meaning |",
            "|---|---|",
            *(f"| `{column['name']}` | {column['description']} |" for column in model["columns"]),
        ]
        sections.append("\n".join(lines))
    return "\n\n".join(sections)


def report() -> str:
    """The options of the report's command as a table."""
    lines = ["| Option | Default | Meaning |", "|---|---|---|"]
    for option in main.params:
        if isinstance(option, Option):
            meaning, _, default = (option.help or "").partition("  [default: ")
            if not default and not option.is_flag and option.default not in {None, ""}:
                default = f"`{option.default}`"
            names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
            lines.append(f"| {names} | {default.rstrip(']')} | {meaning} |")
    return "\n".join(lines)


def bridges() -> str:
    """The bridges as a table."""
    lines = ["| Bridge | Rows |", "|---|---|"]
    lines += [f"| `{model['name']}` | {model['description']} |" for model in _described("bridges")]
    return "\n".join(lines)


def lineage() -> str:
    """The lineage of the models as a Mermaid diagram."""
    lines = ["```mermaid", "flowchart LR"]
    for file in sorted(MODELS.rglob("*alfacrm__*.sql")):
        if file.parent.name == "staging":
            continue
        for parent in sorted(set(REFERENCE.findall(file.read_text(encoding="utf-8")))):
            stream = parent.removeprefix("stg_alfacrm__")
            if stream in LOOKED_UP or not list(MODELS.rglob(f"{parent}.sql")):
                continue
            node = f"{stream}[({stream})]" if stream != parent else _short(parent)
            lines.append(f"    {node} --> {_short(file.stem)}")
    return "\n".join([*lines, "```"])


def _short(model: str) -> str:
    """The name of a model in the diagram, where streams have names like `customers`."""
    return f"{model}[{model.removeprefix('int_').removeprefix('alfacrm__')}]"
