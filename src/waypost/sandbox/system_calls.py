"""System calls that Python has no names for, for the warm launcher's programs (clone(2), prctl(2))."""

from __future__ import annotations

import ctypes
import os

SET_DEATH_SIGNAL, KILL = 1, 9
CLONE = {"x86_64": 56, "aarch64": 220}
_FOR_PARENT, _CHILD = 0x00008000, 17
libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> int:
    """The result of a system call. Raises OSError where it failed."""
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def prctl(option: int, *words: int) -> int:
    """See prctl(2)."""
    given = [ctypes.c_ulong(word) for word in (*words, 0, 0, 0, 0)[:4]]
    return int(libc.prctl(option, *given))


def forked_for_parent() -> int:
    """As os.fork; but the new process is a child of this one's parent, who so learns how it ends (clone(2))."""
    flags = ctypes.c_ulong(_FOR_PARENT | _CHILD)
    # Without letting go of the interpreter's lock: nobody is there in the new process to give it back.
    call = ctypes.PyDLL(None, use_errno=True).syscall
    return checked(int(call(CLONE[os.uname().machine], flags, None, None, None, None)), "no process")


def reap() -> None:
    """Takes note of every child that has ended, so that none stays as a zombie."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return
