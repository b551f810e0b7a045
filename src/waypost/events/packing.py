"""How a blob's bytes lie in the log: deflated, where that makes them smaller.

Short texts deflate badly by themselves, and most texts of a log are short answers in one JSON form; a preset dictionary
(RFC 1950) knows that form. A packing, once used, is never changed: a new dictionary gets a new number.
"""

from __future__ import annotations

import zlib

PLAIN, ANSWERS_1 = 0, 2
_DICTIONARY_1 = (
    b"import os\nimport re\nimport sys\nfrom pathlib import Path\ndef self return None True False if not in for "
    b'python -m pytest -q tests/test_ git diff --stat src/ .py: error passed failed "text": "path": "old": "new": '
    b'"pattern": "summary": "deltas":[["text",["arguments",["call","edit","read","find","write","done",],'
    b'"model":"","stop":"end","stop":"calls","usage":{"input":,"output":,"cached":,"written":,"reasoning":},'
    b'"id":"resp_","id":"msg_","id":"chatcmpl-","model":"{"parts":[{"text":"{"parts":[{"call":"call_toolu_'
    b'_0","name":"shell","arguments":"{\\"command\\": \\"'
)


def pack(content: bytes) -> tuple[int, bytes]:
    """The packing's number and the bytes as they are stored."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=_DICTIONARY_1)
    packed = packer.compress(content) + packer.flush()
    return (ANSWERS_1, packed) if len(packed) < len(content) else (PLAIN, content)


def unpack(packing: int, stored: bytes) -> bytes:
    """The bytes as they were. Raises zlib.error for damaged ones, ValueError for a packing of a newer Waypost."""
    if packing == PLAIN:
        return bytes(stored)
    if packing != ANSWERS_1:
        raise ValueError(f"packing {packing} was written by a newer Waypost; upgrade to read it")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS, zdict=_DICTIONARY_1)
    return unpacker.decompress(stored) + unpacker.flush()
