"""What is tried behind walls, at one level; as a script it prints what came out, as JSON.

    python walls_scenario.py LEVEL FOLDER

A script too, so that it can be run as another user than the one who runs the tests.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from waypost.sandbox.choose import choose
from waypost.sandbox.sandbox import Command, Outcome, Sandbox, shell
from waypost.sandbox.variables import command_variables
from waypost.sandbox.walls import Level, Limits, Walls

PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
PLANTED = "WAYPOST_PLANTED_TOKEN"
LOOPBACK = """
import socket, threading
server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=lambda: server.accept()[0].sendall(b"hello")).start()
print(socket.create_connection(server.getsockname()).recv(5).decode())
"""
POOL = """
import multiprocessing
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(sum(pool.map(abs, [-1, -2])))
"""


@dataclass(frozen=True)
class Ground:
    """A repository with protected paths, and what lies outside it."""

    work: Path
    outside: Path
    secret: Path
    port: int

    @property
    def walls(self) -> Walls:
        missing = (self.work / ".ci" / "flows", self.work / "deep" / "conftest.py")
        there = (self.work / ".git", self.work / "deep" / "kept.py", self.work / "link" / "kept")
        return Walls(writable=(self.work,), read_only=(*there, *missing), limits=Limits(processes=50))

    def state(self) -> dict[str, str]:
        """All files that must stay what they are."""
        watched = (self.outside, self.work / ".git", self.work / ".ci", self.work / "deep", self.work / "target")
        files = (path for folder in watched for path in folder.rglob("*") if path.is_file())
        return {str(path): path.read_bytes().hex() for path in files}


def prepared(folder: Path, port: int) -> Ground:
    work, outside = folder / "work", folder / "outside"
    for place in (work / "deep", work / "src", work / "target", outside):
        place.mkdir(parents=True)
    for file in (outside / "kept", work / "deep" / "kept.py", work / "target" / "kept", work / "src" / "a.py"):
        file.write_text("kept = 1\n")
    (work / "link").symlink_to("target")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "first")):
        subprocess.run(("git", "-c", "user.name=x", "-c", "user.email=x@y", *words), cwd=work, check=True)
    descriptor, secret = tempfile.mkstemp(prefix=".waypost-planted-", dir=Path.home())
    os.write(descriptor, b"planted")
    os.close(descriptor)
    return Ground(work, outside, Path(secret), port)


def attempts(ground: Ground) -> dict[str, str]:
    """Texts for the shell that must fail."""
    return {
        "create outside": f"echo x > {ground.outside}/x",
        "change outside": f"echo x >> {ground.outside}/kept",
        "remove outside": f"rm {ground.outside}/kept",
        "create a hook": "echo x > .git/hooks/x",
        "change git's configuration": "git config core.fsmonitor ./evil",
        "create in a missing folder": "mkdir -p .ci/flows; echo x > .ci/flows/x",
        "create a missing file": "echo x > deep/conftest.py",
        "change a protected file": "echo x > deep/kept.py",
        "remove a protected file": "rm -f deep/kept.py",
        "move a protected file": "mv deep/kept.py src/",
        "replace a protected file": "echo x > src/y; mv -f src/y deep/kept.py",
        "move the folder of a protected file": "mv deep deeper",
        "move git's folder": "mv .git .not-git",
        "write through a link": "echo x > link/kept",
        "read the home folder's secret": f"cat {ground.secret}",
        "read the machine's secrets": "grep -q . /etc/shadow",
        "see a secret variable": f'test -n "${PLANTED}"',
        "connect to loopback": f"exec 3<>/dev/tcp/127.0.0.1/{ground.port}",
        "connect to another machine": "timeout 3 bash -c 'exec 3<>/dev/tcp/192.0.2.1/9'",
        "look into the runtime": f"grep -qa {PLANTED} /proc/{os.getpid()}/environ",
        "leave a device": "mknod src/device c 1 3",
        "mount": "mount -t tmpfs none src",
        "become root": "test $(id -u) != 0 && { su -c true || sudo -n true; }",
    }


def work() -> dict[str, str]:
    """Honest texts for the shell, which must work at every level."""
    honest = {
        "git": "git status --short && git log --oneline | grep -q first && echo z >> src/a.py && git diff | grep -q +z",
        "write": "echo x > src/new && mv src/new src/newer && rm src/newer && mkdir -p src/more/and && rm -r src/more",
        "devices": "echo x > /dev/null && head -c 4 /dev/urandom >/dev/null && head -c 4 /dev/zero >/dev/null",
        "here-document": "test \"$(cat <<'END'\nsaid\nEND\n)\" = said",
        "process substitution": "test $(cat <(echo said)) = said",
        "pipes": "seq 1000 | sort -r | head -n 1 | grep -q 999",
        "temporary file": "file=$(mktemp) && echo x > $file && grep -q x $file",
        "home": 'echo x > "$HOME"/.x && grep -q x "$HOME"/.x',
        "python": f"{PYTHON} -c 'import ssl, sqlite3, tempfile; tempfile.TemporaryFile()'",
        "processes": f"{PYTHON} - <<'END'\n{POOL}\nEND",
        "venv": f"{PYTHON} -m venv --without-pip src/venv && src/venv/bin/python -c 'print(1)' && rm -r src/venv",
        "own processes": "sleep 30 & kill $! && test -r /proc/self/stat",
    }
    if node := shutil.which("node"):
        honest["node"] = f'{os.path.realpath(node)} -e \'require("child_process").execSync("true")\''
    return honest


def of_bubblewrap() -> dict[str, str]:
    """Honest texts that need a network of the command's own."""
    return {"loopback": f"{PYTHON} - <<'END'\n{LOOPBACK}\nEND"}


async def tried(level: Level, folder: Path) -> dict[str, str]:
    """What came of all texts: "held" or "open" of attempts, "works" or the output of honest work."""
    os.environ[PLANTED] = "planted"
    chosen = await choose(folder, environ={"WAYPOST_SANDBOX": level})
    found = {"proved": str(len(chosen.proved)), "left open": ", ".join(chosen.open)}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ground = prepared(folder, listener.getsockname()[1])
        try:
            await _try_all(chosen.sandbox, ground, found)
        finally:
            ground.secret.unlink()
    return found


async def _try_all(sandbox: Sandbox, ground: Ground, found: dict[str, str]) -> None:
    before = ground.state()
    for name, text in attempts(ground).items():
        outcome = await ran(sandbox, text, ground)
        found[name] = "open" if outcome.exit == 0 else "held"
    found["all files"] = "kept" if ground.state() == before else "changed"
    found["placeholders"] = "removed" if not (ground.work / ".ci").exists() else "left"
    honest = work() | (of_bubblewrap() if sandbox.level is Level.BUBBLEWRAP else {})
    for name, text in honest.items():
        outcome = await ran(sandbox, text, ground)
        found[name] = "works" if outcome.exit == 0 else outcome.output.decode(errors="replace")
    found["left"] = " ".join(sorted(path.name for path in ground.work.iterdir()))


async def ran(sandbox: Sandbox, text: str, ground: Ground) -> Outcome:
    return await sandbox.run(
        Command(shell(text), ground.work, command_variables(os.environ), timeout=30, walls=ground.walls)
    )


if __name__ == "__main__":
    place = Path(sys.argv[2])
    with suppress(FileExistsError):
        place.mkdir()
    sys.stdout.write(json.dumps(asyncio.run(tried(Level(sys.argv[1]), place))))
