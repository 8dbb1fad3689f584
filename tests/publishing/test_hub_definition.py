"""The definition for Meltano Hub is valid and current and follows the Hub's rules."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from jsonschema import Draft7Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT7

from scripts.hub import HUB, definition, path, text

SCHEMAS = Path(__file__).parent / "hub_schemas"
BASE = "https://hub.meltano.com/schemas"
SECRET_WORDS = ("id", "key", "password", "secret", "token")
"""The Hub treats a string setting as a password if its name contains one of these."""


FORMATS = FormatChecker(())


@FORMATS.checks("uri")
def is_address(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme and urlsplit(value).netloc)


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return definition()


def _validator() -> Draft7Validator:
    registry: Registry[Any] = Registry()
    for file in SCHEMAS.rglob("*.json"):
        # The ids of the files differ from the paths in their references.
        schema = json.loads(file.read_text(encoding="utf-8"))
        del schema["$id"]
        registry = registry.with_resource(
            f"{BASE}/{file.relative_to(SCHEMAS)}", DRAFT7.create_resource(schema)
        )
    root = {"$ref": f"{BASE}/plugin_definitions/extractors.schema.json"}
    return Draft7Validator(root, registry=registry, format_checker=FORMATS)


def test_committed_definition_is_what_the_tap_says_of_itself(made: dict[str, Any]) -> None:
    assert path(made).read_text(encoding="utf-8") == text(), "run python -m scripts.hub"
    assert [file.name for file in HUB.rglob("tap-alfacrm/*")] == ["tap-alfacrm.yml"]


def test_hub_accepts_the_definition(made: dict[str, Any]) -> None:
    errors = [error.message for error in _validator().iter_errors(made)]
    assert not errors


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("quality", "platinum"),
        ("domain_url", "no address"),
        ("capabilities", ["read-minds"]),
        ("settings", [{"label": "without a name"}]),
        ("use_cached_catalog", False),
    ],
)
def test_hub_would_refuse_what_is_wrong(made: dict[str, Any], key: str, value: Any) -> None:
    assert not _validator().is_valid({**made, key: value})


def test_keys_are_sorted_as_the_hub_keeps_them(made: dict[str, Any]) -> None:
    committed = yaml.safe_load(path(made).read_text(encoding="utf-8"))
    assert list(committed) == sorted(committed)
    assert committed["settings"]
    assert all(list(setting) == sorted(setting) for setting in committed["settings"])


def test_hub_knows_passwords_by_the_names_of_settings(made: dict[str, Any]) -> None:
    for setting in made["settings"]:
        if setting["kind"] in {"string", "password"}:
            by_name = any(word in setting["name"] for word in SECRET_WORDS)
            assert (setting["kind"] == "password") is by_name, setting["name"]
            assert setting.get("sensitive", False) is by_name, setting["name"]


def test_hub_knows_dates_by_the_names_of_settings(made: dict[str, Any]) -> None:
    dates = {setting["name"] for setting in made["settings"] if setting["kind"] == "date_iso8601"}
    assert dates == {"start_date"}


def test_no_description_is_mangled_by_the_hub(made: dict[str, Any]) -> None:
    for setting in made["settings"]:
        outside_of_code = re.sub(r"`[^`]*`|\]\([^)]*\)", "", setting["description"])
        assert not re.search(r"\w\.\w", outside_of_code), setting["description"]


def test_each_setting_is_explained(made: dict[str, Any]) -> None:
    for setting in made["settings"]:
        assert setting["label"]
        assert setting["description"].rstrip(").") != setting["description"], setting["name"]


def test_required_settings_come_first_and_are_one_group(made: dict[str, Any]) -> None:
    [group] = made["settings_group_validation"]
    assert {setting["name"] for setting in made["settings"][: len(group)]} == set(group)
