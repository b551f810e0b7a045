"""What all tests need of the process they run in."""

from __future__ import annotations

import signal

# A shell that starts pytest in the background has it ignore Ctrl-C, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
