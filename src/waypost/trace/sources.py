"""Which milestone of which run a commit carries: by its id, by its trailers, by a note, by the tree it has."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from waypost.events import kinds
from waypost.events.event import Record
from waypost.events.log import Log
from waypost.trace.objects import CommitFacts, Objects

NOTES = ("refs/notes/waypost", "refs/notes/ai")
TOOL = "waypost"
_TRAILER = re.compile(r"^\s*(?:[*>-]\s+)?Waypost-(Run|Milestone|Log):\s*(\S.*?)\s*$", re.MULTILINE)
_RANGE = re.compile(r"(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class Named:
    """A milestone as a message or note names it; `last` is the log's position at its commit, 0 where it is unsaid."""

    run: str
    milestone: str
    last: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A milestone's commit as the log has it: the state of files that its run's steps led to."""

    run: str
    milestone: str
    seq: int
    commit: str
    tree: str


def named_in(text: str) -> tuple[Named, ...]:
    """The milestones that a message names in trailers, wherever they stand in it: a squash indents or quotes them."""
    found: list[dict[str, str]] = []
    for key, value in _TRAILER.findall(text):
        if key == "Run" or not found:
            found.append({})
        found[-1].setdefault(key, value)
    return tuple(
        Named(one["Run"], one["Milestone"], int(ends[2]) if (ends := _RANGE.fullmatch(one.get("Log", ""))) else 0)
        for one in found
        if "Run" in one and "Milestone" in one
    )


def named_in_note(text: str) -> tuple[Named, ...]:
    """The milestones that a note names: in trailers, or in a git-ai authorship log that Waypost wrote."""
    if found := named_in(text):
        return found
    _, _, tail = text.partition("\n---\n")
    try:
        sessions = json.loads(tail or "{}").get("sessions", {})
        ids = [one["agent_id"]["id"] for one in sessions.values() if one["agent_id"]["tool"] == TOOL]
    except (ValueError, TypeError, KeyError, AttributeError):
        return ()
    parts = [str(one).split("/") for one in ids]
    return tuple(dict.fromkeys(Named(part[0], part[1]) for part in parts if len(part) >= 2))


@dataclass(slots=True)
class Sources:
    """The milestones' commits of all runs that the log knows; without a log, none."""

    log: Log | None
    objects: Objects
    _by_run: dict[str, tuple[Source, ...]] = field(default_factory=dict)
    _notes: dict[str, dict[str, str]] | None = None

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs in the log."""
        return () if self.log is None else self.log.runs()

    def of_run(self, run: str) -> tuple[Source, ...]:
        """The run's milestone commits, oldest first, those that a rewind has hidden as well."""
        if self.log is None:
            return ()
        if run not in self._by_run:
            found = (_source(record) for record in self.log.read(run, kinds=(kinds.MilestoneCommitted.kind,)))
            self._by_run[run] = tuple(one for one in found if one is not None)
        return self._by_run[run]

    def all(self) -> tuple[Source, ...]:
        """The milestone commits of all runs."""
        return tuple(one for run in self.runs for one in self.of_run(run))

    def by_commit(self, commit: str) -> Source | None:
        """The milestone that has this very commit."""
        return next((one for one in self.all() if one.commit == commit), None)

    def of(self, named: Named) -> Source | None:
        """The commit of a milestone that was named: the first after the position that was told, else the newest."""
        found = [one for one in self.of_run(named.run) if one.milestone == named.milestone]
        later = [one for one in found if one.seq > named.last] if named.last else []
        return later[0] if later else found[-1] if found else None

    def by_tree(self, tree: str) -> Source | None:
        """The newest milestone that left exactly this tree."""
        return next((one for one in reversed(self.all()) if one.tree == tree), None)

    def noted(self, commit: CommitFacts) -> tuple[Named, ...]:
        """The milestones that notes on the commit name."""
        if self._notes is None:
            self._notes = {ref: self._read_notes(ref) for ref in NOTES}
        for ref, objects in self._notes.items():
            if commit.id in objects:
                text = self.objects.repository.git.run("cat-file", "blob", objects[commit.id]).text
                if found := named_in_note(text):
                    return found
                self._notes[ref].pop(commit.id)
        return ()

    def _read_notes(self, ref: str) -> dict[str, str]:
        git = self.objects.repository.git
        if git.run("rev-parse", "--verify", "--quiet", ref, allowed=(0, 1, 128)).exit:
            return {}
        listed = git.run("notes", f"--ref={ref}", "list", allowed=(0, 1)).text.splitlines()
        return {words[1]: words[0] for line in listed if len(words := line.split()) == 2}


def _source(record: Record) -> Source | None:
    item = record.event
    if not isinstance(item, kinds.MilestoneCommitted):
        return None
    return Source(record.run, item.milestone, record.seq, item.commit, item.tree)
