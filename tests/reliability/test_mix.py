"""Nights with several troubles at once, by their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.reliability.scenario import play, reference

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.scenario import Row

NIGHTS = 90


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[Row, dict[str, object]]:
    return reference(tmp_path_factory.mktemp("reference"))


@pytest.mark.parametrize("seed", range(NIGHTS))
def test_a_bad_night_loses_and_doubles_nothing(
    wanted: dict[Row, dict[str, object]], tmp_path: Path, seed: int
) -> None:
    result = play(seed, wanted, tmp_path)
    assert (result.lost, result.wrong, result.doubled) == ([], [], 0)
    assert result.runs >= 2
