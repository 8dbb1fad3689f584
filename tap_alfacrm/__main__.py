"""The command `tap-alfacrm`."""

from __future__ import annotations

import sys

from tap_alfacrm.errors import AlfaCRMError
from tap_alfacrm.tap import TapAlfaCRM


def main() -> None:
    """Run the tap; what the user can mend ends with one line, exit code 1 and no traceback."""
    try:
        TapAlfaCRM.cli()
    except AlfaCRMError as error:
        TapAlfaCRM.logger.critical("%s", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
