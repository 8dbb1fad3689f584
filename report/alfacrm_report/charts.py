"""Charts as static SVG, drawn by Vega-Lite.

Colours are CSS variables of the page, so that one picture suits a light page, a dark page and
paper. Each chart is drawn twice, for a phone and for a desktop, because SVG text shrinks with its
picture.
"""

from __future__ import annotations

import functools
import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import vl_convert

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

NARROW, WIDE = 328, 540
"""Widths in pixels."""
_VEGALITE = "6.4"
_LETTER = 7.9
"""Width of a letter in the widest of the fonts, in pixels."""
_NARROW_NAME, _WIDE_NAME = 44, 27
"""Most letters of a name in a chart; the table has the whole one."""
_SIZE = re.compile(r'(<svg[^>]*?) width="[\d.]+" height="[\d.]+"')
_EMPTY = re.compile(r'<path class="(?:back|fore)ground"[^>]* d=""[^>]*/>|<g></g>')
_DIGITS = re.compile(r"(?<=\.\d\d)\d+")
_CONFIG = {
    "font": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
    "aria": False,
    "view": {"stroke": None},
    "text": {"color": "var(--ink)", "fontSize": 12},
    "axis": {
        "domain": False,
        "ticks": False,
        "grid": False,
        "title": None,
        "labelColor": "var(--muted)",
        "labelFontSize": 12,
        "labelPadding": 6,
        "gridColor": "var(--line)",
    },
}


@dataclass(frozen=True)
class Series:
    """A measure of a chart.

    Attributes:
        name: Text of its legend.
        colour: CSS variable, without `--`.
        values: One for each place; None leaves a gap.
    """

    name: str
    colour: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Picture:
    """One chart in both widths, with what stands above it."""

    title: str
    narrow: str
    wide: str


def bars(
    names: Sequence[str],
    series: Sequence[Series],
    shown: Sequence[str],
    *,
    title: str = "",
    top: float | None = None,
) -> Picture:
    """Draw horizontal bars, stacked where there are several series.

    Args:
        names: Beside the bars.
        series: Their measures.
        shown: What is written at the end of each bar.
        title: Above the chart.
        top: End of the scale; that of the longest bar without it.

    Returns:
        The picture.
    """
    places = range(len(names))
    totals = [sum(abs(one.values[place] or 0) for one in series) for place in places]
    below = min((min(one.values[place] or 0, 0) for one in series for place in places), default=0)
    end = max([*totals, top or 0]) or 1
    if below < 0:
        end = max(*(one.values[place] or 0 for one in series for place in places), -below / 9)
    values = [
        {"place": place, "order": order, "value": one.values[place] or 0, "fill": one.colour}
        for order, one in enumerate(series)
        for place in places
    ]
    ends = [
        {
            "place": place,
            "shown": shown[place],
            "value": sum(max(one.values[place] or 0, 0) for one in series),
        }
        for place in places
    ]

    def draw(width: int) -> str:
        narrow = width == NARROW
        step = 40 if narrow else 28
        cut = [_cut(name, _NARROW_NAME if narrow else _WIDE_NAME) for name in names]
        limit = 0 if narrow else int(max(map(len, cut), default=0) * _LETTER) + 12
        axis = {
            "labelExpr": f"{json.dumps(cut)}[datum.value]",
            "labelColor": "var(--ink)",
            "labelLimit": 0,
            "minExtent": limit,
            "maxExtent": limit,
        }
        place = {"field": "place", "type": "ordinal", "axis": None if narrow else axis}
        room = _LETTER * max((len(text) for text in shown), default=0) + 10
        space = width - room - limit
        domain = [below * 1.02, below + (end - below) * (space + room) / space]
        scale = {"domain": domain, "nice": False, "zero": True}
        length = {"type": "quantitative", "scale": scale, "axis": None}
        height = {"band": 0.36 if narrow else 0.68}
        layers: list[dict[str, Any]] = [
            {
                "data": {"values": values},
                "mark": {"type": "bar", "height": height, "yOffset": 8 if narrow else 0},
                "encoding": {
                    "x": {**length, "field": "value", "stack": "zero"},
                    "order": {"field": "order"},
                    "color": _fill(series),
                },
            },
            {
                "data": {"values": ends},
                "mark": {"type": "text", "align": "left", "dx": 6, "dy": 8 if narrow else 0},
                "encoding": {
                    "x": {**length, "field": "value"},
                    "text": {"field": "shown"},
                },
            },
        ]
        if narrow:
            mark = {"type": "text", "align": "left", "x": 0, "dy": -9}
            places_of_names = [{"place": place, "name": name} for place, name in enumerate(cut)]
            layers.append(
                {
                    "data": {"values": places_of_names},
                    "mark": mark,
                    "encoding": {"text": {"field": "name"}},
                }
            )
        return _svg(
            {
                "width": width,
                "height": max(len(names), 1) * step,
                "encoding": {"y": place},
                "layer": layers,
            }
        )

    return _both(title, draw)


def columns(
    months: Mapping[str, str],
    series: Sequence[Series],
    ticks: Callable[[float], str],
    *,
    title: str = "",
) -> Picture:
    """Draw columns by month, stacked, with negative values below the axis.

    Args:
        months: Labels of the months, in order, by their ISO dates.
        series: Measures of the months.
        ticks: Writes a value of the axis.
        title: Above the chart.

    Returns:
        The picture.
    """
    data = [
        {"month": month, "order": order, "value": value or 0, "fill": one.colour}
        for order, one in enumerate(series)
        for month, value in zip(months, one.values, strict=True)
    ]
    stacks = list(zip(*(one.values for one in series), strict=True))
    top = max((sum(max(value or 0, 0) for value in stack) for stack in stacks), default=0)
    low = min((sum(min(value or 0, 0) for value in stack) for stack in stacks), default=0)

    def draw(width: int) -> str:
        return _svg(
            {
                "width": width,
                "height": _height(width),
                "data": {"values": data},
                "mark": {"type": "bar", "width": {"band": 0.78}},
                "encoding": {
                    "x": _months(months, width),
                    "y": _axis(low, top, ticks),
                    "order": {"field": "order"},
                    "color": _fill(series),
                },
            }
        )

    return _both(title, draw)


def lines(
    months: Mapping[str, str],
    series: Sequence[Series],
    ticks: Callable[[float], str],
    *,
    title: str = "",
) -> Picture:
    """Draw a line for each series, with its last value at its end.

    Args:
        months: Labels of the months, in order, by their ISO dates.
        series: Measures of the months.
        ticks: Writes a value of the axis.
        title: Above the chart.

    Returns:
        The picture.
    """
    data, ends = [], []
    for one in series:
        own = [
            {"month": month, "value": value, "fill": one.colour, "shown": ticks(value)}
            for month, value in zip(months, one.values, strict=True)
            if value is not None
        ]
        data += own
        ends += own[-1:]
    known = [value for one in series for value in one.values if value is not None]
    top = max(known, default=1)

    def draw(width: int) -> str:
        return _svg(
            {
                "width": width,
                "height": _height(width),
                "encoding": {
                    "x": _months(months, width),
                    "y": _axis(0, top, ticks),
                    "color": _fill(series),
                },
                "layer": [
                    {
                        "data": {"values": data},
                        "mark": {"type": "line", "strokeWidth": 2.5, "strokeJoin": "round"},
                    },
                    {
                        "data": {"values": ends},
                        "mark": {"type": "point", "filled": True, "size": 55, "opacity": 1},
                    },
                    {
                        "data": {"values": ends},
                        "mark": {"type": "text", "dy": -12, "align": "right", "dx": 6},
                        "encoding": {
                            "text": {"field": "shown"},
                            "color": {"value": "var(--ink)"},
                        },
                    },
                ],
            }
        )

    return _both(title, draw)


def nice_ticks(low: float, top: float, count: int = 4) -> list[float]:
    """Return round values that span a range.

    Args:
        low: Smallest value.
        top: Largest value.
        count: About how many steps.

    Returns:
        The values, ascending; the ends lie outside the range.
    """
    top = top if top > low else low + 1
    raw = (top - low) / count
    unit = 10 ** math.floor(math.log10(raw))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if raw <= unit * factor)
    first, last = math.floor(low / step), math.ceil(top / step)
    return [round(step * number, 10) for number in range(first, last + 1)]


def _cut(name: str, letters: int) -> str:
    """A name that fits, because Vega measures text in another font than that of the reader."""
    return name if len(name) <= letters else f"{name[: letters - 1].rstrip()}…"


def _both(title: str, draw: Callable[[int], str]) -> Picture:
    return Picture(title, draw(NARROW), draw(WIDE))


def _height(width: int) -> int:
    return 210 if width == NARROW else 300


def _fill(series: Sequence[Series]) -> dict[str, Any]:
    colours = list(dict.fromkeys(one.colour for one in series))
    scale = {"domain": colours, "range": [f"var(--{colour})" for colour in colours]}
    return {"field": "fill", "type": "nominal", "scale": scale, "legend": None}


def _months(months: Mapping[str, str], width: int) -> dict[str, Any]:
    """The axis of months, with a label for each that has room."""
    spacing = 72 if width == NARROW else 62
    every = max(1, math.ceil(spacing * len(months) / width))
    every = next((steps for steps in (1, 2, 3, 4, 6, 12) if steps >= every), every)
    shown = list(months)[::-1][::every][::-1]
    axis = {
        "labelExpr": f"{json.dumps(months)}[datum.value]",
        "values": shown,
        "labelAngle": 0,
        "labelOverlap": False,
        "labelFlush": True,
    }
    return {"field": "month", "type": "ordinal", "axis": axis, "scale": {"domain": list(months)}}


def _axis(low: float, top: float, ticks: Callable[[float], str]) -> dict[str, Any]:
    values = [value for value in nice_ticks(low, top) if value >= low]
    names = [ticks(value) for value in values]
    extent = int(max(map(len, names)) * _LETTER) + 8
    labels = json.dumps(names)
    step = values[1] - values[0]
    return {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [min(low * 1.1, 0), values[-1]], "nice": False},
        "axis": {
            "grid": True,
            "values": values,
            "minExtent": extent,
            "maxExtent": extent,
            "labelExpr": f"{labels}[round((datum.value - {values[0]}) / {step})]",
        },
    }


def _svg(spec: dict[str, Any]) -> str:
    whole = {
        **spec,
        "config": _CONFIG,
        "background": None,
        "padding": {"left": 2, "right": 12, "top": 4, "bottom": 2},
        "autosize": {"type": "fit", "contains": "padding"},
    }
    return _drawn(json.dumps(whole))


@functools.cache
def _drawn(spec: str) -> str:
    """Draw a picture; many are the same in two languages."""
    drawn = vl_convert.vegalite_to_svg(spec, vl_version=_VEGALITE)
    drawn = _DIGITS.sub("", _EMPTY.sub("", drawn))
    return _SIZE.sub(r"\1", drawn, count=1)
