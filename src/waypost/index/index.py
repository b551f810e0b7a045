"""The index of one folder: opened, kept up to date, and read."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from waypost.index.analysing import PARSER
from waypost.index.contents import LARGEST, Content, Unread, is_racy, read
from waypost.index.errors import BadRoot, IndexBusy, IndexDamaged
from waypost.index.planning import plan_for, plan_for_all, relative
from waypost.index.rows import Rows, Storage
from waypost.index.state import State, state_of
from waypost.index.store import Store, translated
from waypost.index.updating import Progress, Updated, Updating
from waypost.index.workers import SECONDS, Workers

T = TypeVar("T")
PLACE = Path(".waypost") / "index.db"
PATIENCE = 60.0
"""Seconds that an update waits for another process's."""


class Index:
    """Answers questions about the files below `root`. One object serves one thread at a time.

    `text` compares with the disk, so that nothing stale is answered; `update` makes it current.
    """

    def __init__(self, root: Path, store: Storage, workers: Workers) -> None:
        """Use `Index.open`."""
        self.root = root
        self.store = store
        self.workers = workers
        self.notes: list[str] = []
        self._folder: int | None = None

    @classmethod
    def open(
        cls,
        root: Path,
        place: Path | str | None = None,
        *,
        largest: int = LARGEST,
        parser: str = PARSER,
        seconds: float = SECONDS,
        processes: int = 0,
    ) -> Index:
        """Opens the index of a folder; it holds nothing until `update`.

        `place` is its file, `.waypost/index.db` below the root if left out, or a `postgresql://` URL; `largest` is in
        bytes a file; `seconds` of CPU time is what a worker may spend on one file; `processes` are chosen by the
        machine where it is 0.
        Raises BadRoot, BadPlace, IndexUnwritable, IndexFull, IndexBusy, and IndexUnreachable for a server.
        """
        found = Path(os.path.realpath(root))
        if not found.is_dir():
            raise BadRoot(f"{root}: no such folder; name one with --root")
        workers = Workers(found, count=processes, largest=largest, parser=parser, seconds=seconds)
        return cls(found, stored_at(found, place), workers)

    def close(self) -> None:
        """Lets go of the file and ends the workers."""
        self.workers.close()
        self.store.close()
        self._let_go()

    def _let_go(self) -> None:
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def connection(self) -> Rows:
        """The connection that questions read from."""
        return self.store.connection

    @property
    def state(self) -> State:
        """What is to be said of the index with every answer."""
        remade = (f"{self.store.remade}; it was made anew",) if self.store.remade else ()
        return state_of(self.store, (*remade, *self.notes))

    # --- keeping it current -------------------------------------------------------------------------------------------

    def update(
        self,
        paths: Sequence[str | os.PathLike[str]] | None = None,
        progress: Progress | None = None,
        *,
        wait: float = PATIENCE,
    ) -> Updated:
        """Makes the index equal to the disk: all of it, or the paths that are known to have changed.

        Raises IndexBusy where another process writes for longer than `wait` seconds, IndexFull, BadQuestion for a
        path outside of the root, BadRoot.
        """
        start = time.monotonic()
        self._let_go()
        named = None if paths is None else relative(self.root, paths)
        with self.store.writing(wait):
            updating = Updating(self.root, self.store, self.workers)
            try:
                self._run(updating, named, progress)
            except (sqlite3.DatabaseError, IndexDamaged, ValueError) as problem:
                self._remake(problem)
                updating = Updating(self.root, self.store, self.workers)
                self._run(updating, None, progress)
        self.notes.clear()
        return updating.updated(time.monotonic() - start, self.store.remade)

    def _run(self, updating: Updating, paths: Sequence[str] | None, progress: Progress | None) -> None:
        plan = plan_for(self.root, self.store, self.workers.largest, paths) if paths is not None else None
        updating.run(plan or plan_for_all(self.root, self.store, self.workers.largest), progress)

    def _remake(self, problem: Exception) -> None:
        damage = translated(problem, Path(self.store.name)) if isinstance(problem, sqlite3.Error) else problem
        if isinstance(damage, IndexDamaged | ValueError):
            self.store.remake(str(damage))
        else:
            raise damage

    def refresh(self, wait: float = 1.0, progress: Progress | None = None) -> None:
        """Updates before a question; where another process writes, the answer is told to be partial."""
        try:
            self.update(wait=wait, progress=progress)
        except IndexBusy as problem:
            self.notes[:] = [str(problem)]

    def asked(self, question: Callable[[], T]) -> T:
        """Asks; a file found damaged on the way is made anew, and asked once more."""
        try:
            with self.store.reading():
                return question()
        except (sqlite3.DatabaseError, IndexDamaged, ValueError) as problem:
            with self.store.writing(PATIENCE):
                self._remake(problem)
        self.update()
        return question()

    # --- verifying ----------------------------------------------------------------------------------------------------

    def text(self, path: str) -> bytes | None:
        """A file's bytes, if they are those that were indexed; else None, and `update` is due."""
        row = self.connection.execute(
            "SELECT digest, read_ns, mtime_ns, ctime_ns, size, inode FROM files WHERE path = ? AND left_out IS NULL",
            (path,),
        ).fetchone()
        if row is None:
            return None
        content = self._read(path)
        if not isinstance(content, Content):
            return None
        is_sure = content.stamp == row[2:] and not is_racy(content.stamp, row[1])
        return content.data if is_sure or hashlib.sha256(content.data).digest() == row[0] else None

    def _read(self, path: str) -> Content | Unread:
        if self._folder is None:
            self._folder = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return read(self._folder, path, self.workers.largest)


def stored_at(root: Path, place: Path | str | None) -> Storage:
    """The store of a folder's index, chosen by what `place` looks like."""
    if isinstance(place, str) and "://" in place:
        from waypost.index.postgres.store import PostgresStore  # here, as few have a server

        return PostgresStore.at(place, root)
    return Store(Path(place) if place is not None else root / PLACE)
