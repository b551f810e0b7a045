"""What can go wrong before the demo's run begins."""

from __future__ import annotations


class DemoError(Exception):
    """The demo can't be played as asked; the text names the mend."""

    exit_code = 2


class PackageMissing(DemoError):
    """The package that the demo works on can't be had here."""

    exit_code = 3
