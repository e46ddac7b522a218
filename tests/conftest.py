"""Lets tests import the helpers beside them (never as `tests.x`: xDSL installs a `tests` too).

Hypothesis may take its time: on a loaded machine its limits say nothing about the code.
"""

import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture
def interruptible():
    """Have SIGINT raise KeyboardInterrupt, which it does not in processes of the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
