"""The headline numbers of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alfacrm_report.figures.leads import COHORTS
from alfacrm_report.figures.lessons import ATTENDANCE
from alfacrm_report.figures.money import DEBTORS, REVENUE
from alfacrm_report.figures.trust import PROOF, WHOLE
from alfacrm_report.kit import Data, Tile, add_months, ratio

if TYPE_CHECKING:
    from alfacrm_report.database import Row
    from alfacrm_report.words import Words


def headlines(data: Data, words: Words) -> list[Tile]:
    """Return the numbers of the last complete month, and the same month of the year before."""
    earlier = add_months(data.last, -12)
    month, year = words.month(data.last, short=True), words.month(earlier, short=True)

    def pair(query: str, name: str, value: str) -> tuple[Row, Row]:
        found = {row[name]: row for row in data.ask(query)}
        nothing: Row = {value: None}
        return found.get(data.last, nothing), found.get(earlier, nothing)

    def compared(key: str, query: str, name: str, value: str) -> Tile:
        new, old = (row[value] for row in pair(query, name, value))
        change = words.change(new, old)
        return Tile(
            key,
            words.short_money(new) if key == "net_income" else words.number(new),
            new,
            str(words("tile.year", change=change, month=year)) if new and old else "",
            _mark(new, old),
        )

    came, came_before = pair(ATTENDANCE, "lesson_month", "came")
    share, share_before = (ratio(row["came"], row.get("expected")) for row in (came, came_before))
    debtors = data.ask(DEBTORS)
    debt = sum(row["debt"] for row in debtors)
    parts = data.ask(PROOF)
    whole = sum(1 for row in parts if row["verdict"] == WHOLE)
    points = words.points(share, share_before)
    tiles = [
        compared("cards", COHORTS, "cohort_month", "cards"),
        compared("pupils", ATTENDANCE, "lesson_month", "pupils"),
        Tile(
            "attendance",
            words.share(share, 1),
            share,
            str(words("tile.year", change=points, month=year)) if share and share_before else "",
            _mark(share, share_before),
        ),
        compared("net_income", REVENUE, "revenue_month", "net_income"),
        Tile(
            "debt",
            words.short_money(debt),
            debt,
            str(words("tile.debtors", debtors=words.number(len(debtors)))),
        ),
        Tile(
            "proof",
            str(words("tile.parts", whole=words.number(whole), parts=words.number(len(parts))))
            if parts
            else "—",
            whole,
            str(words("tile.rows", rows=words.number(sum(row["emitted"] for row in parts))))
            if parts
            else "",
            "good" if parts and whole == len(parts) else "bad",
        ),
    ]
    return [_titled(tile, words, month) for tile in tiles]


def _titled(tile: Tile, words: Words, month: str) -> Tile:
    title = str(words(f"tile.{tile.key}", month=month))
    return Tile(tile.key, tile.text, tile.value, tile.beside, tile.mark, title)


def _mark(new: object, old: object) -> str:
    """Whether a number grew."""
    if not isinstance(new, (int, float)) and not hasattr(new, "quantize"):
        return ""
    if new is None or not old:
        return ""
    return "good" if new >= old else "bad"  # type: ignore[operator]  # both are numbers
