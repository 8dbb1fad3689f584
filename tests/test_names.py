"""Column names that every database accepts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from simulator import Account, serve
from tap_alfacrm.discovery import MAX_NAME_BYTES, column_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Output

    Sync = Callable[..., Output]

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
STANDARD = ("id", "name", "balance")


def test_plain_names_stay() -> None:
    names = ["custom_age", "custom_Level", "_x", "a" * MAX_NAME_BYTES]
    assert column_names(names, STANDARD) == {name: name for name in names}


def test_other_names_are_written_in_ascii_with_digits_of_their_own() -> None:
    names = column_names(["custom_Вік дитини", "1c_id", "custom_a-b", "custom_a b", "👋"], STANDARD)
    assert list(names.values()) == [
        "custom_vik_ditini_3f15ad",
        "f_1c_id_042925",
        "custom_a_b_a1b4c4",
        "custom_a_b_9bff15",
        "wave_1d0452",
    ]


def test_names_that_differ_in_case_get_different_columns() -> None:
    names = column_names(["custom_age", "custom_Age", "Balance"], STANDARD)
    assert names["custom_age"] == "custom_age"
    assert names["custom_Age"].startswith("custom_age_")
    assert names["Balance"].startswith("balance_")


@given(names=st.sets(st.text(min_size=1), max_size=20))
def test_no_two_fields_share_a_column(names: set[str]) -> None:
    columns = column_names(names - {*STANDARD}, STANDARD)
    found = [*STANDARD, *columns.values()]
    assert len({name.lower() for name in found}) == len(found)
    assert all(PLAIN.fullmatch(name) and len(name) <= MAX_NAME_BYTES for name in columns.values())


@given(names=st.sets(st.text(min_size=1)), more=st.text(min_size=1))
def test_a_column_keeps_its_name_when_a_field_is_added(names: set[str], more: str) -> None:
    before, after = column_names(names, ()), column_names({*names, more}, ())
    unlike = {name for name in names if name.lower() != more.lower()}
    assert {name: before[name] for name in unlike} == {name: after[name] for name in unlike}


def test_values_come_under_the_name_of_the_column(sync: Sync) -> None:
    account = Account.build(leads=3, clients=2)
    for card in account.customer_ids():
        account.update("customer", card, **{"custom_Вік дитини": "7"})
    with serve(account) as server:
        output = sync(server, streams=("customers",))
    [schema] = [m["schema"] for m in output.messages if m["type"] == "SCHEMA"]
    column = "custom_vik_ditini_3f15ad"
    assert schema["properties"][column]["title"] == "custom_Вік дитини"
    assert {record[column] for record in output.records("customers")} == {"7"}
    assert not output.warnings()
