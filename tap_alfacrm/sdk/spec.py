"""What the code fixes of a stream, and no catalog or state can change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream.

    Attributes:
        identity: Columns by which the API identifies rows.
        replication_key: Column by which the API filters changes, if any.
        replication_method: What the stream does unless the user chooses.
        contexts: Possible partitions; none for a stream without.
        former_contexts: Partitions of earlier versions, whose earliest bookmark counts.
    """

    identity: Sequence[str]
    replication_key: str | None
    replication_method: str
    contexts: Sequence[Mapping[str, Any]]
    former_contexts: Sequence[Mapping[str, Any]] = ()


def enumerate_some(names: Sequence[str], most: int = 5) -> str:
    """Names in one line, however many there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
