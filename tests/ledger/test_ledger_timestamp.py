"""Time stamps: had from `openssl ts` over real HTTP, checked by us, by OpenSSL, and against many that lie."""

from __future__ import annotations

import asyncio
import random
import subprocess
from functools import partial
from pathlib import Path

import pytest
from anchor_cases import (
    HAS_OPENSSL,
    TIME_STAMPING,
    Certified,
    Handler,
    Reply,
    Tsa,
    certified,
    openssl_verifies,
    served,
)
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from ledger_cases import VECTORS

from waypost.ledger import der
from waypost.ledger.cms import open_signed
from waypost.ledger.errors import BadAnchor, BadPlace, LedgerError, NotAnchored
from waypost.ledger.posting import post
from waypost.ledger.timestamp import check_stamp, read_roots, request_for, stamped

pytestmark = pytest.mark.skipif(not HAS_OPENSSL, reason="no openssl here, and so no time-stamp authority to ask")
NOTE = b"waypost.invalid/testing\n3\nroot\n\n- signature\n"
ROOT = certified("Root")
MIDDLE = certified("Middle", ROOT)
SIGNER = certified("Clock", MIDDLE, TIME_STAMPING, authority=False)
CMS_TIME_STAMP = "1.2.840.113549.1.9.16.1.4"


def asked(handler: Handler, *roots: Certified, **more: float) -> bytes:
    with served(handler) as address:
        trusted = read_roots([one.pem for one in roots])
        return asyncio.run(stamped(address, NOTE, trusted, partial(post, **more)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An answer with its whole chain."""
    return Tsa(tmp_path_factory.mktemp("tsa"), SIGNER, (MIDDLE, ROOT)).stamp(request_for(NOTE, 7))


@pytest.mark.parametrize("ess", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["P-256", "P-384", "RSA"],
)
def test_what_an_authority_stamps_holds_by_us_and_by_openssl(
    tmp_path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, digest: str, ess: str
) -> None:
    signer = certified("Clock", MIDDLE, TIME_STAMPING, authority=False, key=key)
    tsa = Tsa(tmp_path / "tsa", signer, (MIDDLE,), digest, ess)
    response = asked(tsa, ROOT)
    stamp = check_stamp(response, NOTE, read_roots([ROOT.pem]))
    assert (stamp.signer, stamp.root) == ("CN=Clock", "CN=Root")
    assert openssl_verifies(tmp_path, NOTE, response, ROOT, (MIDDLE,))


def test_an_authority_whose_root_was_not_given_is_unknown_and_told_so(whole: bytes) -> None:
    assert check_stamp(whole, NOTE).root == ""
    assert check_stamp(whole, NOTE, read_roots([MIDDLE.pem])).root == "CN=Middle"
    with pytest.raises(BadAnchor, match="leads to no root that was given"):
        check_stamp(whole, NOTE, read_roots([certified("Root").pem]))


def test_an_answer_without_the_chain_leads_to_no_root(tmp_path: Path) -> None:
    with pytest.raises(BadAnchor, match="leads to no root that was given"):
        asked(Tsa(tmp_path, SIGNER), ROOT)
    assert asked(Tsa(tmp_path, SIGNER), MIDDLE)


def test_the_authority_learns_a_hash_and_nothing_else(tmp_path: Path) -> None:
    tsa = Tsa(tmp_path, SIGNER)
    asked(tsa)
    assert b"waypost" not in tsa.queries[0]
    assert len(tsa.queries[0]) < 80


def test_a_stamp_of_other_bytes_is_refused(whole: bytes) -> None:
    with pytest.raises(BadAnchor, match="other bytes than this checkpoint's"):
        check_stamp(whole, NOTE + b"x")


def test_an_answer_to_somebody_elses_request_is_refused(whole: bytes) -> None:
    with pytest.raises(BadAnchor, match="not the nonce"):
        asked(lambda *_: (200, "application/timestamp-reply", whole))


def test_an_authority_that_refuses_is_told_in_its_own_words() -> None:
    text = der.encoded(der.SEQUENCE, der.encoded(der.UTF8_STRING, b"Come back \x1b[1mlater"))
    refusal = der.encoded(der.SEQUENCE, der.encoded(der.SEQUENCE, der.encoded_integer(2), text))
    with pytest.raises(NotAnchored, match="status 2: Come back"):
        asked(lambda *_: (200, "application/timestamp-reply", refusal))
    with pytest.raises(BadAnchor, match="status 2"):
        check_stamp(refusal, NOTE)


@pytest.mark.parametrize(
    ("reply", "wrong"),
    [
        ((500, "text/plain", b"oops"), "answered 500"),
        ((200, "text/html", b"<html>"), "text/html"),
        ((302, "application/timestamp-reply", b""), "answered 302"),
        ((200, "application/timestamp-reply", b""), "ends too early"),
        ((200, "application/timestamp-reply", b"\x30\x80\x00\x00"), "a length that DER does not have"),
        ((200, "application/timestamp-reply", b"\x30" * 300_000), "longer than"),
    ],
)
def test_what_is_no_stamp_is_refused(reply: Reply, wrong: str) -> None:
    with pytest.raises(LedgerError, match=wrong):
        asked(lambda *_: reply)


def test_a_stamp_of_somebody_elses_authority_holds_and_a_spoilt_one_does_not() -> None:
    chain, stamp = (VECTORS / "timestamps" / name for name in ("chain.pem", "hello.tsr"))
    found = check_stamp(stamp.read_bytes(), b"hello", read_roots([chain.read_text()]))
    assert found.signer == "CN=sigstore-tsa,O=sigstore.dev"
    assert found.seconds == 1746791935
    with pytest.raises(BadAnchor, match="signature does not fit"):
        check_stamp(stamp.with_name("invalid-signature.tsr").read_bytes(), b"hello")


# --- stamps that a certificate should not have signed, made with `openssl cms` ---------------------------------------


def resigned(folder: Path, whole: bytes, signer: Certified, *options: str, kind: str = CMS_TIME_STAMP) -> bytes:
    """An answer with the same TSTInfo, signed by somebody else."""
    Tsa(folder, signer)
    token = der.Reader(der.Reader(whole, "").take(der.SEQUENCE).content, "")
    status = token.any().whole
    (folder / "info").write_bytes(open_signed(token.any().whole).content)
    command = ["openssl", "cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-outform", "DER", "-md", "sha256"]
    command += ["-econtent_type", kind, "-in", "info", "-out", "token", "-signer", "signer.pem", "-inkey", "signer.key"]
    subprocess.run([*command, *options], check=True, capture_output=True, cwd=folder)
    return der.encoded(der.SEQUENCE, status, (folder / "token").read_bytes())


@pytest.mark.parametrize("options", [("-cades",), ("-cades", "-keyid")])
def test_a_token_made_by_another_tool_holds(tmp_path: Path, whole: bytes, options: tuple[str, ...]) -> None:
    response = resigned(tmp_path, whole, SIGNER, *options)
    assert check_stamp(response, NOTE, read_roots([MIDDLE.pem])).root == "CN=Middle"


@pytest.mark.parametrize(
    ("signer", "wrong"),
    [
        (certified("Web", ROOT, (ExtendedKeyUsageOID.SERVER_AUTH,), authority=False), "time stamps alone"),
        (certified("Any", ROOT, (), authority=False), "time stamps alone"),
        (certified("Lax", ROOT, TIME_STAMPING, authority=False, critical=False), "time stamps alone"),
        (
            certified("Both", ROOT, (*TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING), authority=False),
            "time stamps alone",
        ),
        (certified("Authority", ROOT, TIME_STAMPING), "signs certificates"),
        (certified("Old", ROOT, TIME_STAMPING, authority=False, days=0), "was not valid at"),
    ],
    ids=lambda one: one.certificate.subject.rfc4514_string() if isinstance(one, Certified) else "",
)
def test_certificates_that_are_not_for_time_stamps_are_refused(
    tmp_path: Path, whole: bytes, signer: Certified, wrong: str
) -> None:
    with pytest.raises(BadAnchor, match=wrong):
        check_stamp(resigned(tmp_path, whole, signer, "-cades"), NOTE)


def test_a_token_that_does_not_name_its_certificate_is_refused(tmp_path: Path, whole: bytes) -> None:
    with pytest.raises(BadAnchor, match="does not say which certificate"):
        check_stamp(resigned(tmp_path, whole, SIGNER), NOTE)


def test_a_token_without_its_certificate_is_refused(tmp_path: Path, whole: bytes) -> None:
    with pytest.raises(BadAnchor, match="did not come with it"):
        check_stamp(resigned(tmp_path, whole, SIGNER, "-cades", "-nocerts"), NOTE)


def test_signed_data_of_another_kind_is_no_time_stamp(tmp_path: Path, whole: bytes) -> None:
    with pytest.raises(BadAnchor, match="holds no time stamp"):
        check_stamp(resigned(tmp_path, whole, SIGNER, "-cades", kind="1.2.840.113549.1.7.1"), NOTE)


def test_a_token_by_a_weak_hash_is_refused(tmp_path: Path, whole: bytes) -> None:
    with pytest.raises(BadAnchor, match="SHA-256, SHA-384 and SHA-512 are"):
        check_stamp(resigned(tmp_path, whole, SIGNER, "-cades", "-md", "sha1"), NOTE)


def test_two_signers_are_one_too_many(tmp_path: Path, whole: bytes) -> None:
    other = Tsa(tmp_path / "other", certified("Other", MIDDLE, TIME_STAMPING, authority=False))
    more = ("-cades", "-signer", str(other.folder / "signer.pem"), "-inkey", str(other.folder / "signer.key"))
    with pytest.raises(BadAnchor, match="bytes more than it should"):
        check_stamp(resigned(tmp_path / "tsa", whole, SIGNER, *more), NOTE)


# --- every byte ------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_whatever_byte_of_an_answer_is_changed_it_fails_or_says_the_same(whole: bytes) -> None:
    roots = read_roots([ROOT.pem])
    told, chance, passed = check_stamp(whole, NOTE, roots), random.Random(3161), 0
    for position in range(len(whole)):
        data = bytearray(whole)
        data[position] ^= 1 << chance.randrange(8)
        try:
            found = check_stamp(bytes(data), NOTE, roots)
        except BadAnchor:
            continue
        assert found == told, position
        passed += 1
    assert passed < len(whole) // 3, "only what is not signed: the status, and certificates that are not needed"


def test_whatever_is_cut_off_an_answer_is_refused(whole: bytes) -> None:
    for end in range(len(whole)):
        with pytest.raises(BadAnchor):
            check_stamp(whole[:end], NOTE)
    with pytest.raises(BadAnchor):
        check_stamp(whole + b"\0", NOTE)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BadAnchor):
        check_stamp(data, NOTE)


def test_roots_that_are_no_certificates_are_refused() -> None:
    with pytest.raises(BadPlace, match="no certificate in PEM"):
        read_roots(["nothing"])


# --- the encoding ----------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**200))
def test_numbers_come_back(number: int) -> None:
    reader = der.Reader(der.encoded_integer(number), "it")
    assert reader.integer() == number
    reader.end()


@given(st.binary(max_size=70_000))
def test_values_of_any_length_come_back(content: bytes) -> None:
    whole = der.encoded(der.OCTET_STRING, content)
    found = der.Reader(whole, "it").take(der.OCTET_STRING)
    assert (found.content, found.whole) == (content, whole)


@pytest.mark.parametrize(
    "data",
    ["", "30", "3080", "30820001aa", "308100", "3002aa", "1f0100", "3085000000000100", "0202007f", "0202ff80", "0200"],
)
def test_what_der_does_not_allow_is_refused(data: str) -> None:
    with pytest.raises(BadAnchor):
        der.Reader(bytes.fromhex(data), "it").integer()


def test_object_identifiers_have_the_bytes_that_the_standard_gives_them() -> None:
    assert der.object_id("1.2.840.113549.1.9.16.1.4").hex() == "2a864886f70d0109100104"
    assert der.object_id("2.16.840.1.101.3.4.2.1").hex() == "608648016503040201"
