"""Nights with several troubles at once, by their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.reliability.scenario import play, reference

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.scenario import Row

NIGHTS = 200


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[Row, dict[str, object]]:
    return reference(tmp_path_factory.mktemp("reference"))


@pytest.mark.parametrize("tens", range(NIGHTS // 10))
def test_bad_nights_lose_and_double_nothing(
    wanted: dict[Row, dict[str, object]], tmp_path: Path, tens: int
) -> None:
    for seed in range(tens * 10, tens * 10 + 10):
        result = play(seed, wanted, tmp_path)
        assert (result.lost, result.wrong, result.doubled) == ([], [], 0), seed
