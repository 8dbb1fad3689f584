"""What a back end that misbehaves comes to, case by case, with the tap as a process."""

from __future__ import annotations

import copy
import logging
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator import serve
from tests.conftest import Output, config_for
from tests.reliability.process import Tap
from tests.test_misbehaviour import (
    BLIND,
    CASES,
    NAMES,
    NIGHT,
    Nights,
    Warehouse,
    build,
    is_whole,
    make_catalog,
    verdict_of,
)

if TYPE_CHECKING:
    from simulator import Server


@dataclass
class Case:
    """What a night comes to after a healthy load.

    Attributes:
        name: The misbehaviour.
        words: Number of streams by the first word of their verdict, "" for none.
        missed: Rows that were not loaded.
        concealed: Rows of these that were missed under COMPLETE: a broken promise.
        hidden: The same, where no request can tell (`BLIND`).
        left: Rows that are missing after two healthy runs.
    """

    name: str
    words: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    concealed: int = 0
    hidden: int = 0
    left: int = 0


@cache
def _catalog() -> dict[str, Any]:
    return make_catalog()


class _Runs:
    """Runs of the tap as a process, with the output that runs in a test have."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(
        self,
        server: Server,
        *,
        catalog: dict[str, Any],
        state: dict[str, Any] | None,
        fails: type[BaseException],
        **config: Any,
    ) -> Output:
        ending = Tap(self._folder, {**config_for(server), **config}, catalog).run(state)
        error = fails(ending.log[-1]) if ending.code else None
        return Output(ending.messages, [_record(line) for line in ending.log], error)


def _record(line: str) -> logging.LogRecord:
    parts = line.split(" | ", 3)
    level, text = (parts[1].strip(), parts[3]) if len(parts) > 3 else ("INFO", line)
    return logging.LogRecord("tap", logging.getLevelNamesMapping()[level], "", 0, text, (), None)


@cache
def _healthy_load() -> tuple[Warehouse, dict[str, Any]]:
    """The warehouse and the state after a first load of the account, which is always the same."""
    with serve(account := build()) as server:
        nights = Nights(_Runs(Path(tempfile.mkdtemp())), server, account, _catalog())
        assert is_whole(*nights.run())
    assert nights.state is not None
    return nights.warehouse, nights.state


def play_case(name: str, folder: Path) -> Case:
    """Misbehave for a night after a healthy load, and load the account again twice at most."""
    case = Case(name)
    with serve(account := build()) as server:
        nights = Nights(_Runs(folder), server, account, _catalog())
        nights.warehouse, nights.state = copy.deepcopy(_healthy_load())
        nights.change()
        kind, parameters = CASES[name]
        server.misbehave(kind, **parameters)
        output, lost = nights.run()
        server.behave()
        for stream in NAMES:
            word = verdict_of(output, stream).removeprefix(f"{stream}: ").split(" ")[0].strip(",.")
            case.words[word if word.isupper() else ""] += 1
            rows = len(lost.get(stream, ()))
            case.missed += rows
            if word == "COMPLETE":
                is_blind = stream in BLIND.get((name, NIGHT), set())
                case.hidden += rows * is_blind
                case.concealed += rows * (not is_blind)
        assert is_whole(*nights.run()) or is_whole(*nights.run())
        case.left = sum(map(len, nights.missing().values()))
    return case
