"""Threads that send requests.

They are daemon threads, so that a signal ends the process at once: a process waits for the threads
of `concurrent.futures.ThreadPoolExecutor` before it ends.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Work = Callable[[], object]
    """What a thread does; raises nothing."""


class Workers:
    """Threads that are started as they are needed and kept for further work."""

    def __init__(self) -> None:
        """Start no thread yet."""
        self._queue: SimpleQueue[Work] = SimpleQueue()
        self._idle = threading.Semaphore(0)

    def submit(self, work: Work) -> None:
        """Do work in an idle thread, or in a new one if there is none."""
        if not self._idle.acquire(blocking=False):
            threading.Thread(target=self._run, daemon=True).start()
        self._queue.put(work)

    def _run(self) -> None:
        while True:
            self._queue.get()()
            self._idle.release()


WORKERS = Workers()
"""The threads of this process, shared by all clients."""
