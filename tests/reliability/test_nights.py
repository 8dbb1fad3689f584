"""Random nights, by seed: JSON Lines for most, PostgreSQL at the end of a live pipe for some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.reliability.nights import Scenario
from tests.reliability.target import LivePostgres

if TYPE_CHECKING:
    from pathlib import Path

SCENARIOS = 16
LIVE_SCENARIOS = 3


@pytest.mark.parametrize("seed", range(SCENARIOS))
def test_no_night_loses_a_row_under_complete_and_none_for_good(tmp_path: Path, seed: int) -> None:
    result = Scenario(seed, tmp_path / "tap").play()
    assert result.failures == {}
    assert result.runs >= 4


@pytest.mark.parametrize("seed", range(LIVE_SCENARIOS))
def test_a_database_at_the_end_of_a_pipe_holds_every_row(
    postgres: str, tmp_path: Path, seed: int
) -> None:
    pipe = LivePostgres(tmp_path / "target", postgres, f"nights_{seed}")
    result = Scenario(seed, tmp_path / "tap", pipe).play()
    assert result.failures == {}
    assert result.runs >= 4
