from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from independent import head, signed_by
from ledger_cases import LOG, ORIGIN, STRANGER, TESSERA, TESSERA_KEY, WITNESS

from waypost.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from waypost.ledger.errors import BadCheckpoint, BadKey, BadNote, BadSignature, LedgerError, UnknownSigner
from waypost.ledger.notes import Note, cosign, open_note, parse_note, sign_note
from waypost.ledger.signatures import Algorithm, Signature, Signer, Verifier
from waypost.ledger.textual import to_base64
from waypost.ledger.tree import EMPTY_ROOT

ROOT = bytes(range(32))
CHECKPOINT = Checkpoint(ORIGIN, 7, ROOT)
NOTE = sign_checkpoint(CHECKPOINT, [LOG])
COSIGNED = bytes(cosign(parse_note(NOTE), WITNESS, 1_700_000_000))
DASH = "\N{EM DASH}"


@pytest.mark.parametrize("size", range(16))
def test_checkpoints_that_tessera_signed_open_and_are_written_the_same(size: int) -> None:
    data = (TESSERA / f"checkpoint.{size}").read_bytes()
    opened = open_checkpoint(data, TESSERA_KEY)
    assert opened.checkpoint.size == size
    assert bytes(parse_note(data)) == data
    assert opened.checkpoint.body().encode() == data[: data.index(b"\n\n") + 1]


def test_the_independent_reader_opens_what_we_sign() -> None:
    assert head(COSIGNED, str(LOG.verifier)) == (ORIGIN, 7, ROOT)
    assert signed_by(COSIGNED, str(WITNESS.verifier)) == CHECKPOINT.body()


def test_a_cosignature_tells_when_the_witness_saw_it() -> None:
    opened = open_checkpoint(COSIGNED, LOG.verifier, [WITNESS.verifier])
    assert opened.checkpoint == CHECKPOINT
    assert [(one.verifier, one.seconds) for one in opened.cosigned] == [(WITNESS.verifier, 1_700_000_000)]


def test_a_changed_time_breaks_a_cosignature() -> None:
    note = parse_note(COSIGNED)
    own, theirs = note.signatures
    later = dataclasses.replace(theirs, value=(1_700_000_001).to_bytes(8, "big") + theirs.value[8:])
    with pytest.raises(BadSignature):
        open_checkpoint(dataclasses.replace(note, signatures=(own, later)), LOG.verifier, [WITNESS.verifier])


def test_an_unknown_cosignature_is_passed_over_and_told() -> None:
    assert open_checkpoint(COSIGNED, LOG.verifier).cosigned == ()
    assert [one.name for one in open_note(COSIGNED, [LOG.verifier]).unknown] == [WITNESS.name]


def test_a_witness_alone_does_not_make_a_checkpoint() -> None:
    alone = bytes(cosign(sign_note(CHECKPOINT.body(), [STRANGER]), WITNESS))
    with pytest.raises(UnknownSigner, match="not the log's own key"):
        open_checkpoint(alone, LOG.verifier, [WITNESS.verifier])


def test_another_projects_key_is_told_apart_even_under_the_same_name() -> None:
    with pytest.raises(UnknownSigner, match="not by a key that is trusted"):
        open_checkpoint(sign_checkpoint(CHECKPOINT, [STRANGER]), LOG.verifier)


def test_a_forged_checkpoint_under_the_logs_key_id_is_refused() -> None:
    forged = parse_note(sign_checkpoint(CHECKPOINT, [STRANGER])).signatures[0]
    named = dataclasses.replace(forged, key_id=LOG.verifier.key_id)
    note = dataclasses.replace(parse_note(NOTE), signatures=(named,))
    with pytest.raises(BadSignature):
        open_checkpoint(note, LOG.verifier)
    with pytest.raises(BadSignature):
        open_checkpoint(dataclasses.replace(note, signatures=(*parse_note(NOTE).signatures, named)), LOG.verifier)


def test_a_checkpoint_of_another_log_by_the_same_key_is_refused() -> None:
    other = sign_note(Checkpoint("elsewhere", 7, ROOT).body(), [LOG])
    with pytest.raises(BadCheckpoint, match="elsewhere"):
        open_checkpoint(other, LOG.verifier)
    assert open_checkpoint(other, LOG.verifier, origin="elsewhere").checkpoint.size == 7


@pytest.mark.parametrize("place", range(len(NOTE)))
def test_every_changed_byte_of_a_checkpoint_is_refused(place: int) -> None:
    for change in (0x01, 0x20, 0x80):
        changed = NOTE[:place] + bytes([NOTE[place] ^ change]) + NOTE[place + 1 :]
        with pytest.raises(LedgerError):
            open_checkpoint(changed, LOG.verifier)


@pytest.mark.parametrize("end", range(len(NOTE)))
def test_every_cut_checkpoint_is_refused(end: int) -> None:
    with pytest.raises(LedgerError):
        open_checkpoint(NOTE[:end], LOG.verifier)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no signatures"),
        (b"text\n", "no signatures"),
        (b"text\n\n", "no signatures"),
        (NOTE[:-1], "end in newlines"),
        (NOTE.replace(b"testing\n", b"testing\r\n", 1), "control character"),
        (NOTE.replace(b"7\n", b"\x00\n", 1), "control character"),
        (b"\xff" + NOTE, "byte 0 .* not UTF-8"),
        (NOTE + b"more\n", "no signature line"),
        (NOTE.replace(DASH.encode(), b"-"), "no signature line"),
        (f"text\n\n{DASH} a+b AAAAAAAA\n".encode(), "plus signs"),
        (f"text\n\n{DASH}  AAAAAAAA\n".encode(), "must have letters"),
        (f"text\n\n{DASH} a\u00a0b AAAAAAAA\n".encode(), "no spaces"),
        (f"text\n\n{DASH} a AAAA\n".encode(), "too short"),
        (f"text\n\n{DASH} a AAAAAAB=\n".encode(), "canonical"),
        (f"text\n\n{DASH} a AAAA-_AA\n".encode(), "not standard Base64"),
        (f"text\n\n{DASH} a AAAAAAA\n".encode(), "not standard Base64"),
        (b"x" * 1_000_001, "at most 1,000,000"),
        (f"text\n\n{f'{DASH} a AAAAAAAA{chr(10)}' * 101}".encode(), "at most 100"),
    ],
)
def test_what_is_no_note_is_named(data: bytes, says: str) -> None:
    with pytest.raises(BadNote, match=says):
        parse_note(data)


def test_sixteen_signatures_are_read() -> None:
    assert len(open_note(sign_note("text\n", [LOG] * 16), [LOG.verifier]).verified) == 1


@pytest.mark.parametrize("text", ["", "no newline", "tab\there\n", "\ud800\n"])
def test_a_text_that_is_no_notes_is_not_signed(text: str) -> None:
    with pytest.raises(BadNote):
        sign_note(text, [LOG])


@pytest.mark.parametrize(
    "body",
    [
        "",
        "o\n",
        "o\n1\n",
        f"o\n1\n{to_base64(ROOT)}",
        f"\n1\n{to_base64(ROOT)}\n",
        f"o\n01\n{to_base64(ROOT)}\n",
        f"o\n-1\n{to_base64(ROOT)}\n",
        f"o\n+1\n{to_base64(ROOT)}\n",
        f"o\n\u0661\n{to_base64(ROOT)}\n",
        f"o\n{2**63}\n{to_base64(ROOT)}\n",
        f"o\n{'9' * 5000}\n{to_base64(ROOT)}\n",
        f"o\n1\n{to_base64(ROOT[:31])}\n",
        f"o\n1\n{to_base64(ROOT)} \n",
        f"o\n1\n{to_base64(ROOT)}\n\n",
        f"o\n1\n{to_base64(ROOT)}\n\nx\n",
        f"o\n0\n{to_base64(ROOT)}\n",
        f"o\n1\n{to_base64(EMPTY_ROOT)}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(body: str) -> None:
    with pytest.raises(BadCheckpoint):
        Checkpoint.parse(body)


@pytest.mark.parametrize(
    ("checkpoint", "says"),
    [
        (Checkpoint(ORIGIN, -1, ROOT), "are no checkpoint"),
        (Checkpoint(ORIGIN, 2**63, ROOT), "are no checkpoint"),
        (Checkpoint(ORIGIN, 7, ROOT[:31]), "are no checkpoint"),
        (Checkpoint(ORIGIN, 7, ROOT + b"x"), "are no checkpoint"),
        (Checkpoint(ORIGIN, 0, ROOT), "can't have the root"),
        (Checkpoint(ORIGIN, 7, EMPTY_ROOT), "can't have the root"),
        (Checkpoint("a\tb", 7, ROOT), "checkpoint line"),
        (Checkpoint(ORIGIN, 7, ROOT, ("a\x00b",)), "checkpoint line"),
    ],
)
def test_what_can_be_no_checkpoint_is_not_signed(checkpoint: Checkpoint, says: str) -> None:
    with pytest.raises(BadCheckpoint, match=says):
        sign_checkpoint(checkpoint, [LOG])


def test_extension_lines_are_kept_and_signed() -> None:
    extended = Checkpoint(ORIGIN, 7, ROOT, ("one", "two words"))
    assert open_checkpoint(sign_checkpoint(extended, [LOG]), LOG.verifier).checkpoint == extended
    with pytest.raises(BadCheckpoint):
        sign_checkpoint(Checkpoint(ORIGIN, 7, ROOT, ("",)), [LOG])
    with pytest.raises(BadCheckpoint):
        sign_checkpoint(Checkpoint("a\nb", 7, ROOT), [LOG])


def test_a_note_without_signatures_is_not_made() -> None:
    with pytest.raises(BadNote, match="at least one"):
        sign_note("text\n", [])


@pytest.mark.parametrize("size", [1, 63, 65])
def test_a_signature_of_another_length_is_told_as_such(size: int) -> None:
    for signer, extra in ((LOG, 0), (WITNESS, 8)):
        short = Signature(signer.name, signer.verifier.key_id, bytes(size + extra))
        with pytest.raises(BadSignature, match=f"has {size + extra} bytes, not {64 + extra}"):
            open_note(Note("text\n", (short,)), [signer.verifier])


def test_a_cosignature_beyond_the_end_of_time_is_refused_even_if_signed() -> None:
    text, late = CHECKPOINT.body(), 2**63
    plain = dataclasses.replace(WITNESS, algorithm=Algorithm.ED25519)
    value = late.to_bytes(8, "big") + plain.sign(f"cosignature/v1\ntime {late}\n{text}").value
    with pytest.raises(BadSignature, match="beyond"):
        open_note(Note(text, (Signature(WITNESS.name, WITNESS.verifier.key_id, value),)), [WITNESS.verifier])


# --- keys as strings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signer", [LOG, WITNESS, Signer.new("a.example/b")])
def test_keys_come_back_from_their_strings(signer: Signer) -> None:
    assert Signer.parse(signer.text()) == signer
    assert Verifier.parse(str(signer.verifier)) == signer.verifier
    assert signer.text().split("+", 4)[4] not in repr(signer)


def test_one_public_key_has_another_id_for_each_algorithm() -> None:
    other = dataclasses.replace(LOG, algorithm=Algorithm.COSIGNATURE)
    assert other.verifier.public == LOG.verifier.public
    assert other.verifier.key_id != LOG.verifier.key_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+12345678",
        str(LOG.verifier).replace("waypost", "waypos"),
        str(LOG.verifier)[:-1],
        str(LOG.verifier).upper(),
        "+" + str(LOG.verifier).split("+", 1)[1],
        f"a b+00000000+{to_base64(bytes([1]) * 33)}",
        f"a+00000000+{to_base64(bytes([2]) * 33)}",
        f"a+00000000+{to_base64(bytes([1]) * 34)}",
        "a+00000000+",
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        Verifier.parse(text)
    with pytest.raises(BadKey):
        Signer.parse(f"PRIVATE+KEY+{text}")


def test_what_is_wrong_with_a_key_is_said() -> None:
    for text in (str(LOG.verifier).replace(LOG.verifier.key_id.hex(), LOG.verifier.key_id.hex().upper()), "a+123+AA=="):
        with pytest.raises(BadKey, match="8 lower-case"):
            Verifier.parse(text)
    with pytest.raises(BadKey, match="starts with"):
        Signer.parse(LOG.text().removeprefix("PRIVATE+KEY+"))
    with pytest.raises(BadKey, match="no UTF-8 form"):
        Signer.new("\ud800")


def test_an_error_about_a_signer_key_never_quotes_it() -> None:
    secret = LOG.text()
    for damaged in (
        secret[:-1],
        secret.replace("PRIVATE", "PUBLIC"),
        secret.replace("testing", "tasting"),
        secret + "A",
    ):
        with pytest.raises(BadKey) as caught:
            Signer.parse(damaged)
        problem: BaseException | None = caught.value
        while problem is not None:
            assert secret.split("+", 4)[4][:12] not in str(problem)
            problem = problem.__cause__


def test_two_keys_of_one_name_and_id_are_not_guessed_between() -> None:
    class Colliding(Verifier):
        @property
        def key_id(self) -> bytes:
            return LOG.verifier.key_id

    with pytest.raises(BadKey, match="two different keys"):
        open_note(NOTE, [LOG.verifier, Colliding(ORIGIN, Algorithm.ED25519, ROOT)])


def test_a_plain_key_signs_no_time_and_a_cosigner_no_impossible_one() -> None:
    with pytest.raises(BadNote):
        LOG.sign("text\n", 5)
    for seconds in (-1, 2**63):
        with pytest.raises(BadNote):
            WITNESS.sign("text\n", seconds)


# --- anything at all -------------------------------------------------------------------------------------------------


def mutated(data: st.DataObject, valid: bytes) -> bytes:
    """The text with some pieces cut, doubled, or replaced."""
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(valid)))
        end = data.draw(st.integers(start, min(len(valid), start + 20)))
        piece = data.draw(st.one_of(st.binary(max_size=6), st.sampled_from([b"\n", b"\n\n", b" ", b"+", b"=", b"0"])))
        valid = valid[:start] + piece + valid[end:]
    return valid


@given(st.one_of(st.binary(), st.text().map(lambda text: text.encode(errors="replace"))))
def test_any_bytes_are_a_note_or_refused(data: bytes) -> None:
    try:
        note = parse_note(data)
    except BadNote:
        return
    assert bytes(note) == data


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_mangled_checkpoint_is_refused_unless_nothing_of_it_changed(data: st.DataObject) -> None:
    changed = mutated(data, COSIGNED)
    try:
        opened = open_checkpoint(changed, LOG.verifier, [WITNESS.verifier])
    except LedgerError:
        return
    assert opened.checkpoint == CHECKPOINT


@given(st.one_of(st.text(), st.from_regex(r"[a-z ]{0,3}\+[0-9a-f]{7,9}\+[A-Za-z0-9+/=]{0,48}", fullmatch=True)))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    for parse in (Verifier.parse, Signer.parse, Checkpoint.parse):
        try:
            parse(text)
        except (BadKey, BadCheckpoint):
            continue
