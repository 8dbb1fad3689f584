"""The generated parts of the documentation are up to date."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from scripts.tables import PARTS, PROJECT
from tap_alfacrm.tap import STREAMS, TapAlfaCRM

if TYPE_CHECKING:
    from pathlib import Path


def test_no_generated_part_is_stale() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.tables", "--check"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    for file, parts in PARTS.items():
        for name in parts:
            text = (PROJECT / file).read_text(encoding="utf-8")
            assert text.partition(f"<!-- {name} -->\n")[2].startswith(("|", "```", "### "))


def test_meltano_knows_each_setting() -> None:
    text = (PROJECT / "meltano.yml").read_text(encoding="utf-8")
    tap = text.partition("loaders:\n    - name: target-csv\n      namespace")[0]
    named = set(re.findall(r"^        - name: (\w+)$", tap, re.MULTILINE))
    assert set(TapAlfaCRM.config_jsonschema["properties"]) - named <= {
        "stream_maps",
        "stream_map_config",
        "faker_config",
        "flattening_max_key_length",
        "flattening_separator",
    }


def test_meltano_leaves_out_what_the_tap_does_not_select() -> None:
    text = (PROJECT / "meltano.yml").read_text(encoding="utf-8")
    left_out = set(re.findall(r'"!(\w+)\.\*"', text))
    assert left_out == {stream.name for stream in STREAMS if not stream.selected_by_default}


def test_each_link_between_pages_leads_somewhere() -> None:
    pages = [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md"), PROJECT / "hub/README.md"]
    code = [*(PROJECT / "tap_alfacrm").rglob("*.py")]
    for page in [*pages, *code]:
        text = page.read_text(encoding="utf-8")
        links = re.findall(r"\]\(([^)#:\s]+)(#[\w-]+)?\)", text) if page in pages else []
        links += re.findall(r"(docs/[\w.-]+\.md)(#[\w-]+)?", text) if page in code else []
        for target, anchor in links:
            file = (PROJECT if page in code else page.parent) / target
            assert file.exists(), f"{page}: {target}"
            if anchor:
                assert anchor[1:] in _anchors(file), f"{page}: {target}{anchor}"


def _anchors(file: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_nothing_in_the_example_is_a_secret() -> None:
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    [key] = re.findall(r"TAP_ALFACRM_API_KEY=(\S*)", example)
    assert set(key) <= set("0-")
