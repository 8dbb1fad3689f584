"""Catalogs that select what a test loads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection


def root_of(entry: dict[str, Any]) -> dict[str, Any]:
    """The metadata of a stream itself, in its entry of a catalog."""
    [root] = [item["metadata"] for item in entry["metadata"] if not item["breadcrumb"]]
    found: dict[str, Any] = root
    return found


def select(catalog: dict[str, Any], streams: Collection[str] | None = None) -> dict[str, Any]:
    """Select streams of a catalog and no others; None selects all.

    Returns:
        The catalog, changed in place.
    """
    for entry in catalog["streams"]:
        root_of(entry)["selected"] = streams is None or entry["stream"] in streams
    return catalog
