"""What can go wrong with a gate itself."""


class GateError(Exception):
    """A gate's evidence or option can't be used; inside a run it becomes a red verdict with this text."""
