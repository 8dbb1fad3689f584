"""Managers and teachers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alfacrm_report.charts import Series, bars
from alfacrm_report.kit import Columns, Data, Figure, by_conversion, draw_conversions, floats, ratio

if TYPE_CHECKING:
    from alfacrm_report.words import Words

SHOWN = 12

MANAGERS = """
    SELECT
        manager_id,
        manager,
        sum(cards) AS cards,
        sum(clients) AS became_clients,
        sum(net_income) AS net_income,
        sum(tasks_due) AS tasks_due,
        sum(tasks_done_in_time) AS tasks_done_in_time
    FROM alfacrm__manager_performance
    WHERE activity_month >= $since AND activity_month < $until
    GROUP BY manager_id, manager
    HAVING sum(cards) > 0
    ORDER BY cards DESC, manager, manager_id
"""
TEACHERS = """
    SELECT
        teacher_id,
        teacher,
        sum(lessons_conducted) AS lessons,
        sum(lessons_cancelled) AS cancelled,
        sum(minutes_conducted) AS minutes,
        sum(pupils_expected) AS expected,
        sum(pupils_came) AS came
    FROM alfacrm__teacher_load
    WHERE lesson_month >= $quarter AND lesson_month < $until
    GROUP BY teacher_id, teacher
    HAVING sum(lessons_conducted) > 0
    ORDER BY minutes DESC, teacher, teacher_id
"""


def managers(data: Data, words: Words) -> Figure:
    """What becomes of the leads of each manager."""
    mart = "alfacrm__manager_performance"
    rows = [
        {
            **row,
            "manager": words.name(row["manager"]),
            "conversion": ratio(row["became_clients"], row["cards"]),
            "in_time": ratio(row["tasks_done_in_time"], row["tasks_due"]),
        }
        for row in data.ask(MANAGERS)
    ]
    cards = sum(row["cards"] for row in rows)
    if not rows:
        return Figure("managers", mart, words("empty"))
    ranked = by_conversion(rows, "manager")
    average = ratio(sum(row["became_clients"] for row in rows), cards)
    finding = words(
        "managers.finding",
        best=ranked[0]["manager"],
        best_share=words.share(ranked[0]["conversion"]),
        average=words.share(average),
        worst=ranked[-1]["manager"],
        worst_share=words.share(ranked[-1]["conversion"]),
    )
    picture = draw_conversions(ranked, "manager", words)
    kinds = {
        "manager": "text",
        "cards": "number",
        "became_clients": "number",
        "conversion": "share",
        "net_income": "money",
        "in_time": "share",
    }
    return Figure("managers", mart, finding, [picture], (), Columns(words, kinds).table(ranked))


def teachers(data: Data, words: Words) -> Figure:
    """Hours of the teachers, and how many pupils come to them."""
    mart = "alfacrm__teacher_load"
    rows = [
        {
            **row,
            "teacher": words.name(row["teacher"]),
            "hours": row["minutes"] / 60,
            "attendance_share": ratio(row["came"], row["expected"]),
        }
        for row in data.ask(TEACHERS)
    ]
    if not rows:
        return Figure("teachers", mart, words("empty"))
    hours = sorted(float(row["hours"]) for row in rows)
    finding = words(
        "teachers.finding",
        teachers=words.number(len(rows)),
        hours=words.number(sum(hours)),
        best=rows[0]["teacher"],
        best_hours=words.number(rows[0]["hours"]),
        median=words.number(hours[len(hours) // 2]),
    )
    shown = rows[:SHOWN]
    picture = bars(
        [row["teacher"] for row in shown],
        [Series("", "c3", floats(row["hours"] for row in shown))],
        [words.text("hours", hours=words.number(row["hours"])) for row in shown],
    )
    kinds = {
        "teacher": "text",
        **dict.fromkeys(("lessons", "cancelled", "hours"), "number"),
        "attendance_share": "share",
    }
    return Figure("teachers", mart, finding, [picture], (), Columns(words, kinds).table(shown))
