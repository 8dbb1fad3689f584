"""The distributions are complete, and their version is the tag."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
import yaml

from scripts.notes import CHANGELOG, notes
from tests.publishing.conftest import PROJECT, UV, Distributions, clean_environment, run

RIGHTS = {
    "distributions": ("attestations", "id-token"),
    "github": ("contents",),
    "pages": ("id-token", "pages"),
    "pypi": ("id-token",),
}
"""Write permissions of the jobs that publish."""
WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))


def _contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_wheel_holds_the_package_and_nothing_else(distributions: Distributions) -> None:
    listed = run("git", "ls-files", "tap_alfacrm", cwd=PROJECT).split()
    contents = _contents(distributions.wheel)
    held = {name for name in contents if not re.match(r"tap_alfacrm-[^/]+\.dist-info/", name)}
    assert held == set(listed)
    assert "tap_alfacrm/py.typed" in held
    assert "tap_alfacrm/schemas/customers.json" in held


def test_description_is_complete_for_pypi(distributions: Distributions) -> None:
    run(sys.executable, "-m", "twine", "check", "--strict", distributions.wheel, cwd=PROJECT)
    run(sys.executable, "-m", "twine", "check", "--strict", distributions.sdist, cwd=PROJECT)
    [metadata] = [
        message_from_bytes(content)
        for name, content in _contents(distributions.wheel).items()
        if name.endswith("METADATA")
    ]
    description = str(metadata.get_payload())
    assert "docs/behaviour.md" in description
    assert not re.findall(r"\]\((?!https?:|#)[^)]*\)", description)


def test_source_archive_builds_the_same_wheel(distributions: Distributions, tmp_path: Path) -> None:
    run(UV, "build", "--wheel", "--out-dir", tmp_path, distributions.sdist, cwd=tmp_path)
    [again] = tmp_path.glob("*.whl")
    assert again.name == distributions.wheel.name
    assert _contents(again) == _contents(distributions.wheel)


def test_version_is_the_tag(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    run("git", "clone", "--quiet", PROJECT, clone, cwd=tmp_path)
    run("git", "tag", "v999.0.0", cwd=clone)
    run(UV, "build", "--wheel", "--out-dir", tmp_path / "dist", cwd=clone)
    [wheel] = (tmp_path / "dist").glob("*.whl")
    assert wheel.name == "tap_alfacrm-999.0.0-py3-none-any.whl"


def test_installed_wheel_tells_what_it_is(distributions: Distributions, tmp_path: Path) -> None:
    env = clean_environment(tmp_path)
    command = [
        str(UV),
        "tool",
        "run",
        "--python",
        sys.executable,
        "--from",
        str(distributions.wheel),
    ]
    done = subprocess.run(
        [*command, "tap-alfacrm", "--about", "--format", "json"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    about = json.loads(done.stdout)
    assert about["name"] == "tap-alfacrm"
    assert about["version"] == distributions.wheel.name.split("-")[1]


TOLD = """# Changelog

## [Unreleased]

## [1.10.0] - 2027-01-31

### Added

- Tea.

## [1.1.0] - 2026-12-01

[Unreleased]: https://example.org
"""


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.10.0", "### Added\n\n- Tea."), ("1.1.0", None), ("1.1", None), ("Unreleased", None)],
)
def test_notes_of_a_release_are_those_of_the_changelog(version: str, expected: str | None) -> None:
    assert notes(TOLD, version) == expected


def test_no_release_without_notes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.notes", "998.0.0"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "998.0.0" in done.stderr
    assert "998.0.0" not in CHANGELOG.read_text(encoding="utf-8")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_is_pinned_and_has_the_least_rights(workflow: Path) -> None:
    parsed = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    assert parsed["permissions"] == {}
    for name, job in parsed["jobs"].items():
        rights = {(key, value) for key, value in job["permissions"].items() if value != "read"}
        assert rights == {(right, "write") for right in RIGHTS.get(name, ())}
        for step in job["steps"]:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step.get("uses", f"a@{'0' * 40}"))
            for target in re.findall(r"^make (\w+)", step.get("run", ""), re.MULTILINE):
                assert re.search(
                    rf"^{target}:", (PROJECT / "Makefile").read_text("utf-8"), re.MULTILINE
                )


def test_workflows_have_no_known_weakness() -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    run(zizmor, "--offline", "--pedantic", ".github", cwd=PROJECT)
