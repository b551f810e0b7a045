"""Runs: the milestone state machine, the supervisor, budgets, resume, rewind, and the views that faces show."""
