"""From a line in a state of a run back to the one call that wrote it, checkpoint by checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from waypost.events.event import EventError
from waypost.trace.align import NEW, align
from waypost.trace.answers import arguments
from waypost.trace.errors import BadAnswer
from waypost.trace.lines import lines_of, text_of
from waypost.trace.objects import Objects
from waypost.trace.replay import Asked, Stage, line_in_call, replay, wrote
from waypost.trace.steps import Call, History, Kept, Step

AHEAD = 16
"""Versions of a file that are read by one command, at most: the first time two, then twice as many as before."""
ALIKE = 0.5
"""The share of lines that a new file must have of a deleted one to be it under another name."""


@dataclass(frozen=True, slots=True)
class Written:
    """Who wrote a line. `call` is None where a step is sure and which of its calls is not.

    `by_command`: a command of the step wrote it, not the model's own words. `place` is the argument of the call that
    holds the line, and the line in it, counted from 0. `text` is the line as it was written, stripped.
    """

    step: Step
    call: Call | None
    by_command: bool
    checkpoint: int
    checkpoint_seq: int
    place: tuple[str, int] | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """No step wrote the line: it was there before the run (`is_base`), or nobody can tell."""

    why: str
    is_base: bool = False


Origin = Written | Unwritten
BEFORE_THE_RUN = Unwritten("it was there before the run", is_base=True)
TWO_WAYS = Unwritten("equal lines stand beside it, and which of them is which can't be told")


@dataclass(slots=True)
class _Tracked:
    """The lines that are looked for: for each, where it can be in the present version, and what was found of it."""

    open: dict[int, set[int]]
    found: dict[int, set[Origin]] = field(default_factory=dict)

    def step_back(self, readings: Sequence[tuple[int, ...]], new: Mapping[int, Origin]) -> None:
        """Goes to the version before; `new` says whose the lines are that were not there."""
        after: dict[int, set[int]] = {}
        for target, places in self.open.items():
            for place in places:
                if not readings[place]:
                    self.found.setdefault(target, set()).add(TWO_WAYS)
                for reading in readings[place]:
                    if reading == NEW:
                        self.found.setdefault(target, set()).add(new[place])
                    else:
                        after.setdefault(target, set()).add(reading)
        self.open = after

    def needed(self, readings: Sequence[tuple[int, ...]]) -> set[int]:
        """The places whose line may be new."""
        return {place for places in self.open.values() for place in places if NEW in readings[place]}


@dataclass(slots=True)
class Chain:
    """A run's states up to a position, walked backwards."""

    history: History
    objects: Objects
    _calls: dict[int, tuple[Asked, ...]] = field(default_factory=dict)

    def origins(self, tree: str, path: str, lines: Iterable[int], floor: int = 0) -> dict[int, Origin]:
        """Who wrote these lines (counted from 0) of a file in a state of the run; `tree` names the state.

        Checkpoints at or before position `floor` are not looked at: what is older counts as base.
        """
        data = self.objects.file(tree, path)
        if data is None:
            gone = Unwritten(f"{path} of this state is gone from the repository")
            return dict.fromkeys(lines, gone)
        tracked = _Tracked({line: {line} for line in lines})
        self._walk(tracked, text_of(data), path, floor)
        for target in tracked.open:
            tracked.found.setdefault(target, set()).add(BEFORE_THE_RUN)
        return {target: agreed(found) for target, found in tracked.found.items()}

    def _walk(self, tracked: _Tracked, text: str, path: str, floor: int) -> None:
        queue: list[Kept] = []
        source, ahead = self._checkpoints(floor), 2
        while tracked.open:
            if not queue:
                queue, ahead = self._ahead(source, path, ahead), min(2 * ahead, AHEAD)
                if not queue:
                    return
            kept = queue.pop(0)
            after = self._text(kept.event.commit, path)
            before = self._text(kept.before, path)
            if after is None or (before is None and not self._is_whole(kept)):
                self._lose(tracked, "checkpoints of the run are gone from this repository")
                return
            if after != text:
                self._across(tracked, [Stage(tuple(lines_of(after))), Stage(tuple(lines_of(text)))], kept, path)
            if before == after:
                text = after
                continue
            was = path
            if before is None:
                was, before = self._renamed(kept, path, after)
            self._across(tracked, replay(before, after, self.asked(kept), path), kept, path)
            text = before or ""
            if was != path:
                path, queue = was, []
                source = self._checkpoints(floor, below=kept.seq)

    def _checkpoints(self, floor: int, below: int | None = None) -> Iterator[Kept]:
        """Live checkpoints newest first, behind position `floor`, and before `below`."""
        newest = takewhile(lambda kept: kept.seq > floor, self.history.checkpoints())
        return (kept for kept in newest if below is None or kept.seq < below)

    def _ahead(self, source: Iterator[Kept], path: str, count: int) -> list[Kept]:
        found: list[Kept] = []
        for kept in source:
            if kept.may_touch(path):
                found.append(kept)
                if len(found) == count:
                    break
        self.objects.fetch((tree, path) for kept in found for tree in (kept.event.commit, kept.before))
        return found

    def _text(self, tree: str, path: str) -> str | None:
        data = self.objects.file(tree, path)
        return None if data is None else text_of(data)

    def _is_whole(self, kept: Kept) -> bool:
        """Whether the checkpoint before is still in the repository."""
        return self.objects.holds(kept.before)

    def _lose(self, tracked: _Tracked, why: str) -> None:
        for target in tracked.open:
            tracked.found.setdefault(target, set()).add(Unwritten(why))
        tracked.open = {}

    def asked(self, kept: Kept) -> tuple[Asked, ...]:
        """The calls before a checkpoint with their arguments; an erased answer's are empty."""
        if kept.seq not in self._calls:
            found = []
            for call in self.history.calls_of(kept).calls:
                try:
                    text = self.history.answer(call.step).arguments_of(call.id) or ""
                except (BadAnswer, EventError):
                    text = ""
                found.append(Asked(call, arguments(text)))
            self._calls[kept.seq] = tuple(found)
        return self._calls[kept.seq]

    def _renamed(self, kept: Kept, path: str, after: str) -> tuple[str, str | None]:
        """The file that this one was before, and its text there; None where it is a new one."""
        if any(one.call.tool == "write" and one.is_about(path) for one in self.asked(kept)):
            return path, None
        gone = [change.path for change in kept.event.changes if change.status == "deleted"]
        self.objects.fetch((kept.before, name) for name in gone)
        best, chosen = 0.0, path
        lines = lines_of(after)
        for name in gone:
            text = self._text(kept.before, name)
            readings = align(lines_of(text or ""), lines).readings
            share = sum(reading not in {(), (NEW,)} for reading in readings) / max(1, len(lines))
            if share > best:
                best, chosen = share, name
        return (chosen, self._text(kept.before, chosen)) if best >= ALIKE else (path, None)

    def _across(self, tracked: _Tracked, stages: Sequence[Stage], kept: Kept, path: str) -> None:
        """Takes the tracked lines from the last stage to the first."""
        for before, stage in zip(reversed(stages[:-1]), reversed(stages[1:]), strict=True):
            if not tracked.open:
                return
            readings = stage.readings(before.lines)
            new = {place: self._written(stage, place, kept, path) for place in tracked.needed(readings)}
            tracked.step_back(readings, new)

    def _written(self, stage: Stage, place: int, kept: Kept, path: str) -> Origin:
        """Whose a new line of a stage is."""
        line = stage.lines[place]
        exact = [one for one in stage.via if one.is_exact]
        if len(stage.via) == 1 and exact:
            return _by(exact[0], kept, line_in_call(exact[0], stage, place), line)
        patches = [one for one in stage.via if one.call.is_edit and not one.is_exact and wrote(one, path, line)]
        commands = [one for one in stage.via if one.call.is_command and not self._is_document(path)]
        if len(patches) == 1 and not exact:
            return _by(patches[0], kept, line_in_call(patches[0], stage, place), line)
        if commands and self.history.calls_of(kept).restarted:
            return Unwritten("a process died around this checkpoint: a command, or a person, wrote it")
        if len({one.call.step for one in stage.via}) == 1 and commands:
            only = commands[0].call if len(stage.via) == 1 else None
            return Written(
                commands[0].call.step, only, not (exact or patches), kept.event.number, kept.seq, None, line.strip()
            )
        if any(one.call.is_edit and not one.arguments for one in self.asked(kept)):
            return Unwritten("a step may have written it whose content was erased from the log")
        return Unwritten("it changed in the run's folder outside of any step: a person, or the runtime's own documents")

    def _is_document(self, path: str) -> bool:
        """Whether the runtime itself writes this file while commands run: one of the run's documents."""
        opened = self.history.opened
        return opened is not None and path.startswith(f"{opened.folder}/")


def _by(one: Asked, kept: Kept, place: tuple[str, int] | None, line: str) -> Written:
    return Written(one.call.step, one.call, False, kept.event.number, kept.seq, place, line.strip())


def agreed(found: set[Origin]) -> Origin:
    """One origin, where all readings come to one step."""
    if len(found) == 1:
        return next(iter(found))
    written = [one for one in found if isinstance(one, Written)]
    if len(written) == len(found) and len({one.step for one in written}) == 1:
        calls = {one.call for one in written}
        return written[0] if len(calls) == 1 else _without_call(written[0])
    return next((one for one in found if isinstance(one, Unwritten) and not one.is_base), TWO_WAYS)


def _without_call(one: Written) -> Written:
    return Written(one.step, None, one.by_command, one.checkpoint, one.checkpoint_seq, None, one.text)
