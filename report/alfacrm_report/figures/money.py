"""Revenue, balances and debts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alfacrm_report.charts import Series, bars, columns
from alfacrm_report.kit import (
    SHOWN,
    Columns,
    Data,
    Figure,
    by_month,
    floats,
    folded,
    labels,
    ratio,
)
from alfacrm_report.words import MINUS

if TYPE_CHECKING:
    from alfacrm_report.words import Words

LARGEST = 15
AGES = ((30, "recent"), (90, "quarter"), (180, "half"), (None, "old"))
"""Most days since the last payment, and the name of the class."""
LONG = 90

REVENUE = """
    SELECT
        revenue_month,
        sum(income) AS income,
        sum(refunds) AS refunds,
        sum(net_income) AS net_income
    FROM alfacrm__revenue
    WHERE revenue_month >= $before AND revenue_month < $until
    GROUP BY revenue_month
    ORDER BY revenue_month
"""
BRANCHES = """
    SELECT
        branch,
        sum(CASE WHEN revenue_month >= $since THEN net_income ELSE 0 END) AS net_income,
        sum(CASE WHEN revenue_month < $since THEN net_income ELSE 0 END) AS net_income_before
    FROM alfacrm__revenue
    WHERE revenue_month >= $before AND revenue_month < $until
    GROUP BY branch
    ORDER BY net_income DESC, branch
"""
ITEMS = """
    SELECT pay_item, sum(income) AS income
    FROM alfacrm__revenue
    WHERE revenue_month >= $since AND revenue_month < $until
    GROUP BY pay_item
    HAVING sum(income) <> 0
    ORDER BY income DESC, pay_item
"""
BALANCES = """
    SELECT
        branch,
        count(*) AS accounts,
        sum(CASE WHEN balance > 0 THEN balance ELSE 0 END) AS prepaid,
        sum(CASE WHEN balance < 0 THEN -balance ELSE 0 END) AS debt
    FROM alfacrm__balances
    GROUP BY branch
    ORDER BY prepaid DESC, branch
"""
DEBTORS = """
    SELECT
        customer_id,
        customer,
        manager,
        debt,
        unpaid_lessons,
        last_payment_on,
        days_since_payment
    FROM alfacrm__debtors
    ORDER BY debt DESC, unpaid_lessons DESC, customer_id
"""


def revenue(data: Data, words: Words) -> Figure:
    """Income and refunds by month."""
    mart = "alfacrm__revenue"
    rows = data.ask(REVENUE)
    year = [row for row in rows if row["revenue_month"] >= data.since]
    if not year:
        return Figure("revenue", mart, words("empty"))
    net = sum(row["net_income"] for row in year)
    before = sum(row["net_income"] for row in rows if row["revenue_month"] < data.since)
    best = max(year, key=lambda row: row["net_income"])
    finding = words(
        "revenue.finding",
        net=words.money(net),
        change=words.change(net, before),
        refunds=words.share(
            ratio(sum(row["refunds"] for row in year), sum(row["income"] for row in year)), 1
        ),
        month=words.month(best["revenue_month"]),
        best=words.money(best["net_income"]),
    )
    income = floats(by_month(data, rows, "revenue_month", "income"))
    refunds = floats(by_month(data, rows, "revenue_month", "refunds"))
    series = [
        Series(str(words("column.income")), "c1", income),
        Series(
            str(words("column.refunds")),
            "c6",
            [None if value is None else -value for value in refunds],
        ),
    ]
    picture = columns(labels(data, words), series, words.short)
    measures = ("income", "refunds", "net_income")
    kinds = {"month": "text", **dict.fromkeys(measures, "money")}
    table = Columns(words, kinds, measures).table(
        {**row, "month": words.month(row["revenue_month"], short=True)} for row in year
    )
    return Figure("revenue", mart, finding, [picture], series, table)


def branches(data: Data, words: Words) -> Figure:
    """Revenue by branch and by item, and its change in a year."""
    mart = "alfacrm__revenue"
    rows = [{**row, "branch": words.name(row["branch"])} for row in data.ask(BRANCHES)]
    if not rows:
        return Figure("branches", mart, words("empty"))
    rows = folded(rows, "branch", ["net_income", "net_income_before"], str(words("others")))
    grown = [row for row in rows if row["net_income_before"] > 0]
    weakest = min(
        grown, key=lambda row: row["net_income"] / row["net_income_before"], default=rows[-1]
    )
    total = sum(row["net_income"] for row in rows)
    finding = words(
        "branches.finding",
        best=rows[0]["branch"],
        share=words.share(ratio(rows[0]["net_income"], total)),
        weakest=weakest["branch"],
        change=words.change(weakest["net_income"], weakest["net_income_before"]),
    )
    by_branch = bars(
        [row["branch"] for row in rows],
        [Series("", "c1", floats(row["net_income"] for row in rows))],
        [words.short_money(row["net_income"]) for row in rows],
        title=str(words("branches.branch")),
    )
    items = [{**row, "pay_item": words.name(row["pay_item"])} for row in data.ask(ITEMS)]
    items = items[:SHOWN]
    pictures = [by_branch]
    if items:
        pictures.append(
            bars(
                [row["pay_item"] for row in items],
                [Series("", "c3", floats(row["income"] for row in items))],
                [words.short_money(row["income"]) for row in items],
                title=str(words("branches.item")),
            )
        )
    measures = ("net_income", "net_income_before")
    kinds = {"branch": "text", **dict.fromkeys(measures, "money"), "change": "change"}
    table = Columns(words, kinds, measures).table(
        {**row, "change": _growth(row["net_income"], row["net_income_before"])} for row in rows
    )
    return Figure("branches", mart, finding, pictures, (), table)


def balances(data: Data, words: Words) -> Figure:
    """Money on the accounts of pupils: paid ahead and owed."""
    mart = "alfacrm__balances"
    rows = [{**row, "branch": words.name(row["branch"])} for row in data.ask(BALANCES)]
    if not rows:
        return Figure("balances", mart, words("empty"))
    rows = folded(rows, "branch", ["accounts", "prepaid", "debt"], str(words("others")))
    series = [
        Series(str(words("column.prepaid")), "c1", floats(row["prepaid"] for row in rows)),
        Series(str(words("column.debt")), "c6", floats(-row["debt"] for row in rows)),
    ]
    picture = bars(
        [row["branch"] for row in rows],
        series,
        [
            f"{words.short_money(row['prepaid'])} / {MINUS}{words.short_money(row['debt'])}"
            for row in rows
        ],
    )
    finding = words(
        "balances.finding",
        accounts=words.number(sum(row["accounts"] for row in rows)),
        prepaid=words.money(sum(row["prepaid"] for row in rows)),
        debt=words.money(sum(row["debt"] for row in rows)),
    )
    kinds = {"branch": "text", "accounts": "number", "prepaid": "money", "debt": "money"}
    table = Columns(words, kinds, ("accounts", "prepaid", "debt")).table(rows)
    return Figure("balances", mart, finding, [picture], series, table)


def debtors(data: Data, words: Words) -> Figure:
    """Who owes, and since when."""
    mart = "alfacrm__debtors"
    rows = data.ask(DEBTORS)
    if not rows:
        return Figure("debtors", mart, words("debtors.none"))
    debt = sum(row["debt"] for row in rows)
    classes = dict.fromkeys([*(name for _, name in AGES), "never"], 0)
    for row in rows:
        classes[_age(row["days_since_payment"])] += row["debt"]
    finding = words(
        "debtors.finding",
        debtors=words.number(len(rows)),
        debt=words.money(debt),
        share=words.share(ratio(classes["half"] + classes["old"] + classes["never"], debt)),
        ten=words.money(sum(row["debt"] for row in rows[:10])),
    )
    picture = bars(
        [str(words(f"debtors.{name}")) for name in classes],
        [Series("", "c6", floats(classes.values()))],
        [words.short_money(value) for value in classes.values()],
    )
    kinds = {
        "customer": "text",
        "manager": "text",
        "debt": "money",
        "unpaid_lessons": "number",
        "last_payment_on": "day",
    }
    table = Columns(words, kinds).table(
        {**row, "customer": row["customer"] if data.with_names else f"№ {row['customer_id']}"}
        for row in rows[:LARGEST]
    )
    return Figure("debtors", mart, finding, [picture], (), table)


def _growth(new: Any, old: Any) -> float | None:  # noqa: ANN401 - numbers of a database
    """How much more, as a share; None where there was nothing."""
    return float(new) / float(old) - 1 if old > 0 else None


def _age(days: int | None) -> str:
    """The class of a debt by the days since the last payment."""
    if days is None:
        return "never"
    return next(name for most, name in AGES if most is None or days <= most)
