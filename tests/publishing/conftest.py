"""The distributions that would be published."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulator.access import API_KEY

PROJECT = Path(__file__).parents[2]
UV = PROJECT / ".tools" / "bin" / "uv"
MELTANO = PROJECT / ".tools" / "meltano" / "bin" / "meltano"


OURS = ("COVERAGE", "MELTANO_", "PYTHON", "TAP_", "VIRTUAL_ENV", "XDG_")
"""Prefixes of variables that belong to this project, not to the machine."""


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a new user on this machine."""
    machine = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {
        **machine,
        "PATH": os.pathsep.join([str(UV.parent), machine.get("PATH", os.defpath)]),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_STATE_HOME": str(home / "state"),
        "UV_CACHE_DIR": machine.get("UV_CACHE_DIR", str(PROJECT / ".cache" / "uv")),
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        **more,
    }


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command, which must succeed; return its stdout and stderr."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert API_KEY not in done.stdout
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


@dataclass(frozen=True)
class Distributions:
    """The files that are uploaded to PyPI."""

    wheel: Path
    sdist: Path


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Both, built from this folder."""
    folder = tmp_path_factory.mktemp("dist")
    run(UV, "build", "--wheel", "--sdist", "--out-dir", folder, cwd=PROJECT)
    [wheel] = folder.glob("*.whl")
    [sdist] = folder.glob("*.tar.gz")
    return Distributions(wheel, sdist)
