"""Which step wrote a line: trailers first, then notes, then the tree, then the text; never a wrong one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from waypost.events.log import Log
from waypost.trace.align import NEW, align
from waypost.trace.chain import Chain, Origin, Unwritten, Written, agreed
from waypost.trace.errors import NoSuchPlace
from waypost.trace.lines import is_binary, is_significant, lines_of, text_of
from waypost.trace.matching import LineIndex, Match, spread
from waypost.trace.moved import Place, moved_from
from waypost.trace.objects import CommitFacts, Objects, Told
from waypost.trace.sources import Named, Source, Sources, named_in
from waypost.trace.steps import History
from waypost.workspace.repository import OBJECT_ID, Repository

AROUND = 8
"""Lines that are looked at on both sides of what was asked for: they say which milestones a file holds."""
MOVES = 6
"""How many times a line is followed from file to file."""


class Sure(StrEnum):
    """How a line was led to its step.

    certain: by the run's own commit. mapped: by a commit that was amended, rebased, squashed or that moved the line
    whole. matched: by text and neighbours alone, which stand in one place only. unknown: to no step.
    """

    CERTAIN = "certain"
    MAPPED = "mapped"
    MATCHED = "matched"
    UNKNOWN = "unknown"


_ORDER = tuple(Sure)


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """What is known of a line (counted from 1): the commit that it came with, and who wrote it.

    `named` are the milestones that the commit says it carries, told even where the log has no such run. `why` says
    why no step is told. `notes` say what happened to the line since.
    """

    line: int
    text: str
    sure: Sure
    commit: str
    subject: str
    written: Written | None = None
    named: tuple[Named, ...] = ()
    why: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Carried:
    """What a commit brings from runs."""

    sources: tuple[Source, ...] = ()
    named: tuple[Named, ...] = ()
    sure: Sure = Sure.UNKNOWN
    by: str = ""


@dataclass(frozen=True, slots=True)
class _Version:
    """A file in a commit, with what git's blame says of the lines that count."""

    commit: str
    path: str
    lines: list[str]
    told: dict[int, Told]


@dataclass(slots=True)
class Blame:
    """Answers questions about lines of one repository; without a log it can only repeat what commits say."""

    repository: Repository
    log: Log | None
    objects: Objects = field(init=False)
    sources: Sources = field(init=False)
    _index: LineIndex = field(init=False)
    _chains: dict[tuple[str, int], Chain] = field(default_factory=dict)
    _carried: dict[str, Carried] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.objects = Objects(self.repository)
        self.sources = Sources(self.log, self.objects)
        self._index = LineIndex(self.objects, self.sources)

    def lines(self, path: str, numbers: Iterable[int] | None = None, revision: str = "HEAD") -> list[LineAnswer]:
        """The answers for these lines (counted from 1) of a file in a commit, or for all of its lines.

        Raises NoSuchPlace for a file or line that is not there, or that is no text.
        """
        is_id = OBJECT_ID.fullmatch(revision) is not None
        commit = revision if is_id else self.repository.resolve(f"{revision}^{{commit}}")
        version = self._text(commit, path, revision)
        wanted = list(range(1, len(version) + 1)) if numbers is None else sorted(set(numbers))
        if wanted and not 1 <= wanted[0] <= wanted[-1] <= len(version):
            beyond = wanted[-1] if wanted[0] >= 1 else wanted[0]
            raise NoSuchPlace(f"{path}:{beyond}: no such line; the file has {len(version)} lines in {revision}")
        found = self._at(commit, path, version, wanted, MOVES)
        return [found[number] for number in wanted]

    def _text(self, commit: str, path: str, shown: str) -> list[str]:
        data = self.objects.file(commit, path)
        if data is None:
            raise NoSuchPlace(f"{path}: no such file in {shown}; name a committed file, relative to where you are")
        if is_binary(data):
            raise NoSuchPlace(f"{path}: a binary file has no lines to be traced")
        return lines_of(text_of(data))

    def chain(self, run: str, until: int) -> Chain:
        """The run's history as it was live at a position of the log."""
        assert self.log is not None
        if (run, until) not in self._chains:
            self._chains[run, until] = Chain(History(self.log, run, until), self.objects)
        return self._chains[run, until]

    def _at(self, commit: str, path: str, lines: list[str], wanted: list[int], moves: int) -> dict[int, LineAnswer]:
        if not wanted:
            return {}
        told = {one.line: one for one in self.objects.blame(commit, path, _ranges(wanted, len(lines)))}
        version = _Version(commit, path, lines, told)
        facts = self.objects.commits(one.commit for one in told.values())
        found = {number: self._unknown(version, number, facts) for number in wanted}
        self._by_commits(version, found)
        left = [number for number in wanted if found[number].why in {_NO_RUN, _PERSONS.why}]
        if moves:
            self._follow_moves(version, [number for number in left if not found[number].named], found, moves)
            left = [number for number in left if found[number].written is None]
        self._match(version, left, found)
        return found

    # --- by the commit ---

    def carried(self, commit: CommitFacts) -> Carried:
        """What the commit brings from runs: by its id, its trailers, its notes, or its tree."""
        if commit.id not in self._carried:
            self._carried[commit.id] = self._look(commit)
        return self._carried[commit.id]

    def _look(self, commit: CommitFacts) -> Carried:
        named = named_in(commit.message)
        own = [one for run in {one.run for one in named} for one in self.sources.of_run(run) if one.commit == commit.id]
        source = own[0] if own else None if named else self.sources.by_commit(commit.id)
        if source is not None:
            return Carried((source,), named or (Named(source.run, source.milestone),), Sure.CERTAIN, "its own commit")
        for names, how in ((named, "trailers"), (() if named else self.sources.noted(commit), "a note")):
            if names:
                found = tuple(dict.fromkeys(one for name in names if (one := self.sources.of(name))))
                return Carried(found, names, Sure.MAPPED, how)
        same = self.sources.by_tree(commit.tree)
        if same is not None:
            return Carried((same,), (Named(same.run, same.milestone),), Sure.MAPPED, "the tree that the run left")
        return Carried()

    def _by_commits(self, version: _Version, found: dict[int, LineAnswer]) -> None:
        """What the log says of lines whose commits carry milestones."""
        commits = self.objects.commits(one.commit for one in version.told.values())
        carried = {one: self.carried(facts) for one, facts in commits.items()}
        runs = {source.run for one in carried.values() for source in one.sources}
        results = {run: self._in_run(run, version, list(found), carried) for run in runs}
        for number, answer in found.items():
            brings = carried[answer.commit]
            origins = [result[number] for result in results.values() if number in result]
            written = [(one, notes) for one, notes in origins if isinstance(one, Written)]
            if len(written) == 1:
                origin, notes = written[0]
                sure = max(_sureness(brings, origin), Sure.MAPPED if notes else Sure.CERTAIN, key=_ORDER.index)
                found[number] = replace(answer, written=origin, sure=sure, why="", notes=(*_how(brings), *notes))
            elif written:
                found[number] = replace(answer, why="more than one run can have written it")
            elif origins and isinstance(origins[0][0], Unwritten):
                found[number] = replace(answer, why=origins[0][0].why)

    def _in_run(
        self, run: str, version: _Version, wanted: Sequence[int], carried: Mapping[str, Carried]
    ) -> dict[int, tuple[Origin, tuple[str, ...]]]:
        """The origins of lines in one run, from the newest state of it that the file's commits carry."""
        newest, path = self._horizon(run, version, carried)
        data = self.objects.file(newest.tree, path)
        there = [] if data is None else lines_of(text_of(data))
        readings = align(there, version.lines).readings
        chain = self.chain(run, newest.seq)
        own = [n for n in wanted if any(one.run == run for one in carried[version.told[n].commit].sources)]
        origins = (
            chain.origins(newest.tree, path, {r for n in own for r in readings[n - 1] if r != NEW}) if there else {}
        )
        found: dict[int, tuple[Origin, tuple[str, ...]]] = {}
        for number in own:
            read = readings[number - 1]
            seen = {origins[one] if one != NEW else _PERSONS for one in read}
            origin = agreed(seen) if seen else _UNTOLD
            notes = _changed_space(version.lines[number - 1], [there[one] for one in read if one != NEW])
            if isinstance(origin, Unwritten) and not origin.is_base:
                origin = self._by_original(run, version, number, carried) or origin
            found[number] = (origin, notes if isinstance(origin, Written) else ())
        return found

    def _horizon(self, run: str, version: _Version, carried: Mapping[str, Carried]) -> tuple[Source, str]:
        """The run's newest state among the commits of the file's lines, and the file's name in it."""
        told = [
            (source.seq, source.commit, one.path, source)
            for one in version.told.values()
            for source in carried[one.commit].sources
            if source.run == run
        ]
        _, _, path, source = max(told, key=lambda one: one[:3])
        return source, path

    def _by_original(self, run: str, version: _Version, number: int, carried: Mapping[str, Carried]) -> Written | None:
        """A telling line by git's own word, where its commit is the run's and no other line of the file is like it."""
        told = version.told[number]
        brings = carried[told.commit]
        if brings.sure is not Sure.CERTAIN or not is_significant(told.text) or brings.sources[0].run != run:
            return None
        if sum(line.strip() == told.text.strip() for line in version.lines) != 1:
            return None
        source = brings.sources[0]
        origin = self.chain(run, source.seq).origins(source.tree, told.path, [told.original - 1])[told.original - 1]
        return origin if isinstance(origin, Written) and origin.step.milestone == source.milestone else None

    # --- by moves and text ---

    def _follow_moves(self, version: _Version, left: Sequence[int], found: dict[int, LineAnswer], moves: int) -> None:
        """Lines that a commit took out elsewhere and put in here are asked about where they stood."""
        commits: dict[tuple[str, str], list[Told]] = {}
        for number in left:
            told = version.told[number]
            commits.setdefault((told.commit, told.path), []).append(told)
        for (commit, path), lines in commits.items():
            places = moved_from(self.objects, commit, path, [one.original for one in lines])
            for file, there in _by_file(places.values()).items():
                text = self._text(*file, file[0])
                before = self._at(*file, text, sorted(there), moves - 1)
                for told in lines:
                    place = places.get(told.original)
                    if place is None or (place.commit, place.path) != file:
                        continue
                    answer = before[place.line]
                    if answer.written is not None:
                        found[told.line] = self._moved(found[told.line], answer, place)

    def _moved(self, here: LineAnswer, before: LineAnswer, place: Place) -> LineAnswer:
        note = f"moved from {place.path} by {here.commit[:10]}"
        sure = max(Sure.MAPPED, before.sure, key=_ORDER.index)
        notes = (*before.notes, note)
        return replace(
            here, written=before.written, sure=sure, named=before.named, why="", notes=notes,
            commit=before.commit, subject=before.subject,
        )  # fmt: skip

    def _match(self, version: _Version, left: Sequence[int], found: dict[int, LineAnswer]) -> None:
        """Lines that stand, with a neighbour, in one place of what the runs left, and nowhere else."""
        if not self.sources.runs:
            return
        here = Counter(line.strip() for line in version.lines)
        alone = [n for n in left if here[version.lines[n - 1].strip()] == 1]
        matches = {n: one for n in alone if (one := self._index.match(version.lines, n - 1))}
        matches = {n: one for n, one in matches.items() if self._is_gone(version, one)}
        matches |= dict(spread(matches, version.lines, set(left), self.objects))
        for (source, path), numbers in _by_place(matches).items():
            chain = self.chain(source.run, source.seq)
            origins = chain.origins(source.tree, path, [matches[number].line for number in numbers])
            for number in numbers:
                origin = origins[matches[number].line]
                if isinstance(origin, Written):
                    note = f"its text stands in {path} of {source.run} {source.milestone}"
                    found[number] = replace(found[number], written=origin, sure=Sure.MATCHED, why="", notes=(note,))

    def _is_gone(self, version: _Version, match: Match) -> bool:
        """Whether the line stands no more where the run had put it: what still stands there was copied, not moved."""
        if match.path == version.path:
            return True
        there = self.objects.file(version.commit, match.path)
        source = self.objects.file(match.source.tree, match.path)
        if there is None or source is None:
            return there is None
        wanted = lines_of(text_of(source))[match.line].strip()
        return all(line.strip() != wanted for line in lines_of(text_of(there)))

    def _unknown(self, version: _Version, number: int, facts: Mapping[str, CommitFacts]) -> LineAnswer:
        told = version.told[number]
        commit = facts[told.commit]
        named = self.carried(commit).named
        why = _NO_RUN
        if named:
            names = ", ".join(dict.fromkeys(f"{one.run} {one.milestone}" for one in named))
            missing = [one.run for one in named if not self.sources.of_run(one.run)]
            why = f"its commit carries {names}, which is not in this log" if missing else _PERSONS.why
        return LineAnswer(number, told.text, Sure.UNKNOWN, commit.id, commit.subject, None, named, why)


_NO_RUN = "a person's, or unknown: its commit names no run"
_PERSONS = Unwritten("a person's, or unknown: the run's own commit does not have this line")
_UNTOLD = Unwritten("equal lines stand beside it, and which of them is the run's can't be told")


def _ranges(wanted: Sequence[int], count: int) -> list[tuple[int, int]]:
    """Bounds around the wanted lines, joined where they meet."""
    found: list[tuple[int, int]] = []
    for number in wanted:
        first, last = max(1, number - AROUND), min(count, number + AROUND)
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found


def _sureness(brings: Carried, origin: Written) -> Sure:
    """A commit of the run itself, and a chain that leads to another milestone's step, are two words: less than sure."""
    if brings.sure is Sure.CERTAIN and brings.sources[0].milestone != origin.step.milestone:
        return Sure.MAPPED
    return brings.sure


def _how(brings: Carried) -> tuple[str, ...]:
    return () if brings.sure is Sure.CERTAIN else (f"found by {brings.by}",)


def _changed_space(line: str, there: Sequence[str]) -> tuple[str, ...]:
    return ("its white space was changed since",) if there and line not in there else ()


def _by_file(places: Iterable[Place]) -> dict[tuple[str, str], set[int]]:
    found: dict[tuple[str, str], set[int]] = {}
    for place in places:
        found.setdefault((place.commit, place.path), set()).add(place.line)
    return found


def _by_place(matches: Mapping[int, Match]) -> dict[tuple[Source, str], list[int]]:
    found: dict[tuple[Source, str], list[int]] = {}
    for number, match in matches.items():
        found.setdefault((match.source, match.path), []).append(number)
    return found
