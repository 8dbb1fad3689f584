"""The level of the log.

The SDK hands `LOGLEVEL` to `logging` as it is, and an empty one or one that other programs mean
ends in a traceback. No version of singer-sdk makes this unnecessary yet; no issue is open.
"""

from __future__ import annotations

import logging
import os


def settle_log_level(logger: logging.Logger, prefix: str) -> None:
    """Take levels out of the environment that are none.

    Args:
        logger: Is warned of them.
        prefix: What the names of the tap's own variables begin with.
    """
    for name in (f"{prefix}LOGLEVEL", "LOGLEVEL"):
        level = os.environ.get(name)
        if level is None or level.upper() in logging.getLevelNamesMapping():
            continue
        del os.environ[name]
        if level:
            logger.warning(
                "The variable %s is no level of the log and was ignored. "
                "Use DEBUG, INFO, WARNING, ERROR or CRITICAL.",
                name,
            )
