"""Names of made-up people, and notes about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_EMOJI = ("🙂", "🎸", "👍🏽", "❤️", "👩‍🎓", "🇺🇦")
_LATIN = (
    "Anna K", "maria", "Test Lead", "Oleksandr", "Viktor P.", "dasha", "Ivan",
    "Kate Moroz", "instagram_user", "Sofia", "facebook lead", "Zlata M.",
)  # fmt: skip
_UKRAINIAN = """
    Мороз Гончар Коваль Бондар Кравець Білик Сорока Тищенко Литвиненко Гаврилюк
    Романюк Савчук Дорошенко Панченко Яременко Гнатюк Кушнір Мазур Харченко Левченко
    Приходько Сидоренко Захарчук Ткачук Остапчук Вовк Голуб Паламар Рибак Чумак
    Швець Стельмах Заєць Олійник Назаренко Мартинюк Демчук Іванчук Близнюк Скиба
    Довгань Кучер Лисенко Руденко Тарасюк
"""
_RUSSIAN = """
    Беляев Воронов Громов Дроздов Ершов Журавлёв Зайцев Казаков Лазарев Макаров
    Никитин Орлов Поляков Рогов Сафонов Терентьев Уваров Фролов Широков Яковлев
    Крылов Данилов Голубев
"""
_KAZAKH = """
    Ахметов Бекенов Досжанов Есенов Жумабаев Ибраев Касымов Мусин Нурланов Оспанов
    Рахимов Сатпаев Тлеубаев Утепов Шарипов Сулейменов Абенов Калиев Омаров Садыков
    Турсунов
"""
_GIVEN = {
    "uk": (
        """
        Олександр Андрій Богдан Дмитро Максим Артем Назар Тарас Юрій Матвій Данило
        Ілля Остап Роман Тимофій Михайло Ярослав Денис
        """,
        """
        Олена Ірина Оксана Наталія Марія Софія Дарина Злата Вероніка Соломія Тетяна
        Юлія Анна Вікторія Христина Катерина Аліна Поліна
        """,
    ),
    "ru": (
        """
        Алексей Иван Кирилл Никита Павел Роман Сергей Тимур Егор Артём Михаил Матвей
        """,
        """
        Алина Дарья Екатерина Елизавета Ксения Марина Ольга Светлана Варвара Мария
        Анна Полина
        """,
    ),
    "kk": (
        """
        Арман Нурлан Ерлан Санжар Алихан Дамир Аскар Бауыржан Тимур Ануар Мирас
        Айдос
        """,
        """
        Айгерим Динара Алия Жанель Аружан Сауле Гульнара Мадина Айша Камила Томирис
        Асель
        """,
    ),
}
"""Given names of men and of women, by language."""
NOTES = (
    "Просять передзвонити після 18:00",
    "Мама просить вечірній час\r\nПо суботах не можуть",
    "Уже займався рік, рівень середній",
    "Хочуть брата і сестру в одну групу 👧👦",
    "Запитували про знижку за другого учня",
    "Удобно только в будни, до 19:00",
    "Пришли по рекомендации.\n\nИнтересует подготовка к концерту 🎉",
    "Попросили расписание на следующий месяц",
    "Домовились на пробне заняття\r\nНагадати за день",
    "Алергія на цитрусові",
    "Оплата карткою, потрібен чек",
    "Перенесли урок через хворобу 🙂",
    "Дитина сором'язлива, краще мала група",
    "Интересуются летним лагерем",
    "Забирає бабуся",
    'Пишуть у Viber; просили "не дзвонити"',
    "Форма з сайту\r\n" + "Питання: відповідь; " * 100,
)


def _surname(name: str, *, female: bool) -> str:
    return f"{name}а" if female and name.endswith(("ов", "ев", "ёв", "ин")) else name


_PEOPLE = [
    ([_surname(name, female=female) for name in surnames.split()], _GIVEN[language][female].split())
    for surnames, language in ((_UKRAINIAN, "uk"), (_RUSSIAN, "ru"), (_KAZAKH, "kk"))
    for female in (False, True)
]
_NATIONS = [0] * 3 + [1] * 4 + [2] + [3] * 2 + [4] + [5]
"""Indices of `_PEOPLE`: more Ukrainian names than others, more mothers than fathers."""


def real_name(chance: Callable[[], float]) -> str:
    """Combine a surname and a given name of the same language and sex."""
    surnames, given = _PEOPLE[_NATIONS[int(chance() * len(_NATIONS))]]
    return f"{surnames[int(chance() * len(surnames))]} {given[int(chance() * len(given))]}"


def full_name(chance: Callable[[], float]) -> str:
    """Combine a name as a form receives it: some are Latin, lower-case, or contain an emoji."""
    dice = chance()
    if dice < 0.08:
        return _LATIN[int(chance() * len(_LATIN))]
    name = real_name(chance)
    if dice < 0.1:
        return name.lower()
    if dice < 0.12:
        return f"{name} {_EMOJI[int(chance() * len(_EMOJI))]}"
    return name
