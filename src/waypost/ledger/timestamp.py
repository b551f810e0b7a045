"""Time stamps (RFC 3161) of a checkpoint's note: asked for, and checked."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from waypost.ledger.cms import HASHES, Signed, chain_of, extension_of, open_signed
from waypost.ledger.der import (
    BOOLEAN,
    GENERALIZED_TIME,
    NULL,
    OBJECT_ID,
    OCTET_STRING,
    SEQUENCE,
    UTF8_STRING,
    Reader,
    context,
    encoded,
    encoded_integer,
    object_id,
)
from waypost.ledger.errors import BadAnchor, BadPlace, NotAnchored
from waypost.ledger.posting import Post

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
_SHA256 = object_id("2.16.840.1.101.3.4.2.1")
_GRANTED = {0, 1}  # as asked, and with changes, which are looked at below
_TIME = re.compile(rb"([0-9]{14})(?:\.([0-9]{1,9}))?Z")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time stamp that holds. `seconds` since 1970; `root` is the one that its signer leads to, "" if none was given.

    Then `signer`, a certificate's subject, is a name that anybody may have chosen.
    """

    seconds: int
    signer: str
    root: str
    serial: int


def request_for(note: bytes, nonce: int) -> bytes:
    """The TimeStampReq for the SHA-256 of these bytes."""
    algorithm = encoded(SEQUENCE, encoded(OBJECT_ID, _SHA256), encoded(NULL))
    imprint = encoded(SEQUENCE, algorithm, encoded(OCTET_STRING, hashlib.sha256(note).digest()))
    return encoded(SEQUENCE, encoded_integer(1), imprint, encoded_integer(nonce), encoded(BOOLEAN, b"\xff"))


async def stamped(address: str, note: bytes, roots: Sequence[Certificate], post: Post) -> bytes:
    """The authority's answer (TimeStampResp), checked.

    Raises NotAnchored where none was had, BadAnchor where it does not hold.
    """
    nonce = int.from_bytes(os.urandom(8), "big")
    answer = await post(address, QUERY, request_for(note, nonce))
    if answer.status != 200 or answer.kind != REPLY:
        raise NotAnchored(f"{address}: answered {answer.status} ({answer.kind or 'no kind'}), no {REPLY}")
    try:
        _check(answer.body, note, roots, nonce)
    except (BadAnchor, NotAnchored) as problem:
        raise type(problem)(f"{address}: {problem}") from problem
    return answer.body


def check_stamp(response: bytes, note: bytes, roots: Sequence[Certificate] = ()) -> Stamp:
    """What an authority's answer says of these bytes. Raises BadAnchor."""
    try:
        return _check(response, note, roots, None)
    except NotAnchored as problem:
        raise BadAnchor(str(problem)) from problem


def read_roots(texts: Sequence[str]) -> list[Certificate]:
    """Certificates in PEM. Raises BadPlace."""
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return [one for text in texts for one in load_pem_x509_certificates(text.encode())]
    except ValueError as problem:
        raise BadPlace(f"a root that is no certificate in PEM: {problem}") from problem


def _check(response: bytes, note: bytes, roots: Sequence[Certificate], nonce: int | None) -> Stamp:
    signed = open_signed(_token_in(response))
    serial, at = _info(signed.content, hashlib.sha256(note).digest(), nonce)
    _check_certificate(signed, at)
    root = chain_of(signed, roots, at) if roots else ""
    return Stamp(int(at.timestamp()), signed.signer.subject.rfc4514_string(), root, serial)


def _token_in(response: bytes) -> bytes:
    whole = Reader(response, "the answer")
    outer = whole.inside(SEQUENCE)
    whole.end()
    status = outer.inside(SEQUENCE)
    number = status.integer()
    if number not in _GRANTED:
        raise NotAnchored(f"no stamp was granted (status {number}{_said(status)})")
    token = outer.take(SEQUENCE).whole
    outer.end()
    return token


def _said(status: Reader) -> str:
    texts = status.maybe(SEQUENCE)
    if texts is None or not texts.content:
        return ""
    text = Reader(texts.content, "the answer").take(UTF8_STRING).content[:200].decode(errors="replace")
    return f": {text}"


def _info(content: bytes, digest: bytes, nonce: int | None) -> tuple[int, datetime]:
    """The serial number and time of a TSTInfo. Raises BadAnchor for one of other bytes, or another request."""
    whole = Reader(content, "the stamp")
    info = whole.inside(SEQUENCE)
    whole.end()
    if (version := info.integer()) != 1:
        raise BadAnchor(f"a stamp of version {version}; 1 is known")
    info.take(OBJECT_ID)
    imprint = info.inside(SEQUENCE)
    algorithm, said = imprint.inside(SEQUENCE), imprint.take(OCTET_STRING).content
    imprint.end()
    if HASHES.get(algorithm.take(OBJECT_ID).content) != "sha256" or said != digest:
        raise BadAnchor("the stamp is of other bytes than this checkpoint's")
    serial, at = info.integer(), _time(info.take(GENERALIZED_TIME).content)
    info.maybe(SEQUENCE)  # accuracy
    info.maybe(BOOLEAN)
    answered = info.maybe_integer()
    info.maybe(context(0))
    extensions = info.maybe(context(1))
    info.end()
    if extensions is not None:
        _check_extensions(Reader(extensions.content, "the stamp"))
    if nonce is not None and answered != nonce:
        raise BadAnchor("the stamp answers another request: it has not the nonce that was sent")
    return serial, at


def _check_extensions(extensions: Reader) -> None:
    """None is known here, so one that must be understood is refused, and others are passed over. Raises BadAnchor."""
    while not extensions.is_at_end:
        extension = extensions.inside(SEQUENCE)
        extension.take(OBJECT_ID)
        if extension.maybe(BOOLEAN) is not None:
            raise BadAnchor("the stamp has an extension that must be understood, and is not known here")
        extension.take(OCTET_STRING)
        extension.end()


def _time(content: bytes) -> datetime:
    found = _TIME.fullmatch(content)
    try:
        if found is not None:
            return datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as problem:
        raise BadAnchor(f"the stamp's time {content!r} is none") from problem
    raise BadAnchor(f"the stamp's time {content[:40]!r} is not written as one in UTC")


def _check_certificate(signed: Signed, at: datetime) -> None:
    """RFC 3161, section 2.3: for time stamps and nothing else, said so that nobody overlooks it. Raises BadAnchor."""
    from cryptography.x509 import BasicConstraints, ExtendedKeyUsage
    from cryptography.x509.oid import ExtendedKeyUsageOID

    signer = signed.signer
    usage, constraints = extension_of(signer, ExtendedKeyUsage), extension_of(signer, BasicConstraints)
    if usage is None or not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise BadAnchor("its certificate is not one for time stamps alone")
    if constraints is not None and constraints.value.ca:
        raise BadAnchor("its certificate is one that signs certificates, not time stamps")
    if not signer.not_valid_before_utc <= at <= signer.not_valid_after_utc:
        raise BadAnchor(f"its certificate was not valid at {at:%Y-%m-%d %H:%M} UTC")
