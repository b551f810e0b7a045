"""Starts a command inside Landlock and seccomp, and holds what it leaves: run in forks of the warm launcher.

A request is a dictionary: `argv`, `variables` and `folder` of the command; `pass`, the numbers of the descriptors that
it gets besides the first three; `grants` (pairs of a path and access bits) and `listed` (a folder, the bits for folders
and for other things in it, and the names that get none); `slot`, whose ruleset it may take over; `handled`, `network`
(whether sockets to other machines are open), `connect` (whether Unix sockets may be connected to), `abi`, `limits`
(pairs of a resource's number and a value), `space` (whether the command gets a process namespace, which needs
CAP_SYS_ADMIN; without one this process adopts its orphans), and for a namespace `mounts`: of what kind, where, with
which data and access bits.

Standard error is the runtime's control line: the end is told there, and the launcher ends when it is closed. The
command gets standard output for both. Kernel interfaces: landlock(7), seccomp(2), pid_namespaces(7),
linux/landlock.h, linux/filter.h.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import resource
import select
import struct

from waypost.sandbox.landlock_rules import grant
from waypost.sandbox.system_calls import CLONE, KILL, SET_DEATH_SIGNAL, checked, libc, prctl, reap

TYPE_CHECKING = False  # importing typing or signal takes longer than the launcher's own work
if TYPE_CHECKING:
    from typing import Any, NoReturn

RESTRICT_SELF = 446
_DROP_BOUNDING, _SET_SECCOMP, _SET_SUBREAPER, _NO_NEW_PRIVILEGES, _AMBIENT = 24, 22, 36, 38, 47
_FILTER = 2
_CAPABILITIES_3 = 0x20080522
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SAME = {"io_uring_setup": 425, "pidfd_getfd": 438, "open_tree": 428, "move_mount": 429, "fsopen": 430}
_SAME |= {"fsconfig": 431, "fsmount": 432, "mount_setattr": 442}
_DENIED = {
    "x86_64": {
        "ptrace": 101, "pivot_root": 155, "mount": 165, "umount2": 166, "init_module": 175, "kexec_load": 246,
        "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272, "perf_event_open": 298,
        "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311,
        "finit_module": 313, "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323,
    },
    "aarch64": {
        "umount2": 39, "mount": 40, "pivot_root": 41, "unshare": 97, "kexec_load": 104, "init_module": 105,
        "ptrace": 117, "add_key": 217, "request_key": 218, "keyctl": 219, "perf_event_open": 241,
        "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271,
        "finit_module": 273, "bpf": 280, "userfaultfd": 282, "kexec_file_load": 294,
    },
}  # fmt: skip
_SOCKET = {"x86_64": 41, "aarch64": 198}
_CONNECT = {"x86_64": 42, "aarch64": 203}
_CLONE3 = 435
_NEW_NAMESPACES = 0x7E020000
_NEW_MOUNTS, _NEW_PROCESSES = 0x00020000, 0x20000000
_SLAVE, _RECURSIVE, _MOUNT_FLAGS = 1 << 19, 1 << 14, 0b1110
_UNIX, _NETLINK = 1, 16
_DEFAULT, _IGNORED = 0, 1  # signal(2)
_INTERRUPT, _PIPE, _TERMINATE, _CHILD, _STOP, _TOO_LARGE = 2, 13, 15, 17, 19, 25  # signal(7), on these machines
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
GO = b"g"
"""What the runtime says when it knows of the process that holds the command."""


def instructions(machine: str, network: bool, connect: bool) -> bytes:
    """The seccomp filter, as BPF for a machine: the denied calls fail with EPERM, the rest goes on."""
    code: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, _AUDIT[machine]),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),  # another instruction set's calls have other numbers
        (_LOAD, 0, 0, 0),
    ]
    if machine == "x86_64":
        code += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    for number in (*_DENIED[machine].values(), *_SAME.values()):
        code += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    # The flags of clone3 can't be looked at; told that it is missing, libraries fall back to clone.
    code += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    code += [(_EQUAL, 0, 3, CLONE[machine]), (_LOAD, 0, 0, 16), (_ANY_BIT, 0, 1, _NEW_NAMESPACES)]
    code += [(_RETURN, 0, 0, _ERRNO | errno.EPERM), (_LOAD, 0, 0, 0)]
    if not network:
        code += [(_EQUAL, 0, 5, _SOCKET[machine]), (_LOAD, 0, 0, 16), (_EQUAL, 2, 0, _UNIX), (_EQUAL, 1, 0, _NETLINK)]
        code += [(_RETURN, 0, 0, _ERRNO | errno.EACCES), (_LOAD, 0, 0, 0)]
    if not connect:
        code += [(_EQUAL, 0, 1, _CONNECT[machine]), (_RETURN, 0, 0, _ERRNO | errno.EACCES)]
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *one) for one in code)


def _filter(network: bool, connect: bool) -> None:
    machine = os.uname().machine
    if machine not in _AUDIT:
        raise OSError(errno.ENOSYS, f"no seccomp filter for {machine}")
    code = instructions(machine, network, connect)
    held = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(held))
    given = ctypes.create_string_buffer(program, len(program))
    checked(prctl(_SET_SECCOMP, _FILTER, ctypes.addressof(given)), "no seccomp filter")


def _drop_capabilities() -> None:
    for number in range(64):
        if prctl(_DROP_BOUNDING, number) < 0 and ctypes.get_errno() == errno.EINVAL:
            break  # the last one; an ordinary user has nothing to drop
    prctl(_AMBIENT, 4)
    header, nothing = struct.pack("Ii", _CAPABILITIES_3, 0), bytes(24)
    checked(libc.capset(header, nothing), "capabilities not dropped")


def _become(request: dict[str, Any], ruleset: int) -> NoReturn:
    """The forked process turns into the command."""
    control = os.dup(2)
    os.set_inheritable(control, False)
    try:
        os.setsid()
        os.dup2(1, 2)
        for kind, value in request["limits"]:
            resource.setrlimit(kind, (value, value))
        checked(prctl(_NO_NEW_PRIVILEGES, 1), "no_new_privs not set")
        checked(libc.syscall(RESTRICT_SELF, ruleset, 0), "not restricted")
        _filter(request["network"], request["connect"])
        _drop_capabilities()
        os.execve(request["argv"][0], request["argv"], request["variables"])
    except OSError as error:
        os.write(control, f"landlock: {error}\n".encode())
    os._exit(126)


def _children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def _end_all(*_: object) -> NoReturn:
    """The runtime died: so does all that was started."""
    while found := _descendants():
        for number in (_STOP, KILL):
            for pid in found:
                try:
                    os.kill(pid, number)
                except OSError:
                    continue
        reap()
    os._exit(1)


def _descendants() -> list[int]:
    found = _children(os.getpid())
    for pid in found:  # grows while it is walked
        found += _children(pid)
    return found


def _end_like(status: int) -> NoReturn:
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        libc.signal(-code, ctypes.c_void_p(_DEFAULT))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.kill(os.getpid(), -code)
    os._exit(code & 0xFF)


def _set_processes_apart() -> None:
    """The next child is the first of a process namespace, and sees a /proc of its own where that can be mounted."""
    checked(libc.unshare(_NEW_PROCESSES | _NEW_MOUNTS), "no process namespace")
    libc.mount(None, b"/", None, ctypes.c_ulong(_SLAVE | _RECURSIVE), None)


def _mount_own(request: dict[str, Any], ruleset: int) -> None:
    """What can't be mounted is not granted, or shows the machine's processes, whose insides are closed all the same."""
    for kind, path, data, rights in request["mounts"]:
        flags = ctypes.c_ulong(_MOUNT_FLAGS)
        if libc.mount(kind.encode(), path.encode(), kind.encode(), flags, data.encode()) == 0:
            grant(ruleset, path, rights, None)


def _hold_space(request: dict[str, Any], ruleset: int) -> NoReturn:
    """The namespace's first process ends with this one, and all others with it."""
    read_end, write_end = os.pipe()
    first = os.fork()
    if first == 0:
        os.close(read_end)
        prctl(SET_DEATH_SIGNAL, KILL)
        _mount_own(request, ruleset)
        os.write(write_end, struct.pack("i", _run(request, ruleset, write_end)))
        os._exit(0)
    os.close(write_end)
    os.close(ruleset)
    os.waitpid(first, 0)
    told = os.read(read_end, 4)
    _end_like(struct.unpack("i", told)[0] if told else KILL)


def _run(request: dict[str, Any], ruleset: int, *inherited: int) -> int:
    """Runs the command, tells its end, and waits to be let go; its status, as waitpid has it."""
    child = os.fork()
    if child == 0:
        for descriptor in inherited:
            os.close(descriptor)
        for number in (_TERMINATE, _INTERRUPT, _PIPE, _CHILD, _TOO_LARGE):
            libc.signal(number, ctypes.c_void_p(_DEFAULT))
        prctl(SET_DEATH_SIGNAL, 0)
        _become(request, ruleset)
    os.close(ruleset)
    while True:
        ended, status = os.wait()
        if ended == child:
            break
    os.write(2, b"\0ended\n")
    while not select.select((2,), (), (), 0.1)[0] or os.read(2, 1):
        reap()
    return status


def hold(request: dict[str, Any], ruleset: int, descriptors: list[int], runtime: int) -> NoReturn:
    """Runs a command with `descriptors` (the control line, standard input and output, then those to pass)."""
    try:
        ruleset = _take(descriptors, [2, 0, 1, *request["pass"]], ruleset)
        os.setsid()
        libc.signal(_INTERRUPT, ctypes.c_void_p(_IGNORED))
        if request["space"]:
            prctl(SET_DEATH_SIGNAL, KILL)
        else:
            import signal

            signal.signal(_TERMINATE, _end_all)
            prctl(SET_DEATH_SIGNAL, _TERMINATE)
            prctl(_SET_SUBREAPER, 1)
        if os.getppid() != runtime or os.read(2, 1) != GO:
            os._exit(1)  # it died before the signal was set, or does not know of this process
        os.chdir(request["folder"])
        if request["space"]:
            _set_processes_apart()
            _hold_space(request, ruleset)
        _end_like(_run(request, ruleset))
    except OSError as error:
        os.write(2, f"landlock: {error}\n".encode())
        os._exit(126)


def _take(descriptors: list[int], numbers: list[int], ruleset: int) -> int:
    """Gives descriptors their numbers, closes all others, and returns the ruleset's new one."""
    lowest = max(*numbers, ruleset, *descriptors) + 1
    ruleset, *aside = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, lowest) for one in (ruleset, *descriptors)]
    os.closerange(0, lowest)
    for one, number in zip(aside, numbers, strict=True):
        os.dup2(one, number)
        os.close(one)
    return ruleset
