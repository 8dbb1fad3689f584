"""A user who follows the documentation."""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from scripts.hub import HUB
from tests.publishing.conftest import MELTANO, clean_environment, run
from tests.publishing.pages import blocks
from tests.publishing.static_hub import serve_hub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator import Server
    from tests.publishing.conftest import Distributions


@dataclass
class Reader:
    """A user who follows a page with simulated accounts.

    Attributes:
        folder: Current folder.
        env: Environment variables.
        servers: The accounts, by their names on the page.
        own: Variables whose values differ from the page.
        log: Output of the commands.
    """

    folder: Path
    env: dict[str, str]
    servers: dict[str, Server]
    own: dict[str, str] = field(default_factory=dict)
    log: str = ""
    _exports: list[str] = field(default_factory=list)

    def follow(self, page: Path, section: str | None = None) -> None:
        """Follow a page, or a section of it."""
        for block in blocks(page, section):
            if block.title == ".env":
                self._write_env(block.text)
            elif block.title:
                (self.folder / block.title).write_text(block.text, encoding="utf-8")
            elif block.language == "console":
                for command in block.commands():
                    self.type(command)

    def type(self, command: str) -> str:
        """Run a command after the exports so far; return its output."""
        if command.startswith("set -a "):
            self._exports.append(command)
            return ""
        if command.startswith("export "):
            name, _, _ = command.removeprefix("export ").partition("=")
            self._exports.append(f"export {name}={self.own[name]}" if name in self.own else command)
            return ""
        where = self.folder / ".where"
        script = ["set -euo pipefail", *self._exports, command, f'pwd > "{where}"']
        written = run("bash", "-c", "\n".join(script), cwd=self.folder, env=self.env)
        self.folder = Path(where.read_text(encoding="utf-8").strip())
        self.log += written
        return written

    def _write_env(self, text: str) -> None:
        lines = []
        for name, school, setting, value in re.findall(
            r"^(TAP_ALFACRM(?:__(\w+?))?_([A-Z][A-Z_]*))=(.*)$", text, re.MULTILINE
        ):
            server = self.servers[school]
            own = {"HOSTNAME": server.url, "EMAIL": server.email, "API_KEY": server.api_key}
            lines.append(f"{name}={own.get(setting, value)}")
            if setting == "HOSTNAME":
                lines.append(f"{name.replace('HOSTNAME', 'REQUESTS_PER_SECOND')}=1000")
        assert lines
        (self.folder / ".env").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def ids(self, file: str) -> list[int]:
        """The ids in a file of target-jsonl."""
        text = (self.folder / "output" / file).read_text(encoding="utf-8")
        return sorted(json.loads(line)["id"] for line in text.splitlines())


@contextmanager
def newcomer(
    home: Path, distributions: Distributions, servers: dict[str, Server], loader: dict[str, Any]
) -> Iterator[Reader]:
    """A new user, for whom tap-alfacrm on PyPI is the built wheel, and the Hub has a loader.

    Args:
        home: An empty folder.
        distributions: What was built.
        servers: The accounts, by their names on the page.
        loader: The Hub's definition of the loader.
    """
    published = home / "published.txt"
    published.write_text(f"tap-alfacrm @ {distributions.wheel.as_uri()}\n", encoding="utf-8")
    (home / "hub").mkdir()
    [ours] = HUB.rglob("extractors/tap-alfacrm/*.yml")
    extractor = yaml.safe_load(ours.read_text(encoding="utf-8"))
    with serve_hub(home / "hub", extractors=extractor, loaders=loader) as hub:
        env = clean_environment(
            home,
            MELTANO_HUB_URL=hub,
            MELTANO_SEND_ANONYMOUS_USAGE_STATS="false",
            MELTANO_CLI_DISABLE_VERSION_CHECK="true",
            UV_CONSTRAINT=str(published),
            UV_PYTHON=sys.executable,
        )
        env["PATH"] = os.pathsep.join([str(MELTANO.parent), env["PATH"]])
        yield Reader(home, env, servers)
