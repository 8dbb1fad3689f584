"""With the environment `pseudonymised`, the output contains no personal data in clear text."""

from __future__ import annotations

import fnmatch
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from simulator import Account, serve
from tap_alfacrm.tap import STREAMS, TapAlfaCRM
from tests.conftest import config_for
from tests.reliability.process import Tap

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 5
FIELDS = frozenset(
    {
        *("name", "legal_name", "phone", "email", "addr", "web", "note", "avatar", "avatar_url"),
        *("barcode", "payer_name", "customer_name", "text", "title", "comment", "subject", "html"),
        *("local_number", "remote_number", "record_url", "topic", "homework", "fields_old"),
        *("fields_new", "details", "custom_order_description"),
    }
)
"""Fields with personal data or free text."""
PEOPLE = frozenset(
    {
        *("customers", "users", "teachers", "lessons", "pays", "tasks", "communications", "logs"),
        *("sms_messages", "mail_messages", "phone_calls", "group_memberships", "discounts"),
        *("customer_tariffs",),
    }
)


def environment() -> dict[str, Any]:
    settings = yaml.safe_load(Path("meltano.yml").read_text(encoding="utf-8"))
    [found] = [e for e in settings["environments"] if e["name"] == "pseudonymised"]
    return found["config"]["plugins"]["extractors"][0]  # type: ignore[no-any-return]


def test_an_environment_that_selects_repeats_what_the_plugin_selects() -> None:
    """Its `select` replaces the plugin's; with exclusions alone, nothing would be loaded."""
    settings = yaml.safe_load(Path("meltano.yml").read_text(encoding="utf-8"))
    [plugin] = settings["plugins"]["extractors"]
    assert "*.*" in plugin["select"]
    found = environment()["select"]
    assert found[: len(plugin["select"])] == plugin["select"]


def catalog_of(tap: TapAlfaCRM, excluded: list[str]) -> dict[str, Any]:
    found = tap.catalog_dict
    for entry in found["streams"]:
        for item in entry["metadata"]:
            name = ".".join([entry["stream"], *item["breadcrumb"][1:]])
            item["metadata"]["selected"] = not any(
                fnmatch.fnmatch(name, pattern) for pattern in excluded
            )
    return found


def texts(value: Any, name: str = "") -> Iterator[str]:
    """The texts of a field at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from texts(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item, name)
    elif isinstance(value, str) and len(value) >= SHORTEST and not value[:4].isdigit():
        yield value


def test_no_clear_value_of_a_person_is_left(tmp_path: Path) -> None:
    account = Account.build(leads=12, clients=12, archived_leads=6, archived_clients=6, lessons=20)
    settings = environment()
    excluded = [pattern[1:] for pattern in settings["select"] if pattern.startswith("!*.")]
    with serve(account) as server:
        config = config_for(server)
        clear = Tap(tmp_path / "clear", config, catalog_of(TapAlfaCRM(config=config), [])).run()
        config |= {**settings["config"], "stream_map_config": {"salt": "Zw3fq-salt"}}
        catalog = catalog_of(TapAlfaCRM(config=config_for(server)), excluded)
        hidden = Tap(tmp_path / "hidden", config, catalog).run()
    assert (clear.code, hidden.code) == (0, 0), hidden.log[-1]
    personal = {
        text
        for stream, record in clear.records
        if stream in PEOPLE
        for name, value in record.items()
        if name in FIELDS or name.startswith("custom_")
        for text in texts(value)
    }
    personal |= {
        r["dob"] for s, r in clear.records if r.get("dob") and not r["dob"].endswith("01-01")
    }
    assert len(personal) > 200
    output = (tmp_path / "hidden" / "output").read_text(encoding="utf-8")
    records = json.dumps([record for _, record in hidden.records], default=str, ensure_ascii=False)
    # names from the school's dictionaries are not personal data
    own = {
        text
        for stream, record in clear.records
        if stream not in PEOPLE
        for text in texts(list(record.values()))
    }
    assert [
        text for text in personal - own if json.dumps(text, ensure_ascii=False) in records
    ] == []
    assert "Zw3fq-salt" not in output
    count = {stream.name: 0 for stream in STREAMS}
    for stream, _ in clear.records:
        count[stream] += 1
    for stream, _ in hidden.records:
        count[stream] -= 1
    assert not any(count.values())


def test_equal_values_have_equal_digests(tmp_path: Path) -> None:
    account = Account.build(leads=8, clients=8)
    first, second = sorted(account.customer_ids())[:2]
    for card in (first, second):
        account.update("customer", card, name="Одна Людина", phone=["+380501234567"])
    settings = environment()
    with serve(account) as server:
        config = {**config_for(server), **settings["config"]}
        config["stream_map_config"] = {"salt": "Zw3fq-salt"}
        tap = Tap(tmp_path, config, catalog_of(TapAlfaCRM(config=config_for(server)), []))
        ending = tap.run()
    cards = {record["id"]: record for stream, record in ending.records if stream == "customers"}
    assert cards[first]["name"] == cards[second]["name"]
    assert cards[first]["phone"] == cards[second]["phone"]
    assert len({record["name"] for record in cards.values()}) > 2
