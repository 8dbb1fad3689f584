"""Code blocks and commands of a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?\n"
    r"(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A code block.

    Attributes:
        language: Its language; empty if it has none.
        title: The file that it belongs to, the database that runs it, or None.
        text: Its text.
    """

    language: str
    title: str | None
    text: str

    def commands(self) -> list[str]:
        """The commands of the block."""
        assert self.language == "console"
        return [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]


def blocks(page: Path, section: str | None = None) -> list[Block]:
    """The code blocks of a page, of one section of it, or ("") of what comes before the first."""
    text = page.read_text(encoding="utf-8")
    if section == "":
        text = text.partition("\n## ")[0]
    elif section is not None:
        [text] = re.findall(
            rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
        )
    return [
        Block(
            found["language"],
            found["title"],
            re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE),
        )
        for found in BLOCK.finditer(text)
    ]
