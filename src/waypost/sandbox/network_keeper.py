"""Holds a network namespace open and makes sockets in it; run as a script, with nothing but the standard library.

    python -I -S network_keeper.py DESCRIPTOR

DESCRIPTOR is one end of a Unix SOCK_SEQPACKET pair. The first packet that the keeper sends is `ready`, with
descriptors: the network namespace and, for an ordinary user, the user namespace. If they can't be made, the
packet is the reason. Afterwards each packet that comes asks for a TCP socket of the namespace: `4` or `6` for
a fresh one of that address family, `proxy` for one that is bound to 127.0.0.1:3128. A socket belongs to the
namespace in which it was made, whoever uses it. The keeper ends when the other end is closed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import struct
import sys
from pathlib import Path

PROXY_PORT = 3128
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # <linux/sched.h>
_PARENT_DEATH_SIGNAL = 1  # <linux/prctl.h>
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1  # <linux/sockios.h>, <linux/if.h>
_FLAGS_OF = "16sH14x"  # struct ifreq
_FAMILIES = {b"4": socket.AF_INET, b"6": socket.AF_INET6, b"proxy": socket.AF_INET}


def main() -> int:
    """Makes the network, hands it over, then makes sockets until nobody asks any more."""
    control = socket.socket(fileno=int(sys.argv[1]))
    try:
        _end_with_parent()
        descriptors = _make_network()
    except OSError as error:
        control.send(str(error).encode())
        return 1
    socket.send_fds(control, [b"ready"], descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    while asked := control.recv(16):
        _answer(control, asked)
    return 0


def _make_network() -> list[int]:
    user, group = os.geteuid(), os.getegid()
    ordinary = user != 0
    _call("unshare", _NEW_NETWORK | (_NEW_USER if ordinary else 0))
    if ordinary:
        # Ids stay what they are: who enters later is the same user inside as outside.
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    _bring_loopback_up()
    names = ("net", "user") if ordinary else ("net",)
    return [os.open(f"/proc/self/ns/{name}", os.O_RDONLY) for name in names]


def _bring_loopback_up() -> None:
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        (flags,) = struct.unpack(_FLAGS_OF, fcntl.ioctl(any_socket, _GET_FLAGS, struct.pack(_FLAGS_OF, b"lo", 0)))[1:]
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack(_FLAGS_OF, b"lo", flags | _UP))


def _answer(control: socket.socket, asked: bytes) -> None:
    try:
        with socket.socket(_FAMILIES[asked], socket.SOCK_STREAM) as made:
            if asked == b"proxy":
                made.bind(("127.0.0.1", PROXY_PORT))
            socket.send_fds(control, [b"socket"], [made.fileno()])
    except OSError as error:
        control.send(str(error).encode())


def _end_with_parent() -> None:
    _call("prctl", _PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def _call(name: str, *arguments: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _write(path: str, text: str) -> None:
    Path(path).write_text(text, "ascii")


if __name__ == "__main__":
    sys.exit(main())
