"""The environment `pseudonymised` loads the columns that it lists, without personal data."""

from __future__ import annotations

import fnmatch
import functools
import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from simulator import Account, serve
from simulator.entities import ENTITIES
from tap_alfacrm.schemas import DATA, MONEY, standard_schema
from tap_alfacrm.tap import STREAMS, TapAlfaCRM
from tests.conftest import config_for
from tests.reliability.process import Tap

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = {"key", "fact", "person", "free text"}
SALT = "Zw3fq-salt"
MARK = "⚑clear"
COARSE = {"customers.dob", "teachers.dob"}
"""Columns whose values are cut short instead of hashed."""
TEXT_FACTS = {
    *("branches.name", "customer_rejects.name", "lead_rejects.name", "lead_sources.code"),
    *("lead_sources.name", "lead_statuses.name", "lesson_types.icon", "lesson_types.name"),
    *("lessons.lesson_type_name", "locations.name", "logs.entity", "pay_accounts.name"),
    *("pay_item_categories.name", "pay_items.name", "pay_types.name", "pays.pay_type_name"),
    *("pipelines.name", "regular_lessons.related_class", "rooms.name", "streamings.name"),
    *("study_statuses.name", "subjects.name", "tariffs.name", "customers.color"),
    *("communications.class",),
}
"""Texts that are loaded unchanged: the school's own lists, which describe no person."""
EXTRA = ("custom_secret", "newer_secret")


@functools.cache
def settings() -> Any:
    return yaml.safe_load(Path("meltano.yml").read_text(encoding="utf-8"))


def environment() -> dict[str, Any]:
    [found] = [e for e in settings()["environments"] if e["name"] == "pseudonymised"]
    return found["config"]["plugins"]["extractors"][0]  # type: ignore[no-any-return]  # from YAML


def loaded_streams() -> set[str]:
    """The streams that the plugin itself selects."""
    [plugin] = settings()["plugins"]["extractors"]
    left_out = {p[1:].partition(".")[0] for p in plugin["select"] if p.startswith("!")}
    return {stream.name for stream in STREAMS} - left_out


@pytest.mark.parametrize("stream", [stream.name for stream in STREAMS])
def test_every_column_is_marked(stream: str) -> None:
    schema = standard_schema(stream)
    assert schema[DATA].keys() == schema["properties"].keys()
    assert {*schema[DATA].values()} <= KINDS
    for name, column in schema["properties"].items():
        kind, types = schema[DATA][name], column["type"]
        is_text = "string" in types and "format" not in column
        holds_text = is_text or "string" in str(column.get("items", "")) or "object" in types
        if holds_text and kind in {"key", "fact"}:
            assert f"{stream}.{name}" in TEXT_FACTS, "a text is a fact only if it is listed here"
        if name in {"id", *schema.get("required", ())}:
            assert kind == "key"
    money = {name for name in schema.get(MONEY, ()) if "." not in name}
    assert money <= {n for n, k in schema[DATA].items() if k == "fact"}


@pytest.mark.parametrize("stream", [stream.name for stream in STREAMS])
def test_the_environment_lists_what_may_be_loaded_and_nothing_else(stream: str) -> None:
    found = environment()
    assert not [pattern for pattern in found["select"] if "*" in pattern or "!" in pattern]
    listed = {p.partition(".")[2] for p in found["select"] if p.partition(".")[0] == stream}
    if stream not in loaded_streams():
        assert not listed
        return
    marks = standard_schema(stream)[DATA]
    maps = found["config"]["stream_maps"].get(stream, {})
    assert listed == {name for name, kind in marks.items() if kind in {"key", "fact"}} | {*maps}
    for name, expression in maps.items():
        assert marks[name] == "person"
        if f"{stream}.{name}" in COARSE:
            assert expression == f"{name}[:4] + '-01-01' if {name} else None"
        elif (stream, name) != ("lessons", "details"):
            assert expression.startswith(("md5(config['salt'] + ", "[md5(config['salt'] + "))


def catalog_of(tap: TapAlfaCRM, select: list[str]) -> dict[str, Any]:
    """The catalog as Meltano makes it from `select`."""
    found = tap.catalog_dict
    for entry in found["streams"]:
        for item in entry["metadata"]:
            name = ".".join([entry["stream"], *item["breadcrumb"][1:]])
            wanted = [p for p in select if not item["breadcrumb"] and p.startswith(f"{name}.")]
            wanted += [p for p in select if fnmatch.fnmatch(name, p)]
            item["metadata"]["selected"] = bool(wanted)
    return found


def marked(value: Any) -> Any:
    """The same value, each text of it marked; dates, times and numbers stay."""
    if isinstance(value, str) and value and not re.fullmatch(r"[-\d.: ]*", value):
        return f"{MARK} {value}"
    if isinstance(value, list):
        return [marked(item) for item in value]
    if isinstance(value, dict):
        return {key: marked(item) for key, item in value.items()}
    return value


def run(folder: Path, account: Account, config: Mapping[str, Any], select: list[str]) -> Any:
    with serve(account) as server:
        catalog = catalog_of(TapAlfaCRM(config=config_for(server)), select)
        return Tap(folder, {**config_for(server), **config}, catalog).run()


def test_no_text_but_a_listed_fact_is_left(tmp_path: Path) -> None:
    account = Account.build(leads=12, clients=12, archived_leads=6, archived_clients=6, lessons=20)
    days = {row["dob"] for row in account.rows("customer") if row["dob"]}
    for stream in STREAMS:
        path = stream.entity + stream.actions[0].replace("/index", "")
        for row in account.rows(path) if ENTITIES[path].single is None else ():
            secrets = dict.fromkeys(EXTRA, MARK)
            account.update(path, row["id"], **{**marked(row), **secrets})
    found = environment()
    clear = run(tmp_path / "clear", account, {}, ["*"])
    config = {**found["config"], "stream_map_config": {"salt": SALT}}
    hidden = run(tmp_path / "hidden", account, config, found["select"])
    assert (clear.code, hidden.code) == (0, 0), hidden.log[-1]

    def columns_with_mark(ending: Any) -> set[str]:
        return {
            f"{stream}.{name}"
            for stream, record in ending.records
            for name, value in record.items()
            if MARK in json.dumps(value, default=str, ensure_ascii=False)
        }

    assert len(columns_with_mark(clear)) > 100
    assert columns_with_mark(hidden) <= TEXT_FACTS
    output = (tmp_path / "hidden" / "output").read_text(encoding="utf-8")
    assert SALT not in output
    assert not any(name in output for name in EXTRA)
    assert not [r for _, r in hidden.records if r.get("dob") and not r["dob"].endswith("01-01")]
    whole = {"-".join(reversed(day.split("."))) for day in days}
    assert len(whole) > 5
    assert not [day for day in whole if day in output and not day.endswith("01-01")]
    counts = Counter(stream for stream, _ in clear.records if stream in loaded_streams())
    assert counts.total() > 100
    assert Counter(stream for stream, _ in hidden.records) == counts


def test_equal_values_have_equal_digests(tmp_path: Path) -> None:
    account = Account.build(leads=8, clients=8)
    first, second = sorted(account.customer_ids())[:2]
    for card in (first, second):
        account.update("customer", card, name="Одна Людина", phone=["+380501234567"])
    found = environment()
    config = {**found["config"], "stream_map_config": {"salt": SALT}}
    ending = run(tmp_path, account, config, found["select"])
    cards = {record["id"]: record for stream, record in ending.records if stream == "customers"}
    assert cards[first]["name"] == cards[second]["name"]
    assert cards[first]["phone"] == cards[second]["phone"]
    assert len({record["name"] for record in cards.values()}) > 2


def test_the_tests_that_the_table_of_threats_names_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", Path("SECURITY.md").read_text("utf-8"))
    assert len(named) > 8
    for path, test in named:
        assert f"def {test or 'check'}(" in Path(path).read_text(encoding="utf-8"), test
