"""Lets tests import the helpers beside them (never as `tests.x`: xDSL installs a `tests` too)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
