"""How well the CRM is filled in, and whether the last load was complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alfacrm_report.charts import Series, bars
from alfacrm_report.kit import Cell, Columns, Data, Figure, Table, floats
from alfacrm_report.words import table as all_words

if TYPE_CHECKING:
    from alfacrm_report.database import Row
    from alfacrm_report.words import Words

WHOLE = "COMPLETE"
MARKS = {WHOLE: "good", "UNPROVEN": "", "UNAVAILABLE": "", "INCOMPLETE": "bad"}
"""Colour of each verdict of the tap."""

QUALITY = """
    SELECT check_name, description, rows_checked, rows_failing, failing_share
    FROM alfacrm__data_quality
    ORDER BY failing_share DESC NULLS LAST, check_name
"""
PROOF = """
    SELECT
        stream,
        sync_audit_partition AS part,
        run_started_at_local,
        rows_received,
        duplicates,
        emitted,
        verdict
    FROM stg_alfacrm__sync_audit
    WHERE run_started_at = (SELECT max(run_started_at) FROM stg_alfacrm__sync_audit)
    ORDER BY CASE WHEN verdict = 'COMPLETE' THEN 1 ELSE 0 END, stream, part
"""


def quality(data: Data, words: Words) -> Figure:
    """Checks of what people typed into the CRM."""
    mart = "alfacrm__data_quality"
    rows = [{**row, "check": _check(row, words)} for row in data.ask(QUALITY)]
    failing = [row for row in rows if row["rows_failing"]]
    if not failing:
        return Figure("quality", mart, words("quality.none"))
    finding = words(
        "quality.finding",
        failing=words.number(len(failing)),
        checks=words.number(len(rows)),
        worst=failing[0]["check"],
        share=words.share(failing[0]["failing_share"], 1),
    )
    shown = failing[:12]
    picture = bars(
        [row["check"] for row in shown],
        [Series("", "c6", floats(row["failing_share"] for row in shown))],
        [words.share(row["failing_share"], 1) for row in shown],
        top=1,
    )
    kinds = {"check": "text", "rows_failing": "number", "rows_checked": "number"}
    return Figure("quality", mart, finding, [picture], (), Columns(words, kinds).table(rows))


def proof(data: Data, words: Words) -> Figure:
    """The last run of the tap: what it received, and its verdicts."""
    mart = "stg_alfacrm__sync_audit"
    rows = data.ask(PROOF)
    if not rows:
        return Figure("proof", mart, words("proof.none"))
    whole = sum(1 for row in rows if row["verdict"] == WHOLE)
    finding = words(
        "proof.finding" if whole == len(rows) else "proof.broken",
        whole=words.number(whole),
        parts=words.number(len(rows)),
        rows=words.number(sum(row["emitted"] for row in rows)),
        duplicates=words.number(sum(row["duplicates"] for row in rows)),
        day=words.day(rows[0]["run_started_at_local"].date()),
    )
    measures = ("stream", "rows_received", "duplicates", "emitted", "verdict")
    table = Table(
        measures,
        [str(words(f"column.{name}")) for name in measures],
        [
            [
                Cell(
                    f"{row['stream']} ({row['part']})" if row["part"] else row["stream"],
                    row["stream"],
                    numeric=False,
                ),
                *(Cell(words.number(row[name]), row[name]) for name in measures[1:4]),
                Cell(
                    str(words(f"verdict.{row['verdict']}")),
                    row["verdict"],
                    numeric=False,
                    mark=MARKS[row["verdict"]],
                ),
            ]
            for row in rows
        ],
    )
    return Figure("proof", mart, finding, (), (), table)


def _check(row: Row, words: Words) -> str:
    """What a check finds; checks of later versions keep the description of the model."""
    key = f"check.{row['check_name']}"
    return str(words(key)) if key in all_words() else str(row["description"])
