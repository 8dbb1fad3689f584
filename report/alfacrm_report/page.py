"""Write the page: one HTML file with its styles, its pictures and every language."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from alfacrm_report.figures import CHAPTERS
from alfacrm_report.headlines import headlines
from alfacrm_report.words import LANGUAGES, Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alfacrm_report.kit import Data, Figure, Tile


@dataclass(frozen=True)
class Edition:
    """The page in one language.

    Attributes:
        words: Its texts.
        tiles: Its headline numbers.
        chapters: Its figures, by chapter.
    """

    words: Words
    tiles: Sequence[Tile]
    chapters: dict[str, list[Figure]]


def edition(data: Data, words: Words) -> Edition:
    """Draw all figures in a language."""
    chapters = {
        name: [figure(data, words) for figure in figures] for name, figures in CHAPTERS.items()
    }
    return Edition(words, headlines(data, words), chapters)


def render(data: Data, *, language: str = "uk", currency: str = "") -> str:
    """Write the page.

    Args:
        data: The marts.
        language: Shown first.
        currency: Written behind amounts.

    Returns:
        The HTML.
    """
    order = sorted(LANGUAGES, key=lambda each: each != language)
    environment = Environment(
        loader=PackageLoader("alfacrm_report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"picture": _picture, "plain": _plain}
    return environment.get_template("page.html").render(
        editions=[edition(data, Words(each, currency)) for each in order],
        data=data,
        first=language,
        numbered=_numbers,
    )


def _numbers(chapters: dict[str, list[Figure]]) -> dict[str, int]:
    """Numbers of the figures, in the order of the page."""

    def keys() -> Iterator[str]:
        for figures in chapters.values():
            yield from (figure.key for figure in figures)

    return {key: number for number, key in enumerate(keys(), start=1)}


def _plain(value: object) -> str:
    """The exact value behind a text, written alike whatever the database."""
    if value is None:
        return ""
    if isinstance(value, (float, Decimal)):
        return format(round(Decimal(str(value)), 6).normalize(), "f")
    return str(value)


def _picture(svg: str, width: str, text: str) -> Markup:
    """An SVG as an image with an alternative text."""
    attributes = Markup('class="chart {}" role="img" aria-label="{}"').format(width, text)
    return Markup(svg.replace('class="marks"', attributes, 1))  # noqa: S704 - drawn by Vega, which escapes the names in it
