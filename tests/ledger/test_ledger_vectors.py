from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ledger_cases import TESSERA, TESSERA_KEY, VECTORS, probes, proof_of, unpacked

from waypost.events.canonical import leaf_hash
from waypost.ledger.checkpoint import open_checkpoint
from waypost.ledger.errors import BadProof
from waypost.ledger.folder import hashes_of
from waypost.ledger.proofs import (
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)
from waypost.ledger.tree import Frontier, Nodes, leaf_hashes, root
from waypost.ledger.verify import verify_folder

Probe = dict[str, Any]
WORDS = b"one two three four five six seven eit nain ten ileven twelf threeten fourten fivten".split()


def inclusion(probe: Probe) -> None:
    leaf, tree_root = unpacked(probe, "leafHash", "root")
    verify_inclusion(leaf, probe["leafIdx"], probe["treeSize"], proof_of(probe), tree_root)


def subtree_inclusion(probe: Probe) -> None:
    leaf, tree_root = unpacked(probe, "leafHash", "root")
    verify_subtree_inclusion(leaf, probe["leafIdx"], probe["start"], probe["end"], proof_of(probe), tree_root)


def consistency(probe: Probe) -> None:
    verify_consistency(probe["size1"], probe["size2"], proof_of(probe), *unpacked(probe, "root1", "root2"))


def subtree_consistency(probe: Probe, *, allow_empty: bool = True) -> None:
    roots = unpacked(probe, "root1", "root2")
    span = (probe["start"], probe["end"], probe["size"])
    verify_subtree_consistency(*span, proof_of(probe), *roots, allow_empty=allow_empty)


def accepts(check: Callable[[Probe], None], probe: Probe) -> bool:
    try:
        check(probe)
    except BadProof:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "check", "accepted", "refused"),
    [
        ("inclusion", inclusion, 6, 92),
        ("consistency", consistency, 6, 92),
        ("subtreeinclusion", subtree_inclusion, 12, 192),
        ("subtreeconsistency", subtree_consistency, 12, 106),
    ],
)
def test_every_probe_is_judged_as_upstream_says(
    kind: str, check: Callable[[Probe], None], accepted: int, refused: int
) -> None:
    verdicts = {name: (accepts(check, probe), not probe["wantErr"]) for name, probe in probes(kind)}
    assert [name for name, (found, wanted) in verdicts.items() if found != wanted] == []
    assert sum(found for found, _ in verdicts.values()) == accepted
    assert len(verdicts) == accepted + refused


def test_an_empty_subtree_is_evidence_of_nothing_unless_asked_for() -> None:
    empty = [probe for _, probe in probes("subtreeconsistency") if probe["start"] == probe["end"]]
    assert sum(accepts(subtree_consistency, probe) for probe in empty) == 6
    for probe in empty:
        with pytest.raises(BadProof):
            subtree_consistency(probe, allow_empty=False)


def test_the_classic_leaves_give_the_classic_roots() -> None:
    vector = json.loads((VECTORS / "merkle" / "rfc6962_roots.json").read_text("utf-8"))
    leaves = leaf_hashes([bytes.fromhex(text) for text in vector["leaf_inputs_hex"]])
    assert [leaf.hex() for leaf in leaves] == vector["leaf_hashes_hex"]
    roots = next(value for key, value in vector.items() if key.startswith("root"))
    expected = [roots[str(size)] for size in range(9)] if isinstance(roots, dict) else list(roots)
    frontier = Frontier()
    for size in range(9):
        assert root(leaves[:size]).hex() == expected[size]
        assert Nodes(leaves[:size]).root.hex() == expected[size]
        assert frontier.root.hex() == expected[size]
        if size < 8:
            frontier.append(leaves[size])


@pytest.mark.parametrize("size", range(1, 16))
def test_the_log_that_tessera_wrote_verifies_at_every_size(size: int) -> None:
    seen: list[bytes] = []
    note = (TESSERA / f"checkpoint.{size}").read_bytes()
    opened = verify_folder(TESSERA, TESSERA_KEY, note=note, visit=lambda _, found: seen.extend(found))
    assert opened.checkpoint.size == size
    assert seen == WORDS[:size]
    hashes = hashes_of(TESSERA, size)
    for index in range(size):
        path = inclusion_proof(hashes, index, size)
        verify_inclusion(leaf_hash(WORDS[index]), index, size, path, opened.checkpoint.root)


def test_tesseras_newest_and_its_empty_checkpoint_open() -> None:
    assert verify_folder(TESSERA, TESSERA_KEY).checkpoint.size == 15
    empty = (TESSERA / "checkpoint.0").read_bytes()
    assert open_checkpoint(empty, TESSERA_KEY).checkpoint.size == 0
    assert verify_folder(TESSERA, TESSERA_KEY, note=empty).checkpoint.size == 0
