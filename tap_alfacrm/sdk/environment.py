"""Settings from the environment and `.env`, each with its type.

Takes the place of `PluginBase._env_var_config`, which leaves numbers with a fraction as text, and
ends in a traceback on a text that is no integer or no JSON
(https://github.com/meltano/sdk/issues/390, https://github.com/meltano/sdk/pull/2637), and which
reads the `.env` of any parent folder (https://github.com/meltano/sdk/issues/381). No version of
singer-sdk makes this unnecessary yet.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from dotenv import dotenv_values

from tap_alfacrm.errors import ConfigError, InputError
from tap_alfacrm.sdk.files import decode
from tap_alfacrm.sdk.settings import GivenSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Environment:
    """Settings of the environment.

    Attributes:
        variables: Those of the process.
        file: Those of the file.
        path: The `.env` that was read, None where there is none.
    """

    variables: GivenSettings
    file: GivenSettings
    path: Path | None

    @classmethod
    def read(cls, schema: Mapping[str, Any], prefix: str) -> Environment:
        """Read the environment and the `.env` of the working directory, or of Meltano's project.

        Args:
            schema: JSON Schema of the settings.
            prefix: What the variables' names begin with.

        Raises:
            ConfigError: A text is not of the setting's type.
            InputError: The file cannot be read.
        """
        folders = [Path.cwd(), *map(Path, filter(None, [os.environ.get("MELTANO_PROJECT_ROOT")]))]
        path = next((path for one in folders if (path := one / ".env").is_file()), None)
        in_file = {} if path is None else dotenv_values(stream=io.StringIO(_read(path)))
        return cls(
            GivenSettings(_settings(schema, prefix, os.environ), ["the environment"]),
            GivenSettings(
                _settings(schema, prefix, in_file),
                [str(path or f"{folders[0] / '.env'} (there is none)")],
            ),
            path,
        )


def _read(path: Path) -> str:
    try:
        return decode(path.read_bytes(), str(path))
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}."
        raise InputError(msg) from None


def _settings(
    schema: Mapping[str, Any], prefix: str, variables: Mapping[str, str | None]
) -> dict[str, Any]:
    return {
        name: _typed(name, text, property_)
        for name, property_ in schema["properties"].items()
        if (text := variables.get(prefix + name.upper())) and text.strip()
    }


def _typed(name: str, text: str, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON may be anything
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
    except (msgspec.DecodeError, RecursionError):
        wanted = " or ".join(sorted(types - {"null"}))
        raise ConfigError(name=name, why=f"it is not of type '{wanted}'") from None
