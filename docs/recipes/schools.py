"""Load one school of `schools.yml` with Meltano, for schools_dagster.py and schools_airflow.py.

The environment of the workers has the variables that `schools.yml` names; also
`MELTANO_PROJECT_ROOT` unless this file is in the project, `MELTANO` unless it is on the path, and
`SCHOOLS` unless that file is in the project.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PROJECT = Path(os.environ.get("MELTANO_PROJECT_ROOT", Path(__file__).parent))
MELTANO = os.environ.get("MELTANO", "meltano")
SCHOOLS = Path(os.environ.get("SCHOOLS", PROJECT / "schools.yml"))
WORDS = ("COMPLETE", "UNPROVEN", "INCOMPLETE", "LOADING", "FAILED")
"""Verdicts, from the best to the worst; LOADING is a load that has not ended."""
_VERDICT = re.compile(r"\s\w+: (COMPLETE|UNPROVEN|INCOMPLETE)\b")
_REFUSED = "refused the login"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class SchoolError(Exception):
    """A school was not loaded, or not in full.

    Attributes:
        is_final: Whether a retry cannot help.
    """

    def __init__(self, message: str, *, is_final: bool) -> None:
        """Say why, without a secret."""
        super().__init__(message)
        self.is_final = is_final


def read_schools() -> list[str]:
    """Return the names of the schools, each once and usable as the name of a schema.

    Raises:
        ValueError: A name is not.
    """
    names = [school["name"] for school in _read()["schools"]]
    wrong = [name for name in names if not _NAME.fullmatch(name) or names.count(name) > 1]
    if wrong:
        msg = f"Names of schools are not lower-case identifiers, or not unique: {wrong}"
        raise ValueError(msg)
    return names


def load(name: str, options: Iterable[str], log: Callable[[str], object]) -> str:
    """Load a school and return the worst verdict of its streams.

    The state, the schema and the credentials are those of the school; the rest is the project's.

    Args:
        name: The school.
        options: Further options of `meltano run`.
        log: Receives each line of the log.

    Raises:
        SchoolError: The load failed.
    """
    file = _read()
    [school] = [one for one in file["schools"] if one["name"] == name]
    loader = file["loader"]
    command = [MELTANO, "run", *options, f"--state-id-suffix={name}", "tap-alfacrm", loader]
    found, is_refused = [], False
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env={**os.environ, **_variables(file, school)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            for line in process.stdout or ():
                log(line.rstrip())
                found += _VERDICT.findall(line)
                is_refused = is_refused or _REFUSED in line
        except BaseException:
            # The run was cancelled or took too long; a retry must not find this load under way.
            process.terminate()
            raise
    if process.returncode:
        reason = f"the host {_REFUSED}" if is_refused else "its log says why"
        msg = f"{name}: meltano ended with {process.returncode}; {reason}"
        raise SchoolError(msg, is_final=is_refused)
    return max(found, key=WORDS.index, default="UNPROVEN")


def summarize(verdicts: Mapping[str, str]) -> str:
    """Return one line with the number of schools of each verdict, and the names but for COMPLETE.

    Args:
        verdicts: The verdict of each school that was loaded; the others have failed.

    Raises:
        SchoolError: A school is not loaded in full. The message is the same line.
    """
    everything = {name: verdicts.get(name, "FAILED") for name in read_schools()}
    parts = []
    for word in WORDS:
        names = [name for name, verdict in everything.items() if verdict == word]
        if names:
            listed = "" if word == WORDS[0] else f" ({', '.join(names)})"
            parts.append(f"{word} {len(names)}{listed}")
    line = f"{len(everything)} schools: {', '.join(parts)}"
    if not {"COMPLETE", "UNPROVEN"}.issuperset(everything.values()):
        raise SchoolError(line, is_final=True)
    return line


def _read() -> dict[str, Any]:
    file: dict[str, Any] = yaml.safe_load(SCHOOLS.read_text(encoding="utf-8"))
    return file


def _variables(file: Mapping[str, Any], school: Mapping[str, Any]) -> dict[str, str]:
    key = os.environ.get(school["api_key"])
    if not key:
        msg = f"{school['name']}: the variable {school['api_key']} is not set."
        raise SchoolError(msg, is_final=True)
    setting = f"{file['loader']}_{file['destination']}".replace("-", "_").upper()
    return {
        "TAP_ALFACRM_HOSTNAME": school["hostname"],
        "TAP_ALFACRM_EMAIL": school["email"],
        "TAP_ALFACRM_API_KEY": key,
        "TAP_ALFACRM_TIMEZONE": school["timezone"],
        "MELTANO_SYS_DIR_ROOT": str(_own_folder(school["name"])),
        setting: school["name"],
    }


def _own_folder(name: str) -> Path:
    """Return Meltano's folder for a school, with the plugins that the project has installed.

    Meltano writes the catalog and the state of a run to a folder by the name of the plugin, where
    two schools at once would take each other's.
    """
    shared = PROJECT / ".meltano"
    own = shared / "schools" / name
    own.mkdir(parents=True, exist_ok=True)
    for plugins in ("extractors", "loaders"):
        (shared / plugins).mkdir(exist_ok=True)
        if not (own / plugins).is_symlink():
            (own / plugins).symlink_to(shared / plugins, target_is_directory=True)
    return own
