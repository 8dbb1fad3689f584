"""Cards, the funnel, losses, sources and cohorts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from alfacrm_report.charts import Series, bars, columns, lines
from alfacrm_report.kit import (
    SHOWN,
    Cell,
    Columns,
    Data,
    Figure,
    Table,
    add_months,
    by_conversion,
    by_month,
    draw_conversions,
    floats,
    folded,
    heat,
    labels,
    ratio,
)
from alfacrm_report.words import NONE

if TYPE_CHECKING:
    from alfacrm_report.database import Row
    from alfacrm_report.words import Words

STATES = {
    "clients": "c1",
    "open_leads": "c2",
    "former_clients": "c3",
    "lost_leads": "c0",
}
FUNNELS, STAGES = 2, 12
STACKED = 5
"""Reasons with a colour of their own."""
REACTION_DAYS = (30, 90)

CUSTOMERS = """
    SELECT
        branch,
        count(*) FILTER (WHERE customer_status = 'client') AS clients,
        count(*) FILTER (WHERE customer_status = 'open lead') AS open_leads,
        count(*) FILTER (WHERE customer_status = 'former client') AS former_clients,
        count(*) FILTER (WHERE customer_status = 'lost lead') AS lost_leads,
        count(*) AS cards
    FROM alfacrm__customers
    GROUP BY branch
    ORDER BY cards DESC, branch
"""
FUNNEL = """
    SELECT pipeline, stage, stage_order, leads, open_leads, lost_leads, lost_share, clients_since
    FROM alfacrm__lead_funnel
    WHERE leads > 0 OR clients_since > 0
    ORDER BY pipeline, stage_order, stage
"""
STAYS = """
    SELECT
        stage,
        count(*) AS stays,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY days_so_far) AS median_days,
        percentile_cont(0.9) WITHIN GROUP (ORDER BY days_so_far) AS long_days
    FROM (
        SELECT
            history.stage,
            coalesce(
                history.days,
                coalesce(cards.archived_on, $today) - CAST(history.entered_at_local AS date)
            ) AS days_so_far
        FROM alfacrm__lead_stage_history AS history
        INNER JOIN alfacrm__customers AS cards ON history.customer_id = cards.customer_id
        WHERE
            history.stage IS NOT NULL
            AND history.entered_at_local IS NOT NULL
            AND (history.days IS NOT NULL OR NOT cards.is_client)
    ) AS stays
    WHERE days_so_far >= 0
    GROUP BY stage
    ORDER BY stays DESC, stage
"""
REASONS = """
    SELECT
        reason,
        is_reason_missing,
        count(*) FILTER (WHERE lost_month >= $since AND lost_month < $until) AS lost,
        count(*) FILTER (WHERE lost_month >= $before AND lost_month < $since) AS lost_before
    FROM alfacrm__lead_losses
    GROUP BY reason, is_reason_missing
    ORDER BY lost DESC, lost_before DESC, reason
"""
LOSSES = """
    SELECT lost_month, reason, count(*) AS lost
    FROM alfacrm__lead_losses
    WHERE lost_month >= $before AND lost_month < $until
    GROUP BY lost_month, reason
    ORDER BY lost DESC, reason
"""
LOST_SOURCES = """
    SELECT lead_source, reason, count(*) AS lost
    FROM alfacrm__lead_losses
    WHERE lost_month >= $since AND lost_month < $until
    GROUP BY lead_source, reason
    ORDER BY lost DESC, lead_source, reason
"""
SOURCES = """
    SELECT
        lead_source,
        sum(cards) AS cards,
        sum(paid) AS paid,
        sum(clients + former_clients) AS became_clients,
        sum(net_income) AS net_income
    FROM alfacrm__conversion_cohorts
    WHERE cohort_month >= $before AND cohort_month < $until
    GROUP BY lead_source
    ORDER BY cards DESC, lead_source
"""
COHORTS = """
    SELECT
        cohort_month,
        sum(cards) AS cards,
        sum(came_to_trial) AS came_to_trial,
        sum(paid) AS paid,
        sum(paid_within_30_days) AS paid_30,
        sum(paid_within_90_days) AS paid_90,
        sum(clients) AS clients
    FROM alfacrm__conversion_cohorts
    WHERE cohort_month >= $before AND cohort_month < $until
    GROUP BY cohort_month
    ORDER BY cohort_month
"""


def customers(data: Data, words: Words) -> Figure:
    """Who is in the account, by branch."""
    mart = "alfacrm__customers"
    rows = [{**row, "branch": words.name(row["branch"])} for row in data.ask(CUSTOMERS)]
    if not rows:
        return Figure("customers", mart, words("empty"))
    rows = folded(rows, "branch", [*STATES, "cards"], words.text("others"))
    series = [
        Series(words.text(f"column.{name}"), colour, floats(row[name] for row in rows))
        for name, colour in STATES.items()
    ]
    total = {name: sum(row[name] for row in rows) for name in [*STATES, "cards"]}
    became = total["clients"] + total["former_clients"]
    finding = words(
        "customers.finding",
        cards=words.number(total["cards"]),
        clients=words.number(total["clients"]),
        leads=words.number(total["open_leads"]),
        share=words.share(ratio(became, total["cards"])),
    )
    names = [row["branch"] for row in rows]
    picture = bars(names, series, [words.number(row["cards"]) for row in rows])
    kinds = {"branch": "text", **dict.fromkeys(STATES, "number"), "cards": "number"}
    table = Columns(words, kinds, [*STATES, "cards"]).table(rows)
    return Figure("customers", mart, finding, [picture], series, table)


def funnel(data: Data, words: Words) -> Figure:
    """Open, lost and won leads by stage."""
    mart = "alfacrm__lead_funnel"
    rows = [
        {
            **row,
            "stage": words.name(row["stage"]),
            "pipeline": words.name(row["pipeline"], "no_pipeline"),
        }
        for row in data.ask(FUNNEL)
    ]
    if not rows:
        return Figure("funnel", mart, words("empty"))
    of_funnel: dict[str, list[Row]] = {}
    for row in rows:
        of_funnel.setdefault(row["pipeline"], []).append(row)
    largest = sorted(of_funnel, key=lambda name: -sum(row["leads"] for row in of_funnel[name]))
    pictures, shown, legend = [], [], []
    measures = {"open_leads": "c2", "lost_leads": "c0"}
    if any(row["clients_since"] for row in rows):
        measures["clients_since"] = "c1"
    for name in largest[:FUNNELS]:
        stages = of_funnel[name]
        many = sorted(stages, key=lambda row: -row["leads"])[:STAGES]
        kept = [row for row in stages if row in many]
        legend = [
            Series(words.text(f"column.{key}"), colour, floats(row[key] for row in kept))
            for key, colour in measures.items()
        ]
        ends = [" / ".join(words.number(row[key]) for key in measures) for row in kept]
        title = words.text("funnel.picture", pipeline=name) if len(of_funnel) > 1 else ""
        pictures.append(bars([row["stage"] for row in kept], legend, ends, title=title))
        shown += kept
    standing = max(rows, key=lambda row: row["open_leads"])
    losing = max(rows, key=lambda row: row["lost_leads"])
    finding = words(
        "funnel.finding",
        open=words.number(sum(row["open_leads"] for row in rows)),
        standing=standing["stage"],
        standing_leads=words.number(standing["open_leads"]),
        losing=losing["stage"],
        losing_leads=words.number(losing["lost_leads"]),
        lost=words.number(sum(row["lost_leads"] for row in rows)),
    )
    kinds = {"stage": "text"} | ({"pipeline": "text"} if len(largest) > 1 else {})
    kinds |= {**dict.fromkeys(measures, "number"), "lost_share": "share"}
    return Figure("funnel", mart, finding, pictures, legend, Columns(words, kinds).table(shown))


def stages(data: Data, words: Words) -> Figure:
    """How long leads stay at a stage."""
    mart = "alfacrm__lead_stage_history"
    rows = data.ask(STAYS)[:STAGES]
    if not rows:
        return Figure("stages", mart, words("empty"))
    rows = sorted(rows, key=lambda row: (-row["median_days"], row["stage"]))
    series = Series("", "c2", floats(row["median_days"] for row in rows))
    picture = bars(
        [row["stage"] for row in rows],
        [series],
        [words.text("days", days=words.number(row["median_days"])) for row in rows],
    )
    finding = words(
        "stages.finding",
        stage=rows[0]["stage"],
        days=words.number(rows[0]["median_days"]),
        short=rows[-1]["stage"],
        short_days=words.number(rows[-1]["median_days"]),
    )
    kinds = {
        "stage": "text",
        "stays": "number",
        "median_days": "number",
        "long_days": "number",
    }
    return Figure("stages", mart, finding, [picture], (), Columns(words, kinds).table(rows))


def reasons(data: Data, words: Words) -> Figure:
    """Why leads are lost, and whether that is more or less than a year before."""
    mart = "alfacrm__lead_losses"
    rows = [
        {**row, "reason": words.name(row["reason"])}
        for row in data.ask(REASONS)
        if row["lost"] or row["lost_before"]
    ]
    lost = sum(row["lost"] for row in rows)
    if not lost:
        return Figure("reasons", mart, words("empty"))
    given = next((row for row in rows if not row["is_reason_missing"]), rows[0])
    missing = sum(row["lost"] for row in rows if row["is_reason_missing"])
    finding = words(
        "reasons.finding",
        lost=words.number(lost),
        change=words.change(lost, sum(row["lost_before"] for row in rows)),
        reason=given["reason"],
        share=words.share(ratio(given["lost"], lost)),
        missing=words.number(missing),
    )
    rows = folded(rows, "reason", ["lost", "lost_before"], words.text("others"))
    rows = [{**row, "share": ratio(row["lost"], lost)} for row in rows]
    named = rows[:SHOWN]
    picture = bars(
        [row["reason"] for row in named],
        [Series("", "c0", floats(row["lost"] for row in named))],
        [words.number(row["lost"]) for row in named],
    )
    kinds = {"reason": "text", "lost": "number", "share": "share", "lost_before": "number"}
    table = Columns(words, kinds, ["lost", "lost_before"]).table(rows)
    return Figure("reasons", mart, finding, [picture], (), table)


def losses(data: Data, words: Words) -> Figure:
    """Losses by month and reason, and by source and reason."""
    mart = "alfacrm__lead_losses"
    rows = [{**row, "reason": words.name(row["reason"])} for row in data.ask(LOSSES)]
    if not rows:
        return Figure("losses", mart, words("empty"))
    of_reason: dict[str, int] = {}
    of_month = dict.fromkeys(data.months, 0)
    for row in rows:
        of_reason[row["reason"]] = of_reason.get(row["reason"], 0) + row["lost"]
        of_month[row["lost_month"]] += row["lost"]
    common = sorted(of_reason, key=lambda name: (-of_reason[name], name))[:STACKED]
    colours = dict(zip(common, ("c1", "c2", "c3", "c4", "c5"), strict=False))
    series = [
        Series(
            name,
            colour,
            by_month(data, [row for row in rows if row["reason"] == name], "lost_month", "lost"),
        )
        for name, colour in colours.items()
    ]
    rest = dict(of_month)
    for row in rows:
        if row["reason"] in colours:
            rest[row["lost_month"]] -= row["lost"]
    if any(rest.values()):
        series.append(Series(words.text("others"), "c0", floats(rest.values())))
    peak = max(of_month, key=lambda month: of_month[month])
    finding = words(
        "losses.finding",
        month=words.month(peak),
        lost=words.number(of_month[peak]),
        average=words.number(sum(of_month.values()) / len(of_month)),
    )
    picture = columns(labels(data, words), series, words.short)
    return Figure("losses", mart, finding, [picture], series, _sources_by_reason(data, words))


def _sources_by_reason(data: Data, words: Words) -> Table | None:
    """Of the leads lost from a source, the shares of the common reasons."""
    lost: dict[str, dict[str, int]] = {}
    of_reason: dict[str, int] = {}
    for row in data.ask(LOST_SOURCES):
        source, reason = words.name(row["lead_source"]), words.name(row["reason"])
        lost.setdefault(source, {})[reason] = row["lost"]
        of_reason[reason] = of_reason.get(reason, 0) + row["lost"]
    if not lost:
        return None
    common = sorted(of_reason, key=lambda name: (-of_reason[name], name))[:4]
    sources = sorted(lost, key=lambda name: (-sum(lost[name].values()), name))[:SHOWN]
    shares = {
        (source, reason): lost[source].get(reason, 0) / sum(lost[source].values())
        for source in sources
        for reason in common
    }
    top = max(shares.values())
    rows = [
        [
            Cell(source, source, numeric=False),
            Cell(words.number(sum(lost[source].values())), sum(lost[source].values())),
            *(heat(words, shares[source, reason], top) for reason in common),
        ]
        for source in sources
    ]
    head = [words.text("column.lead_source"), words.text("column.lost"), *common]
    return Table(["lead_source", "lost", *("reason" for _ in common)], head, rows)


def sources(data: Data, words: Words) -> Figure:
    """Which sources bring leads who become clients."""
    mart = "alfacrm__conversion_cohorts"
    rows = [
        {
            **row,
            "lead_source": words.name(row["lead_source"]),
            "conversion": ratio(row["became_clients"], row["cards"]),
        }
        for row in data.ask(SOURCES)
        if row["cards"]
    ]
    if not rows:
        return Figure("sources", mart, words("empty"))
    rows = by_conversion(rows, "lead_source")
    best, worst = rows[0], rows[-1]
    finding = words(
        "sources.finding",
        best=best["lead_source"],
        best_share=words.share(best["conversion"]),
        worst=worst["lead_source"],
        worst_share=words.share(worst["conversion"]),
    )
    picture = draw_conversions(rows, "lead_source", words)
    kinds = {
        "lead_source": "text",
        "cards": "number",
        "became_clients": "number",
        "conversion": "share",
        "net_income": "money",
    }
    return Figure("sources", mart, finding, [picture], (), Columns(words, kinds).table(rows))


def cohorts(data: Data, words: Words) -> Figure:
    """How many of the cards of a month pay, and how soon."""
    mart = "alfacrm__conversion_cohorts"
    rows = data.ask(COHORTS)
    if not rows:
        return Figure("cohorts", mart, words("empty"))
    series, latest = [], {}
    for days, colour in zip(REACTION_DAYS, ("c2", "c1"), strict=True):
        ripe = [
            {"cohort_month": row["cohort_month"], "share": ratio(row[f"paid_{days}"], row["cards"])}
            for row in rows
            if add_months(row["cohort_month"], 1) + timedelta(days=days) <= data.today
        ]
        latest[days] = ripe[-1] if ripe else None
        series.append(
            Series(
                words.text("cohorts.within", days=str(days)),
                colour,
                by_month(data, ripe, "cohort_month", "share"),
            )
        )
    last = latest[REACTION_DAYS[-1]]
    finding = words(
        "cohorts.finding",
        month=words.month(last["cohort_month"]) if last else NONE,
        share=words.share(last["share"]) if last else NONE,
        average=words.share(
            ratio(sum(row["paid_90"] for row in rows), sum(row["cards"] for row in rows))
        ),
        cards=words.number(sum(row["cards"] for row in rows)),
    )
    picture = lines(labels(data, words), series, words.share)
    table = Columns(
        words,
        {
            "month": "text",
            **dict.fromkeys(("cards", "came_to_trial", "paid", "clients"), "number"),
            "paid_share": "share",
        },
        ["cards", "came_to_trial", "paid", "clients"],
    ).table(
        {
            **row,
            "month": words.month(row["cohort_month"], short=True),
            "paid_share": ratio(row["paid"], row["cards"]),
        }
        for row in rows
        if row["cohort_month"] >= data.since
    )
    return Figure("cohorts", mart, finding, [picture], series, table)
