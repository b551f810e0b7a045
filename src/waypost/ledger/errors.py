"""What can be wrong with evidence. Nothing here is ever swallowed: a proof that is not refused is believed."""

from __future__ import annotations


class LedgerError(Exception):
    """Evidence that does not hold, or can't be made; the text says what, where and the mend."""


class BadTree(LedgerError):
    """A tree, or a part of one, that can't be as described."""


class BadProof(LedgerError):
    """A proof that does not prove what it is shown for."""


class BadNote(LedgerError):
    """A text that is no signed note."""


class UnknownSigner(BadNote):
    """A note that none of the known keys has signed."""


class BadSignature(BadNote):
    """A note with a signature in a known key's name that this key did not make."""


class BadKey(LedgerError):
    """A key, or a file with one, that can't be used."""


class BadCheckpoint(LedgerError):
    """A signed note that is no checkpoint, or not the one that was asked for."""


class BadTile(LedgerError):
    """A tile or an entry bundle that can't be read or written."""


class BadReceipt(LedgerError):
    """A text or bytes that are no receipt."""


class BadPlace(LedgerError):
    """An address, or the file that keeps them, where no witness or time-stamp authority can be asked."""


class BadAnchor(LedgerError):
    """A cosignature or a time stamp that does not hold, or is of something else."""


class NotAnchored(LedgerError):
    """A witness or an authority that could not be reached, or refused. Nothing is wrong with the log by that alone."""


class DamagedLog(LedgerError):
    """A log that is not what its checkpoint says. `index` is the first entry that does not hold."""

    def __init__(self, text: str, index: int) -> None:
        super().__init__(text)
        self.index = index
