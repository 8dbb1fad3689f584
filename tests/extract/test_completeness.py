"""The verdict on the evidence: the function, its table in the docs, and its line in the log."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from tap_alfacrm.extract.completeness import RULES, Evidence, Word, judge, log_verdict

PAGE = Path(__file__).parents[2] / "docs" / "behaviour.md"
FACTS: dict[str, tuple[object, str]] = {
    "missing": (1_204, "INCOMPLETE, 1,204 rows counted by the API were never returned"),
    "rows_without_id": (2, "INCOMPLETE, 2 rows without a usable id could not be loaded"),
    "refused": (True, "INCOMPLETE, the account refused the rest"),
    "refusals": (["branch 2", "branch 3"], "INCOMPLETE, refused: branch 2 and branch 3"),
    "unknown_parents": (
        ["groups"],
        "INCOMPLETE, not every row of groups is known, and each needs a request",
    ),
    "unstable": (1, "UNPROVEN, rows moved during every pass of 1 list"),
    "doubted_parents": (["tasks"], "UNPROVEN, it is not proven that every row of tasks is known"),
    "surplus": (1, "UNPROVEN, the API returned 1 row more than it counts"),
    "unseen_in_total": (
        7,
        "UNPROVEN, the API's total counts 7 rows that are on no page: joined rows, or hidden ones",
    ),
    "unconfirmed_ends": (3, "UNPROVEN, the end of 3 lists without a total is not certain"),
    "vanished": (
        ["branch 1: 90 rows, now 0"],
        "UNPROVEN, the earlier run found more: branch 1: 90 rows, now 0",
    ),
    "unreliable_filters": (
        ["removed"],
        "UNPROVEN, filters without effect may hide rows: removed",
    ),
    "repeated_in_total": (20, "COMPLETE, the API's total counts 20 rows more than once"),
    "uncounted": (
        ["0 of 2 lists", "1 of 5 branches", "0 of 2 lists"],
        "COMPLETE, 0 of 2 lists and 1 of 5 branches counted: changed or due today",
    ),
    "postponed": (
        ["31 of 318 groups"],
        "COMPLETE, 31 of 318 groups requested: changed or due today",
    ),
}
"""What each fact alone comes to."""


def _documented() -> list[tuple[str, str, str]]:
    """Fact, verdict and reason of each row of the table in the docs."""
    section = PAGE.read_text(encoding="utf-8").split("\n## Verdicts\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]+) \|", section, flags=re.MULTILINE)
    return [(fact, word, reason.strip()) for fact, word, reason in rows]


def test_the_function_is_the_table_in_the_docs() -> None:
    rules = [(rule.fact, rule.word.value, rule.reason) for rule in RULES]
    written = [
        (fact, word, re.sub("‹(rows|lists|names)›", r"{\1}", reason))
        for fact, word, reason in _documented()
    ]
    assert written == rules


@pytest.mark.parametrize("fact", FACTS)
def test_each_fact_alone_leads_to_its_verdict(fact: str) -> None:
    value, text = FACTS[fact]
    verdict = judge(Evidence(**{fact: value}))  # type: ignore[arg-type]  # a fact of any type
    assert str(verdict) == text
    assert verdict.is_complete is text.startswith("COMPLETE")


def test_every_rule_is_tried() -> None:
    assert FACTS.keys() == {rule.fact for rule in RULES}


def test_without_a_fact_the_verdict_is_complete() -> None:
    assert str(judge(Evidence())) == "COMPLETE"


def test_the_gravest_fact_decides_and_all_are_named() -> None:
    evidence = Evidence(repeated_in_total=4, surplus=1, missing=2)
    verdict = judge(evidence)
    assert verdict.word is Word.INCOMPLETE
    assert [reason.split(" ")[0] for reason in verdict.reasons] == ["2", "the", "the"]
    assert judge(Evidence(repeated_in_total=4, surplus=1)).word is Word.UNPROVEN


@pytest.mark.parametrize("fact", FACTS)
def test_deletions_need_a_complete_verdict_on_all_parents(fact: str) -> None:
    value, _ = FACTS[fact]
    verdict = judge(Evidence(**{fact: value}))  # type: ignore[arg-type]  # a fact of any type
    assert verdict.allows_deletions is (fact in {"repeated_in_total", "uncounted"})
    assert judge(Evidence()).allows_deletions


@pytest.mark.parametrize("fact", FACTS)
def test_facts_of_partitions_add_up(fact: str) -> None:
    value, _ = FACTS[fact]
    part = Evidence(**{fact: value})  # type: ignore[arg-type]  # a fact of any type
    combined = Evidence.combine([part, Evidence()])
    assert judge(combined).word is judge(part).word


@pytest.mark.parametrize(
    ("evidence", "level"),
    [
        (Evidence(), logging.INFO),
        (Evidence(surplus=1), logging.WARNING),
        (Evidence(missing=1), logging.WARNING),
    ],
)
def test_anything_but_complete_is_a_warning(
    evidence: Evidence, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    verdict = log_verdict(logging.getLogger("tap"), "pays", evidence)
    [record] = caplog.records
    assert record.levelno == level
    assert record.getMessage().startswith(f"pays: {verdict}. Rows received 0 on 0 pages")
