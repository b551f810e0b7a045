"""Where an editable install points: a gate's checkout must test its own source, not the set-up's."""

from __future__ import annotations

import re
from pathlib import Path

QUOTED = re.compile(r"""(['"])(/[^'"\n]+)\1""")


def source_roots(environment: Path, checkout: Path) -> tuple[str, ...]:
    """The folders of the checkout, relative to it, that the environment's editable installs import from.

    They stand in `.pth` files (PEP 660's simple form) or in setuptools' `__editable__` finders, which map a
    package to its folder.
    """
    found: dict[str, None] = {}
    for packages in sorted(environment.glob("lib/python*/site-packages")):
        for file in filter(Path.is_file, sorted(packages.glob("*.pth"))):
            for line in file.read_text(errors="replace").splitlines():
                _note(found, Path(line.strip() or "."), checkout)
        for file in filter(Path.is_file, sorted(packages.glob("__editable__*_finder.py"))):
            for match in QUOTED.finditer(file.read_text(errors="replace")):
                _note(found, Path(match[2]).parent, checkout)
    return tuple(found)


def _note(found: dict[str, None], folder: Path, checkout: Path) -> None:
    if folder.is_absolute() and folder.resolve().is_relative_to(checkout.resolve()):
        found[str(folder.resolve().relative_to(checkout.resolve()))] = None
