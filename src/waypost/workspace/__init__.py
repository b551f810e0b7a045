"""Git worktrees for runs: checkpoints on private refs, rewind, milestone commits, merge probing."""
