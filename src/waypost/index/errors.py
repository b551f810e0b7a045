"""What can go wrong with the index, each with the mend."""

from __future__ import annotations


class IndexProblem(Exception):
    """Something about the index or a question; the text says what, where and the mend."""


class BadRoot(IndexProblem):
    """What should be indexed is no folder, or can't be read."""


class BadQuestion(IndexProblem):
    """A question that can't be asked so: no such file, a pattern that is none, a diff that can't be read."""


class IndexFull(IndexProblem):
    """The disk has no room; what was indexed before is kept."""


class IndexUnwritable(IndexProblem):
    """The index can't be written where it should lie."""


class IndexBusy(IndexProblem):
    """Another process writes to the index and did not end in the time given."""


class IndexDamaged(IndexProblem):
    """The file holds what this version did not write; it is made anew, and the answer says so."""


class WorkersFailed(IndexProblem):
    """Worker processes can't be started here."""


class BadPlace(IndexProblem):
    """An address of a database that can't be read."""


class IndexUnreachable(IndexProblem):
    """The database server can't be reached, or the connection to it was lost; what it had committed is kept."""


class IndexTooNew(IndexProblem):
    """A newer Waypost made what lies there, and others may still use it; it is left alone."""
