"""Each value right, or null and counted."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_alfacrm.records.converter import CLOCK, Converter
from tap_alfacrm.records.typed_page import TypedPageParser, TypedRow

encode = msgspec.json.Encoder(decimal_format="number").encode
KYIV = ZoneInfo("Europe/Kyiv")
ZONES = [
    "Europe/Kyiv",
    "Asia/Almaty",
    "Asia/Kolkata",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "UTC",
]
DATE = {"type": ["string", "null"], "format": "date"}
LOCAL = {"type": ["string", "null"], "format": "date-time", CLOCK: "account"}
UTC = {"type": ["string", "null"], "format": "date-time", CLOCK: "utc"}
TIME = {"type": ["string", "null"], "format": "time"}
NUMBER = {"type": ["number", "null"]}
INTEGER = {"type": ["integer", "null"]}
TEXT = {"type": ["string", "null"]}
BOOLEAN = {"type": ["boolean", "null"]}
TEACHERS = {"type": ["array", "null"], "items": {"type": ["integer", "string"]}}
INTEGERS = {"type": ["array", "null"], "items": {"type": "integer"}}
FREE = {"type": ["object", "null"], "additionalProperties": True}
NESTED = {
    "type": ["array", "null"],
    "items": {"type": "object", "properties": {"id": INTEGER, "commission": NUMBER}},
}
STREAMING = {"type": ["boolean", "array", "null"]}
SCHEMAS = [DATE, LOCAL, UTC, TIME, NUMBER, INTEGER, TEXT, BOOLEAN, TEACHERS, INTEGERS, FREE]
SCHEMAS += [NESTED, STREAMING, {}]

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text()
    | st.sampled_from(["", "0000-00-00", "31.13.2020", "abc", "1e999", "NaN", "\x00", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def convert(schema: dict[str, Any], value: object, zone: str = "Europe/Kyiv") -> tuple[Any, int]:
    converter = Converter({"properties": {"field": schema}}, ZoneInfo(zone))
    return converter({"field": value})["field"], converter.invalid_values["field"]


def fits(value: object, schema: dict[str, Any]) -> bool:
    """Whether a value is what the schema promises to a target."""
    types = schema.get(
        "type", ["null", "string", "integer", "number", "boolean", "array", "object"]
    )
    types = [types] if isinstance(types, str) else types
    match value:
        case None:
            return "null" in types
        case bool():
            return "boolean" in types
        case int():
            return bool({"integer", "number"} & set(types)) and -(2**63) <= value < 2**63
        case Decimal():
            return "number" in types and value.is_finite()
        case str():
            forms = {"date": dt.date, "date-time": dt.datetime, "time": dt.time}
            if form := forms.get(schema.get("format", "")):
                form.fromisoformat(value)  # type: ignore[attr-defined]
            return "string" in types and "\x00" not in value
        case list():
            items = schema.get("items", {})
            return "array" in types and all(fits(item, items) for item in value)
        case dict():
            fields = schema.get("properties", {})
            return "object" in types and all(fits(v, fields.get(k, {})) for k, v in value.items())
    return False


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
@given(value=anything)
def test_whatever_comes_the_record_fits_its_schema_and_can_be_written(
    schema: dict[str, Any], value: object
) -> None:
    result, _ = convert(schema, value)
    assert fits(result, schema)
    encode(result)


@given(day=st.dates())
def test_each_shape_of_a_date_gives_the_same_day(day: dt.date) -> None:
    iso, dotted = f"{day:%Y-%m-%d}".zfill(10), f"{day:%d.%m.}{day.year:04}"
    for shape in (iso, dotted, f"{iso} 00:00:00", f" {dotted} 23:59:59", f"{iso}T10:00"):
        assert convert(DATE, shape) == (day.isoformat(), 0)


@given(
    moment=st.datetimes(dt.datetime(1995, 1, 1), dt.datetime(2037, 1, 1)),  # noqa: DTZ001
    zone=st.sampled_from(ZONES),
)
def test_a_wall_clock_time_becomes_its_instant(moment: dt.datetime, zone: str) -> None:
    moment = moment.replace(microsecond=0)
    expected = moment.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)
    text = f"{expected.replace(tzinfo=None).isoformat()}Z"
    for _ in range(2):  # worked out, then remembered
        assert convert(LOCAL, f"{moment}", zone) == (text, 0)
    assert convert(LOCAL, f"{moment:%d.%m.%Y %H:%M:%S}", zone) == (text, 0)
    assert convert(UTC, f"{moment}", zone) == (f"{moment.isoformat()}Z", 0)


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        ("2025-01-15 12:00:01", "2025-01-15T10:00:01Z"),
        ("2025-07-15 12:00:01", "2025-07-15T09:00:01Z"),
        ("2025-03-30 03:30:00", "2025-03-30T01:30:00Z"),  # skipped: moves on by the gap
        ("2025-10-26 03:30:00", "2025-10-26T00:30:00Z"),  # repeated: the first of the two
        ("2025-10-26 04:00:00", "2025-10-26T02:00:00Z"),
        ("2025-10-26 23:00:00", "2025-10-26T21:00:00Z"),
    ],
)
def test_summer_time_in_kyiv(wall: str, instant: str) -> None:
    assert convert(LOCAL, wall) == (instant, 0)


@given(value=st.decimals(allow_nan=False, allow_infinity=False, places=2))
def test_money_never_passes_through_a_binary_float(value: Decimal) -> None:
    text = f"{value:.2f}"
    result, unfit = convert(NUMBER, text)
    assert (result, unfit) == (Decimal(text), 0)
    assert encode(result) == text.encode()


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (DATE, "0000-00-00"),
        (DATE, "2025-13-01"),
        (DATE, "31.02.2025"),
        (DATE, 20250101),
        (LOCAL, "2025-01-01 25:00:00"),
        (LOCAL, "0001-01-01 00:00:00"),
        (NUMBER, "abc"),
        (NUMBER, "1e5"),
        (NUMBER, "NaN"),
        (NUMBER, True),
        (INTEGER, "4.5"),
        (INTEGER, 2**63),
        (INTEGER, Decimal("1E+400")),
        (BOOLEAN, "maybe"),
        (TIME, "24:00"),
        (FREE, "no object"),
        (INTEGERS, ["x"]),
    ],
)
def test_a_value_that_its_type_cannot_hold_is_counted(
    schema: dict[str, Any], value: object
) -> None:
    result, unfit = convert(schema, value)
    assert not result
    assert unfit == 1


@pytest.mark.parametrize("schema", [s for s in SCHEMAS if s not in (TEXT, {})], ids=str)
def test_an_empty_text_in_a_typed_field_is_null(schema: dict[str, Any]) -> None:
    assert convert(schema, "") == (None, 0)


@pytest.mark.parametrize(
    ("schema", "value", "result"),
    [
        (TEXT, "a\r\nb 🎓 Ї\x00", "a\r\nb 🎓 Ї"),
        (TEXT, "", ""),
        (TEXT, 5, "5"),
        (TEXT, Decimal("1.50"), "1.50"),
        (TEXT, ["Ї", 1], '["Ї", 1]'),
        (INTEGER, "0042", 42),
        (INTEGER, True, 1),
        (INTEGER, Decimal("3.0"), 3),
        (BOOLEAN, "1", True),
        (BOOLEAN, 0, False),
        (TIME, "9:00", None),
        (TIME, "09:00", "09:00:00"),
        (TEACHERS, [207, "Іван"], ["207", "Іван"]),
        (TEACHERS, "Іван", ["Іван"]),
        (INTEGERS, {"0": "1", "2": 3}, [1, 3]),
        (INTEGERS, [1, None], [1]),
        (FREE, [], None),
        (FREE, '{"a": "1"}', {"a": "1"}),
        (FREE, ["x"], {"0": "x"}),
        (
            NESTED,
            [{"id": "5", "commission": "330000.00"}],
            [{"id": 5, "commission": Decimal("330000.00")}],
        ),
        (STREAMING, False, False),
        (STREAMING, ["zoom"], ["zoom"]),
        (LOCAL, "2025-01-01T12:00:00+03:00", "2025-01-01T09:00:00Z"),
    ],
)
def test_what_each_type_accepts(schema: dict[str, Any], value: object, result: object) -> None:
    assert convert(schema, value)[0] == result


def test_an_unknown_key_is_noted_with_its_type_and_left_out() -> None:
    converter = Converter({"properties": {"id": INTEGER}}, KYIV)
    assert converter({"id": 1, "hobby": ["x"]}) == {"id": 1}
    assert converter.unknown_fields.columns == {"hobby": "array"}


def test_missing_keys_are_null_in_the_order_of_the_schema() -> None:
    converter = Converter({"properties": {"id": INTEGER, "name": TEXT, "dob": DATE}}, KYIV)
    assert list(converter({"dob": "01.02.2012"}).items()) == [
        ("id", None),
        ("name", None),
        ("dob", "2012-02-01"),
    ]


FIELDS = {"id": {"type": "integer"}, "name": TEXT, "class": TEXT, "teacher-to-skill": TEXT}
FIELDS |= {"ім'я": TEXT, "get": TEXT, "_x": TEXT, "b_date": LOCAL, "balance": NUMBER, "dob": DATE}
FIELDS |= {"teacher_ids": TEACHERS, "branch_ids": INTEGERS, "flag": BOOLEAN, "details": NESTED}
rows = st.fixed_dictionaries(
    {"id": st.integers(0, 2**62)},
    optional={
        "name": st.text() | st.none(),
        "class": st.text(),
        "teacher-to-skill": st.text(),
        "ім'я": st.text() | st.integers(),
        "get": st.text(),
        "_x": st.none(),
        "b_date": st.datetimes().map(lambda m: str(m)[:19]) | st.sampled_from(["", "junk", None]),
        "balance": st.decimals(places=2, allow_nan=False, allow_infinity=False).map(str)
        | st.integers()
        | st.just("abc"),
        "dob": st.dates().map("{:%d.%m.%Y}".format) | st.just(""),
        "teacher_ids": st.lists(st.integers() | st.text()),
        "branch_ids": st.lists(st.integers()),
        "flag": st.booleans() | st.integers(0, 1),
        "details": st.lists(st.fixed_dictionaries({"id": st.integers()})),
        "unknown": st.text(),
    },
)


@example(page=[{"id": 1, "teacher_ids": [207, "Олена"]}])
@given(page=st.lists(rows, min_size=1, max_size=4))
def test_a_page_read_in_c_gives_the_same_bytes(page: list[dict[str, Any]]) -> None:
    schema = {"properties": FIELDS}
    slow, fast = Converter(schema, KYIV), Converter(schema, KYIV)
    content = json.dumps({"total": str(len(page)), "items": page}).encode()
    envelope = TypedPageParser(schema, "id")(content)
    assert envelope.total == len(page)
    assert envelope.ids == [row["id"] for row in page]
    wrote = envelope.items
    if isinstance(wrote[0], TypedRow):
        fast.convert(wrote, {})
    else:
        wrote = [fast(row) for row in wrote]
    read = json.loads(content, parse_float=Decimal)["items"]
    assert [encode(row) for row in wrote] == [encode(slow(row)) for row in read]
    assert fast.invalid_values == slow.invalid_values
    assert vars(fast.unknown_fields) == vars(slow.unknown_fields)


@pytest.mark.parametrize(
    ("schema", "value", "wrote"),
    [
        (NESTED, b'[{"commission": 12.340}]', b'[{"id":null,"commission":12.340}]'),
        ({"type": ["object", "null"]}, b'{"rate": 0.10}', b'{"rate":0.10}'),
        ({}, b"1234567890.123456789", b"1234567890.123456789"),
        ({"type": "number"}, b'"12.50"', b"12.50"),
    ],
)
def test_numbers_keep_their_digits_in_a_page_read_in_c(
    schema: dict[str, Any], value: bytes, wrote: bytes
) -> None:
    fields = {"id": {"type": "integer"}, "x": schema}
    rows = TypedPageParser({"properties": fields}, "id")(b'{"items": [{"id": 1, "x": %s}]}' % value)
    assert isinstance(rows.items[0], TypedRow)
    Converter({"properties": fields}, KYIV).convert(rows.items, {})
    assert encode(rows.items[0]) == b'{"id":1,"x":%s}' % wrote


def test_a_clean_page_is_read_in_c() -> None:
    content = b'{"total": 1, "items": [{"id": 7, "class": "a", "balance": "1.00"}]}'
    [row] = TypedPageParser({"properties": FIELDS}, "id")(content).items
    assert isinstance(row, TypedRow)
    assert (row.get("id"), row.get("class"), row.get("dob")) == (7, "a", None)
