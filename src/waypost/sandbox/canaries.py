"""Canaries: a command that really tries to break out, once, before a level of sandbox is trusted."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from waypost.sandbox.removing import remove
from waypost.sandbox.sandbox import Command, Outcome, Sandbox
from waypost.sandbox.variables import command_variables
from waypost.sandbox.walls import Level, Walls

CLAIMS = {
    "outside": "writing outside the work folder fails",
    "protected": "changing or creating protected files fails",
    "home": "a secret in the home folder can't be read",
    "variable": "a secret in the environment is not passed on",
    "loopback": "connecting to this machine's ports fails",
    "network": "connecting to other machines fails",
    "processes": "processes outside can be neither signalled nor looked into",
}
"""What is claimed, by the canary's name for it."""
_TEST_NET = ("192.0.2.1", 9)  # RFC 5737: nobody answers there
_VARIABLE = "WAYPOST_CANARY_TOKEN"
_PLANTED = ".waypost-canary-"
_OLD = 60.0  # seconds, three times what a canary is given
_CANARY = Path(__file__).with_name("canary.py")


@dataclass(frozen=True, slots=True)
class Proof:
    """What a canary could not do (`proved`) and what it could, or could not be tried (`open`): texts of CLAIMS."""

    proved: tuple[str, ...]
    open: tuple[str, ...]
    complaint: str = ""


@dataclass(frozen=True, slots=True)
class _Ground:
    """Where a canary is let out."""

    inside: Path
    outside: Path
    planted: Path | None
    secret: str
    listener: socket.socket

    @property
    def protected(self) -> tuple[Path, ...]:
        return (self.inside / ".git" / "hooks", self.inside / ".ci", self.inside / "kept")

    @property
    def created(self) -> tuple[Path, ...]:
        return (self.inside / ".git" / "hooks" / "x", self.inside / ".ci" / "flows" / "x")


async def prove(sandbox: Sandbox, folder: Path) -> Proof:
    """Lets a canary out in a folder of its own below `folder`, which is removed. Raises SandboxError.

    One command of some 30 ms. A secret is planted in the home folder for that time.
    """
    with _ground(folder) as ground:
        outcome = await sandbox.run(_command(ground))
        could = _told(outcome)
        if could is None:
            text = outcome.output.decode(errors="replace").strip()
            return Proof((), tuple(CLAIMS.values()), f"the canary gave no answer: {text[-300:] or 'nothing'}")
        could["outside"] = (ground.outside / "x").exists() or (ground.outside / "kept").read_text() != "kept"
        could["protected"] = _changed(ground)
        could["loopback"] |= _was_called(ground.listener)
        could["home"] |= ground.planted is None  # not tried
    proved = tuple(text for name, text in CLAIMS.items() if not could[name])
    return Proof(proved, tuple(text for name, text in CLAIMS.items() if could[name]))


@contextmanager
def _ground(folder: Path) -> Iterator[_Ground]:
    place = Path(tempfile.mkdtemp(prefix="canary-", dir=folder)).resolve()
    secret = os.urandom(16).hex()
    planted = _plant(secret)
    listener = socket.create_server(("127.0.0.1", 0))
    try:
        (place / "inside" / ".git" / "hooks").mkdir(parents=True)
        (place / "outside").mkdir()
        for name in ("inside", "outside"):
            (place / name / "kept").write_text("kept")
        yield _Ground(place / "inside", place / "outside", planted, secret, listener)
    finally:
        listener.close()
        if planted is not None:
            planted.unlink(missing_ok=True)
        remove(place)


def _plant(secret: str) -> Path | None:
    """A secret in the home folder; None where nothing can be written there."""
    try:
        _sweep(Path.home())
        descriptor, path = tempfile.mkstemp(prefix=_PLANTED, dir=Path.home())
    except (OSError, RuntimeError):
        return None
    with os.fdopen(descriptor, "w") as file:
        file.write(secret)
    return Path(path)


def _sweep(home: Path) -> None:
    """Removes what a process that was killed left planted; no canary lives as long."""
    for left in home.glob(f"{_PLANTED}*"):
        with suppress(FileNotFoundError):  # another process swept it
            if time.time() - left.stat().st_mtime > _OLD:
                left.unlink()


def _command(ground: _Ground) -> Command:
    environ = command_variables({**os.environ, _VARIABLE: ground.secret})
    asked = [
        *(("write", place) for place in (ground.outside / "x", ground.outside / "kept", ground.inside / "kept")),
        *(("create", place) for place in ground.created),
        ("read", ground.planted),
        ("secret", ground.secret),
        ("variable", _VARIABLE),
        ("loopback", ground.listener.getsockname()[1]),
        ("host", _TEST_NET[0]),
        ("port", _TEST_NET[1]),
        ("process", os.getpid()),
        ("started", _started()),
    ]
    program = _CANARY.read_text("utf-8")  # not named: the package may lie in a folder that is emptied
    words = (str(word) for pair in asked for word in pair)
    argv = (os.path.realpath(sys.executable), "-I", "-S", "-c", program, *words)
    walls = Walls(writable=(ground.inside,), read_only=ground.protected)
    return Command(argv, ground.inside, environ, timeout=20.0, walls=walls)


def _started() -> str:
    with suppress(OSError):
        return Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    return ""


def _told(outcome: Outcome) -> dict[str, bool] | None:
    for line in outcome.output.decode(errors="replace").splitlines():
        if line == "canary" or line.startswith("canary "):
            could = line.split()[1:]
            return {name: name in could for name in CLAIMS}
    return None


def _changed(ground: _Ground) -> bool:
    if any(path.exists() for path in ground.created) or (ground.inside / "kept").read_text() != "kept":
        return True
    return not (ground.inside / ".git" / "hooks").is_dir()


def _was_called(listener: socket.socket) -> bool:
    listener.setblocking(False)
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def optional(level: Level) -> frozenset[str]:
    """Claims without which a level is taken all the same: they stay open, and are told."""
    if level is Level.BUBBLEWRAP:
        return frozenset()
    # Landlock keeps signals in since Linux 6.12; what processes hold in memory is kept from them since 5.13.
    return frozenset({CLAIMS["processes"]})
