"""What the figures of the page are made of."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alfacrm_report.charts import Series, bars
from alfacrm_report.words import NONE, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from markupsafe import Markup

    from alfacrm_report.charts import Picture
    from alfacrm_report.database import Database, Row

MONTHS, TREND = 12, 24
"""Months of the tables, and of the charts by month."""
SHOWN = 10
"""Bars of a chart and rows of a table, where there may be many."""
RANKED = 12
"""Rows that are compared by their conversion."""
FEW = 10
"""Cards below which a share says nothing."""
SHADES = 6
_PHONE, _LETTER, _PADDING = 318, 7.4, 12
"""Pixels: room for a table on a phone, a letter in it, and what lies between two cells."""
_WRAPPED = 18
"""Letters of a line of the first column, whose texts may take several lines."""


def add_months(day: dt.date, months: int) -> dt.date:
    """The first day of a month that lies some months before or after that of a day."""
    years, month = divmod(day.month - 1 + months, 12)
    return dt.date(day.year + years, month + 1, 1)


class Data:
    """The marts, read once for all languages.

    Attributes:
        today: The day on which the page is about.
        until: First day of the month of `today`, which is not complete.
        since: First day of the last twelve complete months.
        before: First day of the twelve months before these.
        months: The 24 complete months, in order.
        last: The last complete month.
        with_names: Whether names of pupils may be shown.
    """

    def __init__(self, database: Database, today: dt.date, *, with_names: bool) -> None:
        self._database = database
        self._found: dict[str, list[Row]] = {}
        self.today = today
        self.with_names = with_names
        self.until = today.replace(day=1)
        self.since = add_months(self.until, -MONTHS)
        self.before = add_months(self.until, -TREND)
        self.months = [add_months(self.before, number) for number in range(TREND)]
        self.last = self.months[-1]

    def ask(self, query: str) -> list[Row]:
        """Run a query with the days of the page as parameters."""
        if query not in self._found:
            values = {
                "today": self.today,
                "until": self.until,
                "since": self.since,
                "before": self.before,
                "last": self.last,
                "quarter": add_months(self.until, -3),
            }
            self._found[query] = self._database.ask(query, values)
        return self._found[query]


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What is shown.
        value: The exact number behind it.
        shade: Of a heat map, from 0 to 5; None leaves it blank.
        numeric: Whether it is aligned to the right.
        mark: `good` or `bad`.
    """

    text: str
    value: Any = None
    shade: int | None = None
    numeric: bool = True
    mark: str = ""


@dataclass(frozen=True)
class Table:
    """A table of a figure.

    Attributes:
        head: Titles of the columns.
        rows: Cells of the rows.
        total: Cells of the last row, which sums the others.
        measures: Names of the columns, by which a cell is found; equal to the query's.
    """

    measures: Sequence[str]
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] = ()

    @property
    def folds(self) -> bool:
        """Whether a row is too long for a phone, and takes two lines there."""
        lines = [*self.rows, self.total] if self.total else self.rows
        letters = [
            max(
                (min(len(row[place].text), _WRAPPED if place == 0 else 99) for row in lines),
                default=0,
            )
            for place in range(len(self.head))
        ]
        words = [max(map(len, title.split()), default=0) for title in self.head]
        longest = [max(pair) for pair in zip(letters, words, strict=True)]
        return sum(longest) * _LETTER + len(longest) * _PADDING > _PHONE


@dataclass(frozen=True)
class Figure:
    """One question with its charts and its table.

    Attributes:
        key: Anchor, and prefix of its texts.
        mart: Model that it is drawn from.
        finding: Sentence that says what the data show.
        pictures: Charts; none where there are no rows.
        legend: Series of the charts.
        table: The numbers.
    """

    key: str
    mart: str
    finding: Markup
    pictures: Sequence[Picture] = ()
    legend: Sequence[Series] = ()
    table: Table | None = None


@dataclass(frozen=True)
class Tile:
    """A headline number."""

    key: str
    text: str
    value: Any
    beside: str = ""
    mark: str = ""
    title: str = ""


@dataclass(frozen=True)
class Columns:
    """Describes the columns of a table, and makes it of rows.

    Attributes:
        words: The language.
        kinds: How a column is written, by its name: `text`, `number`, `money`, `share`,
            `change`, `day`.
        summed: Names of the columns that the last row sums; no such row without them.
    """

    words: Words
    kinds: dict[str, str]
    summed: Sequence[str] = field(default=())

    def table(self, rows: Iterable[Row]) -> Table:
        """Make a table.

        Args:
            rows: Values by the names of the columns.

        Returns:
            The table.
        """
        listed = list(rows)
        total: list[Cell] = []
        if self.summed:
            sums = {name: sum(row[name] or 0 for row in listed) for name in self.summed}
            first = next(iter(self.kinds))
            total = [
                Cell(self.words.text("total"), numeric=False)
                if name == first
                else self._cell(name, sums[name])
                if name in sums
                else Cell("")
                for name in self.kinds
            ]
        return Table(
            list(self.kinds),
            [self.words.text(f"column.{name}") for name in self.kinds],
            [[self._cell(name, row[name]) for name in self.kinds] for row in listed],
            total,
        )

    def _cell(self, name: str, value: Any) -> Cell:  # noqa: ANN401 - a value of a database
        kind = self.kinds[name]
        if kind == "text":
            return Cell(NONE if value is None else str(value), value, numeric=False)
        write: dict[str, Callable[[Any], str]] = {
            "number": self.words.number,
            "money": self.words.number,
            "share": self.words.share,
            "change": self.words.signed,
            "day": self.words.day,
        }
        return Cell(write[kind](value), value)


def heat(words: Words, share: float | None, top: float) -> Cell:
    """A cell whose shade is its share of the largest one."""
    if share is None:
        return Cell("")
    shade = min(int(SHADES * share / top), SHADES - 1) if top else 0
    return Cell(words.share(share), share, shade=shade)


def ratio(part: Any, whole: Any) -> float | None:  # noqa: ANN401 - numbers of a database
    """A share; None of nothing."""
    return float(part) / float(whole) if part is not None and whole else None


def by_conversion(rows: Sequence[Row], name: str) -> list[Row]:
    """The rows with enough cards for a share, the best conversion first.

    Args:
        rows: Rows with `cards` and `conversion`, those with the most cards first.
        name: Column of the name.
    """
    enough = [row for row in rows if row["cards"] >= FEW][:RANKED] or rows[:RANKED]
    return sorted(enough, key=lambda row: (-(row["conversion"] or 0), row[name]))


def draw_conversions(rows: Sequence[Row], name: str, words: Words) -> Picture:
    """Draw the conversions of rows as bars."""
    return bars(
        [row[name] for row in rows],
        [Series("", "c1", floats(row["conversion"] for row in rows))],
        [words.share(row["conversion"]) for row in rows],
    )


def by_month(data: Data, rows: Iterable[Row], month: str, value: str) -> list[Any]:
    """The values of the months of the charts; None where a month has no row."""
    found = {row[month]: row[value] for row in rows}
    return [found.get(each) for each in data.months]


def labels(data: Data, words: Words) -> dict[str, str]:
    """Labels of the months of the charts."""
    return {month.isoformat(): words.month(month, short=True) for month in data.months}


def floats(values: Iterable[Any]) -> list[float | None]:
    """Numbers of a database as those of a chart."""
    return [None if value is None else float(value) for value in values]


def folded(rows: Sequence[Row], name: str, measures: Sequence[str], rest: str) -> list[Row]:
    """The first rows, and one that sums the others.

    Args:
        rows: Rows in order.
        name: Column of the name.
        measures: Columns to sum.
        rest: Name of the last row.

    Returns:
        At most one row more than a chart shows.
    """
    if len(rows) <= SHOWN + 1:
        return list(rows)
    others = rows[SHOWN:]
    last: Row = {measure: sum(row[measure] or 0 for row in others) for measure in measures}
    return [*rows[:SHOWN], {**rows[0], **last, name: rest}]
