"""Witnesses: asked over real HTTP, by the text of C2SP tlog-witness, and never believed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

import pytest
from anchor_cases import Reply, WitnessServer, served
from hypothesis import given, settings
from hypothesis import strategies as st
from independent import seen_at, signed_by
from ledger_cases import LOG, STRANGER, WITNESS, nodes

from waypost.ledger.checkpoint import Checkpoint, sign_checkpoint
from waypost.ledger.errors import BadAnchor, BadKey, BadPlace, BadSignature, LedgerError, NotAnchored
from waypost.ledger.notes import cosign, parse_note
from waypost.ledger.posting import LARGEST_ANSWER, Answer, checked_address, post
from waypost.ledger.proofs import Hashes
from waypost.ledger.signatures import Algorithm, Signer, Verifier
from waypost.ledger.witness import Witness, check_cosigned, cosigned, request_of

ML_DSA = Signer("witness.example/pq", Algorithm.COSIGNATURE_ML_DSA_44, b"p" * 32)


def note_of(size: int, signer: Signer = LOG) -> bytes:
    return sign_checkpoint(Checkpoint(signer.name, size, nodes(size).root), [signer])


def ask(server: WitnessServer, address: str, size: int, known: int = 0, signer: Signer = LOG, **more: float) -> bytes:
    hashes: Hashes = nodes(size)
    witness = Witness(address, Verifier.parse(server.vkey))
    return asyncio.run(cosigned(witness, signer.verifier, note_of(size, signer), hashes, known, partial(post, **more)))


def asked_of(handler: Callable[[str, str, bytes], Reply], server: WitnessServer, **more: float) -> bytes:
    with served(handler) as address:
        return ask(server, address, 9, **more)


@pytest.fixture
def server() -> WitnessServer:
    return WitnessServer([str(LOG.verifier)])


def test_a_witness_cosigns_a_log_as_it_grows_and_an_independent_reader_agrees(server: WitnessServer) -> None:
    with served(server) as address:
        before = 0
        for size in (1, 2, 3, 7, 8, 9, 255, 256, 257, 700):
            note = ask(server, address, size, before)
            assert signed_by(note, str(LOG.verifier)) == signed_by(note, server.vkey)
            assert abs(seen_at(note, server.vkey) - time.time()) < 60
            before = size
    assert len(server.bodies) == 10, "no witness was asked twice"


def test_the_same_checkpoint_may_be_asked_for_again(server: WitnessServer) -> None:
    with served(server) as address:
        ask(server, address, 300)
        assert b"witness.example/w1" in ask(server, address, 300, 300)


@pytest.mark.parametrize("known", [0, 3, 8])
def test_a_witness_that_knows_another_size_is_asked_once_more_with_it(server: WitnessServer, known: int) -> None:
    with served(server) as address:
        ask(server, address, 5)
        ask(server, address, 8, known)
    assert [body.split(b"\n")[0] for body in server.bodies[1:]] == [f"old {known}".encode(), b"old 5"]


def test_a_request_has_the_form_of_the_standard() -> None:
    body = request_of(b"log\n1\nroot\n\nsignature\n", 7, (b"\1" * 32, b"\2" * 32))
    assert body == (
        b"old 7\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\nAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"
        b"\nlog\n1\nroot\n\nsignature\n"
    )
    with pytest.raises(NotAnchored, match="64 hashes"):
        request_of(b"", 7, (b"\1" * 32,) * 64)


def test_a_witness_learns_nothing_of_other_witnesses(server: WitnessServer) -> None:
    server.name = "second.example"
    note = bytes(cosign(parse_note(note_of(9)), WITNESS))
    key = Verifier.parse(server.vkey)
    with served(server) as address:
        found = asyncio.run(cosigned(Witness(address, key), LOG.verifier, note, nodes(9), 0, post))
    assert WITNESS.name.encode() not in server.bodies[0]
    assert WITNESS.name.encode() not in found


def test_a_log_that_lost_events_is_told_so_by_its_witness(server: WitnessServer) -> None:
    with served(server) as address:
        ask(server, address, 12)
        with pytest.raises(NotAnchored, match="it has seen 12 events of this log, which has 9"):
            ask(server, address, 9)


def test_a_log_that_was_written_anew_is_refused(server: WitnessServer) -> None:
    server.seen[LOG.name] = (4, b"x" * 32)
    with served(server) as address, pytest.raises(NotAnchored, match=r"422.*not how the log began"):
        ask(server, address, 9, 4)


def test_a_log_or_a_key_that_the_witness_does_not_know_is_told_with_the_mend(server: WitnessServer) -> None:
    with served(server) as address:
        with pytest.raises(NotAnchored, match=r"403.*waypost ledger key"):
            ask(server, address, 9, signer=STRANGER)
        server.logs = []
        with pytest.raises(NotAnchored, match=r"404.*waypost ledger key"):
            ask(server, address, 9)


def other(name: str) -> WitnessServer:
    return WitnessServer([str(LOG.verifier)], name)


def test_cosignatures_of_others_are_left_out(server: WitnessServer) -> None:
    stranger = other("stranger.example")

    def both(path: str, kind: str, body: bytes) -> Reply:
        status, kind, line = server(path, kind, body)
        return status, kind, stranger.line(body.split(b"\n\n", 1)[1]) + line

    assert b"stranger" not in asked_of(both, server)


def test_a_witness_that_is_somebody_else_is_refused(server: WitnessServer) -> None:
    with pytest.raises(BadAnchor, match=r"no cosignature by witness\.example"):
        asked_of(other("witness.example/w1"), server)


def test_a_cosignature_of_another_checkpoint_is_refused(server: WitnessServer) -> None:
    with pytest.raises(BadAnchor, match="does not fit"):
        asked_of(lambda *_: (200, "text/plain", server.line(note_of(8))), server)


@pytest.mark.parametrize(("seconds", "wrong"), [(0, "with a time"), (2**62, "a day wrong"), (2**63, "beyond")])
def test_a_cosignature_with_a_time_that_none_can_have_is_refused(
    server: WitnessServer, seconds: int, wrong: str
) -> None:
    with pytest.raises(BadAnchor, match=wrong):
        asked_of(lambda *_: (200, "text/plain", server.line(note_of(9), seconds)), server)


@pytest.mark.parametrize(
    ("reply", "wrong"),
    [
        ((200, "text/plain", b""), "no cosignature"),
        ((200, "text/plain", b"\xff\n"), "no cosignature"),
        ((200, "text/plain", "\u2014 a b c\n".encode()), "no cosignature"),
        ((200, "text/plain", "\u2014 a AAAAAAAA\n".encode() * 200), "no cosignature"),
        ((200, "text/plain", b"x" * (LARGEST_ANSWER + 1)), "longer than"),
        ((409, "text/x.tlog.size", b"-1\n"), "without the size"),
        ((409, "text/x.tlog.size", b"03\n"), "without the size"),
        ((409, "text/x.tlog.size", "\u0663\n".encode()), "without the size"),
        ((409, "text/x.tlog.size", b"9" * 40), "without the size"),
        ((409, "text/x.tlog.size", b"0\n"), "which it says it has"),
        ((409, "text/x.tlog.size", b"10\n"), "a copy of the log"),
        ((409, "text/x.tlog.size", b"4\n"), "another size each time"),
        ((302, "text/plain", b""), "nothing that a witness says"),
        ((500, "text/plain", b""), "nothing that a witness says"),
        ((400, "text/plain", b""), "can't read"),
    ],
)
def test_what_a_hostile_witness_says_is_refused(server: WitnessServer, reply: Reply, wrong: str) -> None:
    with pytest.raises(LedgerError, match=wrong):
        asked_of(lambda *_: reply, server)


def test_a_witness_that_does_not_answer_is_not_waited_for(server: WitnessServer) -> None:
    def silent(*_: object) -> Reply:
        time.sleep(2)
        return 200, "text/plain", b""

    with pytest.raises(NotAnchored, match=r"no answer within 0\.1 seconds"):
        asked_of(silent, server, seconds=0.1)
    with pytest.raises(NotAnchored, match="can't be reached"):
        ask(server, "http://127.0.0.1:9", 9)
    with pytest.raises(NotAnchored, match="can't be reached"):
        ask(server, "http://witness.invalid", 9)


def test_a_long_proof_never_grows_beyond_what_may_be_sent(server: WitnessServer) -> None:
    with served(server) as address:
        ask(server, address, 2047)
        ask(server, address, 2048, 2047)
    assert server.bodies[1].split(b"\n\n")[0].count(b"\n") <= 63


# --- ML-DSA ----------------------------------------------------------------------------------------------------------


def test_cosignatures_by_ml_dsa_are_made_and_checked_as_an_independent_reader_does() -> None:
    note = bytes(cosign(parse_note(note_of(9)), ML_DSA, 1_700_000_000))
    assert check_cosigned(note, LOG.verifier, ML_DSA.verifier)[1] == 1_700_000_000
    assert seen_at(note, str(ML_DSA.verifier)) == 1_700_000_000
    assert Verifier.parse(str(ML_DSA.verifier)) == ML_DSA.verifier
    assert Signer.parse(ML_DSA.text()) == ML_DSA


def test_ml_dsa_holds_the_cosigners_name_and_the_root() -> None:
    signed = ML_DSA.sign(parse_note(note_of(9)).text, 5)
    with pytest.raises(BadSignature, match="does not fit"):
        ML_DSA.verifier.verify(parse_note(note_of(8)).text, signed.value)
    renamed = Verifier("other.example", ML_DSA.algorithm, ML_DSA.verifier.public)
    with pytest.raises(BadSignature, match="does not fit"):
        renamed.verify(parse_note(note_of(9)).text, signed.value)
    with pytest.raises(BadSignature, match="no checkpoint"):
        ML_DSA.verifier.verify("no checkpoint\n", signed.value)
    with pytest.raises(BadKey, match="32 bytes of key, not 1312"):
        Verifier.parse("x+00000000+BgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("witness.example", "form https"),
        ("ftp://witness.example", "form https"),
        ("https://", "form https"),
        ("https://witness.example?key=abc", "nothing behind the path"),
        ("https://witness.example/#x", "nothing behind the path"),
        ("https://me:secret@witness.example", "a password"),
        ("https://witness.example/a b", "no spaces"),
        ("https://witness.example/\x1b[0m", "no spaces"),
        ("https://[::1", "no address"),
        ("https://witness.example:99999", "no address"),
    ],
)
def test_addresses_that_can_not_be_asked_are_refused(address: str, wrong: str) -> None:
    with pytest.raises(BadPlace, match=wrong) as told:
        checked_address(address)
    assert "secret" not in str(told.value)


def test_an_address_loses_the_slash_at_its_end() -> None:
    assert checked_address("https://witness.example/a/") == "https://witness.example/a"


@given(st.binary(max_size=300), st.sampled_from([200, 409]))
@settings(max_examples=200, deadline=None)
def test_no_answer_at_all_makes_it_crash_or_pass(body: bytes, status: int) -> None:
    server = WitnessServer([str(LOG.verifier)])

    async def answered(address: str, kind: str, sent: bytes) -> Answer:
        return Answer(status, "text/plain", body)

    with pytest.raises(LedgerError):
        witness = Witness("http://witness.example", Verifier.parse(server.vkey))
        asyncio.run(cosigned(witness, LOG.verifier, note_of(9), nodes(9), 0, answered))
