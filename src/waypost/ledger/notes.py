"""Signed notes (C2SP signed-note): a text, an empty line, and signatures by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from waypost.ledger.errors import BadKey, BadNote, UnknownSigner
from waypost.ledger.signatures import Signature, Signer, Verifier, check_name
from waypost.ledger.textual import from_base64, to_base64

LARGEST_NOTE = 1_000_000
MOST_SIGNATURES = 100
_DASH = "\N{EM DASH}"
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and its signatures, none of them checked."""

    text: str
    signatures: tuple[Signature, ...]

    def __bytes__(self) -> bytes:
        lines = (f"{_DASH} {one.name} {to_base64(one.key_id + one.value)}\n" for one in self.signatures)
        return f"{self.text}\n{''.join(lines)}".encode()


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that holds. `seconds` since 1970 is a cosignature's time."""

    verifier: Verifier
    seconds: int | None


@dataclass(frozen=True, slots=True)
class OpenNote:
    """A text that known keys have signed; `unknown` are signatures that nobody here can check."""

    text: str
    verified: tuple[Verified, ...]
    unknown: tuple[Signature, ...]


def parse_note(data: bytes) -> Note:
    """Reads a note without checking any signature. Raises BadNote."""
    if len(data) > LARGEST_NOTE:
        raise BadNote(f"a note of {len(data):,} bytes; at most {LARGEST_NOTE:,} are read")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise BadNote(f"byte {problem.start} of the note is not UTF-8") from problem
    if found := _CONTROL.search(whole):
        raise BadNote(f"the note holds the control character {found.group()!r} at {found.start()}")
    head, separator, tail = whole.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise BadNote("no signatures: a note has an empty line after its text, then lines that end in newlines")
    lines = tail[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise BadNote(f"{len(lines)} signatures; at most {MOST_SIGNATURES} are read")
    return Note(head + "\n", tuple(_signature(line) for line in lines))


def sign_note(text: str, signers: Sequence[Signer]) -> Note:
    """Signs the text with each key. Raises BadNote."""
    check_text(text)
    if not signers:
        raise BadNote("a note takes at least one signature")
    return Note(text, tuple(signer.sign(text) for signer in signers))


def cosign(note: Note, signer: Signer, seconds: int | None = None) -> Note:
    """The note with one more signature; its own are not checked here."""
    check_text(note.text)
    return Note(note.text, (*note.signatures, signer.sign(note.text, seconds)))


def open_note(note: Note | bytes, verifiers: Iterable[Verifier]) -> OpenNote:
    """The text, if at least one of the keys signed it and none is named on a signature that it did not make.

    Raises BadNote, BadSignature, or UnknownSigner.
    """
    note = parse_note(note) if isinstance(note, bytes) else note
    known = _by_identity(verifiers)
    verified: dict[Verifier, Verified] = {}
    unknown: list[Signature] = []
    for signature in note.signatures:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is None:
            unknown.append(signature)
            continue
        seconds = verifier.verify(note.text, signature.value)
        verified.setdefault(verifier, Verified(verifier, seconds))
    if not verified:
        signers = ", ".join(f"{one.name}+{one.key_id.hex()}" for one in note.signatures[:5])
        asked = ", ".join(f"{name}+{key_id.hex()}" for name, key_id in known) or "none"
        raise UnknownSigner(f"signed by {signers}, but not by a key that is trusted here ({asked})")
    return OpenNote(note.text, tuple(verified.values()), tuple(unknown))


def check_text(text: str) -> None:
    """Refuses a text that can't be signed. Raises BadNote."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise BadNote("a note's text ends in a newline and holds no other control characters")
    try:
        text.encode()
    except UnicodeEncodeError as problem:
        raise BadNote("a note's text must have a UTF-8 form") from problem


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != _DASH:
        raise BadNote(f"{line[:80]!r} is no signature line; it has the form: {_DASH} name base64")
    try:
        check_name(parts[1])
        data = from_base64(parts[2])
    except (BadKey, ValueError) as problem:
        raise BadNote(f"signature line {line[:80]!r}: {problem}") from problem
    if len(data) < 5:
        raise BadNote(f"signature line {line[:80]!r} is too short to hold a key's id and a signature")
    return Signature(parts[1], data[:4], data[4:])


def _by_identity(verifiers: Iterable[Verifier]) -> dict[tuple[str, bytes], Verifier]:
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        identity = (verifier.name, verifier.key_id)
        if known.setdefault(identity, verifier) != verifier:
            raise BadKey(f"two different keys are known as {verifier.name}+{verifier.key_id.hex()}; keep one of them")
    return known
