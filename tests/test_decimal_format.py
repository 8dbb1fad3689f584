"""Money in the form that the loader holds exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Account, Quirks, serve
from tap_alfacrm.errors import ConfigError
from tap_alfacrm.schemas import MONEY, standard_schema
from tap_alfacrm.tap import STREAMS, TapAlfaCRM
from tests.conftest import config_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Output

    Sync = Callable[..., Output]

MONEYED = tuple(stream.name for stream in STREAMS if MONEY in standard_schema(stream.name))
COLUMNS = {
    "number": {"type": ["number", "null"]},
    "string": {"type": ["string", "null"]},
    "singer.decimal": {
        "type": ["string", "null"],
        "format": "x-singer.decimal",
        "precision": 38,
        "scale": 9,
    },
}


def numbers(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Each place of a schema that is not a whole number, dotted."""
    if "number" in schema.get("type", ()):
        yield path
    for name, inner in schema.get("properties", {}).items():
        yield from numbers(inner, f"{path}.{name}".strip("."))
    if "items" in schema:
        yield from numbers(schema["items"], path)


def test_every_number_is_marked_as_money() -> None:
    for stream in STREAMS:
        schema = standard_schema(stream.name)
        assert set(numbers(schema)) == set(schema.get(MONEY, ())), stream.name
    assert len(MONEYED) == 7


def column(properties: dict[str, Any], path: str) -> dict[str, Any]:
    outer, _, inner = path.partition(".")
    found: dict[str, Any] = properties[outer]
    return found["items"]["properties"][inner] if inner else found


def values(record: dict[str, Any], path: str) -> list[Any]:
    outer, _, inner = path.partition(".")
    return [item[inner] for item in record[outer] or ()] if inner else [record[outer]]


def without_moments(state: dict[str, Any]) -> dict[str, Any]:
    """A state without the start times of its runs."""
    return {
        name: without_moments(value) if isinstance(value, dict) else value
        for name, value in state.items()
        if name != "started_at"
    }


def account() -> Account:
    cards = {"leads": 2, "clients": 4, "archived_leads": 1, "archived_clients": 1}
    account = Account.build(**cards, lessons=20, customer_tariffs=9, pays=9)
    first = min(account.customer_ids(1))
    account.update("customer", first, balance="1 234,50")
    return account


@pytest.mark.parametrize("quirks", [{}, {"numbers_as_text": True}], ids=str)
@pytest.mark.parametrize("with_catalog", [False, True])
@pytest.mark.parametrize("chosen", COLUMNS)
def test_every_column_of_money_has_the_chosen_form(
    sync: Sync, chosen: str, quirks: Any, *, with_catalog: bool
) -> None:
    config: dict[str, Any] = {"decimal_format": chosen}
    with serve(account(), Quirks(**quirks)) as server:
        plain = sync(server, streams=MONEYED)
        if with_catalog:
            config["catalog"] = TapAlfaCRM(config=config_for(server, **config)).catalog_dict
            for entry in config["catalog"]["streams"]:
                [root] = [item for item in entry["metadata"] if not item["breadcrumb"]]
                root["metadata"]["selected"] = entry["stream"] in MONEYED
        output = sync(server, streams=MONEYED, **config)
    schemas = {m["stream"]: m["schema"]["properties"] for m in output.messages
               if m["type"] == "SCHEMA"}  # fmt: skip
    seen = set()
    for stream in MONEYED:
        for path in standard_schema(stream)[MONEY]:
            found = column(schemas[stream], path)
            kept = {key: found[key] for key in ("type", "format", "precision", "scale")
                    if key in found}  # fmt: skip
            assert kept == COLUMNS[chosen]
            for record, other in zip(output.records(stream), plain.records(stream), strict=True):
                for value, number in zip(values(record, path), values(other, path), strict=True):
                    wanted = number
                    if number is not None and chosen != "number":
                        wanted = str(number)  # digit for digit
                    assert value == wanted
                    assert type(value) is type(wanted)
                    seen.add(value)
    exact = Decimal("1234.50")
    assert (exact if chosen == "number" else "1234.50") in seen
    assert without_moments(output.state) == without_moments(plain.state) or with_catalog


def test_money_that_is_none_is_null_and_counted(sync: Sync) -> None:
    some = account()
    some.update("customer", min(some.customer_ids(1)), balance="abc")
    lesson = next(row for row in some.rows("lesson") if row["details"])
    details = [{**item, "commission": "abc"} for item in lesson["details"]]
    some.update("lesson", lesson["id"], details=details)
    with serve(some) as server:
        output = sync(server, streams=("customers", "lessons"), decimal_format="string")
    lines = [line for line in output.warnings() if "became null" in line]
    assert "customers: values that their type cannot hold became null: balance 1." in lines
    assert any(f"details.commission {len(details)}" in line for line in lines)


def test_flattened_money_keeps_its_form(sync: Sync) -> None:
    config = {"decimal_format": "singer.decimal", "flattening_enabled": True}
    with serve(account()) as server:
        output = sync(server, streams=("customers",), flattening_max_depth=1, **config)
    [schema] = [m["schema"] for m in output.messages if m["type"] == "SCHEMA"]
    assert schema["properties"]["balance"]["precision"] == 38
    assert "1234.50" in {record["balance"] for record in output.records("customers")}


def test_a_catalog_without_an_account_has_the_chosen_form() -> None:
    tap = TapAlfaCRM(config={"decimal_format": "string"}, validate_config=False)
    [entry] = [e for e in tap.catalog_dict["streams"] if e["stream"] == "pays"]
    assert entry["schema"]["properties"]["income"]["type"] == ["string", "null"]


def test_another_form_is_refused(sync: Sync) -> None:
    with serve(account()) as server:
        output = sync(server, decimal_format="float", fails=ConfigError)
    assert "decimal_format" in str(output.error)
