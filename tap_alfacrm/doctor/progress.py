"""How far the examination is, on stderr."""

from __future__ import annotations

import sys

import click


class Progress:
    """One line that changes on a terminal, a line for each section elsewhere."""

    def __init__(self, budget: int) -> None:
        """Say nothing yet.

        Args:
            budget: Most requests.
        """
        self._budget = budget
        self._section = ""
        self._is_terminal = sys.stderr.isatty()

    def begin(self, section: str) -> None:
        """A section begins."""
        self._section = section
        if not self._is_terminal:
            click.echo(f"{section} ...", err=True)

    def asked(self, requests: int) -> None:
        """A question was answered.

        Args:
            requests: Requests sent so far.
        """
        if self._is_terminal:
            line = f"\r\x1b[K{requests:>4} of at most {self._budget} requests: {self._section}"
            click.echo(line, err=True, nl=False)

    def end(self) -> None:
        """Take the line away."""
        if self._is_terminal:
            click.echo("\r\x1b[K", err=True, nl=False)
