"""Twenty schools at once: one dead, one slow, one with a wrong key, by the executors' own means."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.franchise.executors import by_airflow, by_dagster
from tests.franchise.kit import DEAD, PROJECT, SLOW, WRONG, Franchise, franchise

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.franchise.executors import Night

SCHOOLS = 20


def _check(night: Night, franchised: Franchise) -> None:
    assert night.summary.startswith(f"{SCHOOLS} schools: COMPLETE {SCHOOLS - 2}, FAILED 2 (")
    assert set(night.summary.split("(")[1].rstrip(")").split(", ")) == {DEAD, WRONG}
    assert not night.is_success
    # a retry may help where nobody answers, but not where the key is refused
    tries = {DEAD: (False, 3), WRONG: (False, 1)}
    assert night.schools == dict.fromkeys(franchised.accounts, (True, 1)) | tries
    assert night.at_once > 1
    franchised.check()


@pytest.mark.recipes
@pytest.mark.parametrize("load", [by_dagster, by_airflow])
def test_each_school_that_can_be_loaded_is_loaded(
    load: Callable[[Franchise], Night], tmp_path: Path
) -> None:
    with franchise(tmp_path, SCHOOLS) as franchised:
        _check(load(franchised), franchised)


CANCELLED = """
import sys
sys.path.insert(0, ".")
import schools

class Cancelled(BaseException):
    pass

def cancel(line):
    if "tap-alfacrm" in line and "branches" in line:
        raise Cancelled

try:
    schools.load("slow", [], cancel)
except Cancelled:
    print("CANCELLED")
"""
LOADED = """
import sys
sys.path.insert(0, ".")
import schools
print(schools.load("slow", [], print))
"""


@pytest.mark.recipes
def test_a_cancelled_load_is_ended_so_that_a_retry_is_alone(tmp_path: Path) -> None:
    with franchise(tmp_path, 3) as franchised:
        server = franchised.servers[SLOW]

        def run(code: str) -> tuple[str, int]:
            before = len(server.log)
            done = subprocess.run(
                [sys.executable, "-c", code],
                cwd=franchised.folder,
                env=franchised.environment,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            return done.stdout.splitlines()[-1], len(server.log) - before

        cancelled, requests_until_then = run(CANCELLED)
        loaded, requests = run(LOADED)
        assert (cancelled, loaded) == ("CANCELLED", "COMPLETE")
        assert requests_until_then < requests
        franchised.check()


SUMMARY = """
import sys
sys.path.insert(0, ".")
import schools
print(schools.read_schools())
verdicts = dict(one.split("=") for one in sys.argv[1:])
print(schools.summarize(verdicts))
"""


def summarize(folder: Path, *verdicts: str) -> subprocess.CompletedProcess[str]:
    """Read the schools of a folder and summarize them, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", SUMMARY, *verdicts],
        cwd=folder,
        env={"MELTANO_PROJECT_ROOT": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["North-1", "north", "1st"])
def test_names_that_are_no_schemas_are_refused(tmp_path: Path, name: str) -> None:
    source = (PROJECT / "docs" / "recipes" / "schools.py").read_text(encoding="utf-8")
    (tmp_path / "schools.py").write_text(source, encoding="utf-8")
    (tmp_path / "schools.yml").write_text(
        json.dumps({"schools": [{"name": "north"}, {"name": name}]}), encoding="utf-8"
    )
    done = summarize(tmp_path)
    assert done.returncode
    assert "not lower-case identifiers, or not unique" in done.stderr


@pytest.mark.parametrize(
    ("verdicts", "line", "is_success"),
    [
        (["north=COMPLETE", "south=COMPLETE"], "COMPLETE 2", True),
        (["north=COMPLETE", "south=UNPROVEN"], "COMPLETE 1, UNPROVEN 1 (south)", True),
        (["north=INCOMPLETE", "south=COMPLETE"], "COMPLETE 1, INCOMPLETE 1 (north)", False),
        (["north=LOADING", "south=COMPLETE"], "COMPLETE 1, LOADING 1 (north)", False),
        (["north=COMPLETE"], "COMPLETE 1, FAILED 1 (south)", False),
        ([], "FAILED 2 (north, south)", False),
    ],
)
def test_the_listed_schools_are_summarized(
    tmp_path: Path, verdicts: list[str], line: str, *, is_success: bool
) -> None:
    recipes = PROJECT / "docs" / "recipes"
    for file in ("schools.py", "schools.yml"):
        (tmp_path / file).write_text((recipes / file).read_text("utf-8"), encoding="utf-8")
    done = summarize(tmp_path, *verdicts)
    assert done.stdout.startswith("['north', 'south']\n")
    told = done.stdout if is_success else done.stderr
    assert told.endswith(f"2 schools: {line}\n"), told
    assert (done.returncode == 0) is is_success
