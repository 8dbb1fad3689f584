"""Render docs/assets/logo.png, which Meltano Hub requires, from logo.svg."""

from __future__ import annotations

from pathlib import Path

from resvg_py import svg_to_bytes

ASSETS = Path(__file__).parents[1] / "docs" / "assets"
SIDE = 512


def png() -> bytes:
    """Render the logo as a square PNG."""
    return bytes(svg_to_bytes(svg_path=str(ASSETS / "logo.svg"), width=SIDE, height=SIDE))


if __name__ == "__main__":
    (ASSETS / "logo.png").write_bytes(png())
