"""What a set-up needs of this user's configuration to find packages: addresses and certificates, and no keys."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from waypost.environment.clean import SOURCES

CONFIGURATION: tuple[tuple[str, ...], ...] = (
    (".config", "pip", "pip.conf"),
    (".pip", "pip.conf"),
    ("Library", "Application Support", "pip", "pip.conf"),
    (".config", "uv", "uv.toml"),
    (".npmrc",),
    (".cargo", "config.toml"),
    (".config", "go", "env"),
)
"""Files of a home folder that say where packages come from."""
NAMES_PATHS: tuple[str, ...] = (*SOURCES, "RUSTUP_HOME", "JAVA_HOME")
"""Variables that may hold paths of this machine."""
CACHES: tuple[str, ...] = ("CARGO_HOME",)
"""Variables that name a folder which a set-up would write to, and read keys from."""
NPM = Path(".config", "npm", "npmrc")
"""Where npm's file lies in a furnished home: a sandbox hides `.npmrc`, for its keys."""
LARGEST = 1 << 20
PATH = re.compile(r"""(?:file://|(?<![\w:/.~-]))(~?/[^\s,;'"|]+)""")
# npm's own words for keys; an address with a password in it is pip's, whose user has no other way to give it
KEY = re.compile(r"_auth|_password|username|certfile|keyfile|^\s*(?:key|cert|email)\s*=", re.IGNORECASE)


def furnish(home: Path, user: Path) -> dict[str, str]:
    """Writes into an empty home what the user's own says of registries, without npm's keys.

    Returns the variables by which it is found.
    """
    for parts in CONFIGURATION:
        text = _read(user.joinpath(*parts))
        if text is None:
            continue
        target = home.joinpath(*parts)
        if parts == (".npmrc",):
            text = "".join(line for line in text.splitlines(keepends=True) if not KEY.search(line))
            target = home / NPM
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace("~/", f"{user}/"))
    return {"HOME": str(home), **({"npm_config_userconfig": str(home / NPM)} if (home / NPM).is_file() else {})}


def local_sources(user: Path, variables: Mapping[str, str], approved: Iterable[str] = ()) -> tuple[Path, ...]:
    """Existing files and folders that configuration and variables name: indexes of wheels, certificates.

    `approved` are the values of variables that the target itself names: a human read them. The user's home, what lies
    above it, and whole top folders are never among the paths.
    """
    texts = [*approved, *(variables.get(name, "") for name in NAMES_PATHS)]
    texts += [_read(user.joinpath(*parts)) or "" for parts in CONFIGURATION]
    named = variables.get("PIP_CONFIG_FILE", "")
    texts += [_read(Path(named)) or ""] if named.startswith("/") else []
    found = {path: None for text in texts for path in _paths(text, user)}
    return tuple(found)


def _paths(text: str, user: Path) -> Iterator[Path]:
    home = user.resolve()
    for match in PATH.finditer(text):
        path = Path(f"{user}{match[1][1:]}" if match[1].startswith("~") else match[1])
        try:
            real = path.resolve(strict=True)
        except OSError:  # names nothing of this machine
            continue
        if len(real.parts) > 2 and not home.is_relative_to(real):
            yield path


def _read(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return os.fsdecode(file.read(LARGEST))
    except OSError:
        return None
