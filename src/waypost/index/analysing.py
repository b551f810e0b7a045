"""One file from disk to what the store takes, in whichever process: read, hashed, judged, parsed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib import import_module
from typing import Literal, NamedTuple, TypeAlias

from waypost.index.contents import LARGEST, Stamp, Unread, read, why_not
from waypost.index.model import Parsed
from waypost.index.packing import Packed, pack
from waypost.index.windows import quarantined

Parse: TypeAlias = Callable[[str, bytes], Parsed]
Kind = Literal["new", "same", "kept", "left out", "gone"]
PARSER = "waypost.index.parsing:parse"


class Task(NamedTuple):
    """A file to look at: the digest that is stored, and those whose parsing is kept or known to fail."""

    path: str
    digest: bytes = b""
    kept: tuple[bytes, ...] = ()
    windows_only: str = ""  # why no grammar may read it; empty: one may


class Outcome(NamedTuple):
    """What became of a task. `packed` comes with `new`; `why` with `left out`."""

    path: str
    kind: Kind
    stamp: Stamp | None = None
    read_ns: int = 0
    digest: bytes = b""
    packed: Packed | None = None
    why: str = ""


class Analysis:
    """Looks at files below an open folder. `parser` is `module:function`, taken up at the first file to parse."""

    def __init__(
        self, root: int, *, largest: int = LARGEST, parser: str = PARSER, quarantined: dict[bytes, str] | None = None
    ) -> None:
        self.root = root
        self.largest = largest
        self.parser = parser
        self.quarantined = {} if quarantined is None else quarantined
        self.before_parsing: Callable[[str, bytes], None] = lambda _path, _digest: None
        self._parse: Parse | None = None

    def look(self, task: Task) -> Outcome:
        """What a file holds now."""
        content = read(self.root, task.path, self.largest)
        if isinstance(content, Unread):
            kind: Kind = "gone" if content.reason == "gone" else "left out"
            return Outcome(task.path, kind, content.stamp, why=content.reason)
        data, stamp, moment = content.data, content.stamp, content.read_ns
        digest = hashlib.sha256(data).digest()
        if digest == task.digest and not task.windows_only:
            return Outcome(task.path, "same", stamp, moment, digest)
        if digest in task.kept:
            return Outcome(task.path, "kept", stamp, moment, digest)
        reason = why_not(task.path, data)
        if reason is not None:
            return Outcome(task.path, "left out", stamp, moment, digest, why=reason)
        why = task.windows_only or self.quarantined.get(digest, "")
        if why:
            parsed = quarantined(task.path, data, why)
        else:
            parse = self.load()
            self.before_parsing(task.path, digest)
            parsed = parse(task.path, data)
        return Outcome(task.path, "new", stamp, moment, digest, pack(parsed, terms_of(task.path, data, parsed)))

    def load(self) -> Parse:
        """Takes up the parser, so that one that is not there is told at once."""
        if self._parse is None:
            module, _, name = self.parser.partition(":")
            self._parse = getattr(import_module(module), name)
        return self._parse


def terms_of(path: str, data: bytes, parsed: Parsed) -> bytes:
    """What search keeps of the text."""
    from waypost.index.forward import terms_of_file  # here, as numpy comes with it

    return terms_of_file(path, data.decode("utf-8", "replace"), parsed)
