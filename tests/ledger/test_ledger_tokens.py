from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from independent import token_of
from ledger_cases import LOG, ORIGIN, STRANGER, entries

from waypost.events.canonical import canonical
from waypost.ledger.checkpoint import Checkpoint, sign_checkpoint
from waypost.ledger.errors import BadProof, BadReceipt, LedgerError, UnknownSigner
from waypost.ledger.receipt import Receipt, make_receipt
from waypost.ledger.salted import SALT_SIZE, check_digest, new_salt, salted_digest, salts_from
from waypost.ledger.statement import Statement, check_receipt
from waypost.ledger.tokens import (
    LEAF_SIZE,
    Commitment,
    Kind,
    Piece,
    TokenLeaf,
    TokenProof,
    Unit,
    commitment,
    disclose,
    prove_token,
    token_leaves,
)
from waypost.ledger.tree import Frontier, Nodes, leaf_hashes

SEED = bytes(range(SALT_SIZE))
PIECES: list[Piece] = [
    (Kind.TEXT, 0, f"word {number} ".encode(), 10**9 + number, 1_795_282_240 * 10**9 + number) for number in range(37)
]
LEAVES = token_leaves(Unit.DELTA, PIECES, SEED)
COMMITTED = commitment(Unit.DELTA, LEAVES)
GOLDEN = Path(__file__).parent / "golden"


def header(seq: int, committed: Commitment | None = None) -> bytes:
    fields = {
        "actor": "runtime",
        "at": 1_795_282_240_440_084,
        "digest": "ab" * 32,
        "epoch": 1,
        "kind": "model.responded",
    }
    more = {} if committed is None else {"tokens": committed.to_json()}
    return canonical({**fields, **more, "run": "testing-7f3a", "schema": 1, "seq": seq})


def logged(count: int, place: int, committed: Commitment | None) -> tuple[Nodes, list[bytes], bytes]:
    items = entries(count)
    items[place] = header(place + 1, committed)
    tree = Nodes(leaf_hashes(items))
    return tree, items, sign_checkpoint(Checkpoint(ORIGIN, count, tree.root), [LOG])


# --- salts -----------------------------------------------------------------------------------------------------------


def test_a_digest_holds_for_its_salt_and_content_alone() -> None:
    salt = new_salt()
    digest = salted_digest(salt, b"yes")
    check_digest(digest, salt, b"yes")
    for other in ((salt, b"no"), (new_salt(), b"yes")):
        with pytest.raises(BadProof):
            check_digest(digest, *other)
    for size in (0, 15, 17):
        with pytest.raises(BadProof):
            salted_digest(bytes(size), b"yes")
        with pytest.raises(BadProof):
            salts_from(bytes(size), 1)


def test_salts_of_parts_are_all_different_and_do_not_depend_on_how_many_there_are() -> None:
    salts = salts_from(SEED, 1000)
    assert len(set(salts)) == 1000
    assert salts_from(SEED, 7) == salts[:7]
    assert salts_from(SEED, 0) == []
    assert set(salts).isdisjoint(salts_from(bytes(16), 1000))


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_the_form_of_leaves_is_kept_for_ever() -> None:
    lines = [*(leaf.hex() for leaf in LEAVES[:3]), COMMITTED.root.hex(), canonical(COMMITTED.to_json()).decode()]
    assert "\n".join([*lines, bytes(prove_token(LEAVES, 2)).hex()]) + "\n" == (GOLDEN / "tokens-1.txt").read_text(
        "utf-8"
    )


def test_the_form_of_receipts_and_frontiers_is_kept_for_ever() -> None:
    tree, items, note = logged(20, 13, COMMITTED)
    statement = Statement(items[13], disclose(prove_token(LEAVES, 5), SEED, PIECES[5][2]))
    receipt = bytes(make_receipt(tree, 13, note, bytes(statement)))
    assert receipt == (GOLDEN / "receipt-1.tlog-proof").read_bytes()
    frontier = Frontier()
    frontier.extend(leaf_hashes(items))
    assert bytes(frontier).hex() + "\n" == (GOLDEN / "frontier-1.txt").read_text("utf-8")


def test_an_entry_that_can_be_read_in_two_ways_proves_no_token() -> None:
    twice = header(14, COMMITTED).replace(b'{"actor"', b'{"tokens":{},"actor"')
    for entry in (twice, header(14, COMMITTED) + b" ", b"[]", b"1e5", b'{"a":1.5}', b"[" * 9999):
        with pytest.raises(BadReceipt):
            Statement(entry, prove_token(LEAVES, 5)).verify()


def test_leaves_are_read_back_and_fit_one_block_of_sha_256() -> None:
    for (kind, part, _, monotonic, wall), data in zip(PIECES, LEAVES, strict=True):
        leaf = TokenLeaf.from_bytes(data)
        assert (leaf.unit, leaf.kind, leaf.part, leaf.monotonic, leaf.wall) == (Unit.DELTA, kind, part, monotonic, wall)
        assert bytes(leaf) == data
        assert len(data) == LEAF_SIZE <= 54


@pytest.mark.parametrize("count", [1, 2, 3, 37])
def test_every_token_is_proved_by_one_receipt(count: int) -> None:
    leaves = token_leaves(Unit.TOKEN, PIECES[:count], SEED)
    committed = commitment(Unit.TOKEN, leaves)
    tree, items, note = logged(20, 13, committed)
    for index in range(count):
        proof = disclose(prove_token(leaves, index), SEED, PIECES[index][2])
        data = bytes(make_receipt(tree, 13, note, bytes(Statement(items[13], proof))))
        proven = check_receipt(data, LOG.verifier)
        assert proven.statement.token == proof
        assert (proven.index, proven.under.checkpoint.size) == (13, 20)
        assert proven.statement.fields()["seq"] == 14
        fields, number, text = token_of(data, str(LOG.verifier))
        assert (fields["seq"], number, text) == (14, index, PIECES[index][2])
        with pytest.raises(UnknownSigner):
            check_receipt(data, STRANGER.verifier)


def test_an_event_is_proved_by_a_receipt_that_holds_its_header() -> None:
    tree, items, note = logged(20, 13, None)
    data = bytes(make_receipt(tree, 13, note, bytes(Statement(items[13]))))
    assert check_receipt(data, LOG.verifier).statement == Statement(items[13])


def test_a_token_is_proved_after_its_text_and_salt_are_gone() -> None:
    proof = prove_token(LEAVES, 5)
    assert proof.salt is None
    TokenProof.from_bytes(bytes(proof)).verify(COMMITTED)
    assert PIECES[5][2] not in bytes(proof)


def test_a_disclosed_token_tells_nothing_that_opens_its_neighbours() -> None:
    shown = disclose(prove_token(LEAVES, 5), SEED, PIECES[5][2])
    assert shown.salt is not None
    for leaf, (_, _, text, _, _) in zip(LEAVES[:5], PIECES[:5], strict=True):
        with pytest.raises(BadProof):
            check_digest(TokenLeaf.from_bytes(leaf).digest, shown.salt, text)


def test_another_text_time_kind_or_place_is_refused() -> None:
    proof = disclose(prove_token(LEAVES, 5), SEED, PIECES[5][2])
    proof.verify(COMMITTED)
    leaf = proof.leaf
    forged = [
        dataclasses.replace(proof, text=b"other"),
        dataclasses.replace(proof, salt=new_salt()),
        dataclasses.replace(proof, index=6),
        dataclasses.replace(proof, path=proof.path[:-1]),
        *(
            dataclasses.replace(proof, leaf=dataclasses.replace(leaf, **change))
            for change in (
                {"monotonic": leaf.monotonic + 1},
                {"wall": leaf.wall - 1},
                {"kind": Kind.REASONING},
                {"part": 1},
                {"unit": Unit.TOKEN},
            )
        ),
    ]
    for one in forged:
        with pytest.raises(BadProof):
            one.verify(COMMITTED)
    with pytest.raises(BadProof):
        proof.verify(dataclasses.replace(COMMITTED, unit=Unit.TOKEN))
    with pytest.raises(BadProof):
        disclose(prove_token(LEAVES, 5), SEED, b"other")


def test_leaves_of_a_newer_version_unit_or_kind_are_refused() -> None:
    for place, says in ((0, "of version 1"), (1, "unknown unit or kind"), (2, "unknown unit or kind")):
        with pytest.raises(BadProof, match=says):
            TokenLeaf.from_bytes(LEAVES[0][:place] + b"\x09" + LEAVES[0][place + 1 :])
    with pytest.raises(BadProof, match="52 bytes"):
        TokenLeaf.from_bytes(LEAVES[0][:-1])


def test_bytes_that_are_no_proof_of_a_token_are_told_as_such() -> None:
    proof = prove_token(LEAVES, 5)
    hidden, shown = bytes(proof), bytes(disclose(proof, SEED, PIECES[5][2]))
    for data in (*(hidden[:end] for end in range(len(hidden))), hidden + b"x", hidden[:5] + b"\x01" + hidden[6:]):
        with pytest.raises(BadProof, match="no proof of a token"):
            TokenProof.from_bytes(data)
    for flag in (b"\x00", b"\x02"):
        with pytest.raises(BadProof, match="no proof of a token"):
            TokenProof.from_bytes(shown[:5] + flag + shown[6:])
    for size in range(1, SALT_SIZE):
        with pytest.raises(BadProof, match="without its whole salt"):
            TokenProof.from_bytes(shown[: len(hidden) + size])


def test_a_statement_of_a_newer_version_or_without_an_end_is_refused() -> None:
    data = bytes(Statement(header(14)))
    with pytest.raises(BadReceipt, match="a newer Waypost may"):
        Statement.from_bytes(b"\x02" + data[1:])
    for end in range(1, len(data)):
        with pytest.raises(BadReceipt, match="cut short"):
            Statement.from_bytes(data[:end])
    with pytest.raises(BadProof, match="at most 65,535"):
        bytes(Statement(b"x" * 65_536))


@pytest.mark.parametrize(
    "piece",
    [
        (Kind.TEXT, 2**16, b"", 0, 0),
        (Kind.TEXT, -1, b"", 0, 0),
        (Kind.TEXT, 0, b"", 2**64, 0),
        (Kind.TEXT, 0, b"", 0, -1),
    ],
)
def test_a_part_or_time_that_no_leaf_can_hold_is_refused(piece: Piece) -> None:
    with pytest.raises(BadProof, match="out of range"):
        token_leaves(Unit.TOKEN, [piece], SEED)


def test_a_response_without_tokens_commits_to_none() -> None:
    committed = commitment(Unit.MESSAGE, token_leaves(Unit.MESSAGE, [], SEED))
    assert Commitment.from_json(committed.to_json()) == committed
    with pytest.raises(BadProof):
        prove_token([], 0)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {**COMMITTED.to_json(), "count": True},
        {**COMMITTED.to_json(), "count": -1},
        {**COMMITTED.to_json(), "count": "37"},
        {**COMMITTED.to_json(), "count": 0},
        {**COMMITTED.to_json(), "unit": "word"},
        {**COMMITTED.to_json(), "unit": []},
        {**COMMITTED.to_json(), "root": "ab"},
        {**COMMITTED.to_json(), "root": COMMITTED.root.hex().upper()},
        {**COMMITTED.to_json(), "root": 5},
        {**COMMITTED.to_json(), "more": 1},
    ],
)
def test_what_is_no_commitment_is_refused(data: object) -> None:
    with pytest.raises(BadProof):
        Commitment.from_json(data)


# --- anything at all -------------------------------------------------------------------------------------------------


@given(st.binary(max_size=200))
def test_any_bytes_are_read_as_themselves_or_refused(data: bytes) -> None:
    for parse in (TokenLeaf.from_bytes, TokenProof.from_bytes, Statement.from_bytes, Receipt.parse):
        try:
            assert bytes(parse(data)) == data
        except LedgerError:
            continue


@pytest.mark.slow
@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_mangled_receipt_is_refused_unless_it_proves_the_same(data: st.DataObject) -> None:
    tree, items, note = logged(20, 13, COMMITTED)
    proof = disclose(prove_token(LEAVES, 5), SEED, PIECES[5][2])
    whole = bytes(make_receipt(tree, 13, note, bytes(Statement(items[13], proof))))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(whole)))
        end = data.draw(st.integers(start, min(len(whole), start + 20)))
        piece = data.draw(st.one_of(st.binary(max_size=6), st.sampled_from([b"\n", b"\n\n", b"extra ", b"=", b"0"])))
        whole = whole[:start] + piece + whole[end:]
    try:
        proven = check_receipt(whole, LOG.verifier)
    except LedgerError:
        return
    assert (proven.index, proven.statement) == (13, Statement(items[13], proof))


@given(st.binary(max_size=60), st.binary(max_size=120))
def test_any_statement_in_a_true_receipt_is_judged_without_a_crash(entry: bytes, token: bytes) -> None:
    extra = b"\x01" + len(entry).to_bytes(2, "big") + entry + token
    tree = Nodes(leaf_hashes([entry]))
    note = sign_checkpoint(Checkpoint(ORIGIN, 1, tree.root), [LOG])
    try:
        proven = check_receipt(bytes(make_receipt(tree, 0, note, extra)), LOG.verifier)
    except LedgerError:
        return
    assert proven.statement.header == entry
    assert token == b""
