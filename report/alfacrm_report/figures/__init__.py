"""The figures of the page, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alfacrm_report.figures import leads, lessons, money, people, trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from alfacrm_report.kit import Data, Figure
    from alfacrm_report.words import Words

CHAPTERS: dict[str, tuple[Callable[[Data, Words], Figure], ...]] = {
    "leads": (
        leads.customers,
        leads.funnel,
        leads.stages,
        leads.reasons,
        leads.losses,
        leads.sources,
        leads.cohorts,
    ),
    "lessons": (lessons.attendance, lessons.retention, lessons.groups),
    "money": (money.revenue, money.branches, money.balances, money.debtors),
    "people": (people.managers, people.teachers),
    "trust": (trust.quality, trust.proof),
}
"""Chapters of the page, and their figures."""
