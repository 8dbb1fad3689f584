"""The command `tap-alfacrm`."""

from __future__ import annotations

import gc
import logging
import sys

from tap_alfacrm.errors import AlfaCRMError
from tap_alfacrm.tap import TapAlfaCRM


def _is_news(record: logging.LogRecord) -> bool:
    """Keep out what the SDK says of each partition, or each row, of lists that are not sorted."""
    said = record.getMessage()
    return not said.startswith(("Stream is assumed to be unsorted", "New replication value is"))


def main() -> None:
    """Run the tap; what the user can mend ends with one line, exit code 1 and no traceback."""
    gc.set_threshold(100_000)  # pages come and go whole; looking through them finds no garbage
    logging.getLogger("singer_sdk").addFilter(_is_news)
    try:
        TapAlfaCRM.cli()
    except AlfaCRMError as error:
        TapAlfaCRM.logger.critical("%s", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
