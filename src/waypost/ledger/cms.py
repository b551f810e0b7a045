"""Who signed a time-stamp token: a CMS SignedData (RFC 5652) with one signer, as RFC 3161 and RFC 5816 have it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from waypost.ledger.der import OBJECT_ID, OCTET_STRING, SEQUENCE, SET, Item, Reader, context, object_id
from waypost.ledger.errors import BadAnchor

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm
    from cryptography.x509 import Certificate, Extension, ExtensionType, KeyUsage

    Kind = TypeVar("Kind", bound=ExtensionType)

TIME_STAMP = object_id("1.2.840.113549.1.9.16.1.4")
_SIGNED_DATA = object_id("1.2.840.113549.1.7.2")
_CONTENT_TYPE = object_id("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = object_id("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE = object_id("1.2.840.113549.1.9.16.2.12")
_SIGNING_CERTIFICATE_V2 = object_id("1.2.840.113549.1.9.16.2.47")
HASHES = {
    object_id("2.16.840.1.101.3.4.2.1"): "sha256",
    object_id("2.16.840.1.101.3.4.2.2"): "sha384",
    object_id("2.16.840.1.101.3.4.2.3"): "sha512",
}
_RSA, _ECDSA, _ED25519 = "RSA", "ECDSA", "Ed25519"
_SIGNATURES = {
    object_id("1.2.840.113549.1.1.1"): (_RSA, ""),
    object_id("1.2.840.113549.1.1.11"): (_RSA, "sha256"),
    object_id("1.2.840.113549.1.1.12"): (_RSA, "sha384"),
    object_id("1.2.840.113549.1.1.13"): (_RSA, "sha512"),
    object_id("1.2.840.10045.2.1"): (_ECDSA, ""),
    object_id("1.2.840.10045.4.3.2"): (_ECDSA, "sha256"),
    object_id("1.2.840.10045.4.3.3"): (_ECDSA, "sha384"),
    object_id("1.2.840.10045.4.3.4"): (_ECDSA, "sha512"),
    object_id("1.3.101.112"): (_ED25519, ""),
}
_WHAT = "the token"


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed, whose certificate fits the signature, and the other certificates that came along."""

    content: bytes
    signer: Certificate
    others: tuple[Certificate, ...]


@dataclass(frozen=True, slots=True)
class _Parts:
    content: bytes
    certificates: tuple[Certificate, ...]
    signer: Reader


def open_signed(token: bytes) -> Signed:
    """The content of a time-stamp token, if one of its own certificates signed it. Raises BadAnchor.

    Whether that certificate is to be trusted is another question: `chain_of`.
    """
    parts = _parts(token)
    info = parts.signer
    info.integer()
    signer = _certificate_of(info.any(), parts.certificates)
    digest = _hash_name(info.inside(SEQUENCE))
    attributes = info.take(context(0))
    method = _method(info.inside(SEQUENCE), digest)
    signature = info.take(OCTET_STRING).content
    info.maybe(context(1))
    info.end()
    _check_attributes(_attributes(attributes), parts.content, digest, signer)
    _check_signature(signer, method, signature, bytes([SET]) + attributes.whole[1:])
    return Signed(parts.content, signer, tuple(one for one in parts.certificates if one != signer))


def chain_of(signed: Signed, roots: Sequence[Certificate], at: datetime) -> str:
    """The name of the root that the signer's certificate led to at that time. Raises BadAnchor where it led to none."""
    from cryptography import x509
    from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

    authorities = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    authorities = authorities.may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _check_usage)
    policy = PolicyBuilder().store(Store(list(roots))).time(at)
    policy = policy.extension_policies(ca_policy=authorities, ee_policy=ExtensionPolicy.permit_all())
    try:
        chain = policy.build_client_verifier().verify(signed.signer, list(signed.others)).chain
    except (VerificationError, ValueError) as problem:
        raise BadAnchor(f"its certificate leads to no root that was given: {problem}") from problem
    return chain[-1].subject.rfc4514_string()


def _check_usage(_policy: object, _certificate: Certificate, usage: KeyUsage | None) -> None:
    """As the library asks for it: what is wrong is a ValueError."""
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("a key that must not sign certificates signed one")


def extension_of(certificate: Certificate, kind: type[Kind]) -> Extension[Kind] | None:
    """The certificate's extension of this kind. Raises BadAnchor for a certificate whose extensions can't be read."""
    from cryptography.x509 import DuplicateExtension, ExtensionNotFound, UnsupportedGeneralNameType

    try:
        return certificate.extensions.get_extension_for_class(kind)
    except ExtensionNotFound:
        return None
    except (ValueError, DuplicateExtension, UnsupportedGeneralNameType) as problem:
        raise BadAnchor(f"{_WHAT} came with a certificate that can't be read: {problem}") from problem


def _parts(token: bytes) -> _Parts:
    whole = Reader(token, _WHAT)
    outer = whole.inside(SEQUENCE)
    whole.end()
    if outer.take(OBJECT_ID).content != _SIGNED_DATA:
        raise BadAnchor(f"{_WHAT} is not signed data")
    data = outer.inside(context(0)).inside(SEQUENCE)
    outer.end()
    data.integer()
    data.take(SET)
    inner = data.inside(SEQUENCE)
    if inner.take(OBJECT_ID).content != TIME_STAMP:
        raise BadAnchor(f"{_WHAT} holds no time stamp")
    content = inner.inside(context(0)).take(OCTET_STRING).content
    certificates = data.maybe(context(0))
    data.maybe(context(1))
    signers = data.inside(SET)
    data.end()
    signer = signers.inside(SEQUENCE)
    signers.end()  # RFC 3161, 2.4.2: one signer, no more
    return _Parts(content, _certificates(certificates), signer)


def _certificates(item: Item | None) -> tuple[Certificate, ...]:
    found, reader = list[Item](), Reader(b"" if item is None else item.content, _WHAT)
    while not reader.is_at_end:
        found.append(reader.any())
    return tuple(_certificate(one.whole) for one in found if one.tag == SEQUENCE)


def _certificate(der: bytes) -> Certificate:
    """A certificate whose names can be read. Raises BadAnchor."""
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate

    try:
        found = load_der_x509_certificate(der)
        _ = found.subject, found.issuer, found.not_valid_before_utc, found.not_valid_after_utc  # read only now
        return found
    except (ValueError, InvalidVersion) as problem:
        raise BadAnchor(f"{_WHAT} came with a certificate that can't be read: {problem}") from problem


def _certificate_of(identity: Item, certificates: tuple[Certificate, ...]) -> Certificate:
    """The certificate that the signer is named by: issuer and serial number, or the key's identifier."""
    for one in certificates:
        if identity.tag == SEQUENCE:
            reader = Reader(identity.content, _WHAT)
            if (reader.any().whole, reader.integer()) == (one.issuer.public_bytes(), one.serial_number):
                return one
        elif identity.tag == context(0, constructed=False) and identity.content == _key_identifier(one):
            return one
    raise BadAnchor(f"{_WHAT} was signed with a certificate that did not come with it")


def _key_identifier(certificate: Certificate) -> bytes:
    from cryptography.x509 import SubjectKeyIdentifier

    found = extension_of(certificate, SubjectKeyIdentifier)
    return b"" if found is None else found.value.digest


def _hash_name(algorithm: Reader) -> str:
    name = HASHES.get(algorithm.take(OBJECT_ID).content)
    if name is None:
        raise BadAnchor(f"{_WHAT} was made with a hash that is not taken here; SHA-256, SHA-384 and SHA-512 are")
    return name


def _method(algorithm: Reader, digest: str) -> tuple[str, str]:
    """How it was signed, and over which hash; where that is not told, it is the content's."""
    found = _SIGNATURES.get(algorithm.take(OBJECT_ID).content)
    if found is None:
        raise BadAnchor(f"{_WHAT} was signed in a way that is not known here; RSA (PKCS #1), ECDSA and Ed25519 are")
    return found[0], found[1] or digest


def _attributes(item: Item) -> dict[bytes, bytes]:
    """The one value of each signed attribute, by its type's identifier."""
    found: dict[bytes, bytes] = {}
    reader = Reader(item.content, _WHAT)
    while not reader.is_at_end:
        attribute = reader.inside(SEQUENCE)
        kind, values = attribute.take(OBJECT_ID).content, attribute.inside(SET)
        if kind in found:
            raise BadAnchor(f"{_WHAT} says one thing twice")
        found[kind] = values.any().whole
        values.end()
        attribute.end()
    return found


def _check_attributes(found: dict[bytes, bytes], content: bytes, digest: str, signer: Certificate) -> None:
    """Raises BadAnchor unless they are of this content, and name this certificate (RFC 5816)."""
    kind, said = found.get(_CONTENT_TYPE), found.get(_MESSAGE_DIGEST)
    if kind is None or Reader(kind, _WHAT).take(OBJECT_ID).content != TIME_STAMP:
        raise BadAnchor(f"{_WHAT} was not signed as a time stamp")
    if said is None or Reader(said, _WHAT).take(OCTET_STRING).content != hashlib.new(digest, content).digest():
        raise BadAnchor(f"{_WHAT} was changed: its content is not what was signed")
    first, name = _SIGNING_CERTIFICATE, "sha1"
    if _SIGNING_CERTIFICATE_V2 in found:
        first, name = _SIGNING_CERTIFICATE_V2, "sha256"
    if first not in found:
        raise BadAnchor(f"{_WHAT} does not say which certificate signed it")
    identifier = Reader(found[first], _WHAT).inside(SEQUENCE).inside(SEQUENCE).inside(SEQUENCE)
    algorithm = identifier.maybe(SEQUENCE)
    if algorithm is not None:
        name = _hash_name(Reader(algorithm.content, _WHAT))
    from cryptography.hazmat.primitives.serialization import Encoding

    der = signer.public_bytes(Encoding.DER)
    if identifier.take(OCTET_STRING).content != hashlib.new(name, der, usedforsecurity=False).digest():
        raise BadAnchor(f"{_WHAT} names another certificate than the one that came with it")


def _check_signature(signer: Certificate, method: tuple[str, str], signature: bytes, signed: bytes) -> None:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    try:
        key = signer.public_key()
        if isinstance(key, rsa.RSAPublicKey) and method[0] == _RSA:
            key.verify(signature, signed, padding.PKCS1v15(), _hash(method[1]))
        elif isinstance(key, ec.EllipticCurvePublicKey) and method[0] == _ECDSA:
            key.verify(signature, signed, ec.ECDSA(_hash(method[1])))
        elif isinstance(key, ed25519.Ed25519PublicKey) and method[0] == _ED25519:
            key.verify(signature, signed)
        else:
            raise BadAnchor(f"{_WHAT} was signed by {method[0]}, which its certificate's key can't have done")
    except InvalidSignature as problem:
        raise BadAnchor(f"{_WHAT}'s signature does not fit: it was changed, or another key made it") from problem
    except (UnsupportedAlgorithm, ValueError) as problem:
        raise BadAnchor(f"{_WHAT}'s signature can't be checked: {problem}") from problem


def _hash(name: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    return {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[name]
