"""Write the definition for Meltano Hub; `--check` only reports whether it is stale.

It combines the output of `--about` with `hub/written.yml`, which is maintained by hand.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from typing_extensions import override

from tap_alfacrm.tap import STREAMS

HUB = Path(__file__).parents[1] / "hub"
WRITTEN = HUB / "written.yml"
KINDS = {"number": "integer"}
"""The Hub's names for types of settings. Numbers are `integer`, because Meltano cannot pass a
`decimal` from the environment to a plugin and does not change a fraction in `meltano.yml`."""


def definition() -> dict[str, Any]:
    """Build the definition."""
    about = _about()
    schema = about["settings"]
    return {
        **yaml.safe_load(WRITTEN.read_text(encoding="utf-8")),
        "capabilities": sorted(about["capabilities"]),
        "select": _select(),
        "settings": [_setting(name, schema["properties"][name]) for name in _order(schema)],
        "settings_group_validation": [schema["required"]],
        "supported_python_versions": about["supported_python_versions"],
    }


def path(definition: dict[str, Any]) -> Path:
    """Return the path that the Hub uses for a definition."""
    return HUB.joinpath("extractors", definition["name"], f"{definition['variant']}.yml")


def _about() -> dict[str, Any]:
    command = [sys.executable, "-m", "tap_alfacrm", "--about", "--format", "json"]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    about: dict[str, Any] = json.loads(done.stdout)
    return about


def _order(schema: dict[str, Any]) -> list[str]:
    """Sort settings: required ones first, the others by name."""
    return sorted(schema["properties"], key=lambda n: (n not in schema["required"], n))


def _setting(name: str, property_: dict[str, Any]) -> dict[str, Any]:
    setting = {
        "name": name,
        "label": property_["title"],
        "description": property_["description"],
        "kind": _kind(property_),
    }
    if property_.get("secret"):
        setting["sensitive"] = True
    if "default" in property_:
        setting["value"] = property_["default"]
    return setting


def _kind(property_: dict[str, Any]) -> str:
    if property_.get("secret"):
        return "password"
    if property_.get("format") == "date-time":
        return "date_iso8601"
    [type_] = [type_ for type_ in property_["type"] if type_ != "null"]
    return KINDS.get(type_, str(type_))


def _select() -> list[str]:
    left_out = sorted(stream.name for stream in STREAMS if not stream.selected_by_default)
    return ["*.*", *(f"!{name}.*" for name in left_out)]


class _Dumper(yaml.SafeDumper):
    """Writes paragraphs as block scalars and sorts keys as the Hub does."""

    @override
    def represent_str(self, data: str) -> yaml.ScalarNode:
        style = "|" if "\n" in data else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_str)


def text() -> str:
    """Render the definition in the Hub's format."""
    return yaml.dump(definition(), Dumper=_Dumper, allow_unicode=True, width=100)


def main() -> None:
    """Write the definition; with `--check`, exit with 1 if it is stale."""
    made = text()
    file = path(yaml.safe_load(made))
    stale = not file.exists() or file.read_text(encoding="utf-8") != made
    if stale and "--check" in sys.argv:
        sys.exit(f"{file} is stale: run python -m scripts.hub")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
