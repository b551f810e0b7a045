"""The `waypost` command."""


def main() -> None:
    """Runs the command line."""
    raise SystemExit("waypost: not built yet")
