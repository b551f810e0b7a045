from __future__ import annotations

import dataclasses

import pytest
from independent import verify_receipt
from ledger_cases import LOG, ORIGIN, TESSERA, TESSERA_KEY, WITNESS, entries, nodes

from waypost.events.canonical import leaf_hash
from waypost.ledger.checkpoint import Checkpoint, sign_checkpoint
from waypost.ledger.errors import BadProof, BadReceipt, LedgerError
from waypost.ledger.folder import hashes_of
from waypost.ledger.notes import cosign, parse_note
from waypost.ledger.receipt import Receipt, make_receipt
from waypost.ledger.tree import Nodes, leaf_hashes


def logged(count: int, place: int) -> tuple[Nodes, list[bytes], bytes]:
    items = entries(count)
    items[place] = b"an entry"
    tree = Nodes(leaf_hashes(items))
    return tree, items, sign_checkpoint(Checkpoint(ORIGIN, count, tree.root), [LOG])


@pytest.mark.parametrize("size", [1, 2, 3, 100, 128])
def test_receipts_verify_by_the_independent_reader_and_by_ours(size: int) -> None:
    tree, items = nodes(size), entries(size)
    note = sign_checkpoint(Checkpoint(ORIGIN, size, tree.root), [LOG])
    for index in range(size):
        data = bytes(make_receipt(tree, index, note, b"more" * (index % 2)))
        assert verify_receipt(data, items[index], str(LOG.verifier)) == index
        receipt = Receipt.parse(data)
        assert bytes(receipt) == data
        assert receipt.verify(leaf_hash(items[index]), LOG.verifier).checkpoint.size == size
        with pytest.raises(BadProof):
            receipt.verify(leaf_hash(items[index] + b"!"), LOG.verifier)


def test_a_receipt_from_tesseras_log_verifies() -> None:
    note = (TESSERA / "checkpoint.11").read_bytes()
    receipt = make_receipt(hashes_of(TESSERA, 11), 8, note)
    assert Receipt.parse(bytes(receipt)).verify(leaf_hash(b"nain"), TESSERA_KEY).checkpoint.size == 11


def test_a_receipt_carries_who_cosigned() -> None:
    tree, items, note = logged(9, 4)
    witnessed = bytes(cosign(parse_note(note), WITNESS, 99))
    opened = make_receipt(tree, 4, witnessed).verify(leaf_hash(items[4]), LOG.verifier, [WITNESS.verifier])
    assert [one.seconds for one in opened.cosigned] == [99]


def test_an_entry_after_the_checkpoint_gets_no_receipt() -> None:
    tree, _, note = logged(9, 4)
    for index in (-1, 9):
        with pytest.raises(BadProof, match="sign a newer one"):
            make_receipt(tree, index, note)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@v1", b"@v2"),
        (b"index 4", b"index 04"),
        (b"index 4", b"index -4"),
        (b"index 4", b"Index 4"),
        (b"index 4\n", b""),
        (b"index 4", b"index 4 "),
        (b"extra ", b"extra"),
        (b"extra bW9yZQ==\n", b"extra \n"),
        (b"extra bW9yZQ==\nindex 4\n", b"index 4\nextra bW9yZQ==\n"),
        (b"extra bW9yZQ==", b"extra bW9yZR=="),
        (b"\n\n", b"\n"),
        (b"\n", b"\r\n"),
        (b"c2sp", "\u00e9".encode()),
    ],
)
def test_what_is_no_receipt_is_refused(old: bytes, new: bytes) -> None:
    tree, _, note = logged(9, 4)
    data = bytes(make_receipt(tree, 4, note, b"more"))
    assert old in data
    with pytest.raises(LedgerError):
        Receipt.parse(data.replace(old, new, 1))


def test_a_path_with_a_hash_of_another_length_is_refused() -> None:
    tree, _, note = logged(9, 4)
    receipt = make_receipt(tree, 4, note)
    with pytest.raises(BadReceipt, match="31 bytes"):
        Receipt.parse(bytes(dataclasses.replace(receipt, path=(receipt.path[0][:31], *receipt.path[1:]))))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no empty line"),
        (b"c2sp.org/tlog-proof@v1\nindex 4\n", "no empty line"),
        (b"x" * 2_000_001 + b"\n\n", "far too long"),
        (b"c2sp.org/tlog-proof@v1\n\n", "no index line"),
        (b"c2sp.org/tlog-proof@v1\nextra bW9yZQ==\n\n", "no index line"),
        (b"c2sp.org/tlog-proof@v1\nplace 4\n\n", "no index line"),
    ],
)
def test_what_is_missing_in_a_receipt_is_said(data: bytes, says: str) -> None:
    with pytest.raises(BadReceipt, match=says):
        Receipt.parse(data)


def test_a_path_without_end_is_refused() -> None:
    tree, _, note = logged(9, 4)
    receipt = make_receipt(tree, 4, note)
    with pytest.raises(BadReceipt, match="at most 63"):
        Receipt.parse(bytes(dataclasses.replace(receipt, path=receipt.path * 20)))
