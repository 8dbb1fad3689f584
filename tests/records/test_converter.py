"""Each value is converted correctly, or becomes null and is counted."""

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

from tap_alfacrm.records.converter import Converter
from tap_alfacrm.records.keywords import CLOCK
from tap_alfacrm.records.page import parse_page
from tap_alfacrm.records.row import Row
from tap_alfacrm.records.typed_page import TypedPageParser

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
TEXTS = {"type": ["array", "null"], "items": {"type": "string"}}
FREE = {"type": ["object", "null"], "additionalProperties": True}
NESTED = {
    "type": ["array", "null"],
    "items": {"type": "object", "properties": {"id": INTEGER, "commission": NUMBER}},
}
STREAMING = {"type": ["boolean", "array", "null"]}
SCHEMAS = [DATE, LOCAL, UTC, TIME, NUMBER, INTEGER, TEXT, BOOLEAN, TEACHERS, INTEGERS, FREE]
SCHEMAS += [NESTED, STREAMING, TEXTS, {}]

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
    """Whether a value is valid for the schema."""
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
                form.fromisoformat(value)  # type: ignore[attr-defined]  # a class of the standard library by name
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
def test_any_value_gives_a_valid_record(schema: dict[str, Any], value: object) -> None:
    result, _ = convert(schema, value)
    assert fits(result, schema)
    encode(result)


@given(day=st.dates())
def test_each_shape_of_a_date_gives_the_same_day(day: dt.date) -> None:
    iso, dotted = f"{day:%Y-%m-%d}".zfill(10), f"{day:%d.%m.}{day.year:04}"
    for shape in (iso, dotted, f"{iso} 00:00:00", f" {dotted} 23:59:59", f"{iso}T10:00"):
        assert convert(DATE, shape) == (day.isoformat(), 0)


@given(
    moment=st.datetimes(dt.datetime(1995, 1, 1), dt.datetime(2037, 1, 1)),  # noqa: DTZ001 - local times have no zone
    zone=st.sampled_from(ZONES),
)
def test_a_wall_clock_time_becomes_its_instant(moment: dt.datetime, zone: str) -> None:
    moment = moment.replace(microsecond=0)
    expected = moment.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)
    text = f"{expected.replace(tzinfo=None).isoformat()}Z"
    for _ in range(2):  # computed, then cached
        assert convert(LOCAL, f"{moment}", zone) == (text, 0)
    assert convert(LOCAL, f"{moment:%d.%m.%Y %H:%M:%S}", zone) == (text, 0)
    assert convert(UTC, f"{moment}", zone) == (f"{moment.isoformat()}Z", 0)


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        ("2025-01-15 12:00:01", "2025-01-15T10:00:01Z"),
        ("2025-07-15 12:00:01", "2025-07-15T09:00:01Z"),
        ("2025-03-30 03:30:00", "2025-03-30T01:30:00Z"),  # skipped hour: moved forward by the gap
        ("2025-10-26 03:30:00", "2025-10-26T00:30:00Z"),  # repeated hour: the first of the two
        ("2025-10-26 04:00:00", "2025-10-26T02:00:00Z"),
        ("2025-10-26 23:00:00", "2025-10-26T21:00:00Z"),
    ],
)
def test_summer_time_in_kyiv(wall: str, instant: str) -> None:
    assert convert(LOCAL, wall) == (instant, 0)


@given(value=st.decimals(allow_nan=False, allow_infinity=False, places=2))
def test_money_is_never_a_binary_float(value: Decimal) -> None:
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
        (INTEGER, str(2**63)),
        (INTEGER, "१२"),
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
        (INTEGER, str(2**63 - 1), 2**63 - 1),
        (INTEGER, True, 1),
        (INTEGER, Decimal("3.0"), 3),
        (BOOLEAN, "1", True),
        (BOOLEAN, 0, False),
        (TIME, "9:00", "09:00:00"),
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


WRITTEN: list[tuple[dict[str, Any], object, object]] = [
    (NUMBER, "12,50", Decimal("12.50")),
    (NUMBER, "-12,50", Decimal("-12.50")),
    (NUMBER, "\u22125", Decimal(-5)),
    (NUMBER, "- 250.00", Decimal("-250.00")),
    (NUMBER, "1 234,50", Decimal("1234.50")),
    (NUMBER, "1\u00a0234\u00a0567.50", Decimal("1234567.50")),
    (NUMBER, "1\u202f234", Decimal(1234)),
    (NUMBER, "1,234.50", Decimal("1234.50")),
    (NUMBER, "1.234,50", Decimal("1234.50")),
    (NUMBER, "1,234,567", Decimal(1234567)),
    (NUMBER, "1.234.567", Decimal(1234567)),
    (NUMBER, "1.234", Decimal("1.234")),
    (NUMBER, "1,234", Decimal("1.234")),
    (NUMBER, ".5", Decimal("0.5")),
    (NUMBER, "-,5", Decimal("-0.5")),
    (NUMBER, "5.", Decimal(5)),
    (INTEGER, "1 234", 1234),
    (INTEGER, "12,00", 12),
    (INTEGER, "true", 1),
    (INTEGER, " False ", 0),
    (BOOLEAN, "TRUE", True),
    (BOOLEAN, "false", False),
    (BOOLEAN, "1.0", True),
    (BOOLEAN, Decimal("0.0"), False),
    (DATE, "1.9.2025", "2025-09-01"),
    (DATE, "2025.12.31", "2025-12-31"),
    (DATE, "2025-9-1", "2025-09-01"),
    (DATE, "31/12/2025", "2025-12-31"),
    (DATE, "31-12-2025", "2025-12-31"),
    (DATE, "1.9.2025 9:05", "2025-09-01"),
    (TIME, "9:05:00", "09:05:00"),
    (TIME, "9:5", None),
    (UTC, "1.9.2025 9:05:00", "2025-09-01T09:05:00Z"),
    (UTC, "01.09.2025, 09:05", "2025-09-01T09:05:00Z"),
    (UTC, "2025-09-01  9:05:00", "2025-09-01T09:05:00Z"),
    (UTC, "2025-09-01 09:05:00+03", "2025-09-01T06:05:00Z"),
    (UTC, "2025-09-01 09:05:00 +0300", "2025-09-01T06:05:00Z"),
    (INTEGERS, False, None),
    (INTEGERS, "1,2", [1, 2]),
    (INTEGERS, " 1, 2;3, ", [1, 2, 3]),
    (INTEGERS, "[1, 2]", [1, 2]),
    (INTEGERS, '{"0": "1", "3": 2}', [1, 2]),
    (INTEGERS, "7", [7]),
    (INTEGERS, 7, [7]),
    (INTEGERS, " ", None),
    (TEACHERS, False, None),
    (TEACHERS, "207,208", ["207", "208"]),
    (TEACHERS, "Іван, Олена", ["Іван, Олена"]),
    (TEXTS, False, None),
    (TEXTS, "a, b", ["a, b"]),
    (TEXTS, '["a", "b"]', ["a", "b"]),
    (TEXTS, "[a", ["[a"]),
    (TEXTS, "1,2", ["1,2"]),
    (NESTED, False, None),
    (NESTED, '[{"id": 1}]', [{"id": 1, "commission": None}]),
    (NESTED, {"id": 1, "commission": "2,50"}, [{"id": 1, "commission": Decimal("2.50")}]),
    (NESTED, {"0": {"id": 1}}, [{"id": 1, "commission": None}]),
    (FREE, '{"a": 1.10}', {"a": Decimal("1.10")}),
]


@pytest.mark.parametrize(("schema", "value", "result"), WRITTEN)
def test_what_people_and_php_write_is_read(
    schema: dict[str, Any], value: object, result: object
) -> None:
    found, unfit = convert(schema, value)
    assert (found, repr(found)) == (result, repr(result))
    assert unfit == (value == "9:5")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        *(
            (NUMBER, text)
            for text in ("1 2", "12 34", "1,23,456", "1.2.3", "1,234,5", ".", "-", "5 €")
        ),
        *((NUMBER, text) for text in ("1,234.567.8", "--5", "1" * 300, True, False)),
        *((DATE, text) for text in ("1.9.25", "1.9/2025", "9.2025", "31.2.2025")),
        *((UTC, text) for text in ("2025-09-01 9", "2025-09-01 9:05 PM")),
        (INTEGERS, True),
        (INTEGERS, [True]),
        (INTEGERS, [False]),
        (INTEGERS, "1,x"),
        (INTEGER, "1,5"),
        (BOOLEAN, "2"),
    ],
)
def test_what_nobody_can_read_is_null_and_counted(schema: dict[str, Any], value: object) -> None:
    found, unfit = convert(schema, value)
    assert not found
    assert unfit == 1


@pytest.mark.parametrize("value", [True, False, "true", "false"])
def test_a_truth_value_is_no_id(value: object) -> None:
    converter = Converter({"properties": {"lead_id": INTEGER, "is_sent": INTEGER}}, KYIV)
    record = converter({"lead_id": value, "is_sent": value})
    assert record == {"lead_id": None, "is_sent": int(value in (True, "true"))}
    assert converter.invalid_values == {"lead_id": 1}
    assert parse_page(json.dumps({"items": [{"id": value}]}).encode()).ids == [None]


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
    envelope = TypedPageParser(fast.layout, "id")(content)
    assert envelope.total == len(page)
    assert envelope.ids == [row["id"] for row in page]
    wrote = fast.convert(envelope.items, {})
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
    converter = Converter({"properties": fields}, KYIV)
    parse = TypedPageParser(converter.layout, "id")
    content = b'{"items": [{"id": 1, "x": %s}]}' % value
    parse(content)  # adapts
    rows = parse(content)
    assert isinstance(rows.items[0], Row)
    converter.convert(rows.items, {})
    assert encode(rows.items[0]) == b'{"id":1,"x":%s}' % wrote


def test_a_clean_page_is_read_in_c() -> None:
    content = b'{"total": 1, "items": [{"id": 7, "class": "a", "balance": "1.00"}]}'
    parse = TypedPageParser(Converter({"properties": FIELDS}, KYIV).layout, "id")
    [row] = parse(content).items
    assert isinstance(row, Row)
    assert (row.get("id"), row.get("class"), row.get("dob")) == (7, "a", None)
