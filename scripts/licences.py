"""Write the licences of what `pip install tap-alfacrm` installs, for docs/licences.md."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PAGE = PROJECT / "docs" / "licences.md"
INTRODUCTION = """# Licences

tap-alfacrm is licensed under Apache 2.0. It installs the following packages, in the versions that
`uv.lock` had when this page was generated (`make licences`). Your installation may have newer ones;
`uv run --with tap-alfacrm --with pip-licenses pip-licenses` lists them.

| Package | Version | License |
|---|---|---|
"""


def main() -> None:
    """Write the page."""
    found = subprocess.run(
        [
            str(PROJECT / ".tools" / "audit" / "bin" / "pip-licenses"),
            f"--python={PROJECT / '.tools' / 'runtime' / 'bin' / 'python'}",
            "--from=mixed",
            "--format=json",
        ],
        check=True,
        capture_output=True,
    )
    rows = sorted(json.loads(found.stdout), key=lambda row: row["Name"].lower())
    lines = [
        f"| {row['Name']} | {row['Version']} | {' '.join(row['License'].split())[:80]} |"
        for row in rows
    ]
    PAGE.write_text(INTRODUCTION + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
