"""Progress of the examination, on stderr."""

from __future__ import annotations

import sys

import click


class Progress:
    """One line that changes on a terminal, elsewhere a line for each section."""

    def __init__(self, budget: int) -> None:
        """Show nothing yet.

        Args:
            budget: Maximum number of requests.
        """
        self._budget = budget
        self._section = ""
        self._is_terminal = sys.stderr.isatty()

    def begin(self, section: str) -> None:
        """Show that a section begins, once for successive checks of it."""
        if not self._is_terminal and section != self._section:
            click.echo(f"{section} ...", err=True)
        self._section = section

    def count(self, requests: int) -> None:
        """Show the number of requests sent so far."""
        if self._is_terminal:
            line = f"\r\x1b[K{requests:>4} of at most {self._budget} requests: {self._section}"
            click.echo(line, err=True, nl=False)

    def end(self) -> None:
        """Remove the line."""
        if self._is_terminal:
            click.echo("\r\x1b[K", err=True, nl=False)
