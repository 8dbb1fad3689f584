"""Settings as they were given: in files, in the environment and in `.env`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_alfacrm.errors import InputError
from tap_alfacrm.sdk.files import read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ENVIRONMENT = "ENV"
"""What `--config` takes for the environment."""


class GivenSettings(dict[str, Any]):
    """Settings by name, without those that are empty.

    Attributes:
        places: Where they were looked for.
    """

    def __init__(
        self, settings: Mapping[str, Any] | None = None, places: Iterable[str] = ()
    ) -> None:
        super().__init__({k: v for k, v in (settings or {}).items() if not _is_empty(k, v)})
        self.places = tuple(places)


def read_config_files(given: Iterable[str]) -> GivenSettings:
    """Read the files given with `--config`; a later one goes before an earlier one.

    Args:
        given: Their paths; `ENV` is none.

    Raises:
        InputError: With one line that names the file and says what to do.
    """
    paths = [path for path in given if path != ENVIRONMENT]
    settings: dict[str, Any] = {}
    for path in paths:
        content = read_json(path)
        if not isinstance(content, dict):
            msg = f"{path} cannot be read: it is JSON, but no object of settings by name."
            raise InputError(msg)
        settings |= GivenSettings(content)
    return GivenSettings(settings, paths)


def _is_empty(name: str, value: object) -> bool:
    if isinstance(value, str) and name != "flattening_separator":
        value = value.strip()
    return value is None or value == ""
