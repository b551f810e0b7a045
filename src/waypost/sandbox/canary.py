"""What a canary tries, from inside: a program of its own, run by the interpreter without any package.

Its arguments are names and values, in turn: `write` and `create` are paths, `read` is a secret's place and `secret` its
text, `variable` a name, `loopback` a port, `host` and `port` an address, `process` an id and `started` the time of its
start, as /proc has it. It prints one line: "canary", and the names of what it could do.
"""

from __future__ import annotations

import errno
import os
import sys
from _socket import AF_INET, SOCK_STREAM, socket  # without the package around it, which takes longer than all the rest

_PATIENCE = 0.25


def writes(path: str) -> bool:
    """Whether a file can be written, with the folders above it."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write("canary")
    except OSError:
        return False
    return True


def replaces(path: str) -> bool:
    """Whether what lies above a path can be moved away and made anew."""
    try:
        above = os.path.dirname(path)
        os.rename(above, above + ".moved")
    except OSError:
        return False
    return True


def reads(path: str, secret: str) -> bool:
    """Whether a file holds the secret."""
    try:
        with open(path) as file:
            return secret in file.read()
    except OSError:
        return False


def connects(host: str, port: int, answers: tuple[int, ...]) -> bool:
    """Whether a connection ends in one of `answers` (0 or an errno), or in silence: something went out."""
    try:
        connection = socket(AF_INET, SOCK_STREAM)
    except OSError:
        return False
    try:
        connection.settimeout(_PATIENCE)
        return connection.connect_ex((host, port)) in {*answers, errno.EAGAIN}
    except TimeoutError:
        return True
    except OSError:
        return False
    finally:
        connection.close()


def reaches(process: int, started: str) -> bool:
    """Whether a process outside can be signalled or its environment be read."""
    try:
        with open(f"/proc/{process}/stat") as file:
            if file.read().rpartition(")")[2].split()[19] != started:
                return False  # in this namespace the id is another's
    except OSError:
        if os.path.isdir("/proc/self"):
            return False
    return _signals(process) or bool(_environment(process))


def _signals(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True


def _environment(process: int) -> str:
    try:
        with open(f"/proc/{process}/environ") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def main() -> None:
    """Tries everything once."""
    pairs = list(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    asked = dict(pairs)
    done = {
        "home": reads(asked["read"], asked["secret"]),
        "variable": asked["secret"] in os.environ.get(asked["variable"], ""),
        "loopback": connects("127.0.0.1", int(asked["loopback"]), (0,)),
        "network": connects(asked["host"], int(asked["port"]), (0, errno.ECONNREFUSED, errno.EHOSTUNREACH)),
        "processes": reaches(int(asked["process"]), asked["started"]),
    }
    # What it did is looked at from outside.
    for name, path in pairs:
        if name in {"write", "create"}:
            writes(path)
    for name, path in pairs:
        if name == "create":
            replaces(path)
            writes(path)
    print("canary", *(name for name, could in done.items() if could))


if __name__ == "__main__":
    main()
