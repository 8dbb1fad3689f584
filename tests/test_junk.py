"""Any JSON in any field: the sync ends, other rows are complete, invalid values are counted."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from simulator import Account, Quirks, serve
from simulator.entities import ENTITIES
from tap_alfacrm.errors import RequestError
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.streams.child import ChildStream
from tap_alfacrm.tap import STREAMS
from tests.truth import of_table, truth, untrue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_alfacrm.streams.base import AlfaCRMStream
    from tests.conftest import Output

    Sync = Callable[..., Output]

NAMES = tuple(stream.name for stream in STREAMS)
DEEP = 200_000
NASTY = {
    "text": '"юность 👋"',
    "empty text": '""',
    "a NUL": '"a\\u0000b"',
    "a lone surrogate": '"\\ud83d"',
    "text that is a number": '"12.30"',
    "text with a NUL in a number": '"1\\u00002"',
    "a zero date": '"0000-00-00 00:00:00"',
    "a date that is none": '"31.13.2010"',
    "a date far away": '"99999-01-01 00:00:00"',
    "the first day": '"0001-01-01 00:00:00"',
    "true": "true",
    "minus zero": "-0.0",
    "a large integer": "9223372036854775808",
    "a huge integer": "9" * 6_000,
    "a huge number": "1e400",
    "a tiny number": "1e-400",
    "many digits": "0." + "1" * 400,
    "text of a huge number": '"1e999999"',
    "infinity as text": '"Infinity"',
    "infinity, which is no JSON": "-Infinity",
    "NaN, which is no JSON": "NaN",
    "NaN as text": '"NaN"',
    "a list": '[-1, "a", null, [2], {"b": 3}]',
    "an object": '{"a": {"b": [null, "\\u0000", 1e400]}, "": 1}',
    "an empty list": "[]",
    "an empty object": "{}",
    "nesting": "[" * 500 + "]" * 500,
}


CUSTOM = {
    "customer": ("custom_age", "custom_interests", "custom_level"),
    "pay": ("custom_md_order",),
}
NOTHING = frozenset({"null", '""', "[]", "{}", "false"})
"""Values that count as unset, not as invalid."""


def is_nothing(text: str) -> bool:
    """Whether a planted value counts as unset, or is a string of spaces."""
    return text in NOTHING or (text[0] == '"' and not json.loads(text).strip())


def build() -> Account:
    return Account.build(
        leads=6, clients=5, archived_leads=4, archived_clients=3, branches=2, lessons=12, pays=9
    )


def table_of(stream: type[AlfaCRMStream]) -> str:
    return stream.entity + stream.actions[0].replace("/index", "")


@cache
def fields_of(name: str) -> tuple[str, ...]:
    """The API's field names of a stream, without the key."""
    properties = standard_schema(name)["properties"]
    return tuple(
        schema.get("title", field)
        for field, schema in properties.items()
        if field not in {"id", "is_archived"}
    )


def crowded() -> Account:
    """At least one row for each kind of junk in each list; branches would multiply requests."""
    account = build()
    for stream in STREAMS:
        path = table_of(stream)
        if stream.name != "branches" and not ENTITIES[path].single:
            for _ in range(len(NASTY) + 1 - len(account.rows(path))):
                account.insert(path)
    return account


def junk_in(
    account: Account, texts: Sequence[str] = tuple(NASTY.values())
) -> dict[str, dict[int, dict[str, str]]]:
    """Put each text into every field of a separate row of each list; keep the first row."""
    plants = {}
    for stream in STREAMS:
        path = table_of(stream)
        if ENTITIES[path].single:  # an object without an id, or lessons of a card
            rows = [-1, *(row["id"] for row in account.rows("lesson"))]
        else:
            rows = [row["id"] for row in account.rows(path)]
        plants[path] = {
            id_: dict.fromkeys((*fields_of(stream.name), *CUSTOM.get(path, ())), text)
            for id_, text in zip(rows[1:] or rows, texts, strict=False)
        }
    plants["bonus/balance-bonus"] = {-1: {"balance_bonus": texts[0]}}
    return plants


def check(sync: Sync, account: Account, plants: dict[str, dict[int, dict[str, str]]]) -> Output:
    """Sync with junk: no row is missing, other rows are complete, invalid values are counted."""
    with serve(account, Quirks(planted=plants)) as server:
        output = sync(server, streams=NAMES)
    messages = {m["stream"]: m for m in output.messages if m["type"] == "SCHEMA"}
    wanted = truth(account)
    for stream in STREAMS:
        schema, keys = messages[stream.name]["schema"], messages[stream.name]["key_properties"]
        validator = Draft202012Validator(schema)
        records = {tuple(r[key] for key in keys): r for r in output.records(stream.name)}
        assert records.keys() == wanted[stream.name].keys(), stream.name
        junk = plants.get(table_of(stream), {})
        whole = {key for key in records if key[-1] not in junk and -1 not in junk}
        columns = {name: p.get("title", name) for name, p in schema["properties"].items()}
        found = of_table({key: records[key] for key in whole}, columns, keys)
        assert untrue({"": found}, {"": {key: wanted[stream.name][key] for key in whole}}) == []
        lost = Counter[str]()
        for key in records.keys() - whole:
            assert "\\u0000" not in json.dumps(records[key], default=str)
            errors = validator.iter_errors(json.loads(json.dumps(records[key], default=float)))
            assert not [error.json_path for error in errors], stream.name
            texts = junk.get(key[-1], junk.get(-1, {}))
            lost.update(
                name
                for name, field in columns.items()
                if field in texts and not is_nothing(texts[field]) and records[key][name] is None
            )
        counted = unfit(output, stream.name)
        assert [n for n in lost if lost[n] > counted[n]] == [], stream.name
    return output


def unfit(output: Output, stream: str) -> Counter[str]:
    """Number of values that became null according to the log, by field."""
    said = [line for line in output.warnings() if line.startswith(f"{stream}: values that")]
    fields = said[0].partition("became null: ")[2].rstrip(".").split(", ") if said else []
    return Counter(
        {name: int(n.replace("_", "")) for name, _, n in (f.rpartition(" ") for f in fields)}
    )


def test_every_kind_of_junk_in_every_field_of_every_stream(sync: Sync) -> None:
    account = crowded()
    check(sync, account, junk_in(account))


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize("stream", ["branches", "companies", "customer_bonus_balances"])
def test_every_kind_of_junk_where_rows_are_few(sync: Sync, stream: str, text: str) -> None:
    account = Account.build(leads=1, clients=1, archived_leads=0, archived_clients=0, branches=2)
    path = next(table_of(s) for s in STREAMS if s.name == stream)
    row = -1 if ENTITIES[path].single else account.rows(path)[-1]["id"]
    plants = {path: {row: dict.fromkeys(fields_of(stream), text)}}
    with serve(account, Quirks(planted=plants)) as server:
        output = sync(server, streams=(stream,))
    assert len(output.records(stream)) == len(truth(account)[stream])


def test_bad_values_are_counted(sync: Sync) -> None:
    account = build()
    card, pay = account.rows("customer")[-1]["id"], account.rows("pay")[-1]["id"]
    plants = {
        "customer": {card: {"balance": '"abc"', "dob": '"junk"'}},
        "pay": {pay: {"income": "[1]"}},
    }
    output = check(sync, account, plants)
    assert unfit(output, "customers") == {"balance": 1, "dob": 1}
    assert unfit(output, "pays") == {"income": 1}


texts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
).map(json.dumps)


@settings(
    max_examples=3,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(some=st.lists(texts, min_size=25, max_size=25))
def test_any_json_in_any_field(sync: Sync, some: list[str]) -> None:
    account = crowded()
    check(sync, account, junk_in(account, some))


@pytest.mark.parametrize("text", ['"abc"', "null", "[]", "-1", "1.5", "true", "1e400"])
def test_a_row_whose_id_is_junk_does_not_stop_the_others(sync: Sync, text: str) -> None:
    account = build()
    streams = [s for s in STREAMS if s.name != "branches" and not ENTITIES[table_of(s)].single]
    bad = {s.name: account.rows(table_of(s))[-1]["id"] for s in streams}
    plants = {table_of(s): {bad[s.name]: {"id": text}} for s in streams}
    with serve(account, Quirks(planted=plants)) as server:
        output = sync(server, streams=NAMES)
    wanted = truth(account)
    for stream in streams:
        if not issubclass(stream, ChildStream):
            found = {record["id"] for record in output.records(stream.name)}
            assert found == {key for (key,) in wanted[stream.name]} - {bad[stream.name]}
            assert output.verdict(stream.name).startswith(f"{stream.name}: INCOMPLETE"), stream.name


@pytest.mark.parametrize("text", ["[" * DEEP, "{]"])
def test_a_page_without_json_is_an_error_with_the_request(sync: Sync, text: str) -> None:
    account = build()
    card = min(account.customer_ids())
    with serve(account, Quirks(planted={"customer": {card: {"note": text}}})) as server:
        output = sync(server, streams=("customers",), fails=RequestError)
    assert "/v2api/customer/index" in str(output.error)


def test_a_note_of_ten_megabytes_arrives(sync: Sync) -> None:
    account = build()
    card, note = min(account.customer_ids()), "щ" * 5_000_000
    account.update("customer", card, note=note)
    with serve(account) as server:
        output = sync(server, streams=("customers",))
    assert output.final()[card]["note"] == note


@pytest.mark.parametrize("cards", [0, 1, 20, 21])
@pytest.mark.parametrize("page_size", [1, 20])
def test_few_rows_are_complete(sync: Sync, cards: int, page_size: int) -> None:
    """No rows, one row, exactly one page, one more; and pages of one row."""
    account = Account.build(leads=cards, clients=0, archived_leads=0, archived_clients=0)
    with serve(account) as server:
        output = sync(server, streams=("customers",), page_size=page_size)
    assert sorted(output.ids()) == sorted(account.customer_ids())
    assert output.verdict().startswith("customers: COMPLETE")
