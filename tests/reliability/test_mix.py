"""Scenarios with several faults at once, by seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.reliability.scenario import play, reference

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.scenario import Row

SCENARIOS = 24
"""A few, to save time; `make soak` plays hundreds."""


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[Row, dict[str, object]]:
    return reference(tmp_path_factory.mktemp("reference"))


@pytest.mark.parametrize("seed", range(SCENARIOS))
def test_a_scenario_loses_and_duplicates_nothing(
    wanted: dict[Row, dict[str, object]], tmp_path: Path, seed: int
) -> None:
    result = play(seed, wanted, tmp_path)
    assert (result.lost, result.wrong, result.doubled) == ([], [], 0)
    assert result.runs >= 2
