"""What can be wrong with a question about a line or an event."""

from __future__ import annotations


class TraceError(Exception):
    """The question can't be answered as asked; the text says what, where and the mend."""

    exit_code = 2


class NoSuchPlace(TraceError):
    """There is no such file or line."""


class NoSuchEvent(TraceError):
    """The log has no event at this position."""


class BadAnswer(TraceError):
    """A stored answer is not of the form that this Waypost knows."""


class NotFinished(TraceError):
    """An export speaks of a finished run or milestone, and this one is not."""
