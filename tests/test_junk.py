"""Whatever JSON stands in a field: the sync ends, the other rows are whole, the bad are counted."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from simulator import Account, Quirks, serve
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.streams.children import ChildStream
from tap_alfacrm.tap import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_alfacrm.streams.base import AlfaCRMStream
    from tests.conftest import Output

    Sync = Callable[..., Output]

LISTED = tuple(stream for stream in STREAMS if not issubclass(stream, ChildStream))
NAMES = tuple(stream.name for stream in LISTED)
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
    "a list": '[1, "a", null, [2], {"b": 3}]',
    "an object": '{"a": {"b": [null, "\\u0000", 1e400]}, "": 1}',
    "an empty list": "[]",
    "an empty object": "{}",
    "nesting": "[" * 500 + "]" * 500,
}


def build() -> Account:
    return Account.build(
        leads=6, clients=5, archived_leads=4, archived_clients=3, branches=2, lessons=12, pays=9
    )


def table_of(stream: type[AlfaCRMStream]) -> str:
    return stream.entity + stream.actions[0].replace("/index", "")


@cache
def fields_of(name: str) -> tuple[str, ...]:
    """Names of a stream's fields as the API has them, but for the key."""
    properties = standard_schema(name)["properties"]
    return tuple(
        schema.get("title", field) for field, schema in properties.items() if field != "id"
    )


def planted(account: Account, texts: Mapping[str, str]) -> dict[str, dict[int, dict[str, str]]]:
    """Put a text into the named fields of the second row of each entity."""
    return {
        table_of(stream): {
            account.rows(table_of(stream))[-1]["id"]: {
                field: texts[field] for field in fields_of(stream.name) if field in texts
            }
        }
        for stream in LISTED
    }


def check(sync: Sync, quiet: Output, texts: Mapping[str, str]) -> Output:
    """Sync with junk, and compare with the sync without."""
    account = build()
    plants = planted(account, texts)
    with serve(account, Quirks(planted=plants)) as server:
        output = sync(server, streams=NAMES)
    schemas = {m["stream"]: m["schema"] for m in output.messages if m["type"] == "SCHEMA"}
    for stream in LISTED:
        wanted, found = quiet.final(stream.name), output.final(stream.name)
        assert found.keys() == wanted.keys(), stream.name
        [bad] = plants[table_of(stream)]
        assert [
            (stream.name, id_, name, value, found[id_].get(name))
            for id_, row in wanted.items()
            if id_ != bad
            for name, value in row.items()
            if found[id_].get(name) != value
        ] == []
        errors = Draft202012Validator(schemas[stream.name]).iter_errors(
            json.loads(json.dumps(found[bad], default=float))
        )
        assert not [error.json_path for error in errors], stream.name
        assert "\\u0000" not in json.dumps(found[bad], default=str)
    return output


@pytest.fixture(scope="module")
def quiet() -> dict[str, Output]:
    return {}


@pytest.fixture
def undisturbed(sync: Sync, quiet: dict[str, Output]) -> Output:
    """What a sync without junk gives; made once."""
    if "output" not in quiet:
        with serve(build()) as server:
            quiet["output"] = sync(server, streams=NAMES)
    return quiet["output"]


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_one_value_in_every_field_of_every_stream(
    sync: Sync, undisturbed: Output, text: str
) -> None:
    every = {field for stream in LISTED for field in fields_of(stream.name)}
    check(sync, undisturbed, dict.fromkeys(every, text))


def test_bad_values_are_counted(sync: Sync, undisturbed: Output) -> None:
    output = check(sync, undisturbed, {"balance": '"abc"', "dob": '"junk"', "income": "[1]"})
    [line] = [line for line in output.warnings() if line.startswith("customers: values")]
    assert "balance 1" in line
    assert "dob 1" in line
    assert any("pays: values" in line and "income 1" in line for line in output.warnings())


texts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
).map(json.dumps)


@settings(
    max_examples=15,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_json_in_any_field(sync: Sync, undisturbed: Output, data: st.DataObject) -> None:
    every = sorted({field for stream in LISTED for field in fields_of(stream.name)})
    some = data.draw(st.lists(texts, min_size=8, max_size=8))
    check(sync, undisturbed, {field: some[n % 8] for n, field in enumerate(every)})


@pytest.mark.parametrize("text", ['"abc"', "null", "[]", "-1", "1.5", "true", "1e400"])
def test_a_row_whose_id_is_junk_does_not_stop_the_others(
    sync: Sync, undisturbed: Output, text: str
) -> None:
    account = build()
    streams = [s for s in LISTED if s.name != "branches"]
    bad = {s.name: account.rows(table_of(s))[-1]["id"] for s in streams}
    plants = {table_of(s): {bad[s.name]: {"id": text}} for s in streams}
    with serve(account, Quirks(planted=plants)) as server:
        output = sync(server, streams=NAMES)
    for stream in streams:
        wanted = {
            id_: row
            for id_, row in undisturbed.final(stream.name).items()
            if id_ != bad[stream.name]
        }
        found = output.final(stream.name)
        assert {id_: found.get(id_) for id_ in wanted} == wanted, stream.name
        assert output.verdict(stream.name).startswith(f"{stream.name}: INCOMPLETE"), stream.name


@pytest.mark.parametrize("text", ["[" * DEEP, "{]"])
def test_a_page_that_is_no_json_is_an_error_that_names_the_request(sync: Sync, text: str) -> None:
    from tap_alfacrm.errors import RequestError  # noqa: PLC0415

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
    """An empty account, one row, exactly one page, one more; and a page of one row."""
    account = Account.build(leads=cards, clients=0, archived_leads=0, archived_clients=0)
    with serve(account) as server:
        output = sync(server, streams=("customers",), page_size=page_size)
    assert sorted(output.ids()) == sorted(account.customer_ids())
    assert output.verdict().startswith("customers: COMPLETE")
