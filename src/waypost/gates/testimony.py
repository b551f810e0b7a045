"""What a witness said of a command's tests: the lines of its pipe, as cases, contradictions and findings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from waypost.gates.census import Case, CaseOutcome, Census, count
from waypost.gates.verdict import Finding

_GRAVITY: dict[CaseOutcome, int] = {"passed": 0, "xpassed": 1, "xfailed": 2, "skipped": 3, "failed": 4, "error": 5}
_NAMES_SHOWN = 3
_TELLING_ONLY = {"--version", "-V", "--help", "-h", "--markers", "--fixtures", "--funcargs", "--setup-plan"}
LONGEST_ID = 400


@dataclass(frozen=True, slots=True)
class Session:
    """One run of pytest as it told of itself. `root` and `folder` are absolute; ids are relative to `root`.

    `status` is the exit status that it ended with, None if it never said so. `report` is the JUnit file that
    it was to write. `functions` and `classes` are the patterns by which it finds tests.
    """

    arguments: tuple[str, ...] = ()
    root: str = ""
    folder: str = ""
    report: str = ""
    functions: tuple[str, ...] = ("test",)
    classes: tuple[str, ...] = ("Test",)
    options: tuple[str, ...] = ()
    collected: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Testimony:
    """All runs of pytest in a command that ran tests; `spoke` if there was any, though it only told its version.

    `restricted` says that the runtime itself left tests out, and asked for some only.
    """

    sessions: tuple[Session, ...] = ()
    findings: tuple[Finding, ...] = ()
    patched: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    spoke: bool = False
    restricted: bool = False

    def census(self, uncollected: tuple[str, ...] = ()) -> Census | None:
        """The census of all runs; a test that several of them ran counts once, by its worst outcome."""
        if not self.sessions:
            return None
        worst: dict[str, Case] = {}
        for case in (case for session in self.sessions for case in session.cases):
            known = worst.get(case.id)
            if known is None or _GRAVITY[case.outcome] > _GRAVITY[known.outcome]:
                worst[case.id] = case
        runs = () if self.restricted else self.sessions
        left_out = [name for one in runs for name in one.collected if name not in set(one.selected)]
        deselected = tuple(dict.fromkeys(name for name in left_out if name not in worst))
        plain = count(tuple(worst.values()), deselected)
        return Census(
            plain.tests,
            plain.failures,
            plain.errors,
            plain.skipped,
            plain.cases,
            deselected,
            witnessed=True,
            patched=self.patched,
            hooks=self.hooks,
            uncollected=uncollected,
        )


def refuse(kind: str, text: str) -> Finding:
    """A finding on a run that makes it red."""
    return Finding(kind, "", text, refuses=True)


def few(names: Sequence[str]) -> str:
    """Some names in a line, and how many more there are."""
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"{', '.join(names[:_NAMES_SHOWN])}{more}"


def hear(data: bytes, tickets: Sequence[str], *, cut: bool = False, restricted: bool = False) -> Testimony:
    """Reads the lines of a pipe. Whatever stands in them, it ends in a testimony; what is no line of ours is a finding.

    `cut` says that not all of it was kept; for `restricted` see Testimony.
    """
    listener = _Listener(tickets)
    for line in data.split(b"\n"):
        if line.strip():
            listener.take(line)
    if cut:
        listener.blame("witness-forged", "the runner's witness said more than could be kept")
    return replace(listener.testimony(), restricted=restricted)


@dataclass(slots=True)
class _Run:
    """A session while its lines come."""

    hello: dict[str, Any]
    session: dict[str, Any] = field(default_factory=dict)
    collected: dict[str, None] = field(default_factory=dict)
    selected: dict[str, None] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    greened: dict[str, None] = field(default_factory=dict)
    phases: dict[tuple[str, str], str] = field(default_factory=dict)
    finish: dict[str, Any] | None = None


class _Listener:
    """Takes line after line; keeps the order in which runs began."""

    def __init__(self, tickets: Sequence[str]) -> None:
        self._tickets = list(tickets)
        self._runs: dict[str, _Run] = {}
        self._findings: dict[Finding, None] = {}

    def blame(self, kind: str, text: str) -> None:
        self._findings[refuse(kind, text)] = None

    def take(self, line: bytes) -> None:
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            self.blame("witness-forged", "a line in the witness's pipe is not the witness's")
            return
        if not isinstance(told, dict) or told.get("ticket") not in self._tickets:
            self.blame("witness-forged", "somebody else wrote into the witness's pipe")
            return
        ticket, event = str(told["ticket"]), told.get("event")
        run = self._runs.get(ticket)
        if event == "hello":
            if run is not None:
                self.blame("witness-forged", "a run of pytest began twice")
            else:
                self._runs[ticket] = _Run(told)
        elif run is None:
            self.blame("witness-forged", "a run of pytest spoke before it began")
        elif run.finish is not None:
            self.blame("witness-forged", f"pytest told of more ({event}) after it had ended")
        else:
            self._note(run, str(event), told)

    def _note(self, run: _Run, event: str, told: dict[str, Any]) -> None:
        match event:
            case "session":
                run.session = told
            case "collected":
                run.collected.update(dict.fromkeys(_texts(told.get("ids"))))
            case "selected":
                run.selected.update(dict.fromkeys(_texts(told.get("ids"))))
            case "report":
                self._report(run, told)
            case "finish":
                run.finish = told
            case "sessionfinish":
                pass
            case _:
                self.blame("witness-forged", f"the witness said what it never says: {event[:40]}")

    def _report(self, run: _Run, told: dict[str, Any]) -> None:
        name, when = str(told.get("id"))[:LONGEST_ID] or ".", str(told.get("when"))
        outcome = _outcome(when, str(told.get("outcome")), told.get("xfail") is True)
        if outcome is None:
            return
        if told.get("greened") is True:
            run.greened[name] = None
        if told.get("part") is not True and run.phases.setdefault((name, when), outcome) != outcome:
            self.blame("told-twice", f"{name} was reported twice: {run.phases[name, when]}, then {outcome}")
        case = Case(name, outcome, str(told.get("message") or ""), str(told.get("detail") or ""))
        known = run.cases.get(name)
        if known is None or _GRAVITY[outcome] > _GRAVITY[known.outcome]:
            run.cases[name] = case

    def testimony(self) -> Testimony:
        for run in self._runs.values():
            self._judge(run)
        finishes = [run.finish for run in self._runs.values() if run.finish is not None]
        patched = dict.fromkeys(name for one in finishes for name in _texts(one.get("patched")))
        early = [name for run in self._runs.values() for name in _texts(run.hello.get("early"))]
        patched.update(dict.fromkeys(f"whatever {name} touches, which ran before the runner" for name in early))
        hooks = dict.fromkeys(name for one in finishes for name in _texts(one.get("hooks")))
        sessions = tuple(_session(run) for run in self._runs.values() if not _tells_only(run))
        return Testimony(sessions, tuple(self._findings), tuple(patched), tuple(hooks), bool(self._runs))

    def _judge(self, run: _Run) -> None:
        if _tells_only(run):
            return
        if run.finish is None:
            self.blame("runner-killed", f"pytest began and never ended{_last_word(run)}: it was killed, or left early")
            return
        if run.greened:
            self.blame("report-forged", f"tests that failed were reported as passed: {few(list(run.greened))}")
        silent = [name for name in run.selected if name not in run.cases]
        if silent and run.finish.get("status") == 0 and not (run.session.get("options") or {}).get("collectonly"):
            self.blame("unreported", f"pytest ended with 0, and {len(silent)} collected tests never ran: {few(silent)}")
        failed = [case for case in run.cases.values() if case.outcome in {"failed", "error"}]
        if failed and run.finish.get("status") == 0:
            self.blame("exit-forged", f"pytest ended with 0 although {_tests(len(failed))} failed: {few(_ids(failed))}")


def _outcome(when: str, outcome: str, xfail: bool) -> CaseOutcome | None:
    """The outcome of a phase in a census' words; None for one that does not count, as a failure that is rerun."""
    if outcome == "skipped":
        return "xfailed" if xfail else "skipped"
    if outcome == "failed":
        return "failed" if when == "call" else "error"
    if outcome == "passed":
        return "xpassed" if xfail else "passed"
    return None


def _session(run: _Run) -> Session:
    told, status = run.session, (run.finish or {}).get("status")
    return Session(
        arguments=_texts(run.hello.get("arguments")),
        root=str(told.get("root", "")),
        folder=str(told.get("folder", "")),
        report=str(told.get("report", "")),
        functions=_texts(told.get("python_functions")) or ("test",),
        classes=_texts(told.get("python_classes")) or ("Test",),
        options=tuple(sorted(told["options"])) if isinstance(told.get("options"), dict) else (),
        collected=tuple(run.collected or run.selected),
        selected=tuple(run.selected),
        cases=tuple(run.cases.values()),
        status=status if isinstance(status, int) else None,
    )


def _tells_only(run: _Run) -> bool:
    """Whether this was `pytest --version` and the like, which run nothing and say no goodbye."""
    return not _TELLING_ONLY.isdisjoint(_texts(run.hello.get("arguments"))) and not run.cases


def _last_word(run: _Run) -> str:
    if not run.session:
        return " (while it was set up)"
    return f" (after {next(reversed(run.cases))})" if run.cases else " (before its first test)"


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(one)[:LONGEST_ID] for one in value) if isinstance(value, list) else ()


def _ids(cases: Sequence[Case]) -> list[str]:
    return [case.id for case in cases]


def _tests(number: int) -> str:
    return f"{number} test{'' if number == 1 else 's'}"
