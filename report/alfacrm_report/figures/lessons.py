"""Attendance, retention and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alfacrm_report.charts import Series, bars, columns, lines
from alfacrm_report.kit import (
    SHOWN,
    Cell,
    Columns,
    Data,
    Figure,
    Table,
    add_months,
    by_month,
    floats,
    heat,
    labels,
    ratio,
)
from alfacrm_report.words import NONE

if TYPE_CHECKING:
    from alfacrm_report.database import Row
    from alfacrm_report.words import Words

LATER = (1, 2, 3, 6, 9)
"""Months after the first lesson of which retention is shown."""
FULL, ALMOST, HALF = 1, 0.8, 0.5
BUCKETS = ("over", "full", "almost", "half", "few", "empty", "unlimited")

ATTENDANCE = """
    SELECT
        lesson_month,
        count(*) FILTER (WHERE has_attendance) AS expected,
        count(*) FILTER (WHERE is_attended) AS came,
        count(DISTINCT CASE WHEN is_attended THEN customer_id END) AS pupils
    FROM alfacrm__attendance
    WHERE lesson_month >= $before AND lesson_month < $until
    GROUP BY lesson_month
    ORDER BY lesson_month
"""
SUBJECTS = """
    SELECT
        subject,
        count(DISTINCT lesson_id) AS lessons,
        count(*) FILTER (WHERE has_attendance) AS expected,
        count(*) FILTER (WHERE is_attended) AS came
    FROM alfacrm__attendance
    WHERE lesson_month >= $since AND lesson_month < $until
    GROUP BY subject
    ORDER BY expected DESC, subject
"""
PLACES = """
    SELECT
        branch,
        count(*) FILTER (WHERE has_attendance) AS expected,
        count(*) FILTER (WHERE is_attended) AS came
    FROM alfacrm__attendance
    WHERE lesson_month >= $since AND lesson_month < $until
    GROUP BY branch
    ORDER BY expected DESC, branch
"""
RETENTION = """
    SELECT cohort_month, lesson_month, month_number, cohort_pupils, active_pupils, retention_share
    FROM alfacrm__retention
    WHERE lesson_month >= $before AND lesson_month < $until
    ORDER BY cohort_month, month_number
"""
GROUPS = """
    SELECT group_id, places, members, occupancy_share, lessons_in_30_days
    FROM alfacrm__group_occupancy
    WHERE NOT is_archived
    ORDER BY group_id
"""


def attendance(data: Data, words: Words) -> Figure:
    """Who of the expected pupils comes."""
    mart = "alfacrm__attendance"
    rows = [{**row, "share": ratio(row["came"], row["expected"])} for row in data.ask(ATTENDANCE)]
    subjects = [
        {
            **row,
            "subject": words.name(row["subject"]),
            "attendance_share": ratio(row["came"], row["expected"]),
        }
        for row in data.ask(SUBJECTS)
    ]
    if not rows or not subjects:
        return Figure("attendance", mart, words("empty"))
    places: list[Row] = [
        {"name": words.name(row["branch"]), "share": ratio(row["came"], row["expected"])}
        for row in data.ask(PLACES)
    ]
    if len(places) == 1:
        places = [{"name": row["subject"], "share": row["attendance_share"]} for row in subjects]
    ranked = [row for row in places if row["share"] is not None][:SHOWN]
    ranked = sorted(ranked, key=lambda row: (-row["share"], row["name"]))
    expected, came = (sum(row[name] for row in subjects) for name in ("expected", "came"))
    finding = words(
        "attendance.finding",
        share=words.share(ratio(came, expected), 1),
        best=ranked[0]["name"] if ranked else NONE,
        best_share=words.share(ranked[0]["share"] if ranked else None),
        worst=ranked[-1]["name"] if ranked else NONE,
        worst_share=words.share(ranked[-1]["share"] if ranked else None),
    )
    shares = floats(by_month(data, rows, "lesson_month", "share"))
    trend = lines(
        labels(data, words),
        [Series("", "c1", shares)],
        words.share,
        title=str(words("attendance.trend")),
    )
    by_place = bars(
        [row["name"] for row in ranked],
        [Series("", "c1", floats(row["share"] for row in ranked))],
        [words.share(row["share"]) for row in ranked],
        title=str(words("attendance.places")),
        top=1,
    )
    kinds = {
        "subject": "text",
        **dict.fromkeys(("lessons", "expected", "came"), "number"),
        "attendance_share": "share",
    }
    table = Columns(words, kinds, ["lessons", "expected", "came"]).table(subjects)
    return Figure("attendance", mart, finding, [trend, by_place], (), table)


def retention(data: Data, words: Words) -> Figure:
    """Active pupils, those who began, and how many of these stay."""
    mart = "alfacrm__retention"
    rows = data.ask(RETENTION)
    if not rows:
        return Figure("retention", mart, words("empty"))
    active: dict[Any, list[int]] = {month: [0, 0] for month in data.months}
    for row in rows:
        active[row["lesson_month"]][0 if row["month_number"] else 1] += row["active_pupils"]
    series = [
        Series(str(words("retention.stayed")), "c1", [float(one[0]) for one in active.values()]),
        Series(str(words("retention.began")), "c2", [float(one[1]) for one in active.values()]),
    ]
    cells = {(row["cohort_month"], row["month_number"]): row for row in rows}
    cohorts = [month for month in data.months if (month, 0) in cells][-13:-1]
    recent = [row for row in rows if row["cohort_month"] in cohorts]
    after = {
        months: ratio(
            sum(row["active_pupils"] for row in recent if row["month_number"] == months),
            sum(row["cohort_pupils"] for row in recent if row["month_number"] == months),
        )
        for months in (1, 3, 6)
    }
    finding = words(
        "retention.finding",
        month=words.month(data.last),
        pupils=words.number(sum(active[data.last])),
        began=words.number(active[data.last][1]),
        one=words.share(after[1]),
        three=words.share(after[3]),
        six=words.share(after[6]),
    )
    picture = columns(labels(data, words), series, words.short)
    top = max(
        (
            float(cells[month, number]["retention_share"])
            for month in cohorts
            for number in LATER
            if (month, number) in cells
        ),
        default=1,
    )
    table = Table(
        ["cohort_month", "cohort_pupils", *("retention_share" for _ in LATER)],
        [
            str(words("column.cohort")),
            str(words("column.pupils")),
            *(str(words("column.after", months=str(number))) for number in LATER),
        ],
        [
            [
                Cell(words.month(month, short=True), month, numeric=False),
                Cell(
                    words.number(cells[month, 0]["cohort_pupils"]),
                    cells[month, 0]["cohort_pupils"],
                ),
                *(
                    heat(words, float(cells[month, number]["retention_share"]), top)
                    if (month, number) in cells and add_months(month, number) < data.until
                    else Cell("")
                    for number in LATER
                ),
            ]
            for month in cohorts
        ],
    )
    return Figure("retention", mart, finding, [picture], series, table)


def groups(data: Data, words: Words) -> Figure:
    """How full the groups are."""
    mart = "alfacrm__group_occupancy"
    found = data.ask(GROUPS)
    if not found:
        return Figure("groups", mart, words("empty"))
    rows = []
    for bucket in BUCKETS:
        own = [row for row in found if _bucket(row) == bucket]
        rows.append(
            {
                "occupancy": str(words(f"groups.{bucket}")),
                "groups": len(own),
                "members": sum(row["members"] for row in own),
                "places": sum(row["places"] or 0 for row in own) or None,
            }
        )
    rows = [row for row in rows if row["groups"]]
    limited = [row for row in found if row["places"]]
    taken = ratio(sum(row["members"] for row in limited), sum(row["places"] for row in limited))
    finding = words(
        "groups.finding",
        groups=words.number(len(found)),
        share=words.share(taken),
        empty=words.number(sum(1 for row in found if _bucket(row) == "empty")),
        over=words.number(sum(1 for row in found if _bucket(row) == "over")),
    )
    picture = bars(
        [row["occupancy"] for row in rows],
        [Series("", "c3", floats(row["groups"] for row in rows))],
        [words.number(row["groups"]) for row in rows],
    )
    measures = ("groups", "members", "places")
    kinds = {"occupancy": "text", **dict.fromkeys(measures, "number")}
    table = Columns(words, kinds, measures).table(rows)
    return Figure("groups", mart, finding, [picture], (), table)


def _bucket(row: dict[str, Any]) -> str:
    """How full a group is."""
    if not row["members"]:
        return "empty"
    if not row["places"]:
        return "unlimited"
    share = row["members"] / row["places"]
    if share > FULL:
        return "over"
    steps = ((FULL, "full"), (ALMOST, "almost"), (HALF, "half"))
    return next((name for least, name in steps if share >= least), "few")
