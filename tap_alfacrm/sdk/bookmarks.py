"""Bookmarks that stay where they are when rows were missed.

The SDK moves a bookmark at the end of each partition, whether or not the rows before it came; it
has no public way to keep one (https://github.com/meltano/sdk/issues/3631 is about the size of that
state alone). This changes the state and its `progress_markers` as `Stream.state_manager` leaves
them. No version of singer-sdk makes this unnecessary yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import Stream

if TYPE_CHECKING:
    from singer_sdk.helpers.types import Context


class HeldBookmarks(Stream):
    """A stream that can keep its bookmarks."""

    def hold_bookmark(self, context: Context | None) -> None:
        """Let the next run request the same window again, because this one missed rows."""
        markers = self.get_context_state(context).get("progress_markers", {})
        markers.pop("replication_key", None)

    def keep_bookmarks(self) -> None:
        """Keep the bookmarks of all partitions as they are, for `restore_bookmarks`."""
        self._kept_bookmarks = {
            str(state.get("context")): state.get("replication_key_value")
            for state in self._bookmark_states()
        }

    def restore_bookmarks(self) -> None:
        """Set back what partitions moved, because the stream as a whole missed rows."""
        for state in self._bookmark_states():
            state.get("progress_markers", {}).pop("replication_key", None)
            kept = self._kept_bookmarks.get(str(state.get("context")))
            if kept is not None:
                state["replication_key_value"] = kept
            else:
                state.pop("replication_key_value", None)
                state.pop("replication_key", None)

    def _bookmark_states(self) -> list[dict[str, Any]]:
        return [self.stream_state, *self.stream_state.get("partitions", [])]
