"""Searches files where ripgrep is missing. Run as a program of its own, so that a pattern that explodes
can be stopped by its time limit: `scan.py files PATH` or `scan.py text PATH REGEX MOST`.

Prints as ripgrep is asked to: `path NUL line:text`, or paths ended by NUL. Files that git ignores, .git
and binary files are left out. Standard library only, importing nothing of ours.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.excludesFile=/dev/null", "ls-files", "-z")
_LARGEST = 16 << 20


def _git(*options: str) -> list[str] | None:
    try:
        done = subprocess.run([*_GIT, *options], capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return os.fsdecode(done.stdout).split("\0")[:-1] if done.returncode == 0 else None


def _walk(start: str) -> Iterator[str]:
    for folder, folders, files in os.walk(start):
        folders[:] = [name for name in folders if name != ".git"]
        yield from (os.path.normpath(f"{folder}/{name}") for name in files)


def files(start: str) -> list[str]:
    """The files at or below `start`, sorted; by git's rules where there is a repository."""
    if Path(start).is_file():
        return [start]  # asked for by name, ignored or not
    known = _git("--cached", "--others", "--exclude-standard", "--", start)
    if known is None:
        names = set(_walk(start))
    else:
        ignored = _git("--cached", "--ignored", "--exclude-standard", "--", start) or []
        names = set(known) - set(ignored)
    return sorted((name for name in names if _is_regular(name)), key=lambda name: name.split("/"))


def _is_regular(name: str) -> bool:
    path = Path(name)
    return path.is_file() and not path.is_symlink()


def _matches(name: str, wanted: re.Pattern[str], most: int) -> Iterator[str]:
    try:
        if Path(name).stat().st_size > _LARGEST:
            return
        data = Path(name).read_bytes()
    except OSError:
        return  # gone or unreadable meanwhile
    if b"\0" in data:
        return
    found = 0
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
        if wanted.search(line):
            yield f"{number}:{line}"
            found += 1
            if found == most:
                return


def main(arguments: list[str]) -> int:
    """Writes the answer to standard output; 2 for a pattern that can't be read."""
    kind, start = arguments[:2]
    out = sys.stdout.buffer
    if kind == "files":
        for name in files(start):
            out.write(os.fsencode(name) + b"\0")
        return 0
    try:
        wanted = re.compile(arguments[2])
    except re.error as error:
        out.write(f"regex parse error: {error}".encode())
        return 2
    for name in files(start):
        for line in _matches(name, wanted, int(arguments[3])):
            out.write(os.fsencode(name) + b"\0" + line.encode("utf-8", "replace") + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
