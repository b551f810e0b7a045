"""What each milestone's commit holds of its steps' lines: what exports to formats of attribution are made of."""

from __future__ import annotations

from dataclasses import dataclass

from waypost.events import kinds
from waypost.trace.blame import Blame
from waypost.trace.chain import Written
from waypost.trace.lines import is_binary, lines_of, text_of
from waypost.trace.sources import Source
from waypost.trace.steps import History


@dataclass(frozen=True, slots=True)
class AuthoredLine:
    """A line (counted from 1) of a commit's file, and who wrote it."""

    line: int
    text: str
    written: Written


@dataclass(frozen=True, slots=True)
class AuthoredCommit:
    """A milestone's commit with the lines that its own steps wrote, by file."""

    source: Source
    at: int
    model: str
    by: str
    """Who approved the run's documents."""
    files: tuple[tuple[str, tuple[AuthoredLine, ...]], ...]
    attempts: tuple[tuple[int, int], ...]
    """Position and number of each attempt of the milestone."""

    def attempt_of(self, written: Written) -> int:
        """The attempt in which the line was written; 0 where the log does not say it."""
        return max(((seq, number) for seq, number in self.attempts if seq < written.step.responded), default=(0, 0))[1]


def authored(blame: Blame, run: str) -> tuple[AuthoredCommit, ...]:
    """The run's milestone commits that are live, oldest first."""
    if blame.log is None:
        return ()
    history = History(blame.log, run, blame.log.position)
    live = {record.seq: record.at for record in history.newest_first(kinds.MilestoneCommitted.kind)}
    floor = 0
    found: list[AuthoredCommit] = []
    for source in blame.sources.of_run(run):
        if source.seq in live:
            found.append(_commit(blame, history, source, live[source.seq], floor))
            floor = source.seq
    return tuple(found)


def _commit(blame: Blame, history: History, source: Source, at: int, floor: int) -> AuthoredCommit:
    parents = blame.objects.commit(source.commit).parents
    paths = blame.objects.changed(parents[0], source.commit) if parents else ()
    chain = blame.chain(source.run, source.seq)
    files: list[tuple[str, tuple[AuthoredLine, ...]]] = []
    for path in paths:
        data = blame.objects.file(source.commit, path)
        if data is None or is_binary(data):
            continue
        lines = lines_of(text_of(data))
        origins = chain.origins(source.commit, path, range(len(lines)), floor)
        own = tuple(
            AuthoredLine(index + 1, lines[index], origin)
            for index, origin in sorted(origins.items())
            if isinstance(origin, Written)
        )
        if own:
            files.append((path, own))
    opened = history.opened
    attempts = [
        (record.seq, record.event.attempt)
        for record in history.between(floor, source.seq, (kinds.AttemptOpened.kind,))
        if isinstance(record.event, kinds.AttemptOpened) and record.event.milestone == source.milestone
    ]
    return AuthoredCommit(source, at, opened.model if opened else "", _approver(history), tuple(files), tuple(attempts))


def _approver(history: History) -> str:
    seq = history.opened.approval if history.opened else 0
    record = next(history.log.read(after=seq - 1, until=seq), None) if seq else None
    return record.event.by if record and isinstance(record.event, kinds.DocumentsApproved) else ""
