"""The data dictionary has every column, and its diagram every reference between main tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from scripts import dictionary, entities
from scripts.tables import PROJECT
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (PROJECT / "docs" / "dictionary.md").read_text(encoding="utf-8")
SCHEMAS = sorted(file.stem for file in (PROJECT / "tap_alfacrm" / "schemas").glob("*.json"))
KEYS = {stream.name: set(stream.primary_keys) for stream in STREAMS}
KINDS = {
    "integer": "integer", "number": "number", "boolean": "boolean", "array": "list",
    "object": "object", "string": "text", "date": "date", "date-time": "timestamp", "time": "time",
}  # fmt: skip


def rows(stream: str) -> dict[str, list[str]]:
    """The cells of each column of a table on the page."""
    section = PAGE.partition(f"### {stream}\n")[2].partition("\n### ")[0]
    found = [
        re.split(r"(?<!\\)\|", line)[1:-1] for line in re.findall(r"^\| `.*", section, re.MULTILINE)
    ]
    return {cells[0].strip(" `"): [cell.strip() for cell in cells[1:]] for cells in found}


@pytest.mark.parametrize("stream", SCHEMAS)
def test_each_column_has_its_row(stream: str) -> None:
    schema = standard_schema(stream)
    found = rows(stream)
    outer = {name: cells for name, cells in found.items() if "." not in name}
    assert list(outer) == list(schema["properties"])
    for name, property_ in schema["properties"].items():
        meaning, type_, clock, null, key = outer[name]
        types = {property_["type"]} if isinstance(property_["type"], str) else {*property_["type"]}
        assert meaning.startswith(property_["description"])
        for kind in types - {"null"}:
            written = property_.get("format", kind) if kind == "string" else kind
            assert type_.startswith(KINDS[written]) or KINDS[written] in type_
        assert bool(clock) == (property_.get("format") in {"date", "date-time", "time"})
        assert (null == "never") == (name in schema["required"])
        assert ("primary" in key) == (name in KEYS.get(stream, schema["required"]))
    inner = {
        f"{name}.{one}"
        for name, property_ in schema["properties"].items()
        for one in property_.get("items", property_).get("properties", {})
    }
    assert {name for name in found if name.count(".") == 1} == inner


def test_each_table_belongs_to_one_domain() -> None:
    assert sorted(name for names in dictionary.domains().values() for name in names) == SCHEMAS
    assert PAGE.count("\n### ") == len(SCHEMAS)


@pytest.mark.parametrize(
    ("stream", "column", "unit"),
    [
        ("customers", "balance", "the school's currency"),
        ("customers", "balance_bonus", "points"),
        ("customers", "paid_count", "lessons"),
        ("lessons", "details.commission", "the school's currency"),
        ("lessons", "details.bonus", "points"),
        ("tariffs", "duration", "minutes"),
        ("phone_calls", "duration", "seconds"),
        ("discounts", "amount", ""),
    ],
)
def test_numbers_have_their_units(stream: str, column: str, unit: str) -> None:
    assert rows(stream)[column][1].partition(", ")[2] == unit


def test_a_clock_that_was_converted_is_named() -> None:
    found = rows("customers")
    assert [found[name][2] for name in ("created_at", "b_date", "dob", "name")] == [
        "UTC",
        "UTC, from the school's clock",
        "the school's",
        "",
    ]


def test_what_may_be_null_says_when() -> None:
    found = rows("customers")
    assert found["lead_status_id"][3] == "for unsorted leads and for clients"
    assert found["employee_id"][3] == "in accounts that do not have it"
    assert found["pipeline_id"][3] == "in accounts of an older version"
    assert found["name"][3] == "if empty"


@pytest.mark.parametrize("file", sorted(entities.files(), key=str), ids=lambda file: file.stem)
def test_the_diagram_is_current_and_fits_its_screen(file: Path) -> None:
    text = entities.files()[file]
    assert file.read_text(encoding="utf-8") == text, "python -m scripts.entities"
    drawn = ET.fromstring(text)  # noqa: S314 - our own file
    assert int(drawn.attrib["width"]) <= {"entities-wide": 1040, "entities-narrow": 390}[file.stem]
    names = {element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert set(entities.boxes()) <= names
    columns = {column for box in entities.boxes().values() for column, _ in box.rows}
    assert columns <= names
    lines = text.count('<path d="M') - len(entities.boxes())
    assert lines == sum(
        target in entities.boxes()
        for box in entities.boxes().values()
        for _, targets in box.rows
        for target in targets
    )
