"""Progress lines in the log while a list is read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from tap_alfacrm.formatting import number_of

if TYPE_CHECKING:
    import logging

INTERVAL = 5.0
"""Seconds between two progress lines of a stream."""


class ProgressListener(Protocol):
    """Receives each page as it is read."""

    def begin_list(self, label: str) -> None:
        """Start a list from its first page."""

    def add_page(self, rows: int, total: int | None) -> None:
        """Count one page of so many rows; the list has `total` rows."""


class Progress:
    """Logs how much of a list has been read, at most once every five seconds."""

    def __init__(self, logger: logging.Logger) -> None:
        """Create a progress log.

        Args:
            logger: The stream's logger.
        """
        self._logger = logger
        self._last_line_at: float | None = None
        self.begin_list("")

    def begin_list(self, label: str) -> None:
        """Start a list from its first page.

        Args:
            label: What is being read.
        """
        self._label = label
        self._started_at = time.monotonic()
        if self._last_line_at is None and label:
            self._last_line_at = self._started_at
        self._pages = self._done = 0
        self._longest_page = 1

    def add_page(self, rows: int, total: int | None) -> None:
        """Count one page.

        Args:
            rows: Rows on the page.
            total: Rows of the list, None where the API does not give it.
        """
        self._pages += 1
        self._done += rows
        self._longest_page = max(self._longest_page, rows)
        if total is None:
            rows_so_far = number_of(self._done, "row")
            self._log(f"{number_of(self._pages, 'page')}, {rows_so_far} so far")
        else:
            pages = max(self._pages, -(-total // self._longest_page))
            text = f"page {self._pages:,} of {pages:,}, {self._done:,} of {number_of(total, 'row')}"
            self._log(text, self._pages / pages)

    def begin_series(self, label: str, size: int) -> None:
        """Start a series of requests.

        Args:
            label: What is being read.
            size: Number of requests in the series.
        """
        self.begin_list(label)
        self._size = size

    def add_request(self) -> None:
        """Count one completed request of a series."""
        self._done += 1
        total = max(self._size, self._done)
        self._log(f"request {self._done:,} of {total:,}", self._done / total)

    def _log(self, text: str, share: float | None = None) -> None:
        now = time.monotonic()
        if self._last_line_at is None or now - self._last_line_at < INTERVAL:
            return
        self._last_line_at = now
        if share:
            text += f", about {(now - self._started_at) * (1 / share - 1):,.0f} s left"
        self._logger.info("%s: %s.", self._label, text)


class NoProgress:
    """Logs nothing."""

    def begin_list(self, label: str) -> None:
        """Ignore a new list."""

    def add_page(self, rows: int, total: int | None) -> None:
        """Ignore a page."""
