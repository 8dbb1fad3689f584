"""What the documentation shows is what the doctor says of the demo account."""

from __future__ import annotations

import re

import pytest

from scripts.doctor import demo, printed, shape, stale
from scripts.tables import PROJECT
from tap_alfacrm.doctor.runner import BUDGET


@pytest.fixture(scope="module")
def seen() -> tuple[str, int]:
    report, requests = demo(fast=True)
    assert report.left_out == []
    assert report.exit_code == 0
    assert report.requests == requests
    return printed(report), requests


def test_the_demo_account_takes_no_more_than_the_budget(seen: tuple[str, int]) -> None:
    assert seen[1] <= BUDGET == 120


def test_the_report_shown_is_real(seen: tuple[str, int]) -> None:
    assert stale(seen[0]) == []


def test_each_answer_quotes_the_doctor(seen: tuple[str, int]) -> None:
    text = (PROJECT / "docs" / "behaviour.md").read_text(encoding="utf-8")
    questions = text.partition("## Five questions")[2].partition("\n## ")[0].split("\n### ")[1:]
    assert len(questions) == 5
    for question in questions:
        quotes = re.findall(r"```doctor\n(.*?)\n```", question, re.DOTALL)
        assert quotes, question
        for quote in quotes:
            # the lines of a sentence belong together, those of a table may stand apart
            for part in re.split(r"\n *(?=\S+  |is_study|\d)", quote):
                assert shape(part) in shape(seen[0]), part


def test_meltano_knows_the_command() -> None:
    text = (PROJECT / "meltano.yml").read_text(encoding="utf-8")
    assert "executable: alfacrm-doctor" in text.partition("\n  loaders:")[0]
