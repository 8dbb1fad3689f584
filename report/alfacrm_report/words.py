"""Texts, numbers and dates in the language of a reader; the texts are in words.toml."""

from __future__ import annotations

import functools
import tomllib
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, TypeAlias

from babel import Locale, dates, numbers
from markupsafe import Markup

if TYPE_CHECKING:
    import datetime as dt

LANGUAGES = ("uk", "ru", "en")
MINUS = "\N{MINUS SIGN}"
NONE = "—"
"""Shown where there is no value."""
_SHORT, _WHOLE = 10_000, 100
"""Below the first, a number is shorter than with a word behind it; from the second on, its
decimals do not matter."""
_TENS, _MILLION = 100_000, 1_000_000
Number: TypeAlias = int | float | Decimal


@functools.cache
def table() -> dict[str, dict[str, str]]:
    """The texts in all languages, by key."""
    text = files(__package__ or "alfacrm_report").joinpath("words.toml").read_text("utf-8")
    found: dict[str, dict[str, str]] = tomllib.loads(text)
    return found


class Words:
    """The texts and formats of one language."""

    def __init__(self, language: str, currency: str = "") -> None:
        self.language = language
        self.locale = Locale("en", "GB") if language == "en" else Locale(language)
        self._currency = currency

    @property
    def own_name(self) -> str:
        """The name of the language in itself."""
        return str(self.locale.languages[self.language]).capitalize()

    def __call__(self, key: str, **values: str) -> Markup:
        """Return a text with values in its places.

        Args:
            key: Key of the text.
            values: What to put in; escaped.

        Returns:
            The text as HTML.
        """
        return Markup(table()[key][self.language]).format(**values)  # noqa: S704 - the texts are constants of this package, and the values are escaped

    def name(self, value: str | None, missing: str = "no_name") -> str:
        """A name from the account; what the models write for an unknown one is translated."""
        if value is None:
            return str(self(missing))
        known = {"(no source given)": "no_source", "(no reason given)": "no_reason"}
        known |= {"(nobody)": "nobody", "(unsorted)": "unsorted"}
        return str(self(known[value])) if value in known else value

    def number(self, value: Number | None, digits: int = 0) -> str:
        """A number with separators of thousands."""
        if value is None:
            return NONE
        shown = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits))
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return numbers.format_decimal(shown, format=pattern, locale=self.locale)

    def short(self, value: Number | None) -> str:
        """A number with few digits, such as 1.2M."""
        if value is None:
            return NONE
        size = abs(float(value))
        if size < _SHORT:
            return self.number(value, 0 if value == int(value) or size >= _WHOLE else 1)
        return numbers.format_compact_decimal(
            Decimal(str(value)),
            fraction_digits=0 if _TENS <= size < _MILLION else 1,
            locale=self.locale,
        )

    def money(self, value: Number | None) -> str:
        """An amount without its cents."""
        return self.number(value) + self._unit(value)

    def short_money(self, value: Number | None) -> str:
        """An amount with few digits."""
        return self.short(value) + self._unit(value)

    def share(self, value: Number | None, digits: int = 0) -> str:
        """A share from 0 to 1 in percent."""
        if value is None:
            return NONE
        pattern = "#,##0" + (".0" if digits else "") + "%"
        return numbers.format_percent(Decimal(str(value)), format=pattern, locale=self.locale)

    def change(self, new: Number | None, old: Number | None) -> str:
        """How much more or less, in percent, with its sign."""
        if new is None or not old:
            return NONE
        return self.signed(Decimal(str(new)) / Decimal(str(old)) - 1)

    def signed(self, value: Number | None) -> str:
        """A share with its sign."""
        if value is None:
            return NONE
        return numbers.format_percent(
            Decimal(str(value)), format=f"+#,##0%;{MINUS}#,##0%", locale=self.locale
        )

    def points(self, new: Number | None, old: Number | None) -> str:
        """The difference of two shares, in percentage points."""
        if new is None or old is None:
            return NONE
        value = Decimal(str(new)) * 100 - Decimal(str(old)) * 100
        shown = numbers.format_decimal(value, format=f"+0.0;{MINUS}0.0", locale=self.locale)
        return str(self("points", value=shown))

    def day(self, value: dt.date | None) -> str:
        """A day."""
        form = "d MMM yyyy" if self.language == "en" else "dd.MM.yyyy"
        return NONE if value is None else dates.format_date(value, form, locale=self.locale)

    def month(self, value: dt.date, *, short: bool = False) -> str:
        """A month, such as October 2025."""
        form = "LLLL yyyy"
        if short:
            form = "LLL ''yy" if self.language == "en" else "LLL yy"
        shown = dates.format_date(value, form, locale=self.locale)
        return shown.replace(".", "") if short else shown

    def _unit(self, value: Number | None) -> str:
        return f"\N{NO-BREAK SPACE}{self._currency}" if self._currency and value is not None else ""
