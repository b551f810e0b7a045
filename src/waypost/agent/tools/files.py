"""Text files to the byte: newline style, byte-order mark and mode are kept; writes are all or nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from waypost.agent.tools.bench import Bench
from waypost.agent.tools.paths import Place, missing
from waypost.agent.tools.result import ToolError

LARGEST = 8 << 20
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text with `\\n` alone where the file has `\\r\\n` throughout; mixed newlines stay as they are.

    Bytes that are not UTF-8 become lone surrogates and go back as the same bytes.
    """

    text: str
    crlf: bool = False
    bom: bool = False

    def encoded(self, text: str | None = None) -> bytes:
        """The bytes of this file, or of another text in this file's manner."""
        text = self.text if text is None else text
        text = text.replace("\n", "\r\n") if self.crlf else text
        return (_BOM if self.bom else b"") + text.encode("utf-8", "surrogateescape")


def digest(data: bytes) -> str:
    """A short name of a content."""
    import hashlib

    return hashlib.sha256(data).hexdigest()[:16]


def decoded(data: bytes, shown: str) -> TextFile:
    """A file's bytes as text. Raises ToolError for binary ones."""
    if b"\0" in data:
        raise ToolError(f"{shown}: a binary file of {len(data):,} bytes; look at it with `shell` (file, xxd)")
    bom = data.startswith(_BOM)
    text = (data[len(_BOM) :] if bom else data).decode("utf-8", "surrogateescape")
    pairs = text.count("\r\n")
    crlf = pairs > 0 and pairs == text.count("\n") == text.count("\r")
    return TextFile(text.replace("\r\n", "\n") if crlf else text, crlf, bom)


def read_bytes(place: Place, bench: Bench) -> bytes:
    """A regular file's bytes. Raises ToolError if it is missing, no regular file, or huge."""
    try:
        status = place.path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise missing(place, bench) from None
    if stat.S_ISDIR(status.st_mode):
        raise ToolError(f"{place.shown} is a folder; name a file in it")
    if not stat.S_ISREG(status.st_mode):
        raise ToolError(f"{place.shown} is no regular file (a pipe, socket or device)")
    if status.st_size > LARGEST:
        raise ToolError(
            f"{place.shown}: {status.st_size:,} bytes, too large for this tool; "
            f"use `shell` (sed -n '100,200p', grep -n, sed -i)"
        )
    return place.path.read_bytes()


def read_text(place: Place, bench: Bench) -> TextFile:
    """A regular text file. Raises ToolError as read_bytes and decoded do."""
    return decoded(read_bytes(place, bench), place.shown)


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file's content before and after, None where there is none; `mode_of` lends its mode to a new one."""

    path: Path
    before: bytes | None
    after: bytes | None
    mode_of: Path | None = None


def apply_changes(changes: Sequence[FileChange]) -> None:
    """Makes all changes or none. Each file is replaced by a rename, so no reader sees half of one.

    Raises OSError after having put back what had been changed.
    """
    staged: list[tuple[FileChange, Path]] = []
    made: list[FileChange] = []
    try:
        staged.extend((change, _stage(change)) for change in changes if change.after is not None)
        for change, temporary in staged:
            temporary.replace(change.path)
            made.append(change)
        for change in changes:
            if change.after is None:
                change.path.unlink()
                made.append(change)
    except BaseException:
        for change in reversed(made):
            _put_back(change)
        raise
    finally:
        for _, temporary in staged:
            with suppress(FileNotFoundError):
                temporary.unlink()


def _put_back(change: FileChange) -> None:
    if change.before is None:
        change.path.unlink(missing_ok=True)
    else:
        _stage(FileChange(change.path, None, change.before, change.mode_of)).replace(change.path)


def _stage(change: FileChange) -> Path:
    """The new content in a temporary file beside its place, with the mode that it shall have."""
    folder = change.path.parent
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".waypost-{os.urandom(6).hex()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(change.after or b"")
        like = change.mode_of or change.path
        if like.exists():
            temporary.chmod(stat.S_IMODE(like.stat().st_mode))
    except BaseException:
        temporary.unlink()
        raise
    return temporary
