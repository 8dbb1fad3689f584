"""What is installed comes by hash, is audited strictly, and has its licence listed."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
LOCKED = sorted(
    path
    for folder in (".ci", "benchmarks", "dbt", "docs/recipes", "loaders")
    for path in (PROJECT / folder).glob("*.in")
)


@pytest.mark.parametrize("source", LOCKED, ids=lambda path: path.stem)
def test_each_environment_is_locked_by_hash(source: Path) -> None:
    text = source.with_suffix(".txt").read_text(encoding="utf-8")
    packages = re.split(r"^(?=\S+==)", re.sub(r" *#.*", "", text), flags=re.MULTILINE)[1:]
    assert packages
    assert not [package for package in packages if "--hash=sha256:" not in package]


def test_nothing_is_installed_without_a_hash() -> None:
    installs = [line for line in MAKEFILE.splitlines() if "pip install" in line]
    assert len(installs) >= 5
    for line in installs:
        assert "--require-hashes" in line or "--no-deps" in line, line
    assert "tool run" not in MAKEFILE
    assert re.search(r"uv\) build .*--require-build-hashes", MAKEFILE, re.IGNORECASE)


def _project() -> dict[str, Any]:
    return tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_build_backend_is_that_of_the_lock_file() -> None:
    project = _project()
    editables, *others = project["dependency-groups"]["build"]
    assert editables.startswith("editables")
    assert project["build-system"]["requires"] == others


def test_the_audit_fails_where_it_cannot_audit() -> None:
    [line] = [line for line in MAKEFILE.splitlines() if "bin/pip-audit" in line]
    assert "--strict" in line
    for folder in {path.parent.relative_to(PROJECT) for path in LOCKED}:
        assert f"{folder}/*.txt" in MAKEFILE, folder


def test_releases_are_built_without_development_dependencies() -> None:
    workflow = yaml.safe_load((PROJECT / ".github" / "workflows" / "release.yml").read_text())
    build = workflow["jobs"]["distributions"]
    runs = [step["run"] for step in build["steps"] if "run" in step]
    assert [run for run in runs if run.startswith("make")] == ["make build", "make sbom"]
    attested = [step for step in build["steps"] if "attest" in step.get("uses", "")]
    assert {"sbom-path" in step["with"] for step in attested} == {True, False}
    assert {"distributions", "check"} <= set(workflow["jobs"]["pypi"]["needs"])


def test_each_package_that_users_install_has_its_licence_listed() -> None:
    uv = PROJECT / ".tools" / "bin" / "uv"
    arguments = ["export", "--frozen", "--no-default-groups", "--no-emit-project", "--no-hashes"]
    done = subprocess.run(
        [str(uv), *arguments], capture_output=True, text=True, check=True, cwd=PROJECT
    )
    needed = set(re.findall(r"^([\w.-]+)==(\S+)", done.stdout, flags=re.MULTILINE))
    page = (PROJECT / "docs" / "licences.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| ([\w.-]+) \| (\d\S*) \| (.*) \|$", page, flags=re.MULTILINE)
    assert all(licence and licence != "UNKNOWN" for *_, licence in listed)
    normal = {(re.sub(r"[-_.]+", "-", name).lower(), version) for name, version, _ in listed}
    only_elsewhere = {name for name, _ in needed - normal}
    markers = {
        name
        for name in only_elsewhere
        if re.search(rf"^{re.escape(name)}==\S+ ;", done.stdout, flags=re.MULTILINE)
    }
    assert normal <= needed
    assert only_elsewhere == markers  # those of other systems and versions of Python
