"""Settings from the environment and `.env`, each with its type.

Takes the place of `PluginBase._env_var_config`, which leaves numbers with a fraction as text, and
ends in a traceback on a text that is no integer or no JSON (meltano/sdk issue 390, pull request
2637), and which reads the `.env` of any parent folder (issue 381). No version of singer-sdk makes
this unnecessary yet.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec
from dotenv import dotenv_values, find_dotenv

from tap_alfacrm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def from_environment(schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Read the settings that are set in the environment, or else in the nearest `.env`.

    Args:
        schema: JSON Schema of the settings.
        prefix: What the variables' names begin with.

    Returns:
        The settings by name.

    Raises:
        ConfigError: A text is not of the setting's type.
    """
    variables = {**dotenv_values(find_dotenv(usecwd=True)), **os.environ}
    return {
        name: _typed(name, text, property_)
        for name, property_ in schema["properties"].items()
        if (text := variables.get(prefix + name.upper()))
    }


def _typed(name: str, text: str, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401
    types = schema.get("type", "string")
    types = {types} if isinstance(types, str) else set(types)
    if "string" in types:
        return text
    if "boolean" in types and text.strip().lower() in _WORDS:
        return _WORDS[text.strip().lower()]
    if "boolean" in types and text.strip() in {"0", "1"}:
        return text.strip() == "1"
    if "array" in types and not text.lstrip().startswith("["):
        text = f"[{text}]"
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        wanted = " or ".join(sorted(types - {"null"}))
        raise ConfigError(name=name, why=f"it is not of type '{wanted}'") from None
