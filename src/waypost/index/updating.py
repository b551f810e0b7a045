"""Bringing the store up to date with the disk: what has changed is read, the rest is left alone."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from waypost.index.analysing import Analysis, Outcome, Task
from waypost.index.errors import BadRoot
from waypost.index.planning import Plan
from waypost.index.rows import Storage
from waypost.index.workers import Workers
from waypost.index.writing import Writer

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many files are done, of how many."""
FEW_FILES = 4
FEW_BYTES = 300_000
"""Up to here files are parsed in this process: a worker would take longer to start."""
COMMIT_SECONDS = 5.0
"""What a kill can take away of a long update."""


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did, in files: of the `changed` ones some were `parsed`, some `reused` from what was kept."""

    parsed: int = 0
    changed: int = 0
    removed: int = 0
    reused: int = 0
    looked_at: int = 0
    seconds: float = 0.0
    remade: str = ""


class Updating:
    """One update of a store from a plan."""

    def __init__(self, root: Path, store: Storage, workers: Workers) -> None:
        self.root = root
        self.store = store
        self.workers = workers
        self.tally: Counter[str] = Counter()

    def run(self, plan: Plan, progress: Progress | None = None) -> None:
        """Carries out the plan. What was committed stays when it is interrupted, and the index says that it is partial.

        Raises what `Storage.transaction` and `Workers.run` raise.
        """
        if not plan.tasks and not plan.gone:
            self._settle_alone(plan)
            return
        writer = self.store.writer()
        is_over = False
        with closing(self._outcomes(plan)) as outcomes:
            while not is_over:
                with self.store.transaction():
                    is_over = self._commit(writer, plan, outcomes, progress)

    def _commit(self, writer: Writer, plan: Plan, outcomes: Iterator[Outcome], progress: Progress | None) -> bool:
        """One transaction's worth; True where it was the last."""
        until = time.monotonic() + COMMIT_SECONDS
        for outcome in outcomes:
            self._put(writer, outcome)
            self.tally["done"] += 1
            if progress is not None:
                progress(self.tally["done"], len(plan.tasks))
            if time.monotonic() >= until:
                self._say_partial(plan)
                writer.flush(is_last=False)
                return False
        for path in plan.gone:
            self.tally["removed"] += writer.remove(path) is not None
        self._say_complete(plan)
        writer.flush(is_last=True)
        return True

    def _put(self, writer: Writer, outcome: Outcome) -> None:
        if not writer.put(outcome):
            self._put(writer, self._here(Task(outcome.path)))
            return
        self.tally[outcome.kind] += 1

    # --- looking ------------------------------------------------------------------------------------------------------

    def _outcomes(self, plan: Plan) -> Generator[Outcome, None, None]:
        known = dict(self.store.connection.execute("SELECT digest, why FROM quarantine"))
        self.workers.quarantined = known
        size = sum(plan.stamps[task.path].size for task in plan.tasks)
        if len(plan.tasks) <= FEW_FILES and size <= FEW_BYTES:
            found = (self._here(task) for task in plan.tasks)
        else:
            found = self.workers.run(plan.tasks)
        with closing(found):
            for outcome in found:
                if outcome.packed is not None and outcome.packed.status == "quarantined":
                    known[outcome.digest] = outcome.packed.why
                is_unread = outcome.kind == "left out" and outcome.stamp is None
                yield outcome._replace(stamp=plan.stamps[outcome.path]) if is_unread else outcome

    def _here(self, task: Task) -> Outcome:
        """Looks at a file in this process; one that parsing stumbles over goes to a worker, which may fall."""
        try:
            root = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as problem:
            raise BadRoot(f"{self.root}: can't be read: {problem.strerror}") from problem
        workers = self.workers
        analysis = Analysis(root, largest=workers.largest, parser=workers.parser, quarantined=workers.quarantined)
        try:
            return analysis.look(task)
        except (RuntimeError, ValueError, LookupError, TypeError, AttributeError, AssertionError, MemoryError):
            return next(iter(list(workers.run([task]))))
        finally:
            os.close(root)

    # --- what is said of the whole ------------------------------------------------------------------------------------

    def _settle_alone(self, plan: Plan) -> None:
        if plan.wanted is None or (self.store.meta("complete") and self._is_said(plan)):
            return
        with self.store.transaction():
            self._say_complete(plan)

    def _is_said(self, plan: Plan) -> bool:
        return bool(self.store.meta("left_out") == _left_out(plan) and self.store.meta("by_git") == int(plan.by_git))

    def _say_partial(self, plan: Plan) -> None:
        self.store.set_meta("complete", 0)
        if plan.wanted is not None:
            self.store.set_meta("wanted", plan.wanted)

    def _say_complete(self, plan: Plan) -> None:
        if plan.wanted is None:
            return  # some files of a complete index
        self.store.set_meta("complete", 1)
        self.store.set_meta("wanted", plan.wanted)
        self.store.set_meta("left_out", _left_out(plan))
        self.store.set_meta("by_git", int(plan.by_git))

    def updated(self, seconds: float, remade: str) -> Updated:
        """What was done."""
        tally = self.tally
        return Updated(
            parsed=tally["new"],
            changed=tally["new"] + tally["kept"] + tally["left out"],
            removed=tally["removed"] + tally["gone"],
            reused=tally["kept"],
            looked_at=tally["done"],
            seconds=seconds,
            remade=remade,
        )


def _left_out(plan: Plan) -> str:
    return json.dumps(plan.left_out or {}, sort_keys=True)
