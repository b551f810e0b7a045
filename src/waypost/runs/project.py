"""A repository with Waypost's log in it, and where its runs' worktrees lie."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from waypost.events.log import Log
from waypost.events.sqlite import SqliteLog
from waypost.workspace.repository import Repository

STATE = ".waypost"


class RunError(Exception):
    """What was asked of a run can't be done; the text says why and the mend."""

    exit_code = 2


class UnknownRun(RunError):
    """No run, or more than one, has such a name."""


def state_home() -> Path:
    """Where worktrees, environments and checkouts lie, outside of every repository."""
    named = os.environ.get("WAYPOST_HOME")
    if named:
        return Path(named).expanduser().resolve()
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "waypost"


@dataclass(slots=True)
class Project:
    """One repository under Waypost. `place` is this project's folder below the state home."""

    repository: Repository
    root: Path
    log: Log
    place: Path

    @classmethod
    def open(cls, folder: Path, *, create: bool = False) -> Project:
        """Opens the repository around the folder. Raises BadRepository, and EventError where no log is yet."""
        repository = Repository.open(folder)
        root = repository.top
        path = root / STATE / "state.db"
        log = SqliteLog(path, create=create)
        name = hashlib.sha256(os.fsencode(root)).hexdigest()[:8]
        return cls(repository, root, log, state_home() / f"{root.name}-{name}")

    def resolve(self, run: str | None) -> str:
        """The run of that name or unique beginning; the newest without a name. Raises UnknownRun."""
        names = [name for name in self.log.runs() if self.log.last(name, kinds=("run.opened",)) is not None]
        if not names:
            raise UnknownRun("no run here yet; `waypost run` starts one")
        if run is None:
            return names[-1]
        found = [run] if run in names else [name for name in names if name.startswith(run)]
        if len(found) == 1:
            return found[0]
        known = ", ".join(names[-8:])
        raise UnknownRun(f"{'several runs begin' if found else 'no run begins'} with {run!r}; there are: {known}")

    def worktree_of(self, run: str) -> Path:
        """Where the run's worktree lies."""
        return self.place / "worktrees" / run

    @property
    def checkouts(self) -> Path:
        """Where gates get their clean checkouts."""
        return self.place / "checkouts"

    @property
    def environments(self) -> Path:
        """Where environments are built, once for each lock hash."""
        return self.place / "environments"

    def close(self) -> None:
        """Lets go of the log."""
        self.log.close()
