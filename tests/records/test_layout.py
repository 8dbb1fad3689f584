"""A page converted by column gives what row by row gives, byte for byte."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import msgspec
import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.contrib.msgspec import enc_hook
from typing_extensions import override

from benchmarks.accounts import CHANGES, LESSON_CHANGES
from simulator import Account, Quirks, serve
from tap_alfacrm.records.converter import Converter
from tap_alfacrm.records.datetimes import UtcConverter
from tap_alfacrm.records.layout import MAX_EXTRAS
from tap_alfacrm.records.page import decode
from tap_alfacrm.records.row import Row, values_of
from tap_alfacrm.records.scalars import INVALID_VALUE_ERRORS
from tap_alfacrm.records.typed_page import TypedPageParser
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.streams.child import ChildStream
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    import datetime as dt

KYIV = ZoneInfo("Europe/Kyiv")
LISTED = [one for one in STREAMS if not issubclass(one, ChildStream) and one.actions[0]]
encode = msgspec.json.Encoder(enc_hook=enc_hook, decimal_format="number").encode
VARIANTS: list[dict[str, Any]] = [
    {name: value}
    for name, hint in get_type_hints(Quirks).items()
    for value in (
        get_args(hint) if get_origin(hint) is Literal else (True, False) if hint is bool else ()
    )
    if name != "login_cancels_older_tokens"
]
VARIANTS += [
    {"junk_share": 0.5},
    {"junk_share": 0.5, "numbers_as_text": True, "teacher_ids": "names", "empty_values": "blank"},
    {"planted": {"lesson": {1: {"details": '[{"id": 1, "x": NaN}]'}, 2: {"topic": '"\\ud800"'}}}},
]


class Both:
    """The page by column and, as the reference, row by row."""

    def __init__(self, schema: dict[str, Any], completions: Any = ()) -> None:
        self.fast, self.slow = (Converter(schema, KYIV, completions) for _ in range(2))
        self.parse = TypedPageParser(self.fast.layout, "id")

    def check(self, content: bytes) -> bool:
        """Compare both; return whether the page was decoded to structs."""
        rows = decode(content)["items"]
        page = self.parse(content)
        is_typed = not page.items or isinstance(page.items[0], Row)
        wrote = [encode(record) for record in self.fast.convert(page.items, {})]
        assert wrote == [encode(self.slow(row)) for row in rows]
        assert +self.fast.invalid_values == +self.slow.invalid_values
        fast, slow = self.fast.unknown_fields, self.slow.unknown_fields
        assert fast.columns == slow.columns
        assert fast.others.keys() == slow.others.keys()  # several fields may be shown alike
        return is_typed


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.build(leads=12, clients=12, archived_leads=6, archived_clients=6)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_variant_of_an_account(account: Account, variant: dict[str, Any]) -> None:
    with serve(account, Quirks(**variant)) as server:
        http = urllib3.PoolManager()
        login = {"email": server.email, "api_key": server.api_key}
        token = http.request("POST", f"{server.url}/v2api/auth/login", json=login).json()["token"]
        for stream in LISTED:
            both = Both(standard_schema(stream.name), stream.completions())
            contents = [
                http.request(
                    "POST",
                    f"{server.url}{stream.path(1)}",
                    json={"page": number, "pageSize": 20, "removed": 1, "is_study": 2},
                    headers={"X-ALFACRM-TOKEN": token},
                ).data
                for number in (0, 1)
            ]
            contents = [one for one in contents if b'"items"' in one]
            for content in contents:
                both.check(content)
            assert all(map(both.check, contents)) or {"planted", "junk_share"} & variant.keys()


@pytest.mark.parametrize(
    ("entity", "change"),
    [
        *(("customer", change) for change in CHANGES),
        *(("lesson", change) for change in LESSON_CHANGES),
    ],
)
def test_every_account_that_is_benchmarked(account: Account, entity: str, change: str) -> None:
    stream = next(one for one in LISTED if one.entity == entity)
    both = Both(standard_schema(stream.name), stream.completions())
    rows = [dict(row) for row in account.rows(entity, archived=None)]
    for number, row in enumerate(rows):
        {**CHANGES, **LESSON_CHANGES}[change](row, number)
    for page in (rows[:20], rows[20:], rows):
        both.check(json.dumps({"items": page, "total": len(rows)}).encode())


OBJECT = {"type": "object", "properties": {"id": {"type": "integer"}, "note": {"type": "string"}}}
FIELDS: dict[str, dict[str, Any]] = {
    "id": {"type": "integer"},
    "text": {"type": ["string", "null"]},
    "flag": {"type": ["boolean", "null"]},
    "is_on": {"type": ["integer", "null"]},
    "sum": {"type": ["number", "null"]},
    "day": {"type": ["string", "null"], "format": "date"},
    "at": {"type": ["string", "null"], "format": "date-time"},
    "texts": {"type": ["array", "null"], "items": {"type": "string"}},
    "room_ids": {"type": ["array", "null"], "items": {"type": "integer"}},
    "names": {"type": ["array", "null"], "items": {"type": ["integer", "string"]}},
    "parts": {"type": ["array", "null"], "items": OBJECT},
    "details": {"type": ["array", "null"], "items": {**OBJECT, "additionalProperties": True}},
    "other": {"type": ["string", "null"], "title": 'own "name"'},
    "renamed": {"type": ["integer", "null"], "title": "Renamed"},
    "url": {"type": ["string", "null"], "x-alfacrm-aliases": ["link"]},
    "any": {},
}
NAMES = [*FIELDS, 'own "name"', "Renamed", "link", "new", "new\0", 'new"', "get", "_x"]
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-2, 2)
    | st.decimals(places=2, allow_nan=False, allow_infinity=False).map(float)
    | st.text(max_size=8)
    | st.sampled_from(["1", "-7", "true", "1,2", "1.50", "a\0b", "\ud83d", "[1]", '{"id": 1}', ""])
    | st.sampled_from(["2024-02-01 10:00:00", "01.02.2024", "2024-02-01T10:00Z", "[]", "{}"])
)
ANY = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "note", "a", "b\0", "ю"]), inner, max_size=3)
    ),
    max_leaves=6,
)
PAGES = st.lists(st.dictionaries(st.sampled_from(NAMES), ANY, max_size=6), max_size=4)


@given(pages=st.lists(PAGES, min_size=1, max_size=4))
def test_any_rows_in_any_order(pages: list[list[dict[str, Any]]]) -> None:
    both = Both({"properties": FIELDS})
    for page in pages:
        both.check(json.dumps({"items": page}).encode())


@given(page=st.lists(st.dictionaries(st.sampled_from(NAMES), ANY, max_size=6), min_size=1))
def test_a_page_adapts_once(page: list[dict[str, Any]]) -> None:
    both = Both({"properties": FIELDS})
    content = json.dumps({"items": page}).encode()
    both.check(content)
    odd = b"\\ud83d" in content or any(name in row for row in page for name in NAMES if '"' in name)
    has_nul_name = any("\0" in name for row in page for name in row)
    assert both.check(content) or odd or has_nul_name


def test_a_list_that_recurs_counts_its_invalid_items_each_time() -> None:
    both = Both({"properties": FIELDS})
    rows = [{"id": number, "room_ids": ["1", "x"]} for number in range(3)]
    both.check(json.dumps({"items": rows}).encode())
    assert both.fast.invalid_values == {"room_ids": 3}


def test_values_of_a_field_are_none_where_a_row_has_none() -> None:
    page = Both({"properties": FIELDS}).parse(b'{"items": [{"id": 1}, {"id": 2, "link": "x"}]}')
    assert isinstance(page.items[0], Row)
    assert values_of(page.items, "link") == [None, "x"]
    assert values_of(page.items, "absent") == [None, None]


def test_only_the_field_that_does_not_fit_is_relaxed() -> None:
    both = Both({"properties": FIELDS})
    both.check(json.dumps({"items": [{"id": 1, "is_on": "1", "text": "a"}]}).encode())
    assert both.check(json.dumps({"items": [{"id": "2", "is_on": 3}, {"id": 4}]}).encode()) is False
    assert both.check(json.dumps({"items": [{"id": "2", "is_on": 3}, {"id": 4}]}).encode())
    [row] = both.parse(b'{"items": [{"id": 1, "is_on": "1"}]}').items
    assert (row.id, row.is_on) == (1, "1")
    assert isinstance(both.parse(b'{"items": [{"text": 5}]}').items[0], dict)


def test_a_field_that_is_new_in_every_row_costs_no_more_than_that_field() -> None:
    both = Both({"properties": FIELDS})
    pages = [
        json.dumps({"items": [{"id": i, f"f{n}_{i}": 1} for i in range(MAX_EXTRAS)]}).encode()
        for n in range(3)
    ]
    both.check(pages[0])
    assert all(isinstance(both.parse(page).items[0], Row) for page in pages)
    for page in pages:
        assert [*map(encode, both.fast.convert(both.parse(page).items, {}))] == [
            encode(both.slow(row)) for row in decode(page)["items"]
        ]


@pytest.mark.parametrize("rows", [[], [{"id": 1}], [{"id": "1", "url": None, "link": "a"}]])
def test_constants_win_over_the_row(rows: list[dict[str, Any]]) -> None:
    both = Both({"properties": FIELDS})
    content = json.dumps({"items": rows}).encode()
    constants = {"flag": True, "unknown": 1}
    for _ in range(2):
        records = both.fast.convert(both.parse(content).items, constants)
        assert [*map(encode, records)] == [encode(both.slow({**row, **constants})) for row in rows]
    assert both.fast.unknown_fields.columns == ({"unknown": "integer"} if rows else {})


MOMENTS = st.tuples(
    st.sampled_from(["2024-02-01", "01.02.2024", "2024-03-31", "2024/02/30", "0001-01-01", "x"]),
    st.sampled_from([" ", "T", ", ", ""]),
    st.sampled_from(["00", "03", "23", "24", "7"]),
    st.sampled_from([":00", ":59", ":60", ""]),
    st.sampled_from(["", ":00", ":61", ":07"]),
    st.sampled_from(["", ".123", ",5", "."]),
    st.sampled_from(["", "Z", " Z", "+03:00", "+03", "-1130", "+99:99", "+5", "-00:30"]),
).map("".join)


@given(moment=MOMENTS)
def test_a_moment_of_a_known_day_is_the_same_moment(moment: str) -> None:
    def convert(value: str, clock: dt.tzinfo) -> str | None:
        try:
            return UtcConverter(clock)(value)
        except INVALID_VALUE_ERRORS:
            return "invalid"

    # a blank at the end takes the way without known days
    assert convert(moment, KYIV) == convert(f"{moment} ", KYIV)


def test_numbers_keep_their_digits() -> None:
    both = Both({"properties": FIELDS})
    for _ in range(2):
        both.check(b'{"items": [{"id": 1, "sum": 12.50, "any": {"a": 1.10}}]}')
    [record] = both.fast.convert(both.parse(b'{"items": [{"sum": 12.50}]}').items, {})
    assert record.sum == Decimal("12.50")
    assert encode(record.sum) == b"12.50"


def test_structs_change_only_with_what_they_follow_from() -> None:
    both = Both({"type": "object", "properties": {"id": {"type": "integer"}}})
    odd = b'{"total": 1, "items": [{"id": 1, "x": NaN}]}'
    both.parse(odd)
    structs = both.fast.layout.structs
    both.parse(odd)
    assert both.fast.layout.structs is structs
    both.parse(odd.replace(b'"x"', b'"y"'))
    assert both.fast.layout.structs is not structs


def test_a_page_of_another_thread_does_not_change_the_structs_of_this_one() -> None:
    both = Both({"type": "object", "properties": {"id": {"type": "integer"}}})
    layout = both.fast.layout

    class Meanwhile(dict[str, Any]):
        @override
        def keys(self) -> Any:
            layout.learn([{"id": 3, "later": 1}])
            return super().keys()

    records = layout.convert([{"id": 1}, Meanwhile(id=2), {"id": 3, "later": 1}])
    assert [encode(one) for one in records] == [b'{"id":1}', b'{"id":2}', b'{"id":3}']
