"""What all tests need of the process they run in."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

# A shell that starts pytest in the background has it ignore Ctrl-C, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Fewer examples of each property where only the fast tests run."""
    settings.register_profile("fast", max_examples=25)
    if config.getoption("-m") == "not slow":
        settings.load_profile("fast")
