"""The ledger: the log as a Merkle tree with signed checkpoints, proofs and tiles."""
