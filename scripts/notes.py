"""Print the section of one version in CHANGELOG.md: `python -m scripts.notes 1.2.3`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"


def notes(changelog: str, version: str) -> str | None:
    """Return the section of a version without its title; None if it is missing or empty."""
    section = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |^\[[^\]]+\]: |\Z)"
    found = re.search(section, changelog, re.MULTILINE | re.DOTALL)
    return found[1].strip() or None if found else None


def main() -> None:
    """Print the notes, or exit with 1 if there are none."""
    [version] = sys.argv[1:]
    found = notes(CHANGELOG.read_text(encoding="utf-8"), version)
    if found is None:
        sys.exit(f"CHANGELOG.md has nothing under '## [{version}] - YYYY-MM-DD'")
    print(found)


if __name__ == "__main__":
    main()
