"""The index's one file: opened, made anew where it is damaged or of another version, written by one at a time."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waypost.index.errors import IndexBusy, IndexDamaged, IndexFull, IndexProblem, IndexUnwritable
from waypost.index.schema import APPLICATION, SCHEMA, TABLES

if TYPE_CHECKING:
    from waypost.index.writing import Writer

READERS = frozenset({
    "answers", "asking", "choosing", "corpus", "diffs", "edges", "embedder", "endpoint", "errors", "features",
    "fitting", "grep_program", "grepping", "impact", "index", "likeness", "linking", "mapping", "planning", "priors",
    "quantising", "query", "questions", "questions_references", "ranking", "relating", "resolving", "rows", "scoring",
    "search", "service", "service_program", "state", "static", "store", "stored", "transformer", "twins", "updating",
    "vectors", "workers",
})  # fmt: skip
"""Modules that decide how the content is kept up to date or read, and not what it is."""
WARY = ("trusted_schema = OFF", "cell_size_check = ON")
"""The file may have come with a repository: nothing in it is trusted."""
MARK = "unsynced since boot"
BUSY_SECONDS = 10.0
CACHE_KIB = 32_000
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_SCHEMA})
_UNWRITABLE = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH})


class Store:
    """A connection to the file. For one thread at a time; several processes may have one each.

    A rollback journal, as WAL may lose a commit in many SQLites that are in use: a reader sees the last commit while
    a writer gathers the next, since changed pages stay in memory until then.

    Nothing waits for the disk at each commit: before the first such one the file is marked with the boot that the
    machine is in, and the mark is taken off when all has been synced. A file with the mark of another boot may have
    been torn by a power cut, and is made anew; a killed process alone tears nothing.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file or makes it. `remade` says why an existing one was made anew, or nothing.

        Raises IndexUnwritable, IndexFull, IndexBusy.
        """
        self.path = path
        self.remade = ""
        self.made_by = made_by()
        self.boot = this_boot()
        self._open_or_remake()

    def _open_or_remake(self) -> None:
        try:
            self.connection = self._connect()
        except IndexDamaged as problem:
            self._delete()
            self.remade = str(problem)
            self.connection = self._connect()

    def remake(self, why: str) -> None:
        """Deletes what is there and begins with nothing; for a file found damaged while it was read."""
        self.connection.close()
        self._delete()
        self.remade = why
        self._open_or_remake()

    def close(self) -> None:
        """Lets go of the file, synced where no other process is writing to it."""
        try:
            if self.is_current_file and self.meta(MARK) is not None:
                with self.writing(0):
                    self.sync()
        except (IndexProblem, sqlite3.Error, OSError):
            pass  # the mark stays, which costs a new index after a power cut and nothing else
        finally:
            self.connection.close()

    @property
    def is_current_file(self) -> bool:
        """Whether the path still means the file that is open here: it may have been deleted, and be another now."""
        try:
            found = self.path.stat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._identity

    def _delete(self) -> None:
        for suffix in ("-journal", ""):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self.path}{suffix}").unlink()

    # --- opening ------------------------------------------------------------------------------------------------------

    def _connect(self) -> sqlite3.Connection:
        _make_folder(self.path.parent)
        if self.path.is_symlink():
            raise IndexDamaged("the file was a symbolic link, which nobody made for Waypost")
        try:
            connection = sqlite3.connect(
                self.path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False, cached_statements=256
            )
        except sqlite3.Error as problem:
            raise translated(problem, self.path) from problem
        try:
            self._prepare(connection)
            found = self.path.stat()
        except sqlite3.Error as problem:
            connection.close()
            raise translated(problem, self.path) from problem
        except UnicodeDecodeError as problem:  # sqlite3 itself stumbles over a schema that is no text
            connection.close()
            raise IndexDamaged(f"the file was damaged ({problem})") from problem
        except BaseException:
            connection.close()
            raise
        self._identity = found.st_dev, found.st_ino
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        for setting in (f"cache_size = -{CACHE_KIB}", "cache_spill = OFF", "temp_store = MEMORY", *WARY):
            connection.execute(f"PRAGMA {setting}")
        if _number(connection, "user_version") == 0 and not _number(connection, "schema_version"):
            self._make(connection)
        made, version = _number(connection, "application_id"), _number(connection, "user_version")
        if made != APPLICATION:
            raise IndexDamaged("the file was no index")
        if version != SCHEMA:
            raise IndexDamaged(f"the index was of version {version}, this is {SCHEMA}")
        if _meta(connection, "made_by") != self.made_by:
            raise IndexDamaged("the index was made by another version of Waypost or of its grammars")
        if _meta(connection, MARK) not in {None, self.boot}:
            raise IndexDamaged("the machine went down before all of the index was on the disk")
        for setting in ("journal_mode = TRUNCATE", "synchronous = NORMAL", "secure_delete = OFF"):
            connection.execute(f"PRAGMA {setting}")

    def _make(self, connection: sqlite3.Connection) -> None:
        from waypost.index import lexicon  # here, as numpy comes with it

        connection.execute("BEGIN EXCLUSIVE")
        try:
            if not _number(connection, "schema_version"):  # another process may have made it
                for statement in TABLES.split(";\n"):
                    connection.execute(statement)
                lexicon.create(connection)
                connection.execute("INSERT INTO meta VALUES ('made_by', ?)", (self.made_by,))
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    # --- writing ------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written in it, or nothing. Raises IndexFull, IndexBusy, IndexDamaged, IndexUnwritable."""
        try:
            self._mark()
            self.connection.execute("BEGIN IMMEDIATE")
            yield self.connection
            self.connection.execute("COMMIT")
        except sqlite3.Error as problem:
            self._roll_back()
            raise translated(problem, self.path) from problem
        except BaseException:
            self._roll_back()
            raise

    def _mark(self) -> None:
        if self.boot and self.meta(MARK) is None:
            self.connection.execute("PRAGMA synchronous = NORMAL")
            self.set_meta(MARK, self.boot)
        self.connection.execute(f"PRAGMA synchronous = {'OFF' if self.boot else 'NORMAL'}")

    def sync(self) -> None:
        """Waits until all is on the disk, and takes the mark off. Only within `writing`."""
        if self.meta(MARK) is None:
            return
        file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute("DELETE FROM meta WHERE key = ?", (MARK,))

    def _roll_back(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def writing(self, seconds: float) -> Iterator[None]:
        """Alone among all processes until the end. Raises IndexBusy after so many seconds of waiting."""
        _make_folder(self.path.parent)
        try:
            lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except OSError as problem:
            raise IndexUnwritable(_unwritable(self.path, problem.strerror or "")) from problem
        try:
            _wait_for(lock, seconds, self.path)
            if not self.is_current_file:
                self.connection.close()
                self._open_or_remake()
            yield
        finally:
            os.close(lock)

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Around the statements of one question: each sees the last commit."""
        yield

    def writer(self) -> Writer:
        """What takes the outcomes of one update."""
        from waypost.index.writing import Writer

        return Writer(self)

    # --- small facts --------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The file."""
        return str(self.path)

    def size(self) -> int:
        """Bytes of the file."""
        return self.path.stat().st_size

    def meta(self, key: str) -> Any:
        """A fact about the whole; None where it is not known."""
        return _meta(self.connection, key)

    def set_meta(self, key: str, value: str | float) -> None:
        """Writes a fact about the whole."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def this_boot() -> str:
    """What names the time since the machine was started; nothing where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def made_by() -> str:
    """What decides the content beside the files: this room's own text, and the versions of the grammars.

    By the text, as a version that somebody has to raise is one that somebody forgets.
    """
    whole = hashlib.sha256()
    for source in sorted(Path(__file__).parent.rglob("*.py")):
        if source.stem not in READERS:
            whole.update(source.read_bytes())
    found = find_spec("tree_sitter")
    if found is not None and found.origin is not None:
        names = sorted(path.name for path in Path(found.origin).parent.parent.glob("tree_sitter*.dist-info"))
        whole.update("\n".join(names).encode())
    return whole.hexdigest()


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _meta(connection: sqlite3.Connection, key: str) -> Any:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def _make_folder(folder: Path) -> None:
    """The folder of the index, which git then passes over."""
    if folder.is_dir():
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n")
    except OSError as problem:
        raise IndexUnwritable(_unwritable(folder, problem.strerror or "")) from problem


def _wait_for(lock: int, seconds: float, path: Path) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            if time.monotonic() >= until:
                raise IndexBusy(f"{path}: another process is updating it; ask again when it has ended") from problem
            time.sleep(0.02)
        else:
            return


def _unwritable(path: Path, said: str) -> str:
    return f"{path}: the index can't be written here ({said}); name another place with --place"


def translated(problem: sqlite3.Error, path: Path) -> IndexProblem:
    """SQLite's complaint in this room's words."""
    code = getattr(problem, "sqlite_errorcode", 0)
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_WRITE:
        return IndexFull(
            f"{path}: the disk is full; what was indexed before is kept. Free some space, or name another place "
            "with --place"
        )
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return IndexBusy(f"{path}: another process is writing to it; ask again when it has ended")
    if primary in _UNWRITABLE:
        return IndexUnwritable(_unwritable(path, str(problem)))
    if primary in _DAMAGE or _is_unreadable(problem, primary):
        return IndexDamaged(f"the file was damaged ({problem})")
    return IndexProblem(f"{path}: {problem}")


def _is_unreadable(problem: sqlite3.Error, code: int) -> bool:
    """Whether a table is missing or a text is none: what is there is not what was written."""
    said = str(problem)
    return isinstance(problem, sqlite3.OperationalError) and (
        "no such" in said if code == sqlite3.SQLITE_ERROR else "decode" in said
    )
