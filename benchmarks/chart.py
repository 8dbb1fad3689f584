"""Draw CPU per record, and time against the limit, from a result given as JSON on stdin.

Runs in the environment of the rivals, which has pygal.
"""

from __future__ import annotations

import json
import sys

import pygal  # type: ignore[import-not-found]
from pygal.style import Style  # type: ignore[import-not-found]

OWN, OTHER = "#1b7f5c", "#9aa5b1"


def bars(title: str, values: dict[str, float], unit: str) -> str:
    """Horizontal bars, the least at the top."""
    ordered = sorted(values.items(), key=lambda item: -item[1])
    chart = pygal.HorizontalBar(
        title=title,
        style=Style(
            background="transparent",
            plot_background="transparent",
            font_family="sans-serif",
            value_font_size=12,
        ),
        show_legend=False,
        print_values=True,
        print_values_position="top",
        width=760,
        height=60 + 42 * len(values),
        margin=12,
        value_formatter=lambda value: f"{value:.1f} {unit}",
        disable_xml_declaration=False,
        no_prefix=True,
        js=[],
    )
    chart.x_labels = [name for name, _ in ordered]
    chart.add(
        "",
        [
            {"value": value, "color": OWN if name == "tap-alfacrm" else OTHER}
            for name, value in ordered
        ],
    )
    return str(chart.render(is_unicode=True))


def main() -> None:
    """Write the file for each chart named on stdin."""
    for chart in json.load(sys.stdin):
        with open(chart["file"], "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(bars(chart["title"], chart["values"], chart["unit"]) + "\n")


if __name__ == "__main__":
    main()
