"""Charts of the documentation, as SVG without scripts and fonts."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import pygal  # type: ignore[import-untyped]  # the library has no types
from pygal.style import Style  # type: ignore[import-untyped]  # the library has no types

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

# its plugin finder predates Python 3.4 and causes a warning at each import
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
OWN, OTHER = "#0f766e", "#94a3b8"
PAPER, INK = "#f8fafc", "#334155"
WIDTH = 420
"""Pixels, which a phone shows without shrinking the text much."""
# pygal would overlap the value with the end of the bar
_BESIDE = "inline:.text-overlay text.value{text-anchor:start}"


def _settings(
    title: str,
    height: int,
    shown: Callable[[float], str],
    colors: tuple[str, ...] = (OWN, OTHER),
) -> dict[str, Any]:
    return {
        "title": title,
        "style": Style(
            # pages can be light or dark
            background=PAPER,
            plot_background=PAPER,
            foreground=INK,
            foreground_strong=INK,
            foreground_subtle=OTHER,
            opacity="1",
            font_family="system-ui, sans-serif",
            title_font_size=15,
            value_font_size=13,
            label_font_size=12,
            major_label_font_size=12,
            legend_font_size=14,
            colors=colors,
        ),
        "print_values": True,
        "show_y_guides": False,
        "print_values_position": "top",
        "width": WIDTH,
        "height": height,
        "margin": 12,
        "value_formatter": shown,
        "no_prefix": True,
        "js": [],
    }


def bars(
    title: str, values: Mapping[str, float], unit: str, *, own: str | None = None, digits: int = 1
) -> str:
    """Draw horizontal bars, the largest at the top.

    Args:
        title: Above the chart.
        values: What to draw, by name.
        unit: Behind each value.
        own: The name to bring out; None draws all alike.
        digits: Behind the decimal point.

    Returns:
        The SVG.
    """
    ordered = sorted(values.items(), key=lambda item: item[1])
    if own is not None:
        ordered.reverse()
    chart = pygal.HorizontalBar(
        show_legend=False,
        show_x_labels=False,
        truncate_label=-1,
        css=["file://style.css", "file://graph.css", _BESIDE],
        margin_right=60,
        **_settings(title, 60 + 42 * len(values), lambda value: f"{value:,.{digits}f} {unit}"),
    )
    chart.x_labels = [name for name, _ in ordered]
    chart.add(
        "",
        [
            {"value": value, "color": OWN if own in {None, name} else OTHER}
            for name, value in ordered
        ],
    )
    return _text(chart)


def grouped(
    title: str,
    names: Sequence[str],
    series: Mapping[str, Sequence[float | Decimal | None]],
    *,
    digits: int = 0,
) -> str:
    """Draw groups of horizontal bars, below each other.

    Args:
        title: Above the chart.
        names: Beside the groups.
        series: Values of each series, by its name.
        digits: Behind the decimal point.

    Returns:
        The SVG.
    """
    chart = pygal.HorizontalBar(
        show_legend=len(series) > 1,
        legend_at_bottom=True,
        show_x_labels=False,
        truncate_label=-1,
        css=["file://style.css", "file://graph.css", _BESIDE],
        margin_right=60,
        **_settings(
            title,
            90 + (8 + 17 * len(series)) * len(names),
            lambda value: f"{value:,.{digits}f}",
            colors=(OWN, OTHER)[: len(series)][::-1],
        ),
    )
    # pygal begins at the bottom
    chart.x_labels = list(names)[::-1]
    for name, values in reversed(list(series.items())):
        chart.add(name, [None if value is None else float(value) for value in values][::-1])
    return _text(chart)


def _text(chart: Any) -> str:  # noqa: ANN401 - pygal has no types
    """Return the SVG without pygal's comments, which contain the date."""
    return _COMMENT.sub("", f"{chart.render(is_unicode=True)}\n")
