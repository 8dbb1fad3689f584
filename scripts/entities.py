"""Draw the entity diagram of docs/dictionary.md, for wide screens and for phones.

`python -m scripts.entities` writes both. A line leads from a column to the table whose id it
holds, in the colour of that table.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

from scripts.dictionary import references_of
from tap_alfacrm.schemas import standard_schema

ASSETS = Path(__file__).parents[1] / "docs" / "assets"
LAYERS = (
    ("users", "customers", "groups", "teachers", "tariffs"),
    ("group_memberships", "regular_lessons", "customer_tariffs", "discounts", "tasks"),
    ("lessons", "pays"),
)
"""The main tables; each refers to tables of its own layer or of those before it."""
COLOURS = {
    "users": "#7c3aed", "teachers": "#b45309", "tariffs": "#be185d", "customers": "#0f766e",
    "groups": "#1d4ed8", "group_memberships": "#475569", "regular_lessons": "#4d7c0f",
    "customer_tariffs": "#a21caf", "discounts": "#475569", "tasks": "#475569",
    "lessons": "#b91c1c", "pays": "#475569",
}  # fmt: skip
PAPER, INK, FAINT = "#f8fafc", "#1e293b", "#64748b"
WIDTH, HEAD, ROW, GAP = 284, 28, 18, 22
BETWEEN, LEFT = 56, 46
"""Pixels between two columns of tables, and before the first."""
_STYLE = (
    "text{font:12.5px system-ui,sans-serif}.h{font-weight:600;fill:#fff}"
    f".f{{fill:{FAINT}}}.r{{text-anchor:end}}path{{fill:none;stroke-width:1.6;opacity:.75}}"
)


@dataclass
class Box:
    """A table of the diagram."""

    name: str
    rows: list[tuple[str, list[str]]]
    x: int = 0
    y: int = 0

    @property
    def height(self) -> int:
        """Height in pixels."""
        return HEAD + ROW * max(len(self.rows), 1) + 8

    def row(self, number: int) -> float:
        """Height of the middle of a row."""
        return self.y + HEAD + ROW * (number + 0.5) + 2


def boxes() -> dict[str, Box]:
    """The main tables with the columns that refer to others."""
    return {
        name: Box(name, [row for row in references_of(standard_schema(name)) if row[1] != [name]])
        for layer in LAYERS
        for name in layer
    }


def wide() -> str:
    """The diagram with a column for each layer."""
    found = boxes()
    heights = [sum(found[n].height + GAP for n in layer) - GAP for layer in LAYERS]
    for column, layer in enumerate(LAYERS):
        spare = (max(heights) - heights[column]) // (len(layer) + 1)
        y = 8 + spare
        for name in layer:
            found[name].x, found[name].y = LEFT + column * (WIDTH + BETWEEN), y
            y += found[name].height + GAP + spare
    lines = []
    for box, at, target in _references(found):
        x, level, to_y = box.x, box.row(at), target.y + HEAD / 2
        if target.x == box.x:  # around the side
            out = x - min(16 + abs(level - to_y) / 8, 54)
            way = f"C{out:.0f} {level:.0f} {out:.0f} {to_y:.0f} {x} {to_y:.0f}"
        else:
            to_x = target.x + WIDTH
            bend = (x + to_x) // 2
            way = f"C{bend} {level:.0f} {bend} {to_y:.0f} {to_x} {to_y:.0f}"
        lines.append(_line(target, f"M{x} {level:.0f}{way}"))
    return _svg(LEFT + 8 + 3 * WIDTH + 2 * BETWEEN, max(heights) + 16, found, lines)


def narrow() -> str:
    """The diagram with all tables below each other."""
    found, y = boxes(), 8
    for box in found.values():
        box.x, box.y = 6, y
        y += box.height + GAP
    lines = []
    right, tables = 6 + WIDTH, list(found)
    for box, at, target in _references(found):
        # each target has a lane of its own
        lane = right + 12 + 10 * (tables.index(target.name) % 8)
        from_y, to_y = box.row(at), target.y + HEAD / 2
        side = 6 if to_y < from_y else -6
        lines.append(
            _line(
                target,
                f"M{right} {from_y:.0f}H{lane - 6}q6 0 6 {-side}V{to_y + side:.0f}"
                f"q0 {-side} -6 {-side}H{right}",
            )
        )
    return _svg(380, y - GAP + 8, found, lines)


def _references(found: dict[str, Box]) -> list[tuple[Box, int, Box]]:
    return [
        (box, at, found[target])
        for box in found.values()
        for at, (_, targets) in enumerate(box.rows)
        for target in targets
        if target in found
    ]


def _line(target: Box, way: str) -> str:
    return f'<path d="{way}" stroke="{COLOURS[target.name]}"/>'


def _svg(width: int, height: int, found: dict[str, Box], lines: list[str]) -> str:
    drawn = [part for box in found.values() for part in _drawn(box)]
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
                f'viewBox="0 0 {width} {height}" role="img">'
            ),
            "<title>The main tables and the columns that refer to others</title>",
            f"<style>{_STYLE}</style>",
            f'<rect width="{width}" height="{height}" rx="6" fill="{PAPER}"/>',
            *lines,
            *drawn,
            "</svg>\n",
        ]
    )


def _drawn(box: Box) -> list[str]:
    x, y, colour = box.x, box.y, COLOURS[box.name]
    parts = [
        (
            f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{box.height}" rx="5" fill="#fff" '
            f'stroke="{colour}"/>'
        ),
        (
            f'<path d="M{x} {y + HEAD}v{5 - HEAD}q0 -5 5 -5h{WIDTH - 10}q5 0 5 5v{HEAD - 5}z" '
            f'style="fill:{colour};opacity:1"/>'
        ),
        f'<text class="h" x="{x + 9}" y="{y + 19}">{box.name}</text>',
    ]
    if not box.rows:
        parts.append(f'<text class="f" x="{x + 9}" y="{box.row(0) + 4:.0f}">id, name</text>')
    for at, (column, targets) in enumerate(box.rows):
        level = f"{box.row(at) + 4:.0f}"
        colour = COLOURS.get(targets[0], FAINT)
        named = escape(" or ".join(targets))
        parts += [
            f'<text x="{x + 9}" y="{level}" fill="{INK}">{column}</text>',
            f'<text class="r" x="{x + WIDTH - 9}" y="{level}" fill="{colour}">{named}</text>',
        ]
    return parts


def files() -> dict[Path, str]:
    """The text of each file."""
    return {ASSETS / "entities-wide.svg": wide(), ASSETS / "entities-narrow.svg": narrow()}


def main() -> None:
    """Write them."""
    for file, text in files().items():
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
