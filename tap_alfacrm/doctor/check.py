"""What a check is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tap_alfacrm.doctor.findings import Finding
    from tap_alfacrm.doctor.probe import Probe


@dataclass(frozen=True, slots=True)
class Check:
    """A part of the examination; its findings do not depend on which checks ran before it.

    Attributes:
        name: Title of its section of the report; checks of one name share the section.
        requests: Most requests that it sends beyond those for the facts of the probe, without
            retries.
        run: Returns the findings.
        head: Column titles, where the findings are the rows of a table.
    """

    name: str
    requests: int
    run: Callable[[Probe], Iterable[Finding]]
    head: str = ""
