"""The READMEs in Ukrainian and Russian have the same content as the English one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.publishing.conftest import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

ENGLISH = (PROJECT / "README.md").read_text(encoding="utf-8")
PAGES = [PROJECT / "README.uk.md", PROJECT / "README.ru.md"]


def _symptoms(page: str) -> list[str]:
    """The first column of the last table."""
    return re.findall(r"^\| (.+?) \|", page[page.rindex("|---|---|\n") + 10 :], re.MULTILINE)


def _code(symptoms: list[str]) -> list[str]:
    return [code for symptom in symptoms for code in re.findall(r"`[^`]+`", symptom)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
class TestPage:
    def test_knows_each_symptom(self, page: Path) -> None:
        english = ENGLISH[ENGLISH.index("## When something is wrong") :]
        english = english[: english.index("\n## ", 1)]
        told = _symptoms(page.read_text(encoding="utf-8"))
        assert len(told) == len(_symptoms(english)) > 5
        assert _code(told) == _code(_symptoms(english))

    def test_commands_are_those_of_the_english_page(self, page: Path) -> None:
        commands = re.findall(
            r"^ *((?:make|\.tools/)[^#\n]*)", page.read_text(encoding="utf-8"), re.MULTILINE
        )
        assert commands
        assert [command for command in commands if command.strip() not in ENGLISH] == []

    def test_is_linked_from_the_english_page(self, page: Path) -> None:
        assert f"]({page.name})" in ENGLISH
