"""Commands for people who work on the tap."""

import sys
from pathlib import Path

# The report is a distribution of its own that requires dbt, so it is not installed here.
sys.path.insert(1, str(Path(__file__).parents[1] / "report"))
