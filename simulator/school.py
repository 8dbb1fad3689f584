"""What is frequent in the made-up school, where, and when.

The school grows by a fifth a year. Leads come in September and stay away in summer. Its second
branch is weak: it loses leads to a timetable that does not suit them, and pupils stay away. Its
fourth manager wins most of the leads that this manager works on.
"""

from __future__ import annotations

from bisect import bisect
from datetime import UTC, datetime
from itertools import accumulate, cycle, islice
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

OPENED = int(datetime(2018, 1, 8, 7, tzinfo=UTC).timestamp())
NOW = int(datetime(2025, 11, 1, 10, tzinfo=UTC).timestamp())
GROUPS_SINCE = int(datetime(2022, 9, 1, 6, tzinfo=UTC).timestamp())
LESSONS_SINCE = int(datetime(2024, 9, 2, 6, tzinfo=UTC).timestamp())
"""When the school began to record lessons in the CRM."""
YEARLY_GROWTH = 1.2
DEMAND = (110, 100, 95, 85, 70, 45, 40, 90, 200, 145, 105, 70)
"""How many leads and payments come, by month."""
TIMETABLE = (85, 100, 105, 100, 90, 40, 25, 35, 110, 120, 115, 80)
"""How many lessons are held, by month."""
WEAK_BRANCH = 1
"""Its position in the list of branches."""

STAGES = (
    *("Нова заявка", "Недодзвон", "Потребу з'ясовано", "Записаний на пробний"),
    *("Був на пробному", "Думає", "Чекає на групу", "Чекаємо на оплату"),
)
CAMP_STAGES = ("Заявка в табір", "Зміну обрано", "Передоплата за табір", "Табір оплачено")
LEAD_REJECTS = (
    *("Зникли без відповіді", "Дорого", "Незручний час", "Обрали іншу школу", "Передумали"),
    *("Пробний не сподобався", "Далеко", "Немає групи за віком", "Хибний номер", "Дубль картки"),
    *("Хвороба", "Переїзд"),
)
CUSTOMER_REJECTS = (
    *("Закінчили курс", "Втратили інтерес", "Подорожчало", "Незручний розклад", "Переїзд"),
    *("Перейшли до іншої школи", "Хвороба", "Немає часу через навчання", "Зміна викладача"),
    *("Сімейні обставини", "Онлайн не підійшов", "Конфлікт із викладачем"),
)
SOURCES = (
    *("Instagram", "Рекомендація", "Сайт", "Google", "Facebook", "TikTok", "Вивіска"),
    *("Дзвінок", "День відкритих дверей", "Партнери", "Листівка", "Сарафанное радио"),
)
TRIAL_STAGE = 3
"""Position of the first stage at which a lead has heard the price and the time."""
BAD_TIME = LEAD_REJECTS.index("Незручний час")

OPEN, CLIENT, LOST, FORMER = (0, False), (1, False), (0, True), (1, True)
Kind = tuple[int, bool]
"""`is_study` of a card, and whether it is archived."""
_ALIKE = (30, 22, 24, 19, 5)
BRANCHES = {OPEN: _ALIKE, LOST: (24, 34, 20, 18, 4), CLIENT: (33, 10, 28, 24, 5), FORMER: _ALIKE}
MANAGERS = {
    OPEN: (8, 9, 8, 16, 7, 9, 8, 7, 8, 7, 7, 6),
    LOST: (9, 11, 9, 6, 8, 11, 9, 8, 9, 7, 7, 6),
    CLIENT: (8, 7, 8, 31, 6, 6, 7, 6, 7, 5, 5, 4),
    FORMER: (9, 8, 9, 22, 7, 7, 8, 7, 8, 6, 5, 4),
}
SOURCE_SHARES = {
    OPEN: (30, 9, 14, 10, 7, 17, 3, 3, 3, 2, 1, 1),
    LOST: (31, 6, 14, 11, 9, 15, 4, 4, 2, 2, 2, 0),
    CLIENT: (20, 27, 16, 11, 5, 3, 6, 5, 3, 1, 2, 1),
    FORMER: (22, 22, 16, 13, 7, 4, 6, 5, 2, 1, 1, 1),
}
STAGE_SHARES = {
    OPEN: (44, 30, 30, 22, 19, 20, 16, 12, 3, 2, 1, 1),
    LOST: (27, 62, 32, 22, 26, 18, 7, 4, 3, 2, 1, 0),
}
EARLY_REJECTS = (44, 8, 8, 6, 9, 0, 6, 4, 9, 5, 1, 0)
LATE_REJECTS = (11, 27, 16, 15, 8, 10, 5, 4, 0, 0, 3, 1)
CUSTOMER_REJECT_SHARES = (28, 19, 13, 11, 8, 6, 5, 4, 3, 1, 1, 1)
STUDY_STATUSES = {CLIENT: (78, 8, 4, 2, 8), FORMER: (12, 10, 4, 70, 4)}
LESSON_PRICES = (280, 300, 330, 360, 400)
SINGLE_LESSON = 450


class Shares(Generic[T]):
    """Options with their frequencies; these repeat if there are more options."""

    def __init__(self, options: Sequence[T], weights: Sequence[int]) -> None:
        """Prepare to pick; an option without weight is picked only if all others are missing."""
        self._options = options
        self._sums = list(accumulate(islice(cycle(weights), len(options))))
        if self._sums and not self._sums[-1]:
            self._sums = list(range(1, len(options) + 1))

    def pick(self, chance: Callable[[], float]) -> T:
        """Pick one."""
        return self._options[bisect(self._sums, chance() * self._sums[-1])]


class Calendar:
    """Random moments by season, more of them in later years."""

    def __init__(self, since: int, seasons: Sequence[int], growth: float = YEARLY_GROWTH) -> None:
        """Prepare for moments from `since` until now."""
        first, last = datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(NOW, UTC)
        months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
        begins = [_begin(month) for month in months]
        self._spans = [
            (max(begin, since), min(_begin(month + 1), NOW))
            for month, begin in zip(months, begins, strict=True)
        ]
        whole = [_begin(month + 1) - begin for month, begin in zip(months, begins, strict=True)]
        self._sums = list(
            accumulate(
                seasons[month % 12] * growth ** (month / 12 - months[0] / 12) * (end - begin) / days
                for month, (begin, end), days in zip(months, self._spans, whole, strict=True)
            )
        )

    def moment(self, chance: Callable[[], float]) -> int:
        """Pick a moment."""
        at = min(bisect(self._sums, chance() * self._sums[-1]), len(self._spans) - 1)
        begin, end = self._spans[at]
        return begin + int(chance() * (end - begin))


def _begin(month: int) -> int:
    return int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp())
