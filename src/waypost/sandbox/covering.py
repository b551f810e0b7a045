"""Mounts into a namespace that bubblewrap made, before its command starts: what it would do slowly.

For each of its binds bubblewrap reads the table of all mounts. Here each costs four system calls, whatever else is
mounted; and each is taken from what stands at its place already, so it can only take rights away. Kernel interfaces:
mount_setattr(2), open_tree(2), move_mount(2), openat2(2), ioctl_ns(2); all there since Linux 5.12.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct

from waypost.sandbox.system_calls import checked, libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_CLOSED, _HIDDEN = "closed", "hidden"
_OPEN_TREE, _MOVE_MOUNT, _OPEN_AT_2, _MOUNT_SET_ATTRIBUTES = 428, 429, 437, 442
_NEW_USER, _NEW_MOUNTS = 0x10000000, 0x00020000
_OWNER = 0xB701
_HERE = -100
_EMPTY_PATH, _RECURSIVE, _CLONE = 0x1000, 0x8000, 1
_FROM_EMPTY, _TO_EMPTY = 0x04, 0x40
_NO_LINKS = 0x04
_READ_ONLY = struct.pack("QQQQ", 1, 0, 0, 0)


def cover(request: dict[str, Any], runtime: int, namespace: int, wake: int) -> NoReturn:
    """Covers `mounts` in the namespace below `outer`, bubblewrap's first process, and tells what waits there to go.

    It waits to be woken: then bubblewrap is done with its own mounts. Each is a path and how it is covered: "shown" by
    itself, "closed" by itself read-only, "hidden" by /dev/null.
    """
    os.close(0)
    if not os.read(wake, 1):
        os._exit(0)  # nobody waits there any more
    try:
        _enter(request["outer"])
        for path, how in request["mounts"]:
            _cover(path.encode(errors="surrogateescape"), how)
        os.write(namespace, b"go\n")
    except OSError as error:
        os.write(runtime, f"covering: {error}\n".encode())
        os.write(namespace, b"no\n")
    os._exit(0)


def _enter(outer: int) -> None:
    first = _only_child(outer)
    space = os.open(f"/proc/{first}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    # Opened first and asked again then: in between its id can't have become another's.
    if _only_child(outer) != first or _is_own(space, "mnt"):
        raise OSError(0, f"the process namespace of {outer} is gone")
    owner = fcntl.ioctl(space, _OWNER)
    if not _is_own(owner, "user"):
        checked(libc.setns(owner, _NEW_USER), "user namespace not entered")
    checked(libc.setns(space, _NEW_MOUNTS), "mount namespace not entered")


def _only_child(pid: int) -> int:
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        found = file.read().split()
    if len(found) != 1:
        raise OSError(0, f"process {pid} has {len(found)} children, not one")
    return int(found[0])


def _is_own(descriptor: int, kind: str) -> bool:
    theirs, ours = os.fstat(descriptor), os.stat(f"/proc/self/ns/{kind}")
    return (theirs.st_dev, theirs.st_ino) == (ours.st_dev, ours.st_ino)


def _cover(path: bytes, how: str) -> None:
    spot = _opened(path)
    source = _opened(b"/dev/null") if how == _HIDDEN else spot
    flags = _CLONE | _EMPTY_PATH | _RECURSIVE | os.O_CLOEXEC
    tree = checked(libc.syscall(_OPEN_TREE, source, b"", flags), f"{path!r} not taken")
    if how == _CLOSED:
        done = libc.syscall(
            _MOUNT_SET_ATTRIBUTES, tree, b"", _EMPTY_PATH | _RECURSIVE, _READ_ONLY, ctypes.c_size_t(len(_READ_ONLY))
        )
        checked(done, f"{path!r} not made read-only")
    checked(libc.syscall(_MOVE_MOUNT, tree, b"", spot, b"", _FROM_EMPTY | _TO_EMPTY), f"{path!r} not covered")
    for descriptor in {spot, source, tree}:
        os.close(descriptor)


def _opened(path: bytes) -> int:
    how = struct.pack("QQQ", os.O_PATH | os.O_CLOEXEC, 0, _NO_LINKS)
    return checked(libc.syscall(_OPEN_AT_2, _HERE, path, how, ctypes.c_size_t(len(how))), f"{path!r} not found")
