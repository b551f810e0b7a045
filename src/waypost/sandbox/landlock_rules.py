"""The rules of Landlock: made from what is granted and listed, and kept from one command to the next (landlock(7))."""

from __future__ import annotations

import ctypes
import os
import struct

from waypost.sandbox.system_calls import checked, libc

TYPE_CHECKING = False  # importing typing takes longer than the rest
if TYPE_CHECKING:
    from typing import Any

_CREATE_RULESET, _ADD_RULE = 444, 445
_NETWORK_RIGHTS, _SCOPES = 0b11, 0b11  # bind and connect TCP; abstract Unix sockets and signals
_MOST_USES = 100
"""With each use rules for the command's own /proc and memory are added, and stay behind."""


def abi() -> int:
    """The kernel's version of Landlock; 0 without it."""
    return max(0, int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))))


class Rulesets:
    """The rules of the commands before, by slot: used again while all that they were made from is the same.

    A rule belongs to a file, not to its name, and keeps its number from being another's. So what has the same names and
    numbers as before is the same; where anything came or went, all rules are made anew.
    """

    def __init__(self) -> None:
        self._made: dict[str, tuple[object, int, int]] = {}

    def of(self, request: dict[str, Any]) -> int:
        """A descriptor of the request's rules. Raises OSError."""
        now = _looked_at(request)
        before, ruleset, used = self._made.pop(request["slot"], (None, -1, 0))
        if before != now or used >= _MOST_USES:
            if ruleset >= 0:
                os.close(ruleset)
            ruleset, used = _made(request, now), 0
        self._made[request["slot"]] = (now, ruleset, used + 1)
        return ruleset


def _looked_at(request: dict[str, Any]) -> tuple[object, ...]:
    """All that rules are made from, as it stands on the disk now."""
    attributes = (request["handled"], request["network"], request["abi"])
    grants = [(path, rights, _identity(path)) for path, rights in request["grants"]]
    return (attributes, grants, [(one, _entries(one[0], one[3])) for one in request["listed"]])


def _identity(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_mode & 0o170000)


def _entries(folder: str, without: list[str]) -> list[tuple[str, object, bool]]:
    """What lies in a folder, but for links: name, identity, whether it is a folder; nothing if it is closed."""
    try:
        with os.scandir(folder) as entries:
            return [
                # Of a folder the folder alone tells its number, for something may be mounted there.
                (entry.name, _identity(entry.path) if entry.is_dir() else entry.inode(), entry.is_dir())
                for entry in entries
                if not entry.is_symlink() and entry.name not in without
            ]
    except OSError:
        return []


def _made(request: dict[str, Any], seen: Any) -> int:
    network = 0 if request["network"] or request["abi"] < 4 else _NETWORK_RIGHTS
    attributes = struct.pack("QQQ", request["handled"], network, _SCOPES)
    # The kernel takes only as much of the structure as it knows.
    known = 24 if request["abi"] >= 6 else 16 if request["abi"] >= 4 else 8
    ruleset = checked(libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(known), 0), "no ruleset")
    for path, rights, identity in seen[1]:
        if identity is not None:
            grant(ruleset, path, rights, None)
    for (folder, of_folders, of_others, _), entries in seen[2]:
        if entries:
            above = os.open(folder, os.O_PATH | os.O_CLOEXEC)
            for name, _, is_folder in entries:
                grant(ruleset, name, of_folders if is_folder else of_others, above)
            os.close(above)
    return ruleset


def grant(ruleset: int, path: str, rights: int, above: int | None) -> None:
    """Adds a rule for a path, as seen from `above` if that is a folder's descriptor; none for what is gone."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    except OSError:
        return  # gone meanwhile: nothing to grant
    try:
        rule = struct.pack("=Qi", rights, descriptor)
        checked(libc.syscall(_ADD_RULE, ruleset, 1, rule, 0), f"no rule for {path}")
    finally:
        os.close(descriptor)
