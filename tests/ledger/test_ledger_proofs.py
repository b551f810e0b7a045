from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_cases import entries, nodes

from waypost.events.canonical import leaf_hash
from waypost.ledger.errors import BadProof, BadTree, LedgerError
from waypost.ledger.proofs import (
    consistency_proof,
    inclusion_proof,
    range_root,
    subtree_consistency_proof,
    subtree_inclusion_proof,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)
from waypost.ledger.tree import Frontier, leaf_hashes, node_hash, root

MOST = 130
NODES = nodes(MOST)
LEAVES = leaf_hashes(entries(MOST))
ROOTS = [root(LEAVES[:size]) for size in range(MOST + 1)]


def by_definition(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


def test_roots_are_those_of_the_recursive_definition() -> None:
    for size in range(1, MOST + 1):
        assert ROOTS[size] == by_definition(LEAVES[:size]) == range_root(NODES, 0, size)


def test_every_leaf_of_every_tree_up_to_130_is_proved_and_no_other_in_its_place() -> None:
    for size in range(1, MOST + 1):
        for index in range(size):
            proof = inclusion_proof(NODES, index, size)
            verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])
            with pytest.raises(BadProof):
                verify_inclusion(LEAVES[index - 1] if size > 1 else ROOTS[0], index, size, proof, ROOTS[size])
            with pytest.raises(BadProof):
                verify_inclusion(LEAVES[index], index, size, (*proof, ROOTS[size]), ROOTS[size])


def test_every_pair_of_sizes_up_to_130_is_consistent_and_with_no_other_root() -> None:
    for newer in range(1, MOST + 1):
        for older in range(1, newer + 1):
            proof = consistency_proof(NODES, older, newer)
            verify_consistency(older, newer, proof, ROOTS[older], ROOTS[newer])
            with pytest.raises(BadProof):
                verify_consistency(older, newer, proof, ROOTS[older - 1], ROOTS[newer])
            with pytest.raises(BadProof):
                verify_consistency(older, newer, proof, ROOTS[older], ROOTS[newer - 1])


def test_every_subtree_of_every_tree_up_to_40_is_proved_part_of_it_and_holds_its_leaves() -> None:
    for size in range(1, 41):
        for start in range(size):
            for end in range(start + 1, size + 1):
                if start % (1 << (end - start - 1).bit_length()):
                    with pytest.raises(BadProof):
                        subtree_consistency_proof(NODES, start, end, size)
                    continue
                part = by_definition(LEAVES[start:end])
                proof = subtree_consistency_proof(NODES, start, end, size)
                verify_subtree_consistency(start, end, size, proof, part, ROOTS[size])
                with pytest.raises(BadProof):
                    verify_subtree_consistency(start, end, size, proof, ROOTS[0], ROOTS[size])
                for index in range(start, end):
                    path = subtree_inclusion_proof(NODES, index, start, end)
                    verify_subtree_inclusion(LEAVES[index], index, start, end, path, part)


@given(st.data())
@settings(deadline=None)
def test_a_flipped_bit_in_any_hash_is_refused(data: st.DataObject) -> None:
    newer = data.draw(st.integers(2, MOST))
    older = data.draw(st.integers(1, newer - 1))
    proof = consistency_proof(NODES, older, newer)
    place, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    flipped = (int.from_bytes(proof[place], "big") ^ 1 << bit).to_bytes(32, "big")
    with pytest.raises(BadProof):
        verify_consistency(older, newer, (*proof[:place], flipped, *proof[place + 1 :]), ROOTS[older], ROOTS[newer])
    index = data.draw(st.integers(0, newer - 1))
    path = inclusion_proof(NODES, index, newer)
    place = data.draw(st.integers(0, len(path) - 1))
    flipped = (int.from_bytes(path[place], "big") ^ 1 << bit).to_bytes(32, "big")
    with pytest.raises(BadProof):
        verify_inclusion(LEAVES[index], index, newer, (*path[:place], flipped, *path[place + 1 :]), ROOTS[newer])


@given(st.lists(st.one_of(st.integers(0, 40), st.none()), max_size=8))
@settings(deadline=None, max_examples=60)
def test_a_frontier_grown_and_kept_in_any_steps_has_the_roots_of_the_whole_tree(steps: list[int | None]) -> None:
    leaves, frontier = leaf_hashes(entries(400)), Frontier()
    for step in steps:
        before = frontier.size
        if step is None:
            frontier.append(leaves[before])
        else:
            frontier.extend(leaves[before : before + step])
        frontier = Frontier.from_bytes(bytes(frontier))
        assert frontier.root == root(leaves[: frontier.size])


def test_sizes_of_other_peoples_logs_are_walked_without_their_hashes() -> None:
    size = 2**62 + 12345
    with pytest.raises(BadProof, match="takes exactly"):
        verify_inclusion(LEAVES[0], size - 1, size, (), ROOTS[1])
    with pytest.raises(BadProof, match="no such part"):
        verify_inclusion(LEAVES[0], 0, 2**63, (), ROOTS[1])


@pytest.mark.parametrize(("older", "newer"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_what_shows_nothing_is_neither_made_nor_accepted(older: int, newer: int) -> None:
    with pytest.raises(BadProof):
        consistency_proof(NODES, older, newer)
    with pytest.raises(BadProof):
        verify_consistency(older, newer, (), ROOTS[0], ROOTS[max(newer, 0)])


def test_hashes_of_another_length_are_refused() -> None:
    with pytest.raises(BadProof, match="SHA-256 has 32"):
        verify_inclusion(b"short", 0, 1, (), b"short")


def test_a_subtree_that_a_tree_does_not_have_is_refused() -> None:
    with pytest.raises(BadTree):
        NODES(8, 0)
    with pytest.raises(BadTree):
        NODES(0, -1)


@given(st.binary(max_size=120))
def test_bytes_that_are_no_frontier_are_refused(data: bytes) -> None:
    with suppress(LedgerError):
        assert bytes(Frontier.from_bytes(data)) == data


def test_a_frontier_larger_than_any_log_is_refused() -> None:
    with pytest.raises(BadTree):
        Frontier.from_bytes((2**63).to_bytes(8, "big") + LEAVES[0])


def test_a_leaf_is_not_a_node() -> None:
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != node_hash(LEAVES[0], LEAVES[1])
