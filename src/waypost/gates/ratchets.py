"""What may not get worse from one verdict on a gate to the next: which tests there are, and which of them run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from waypost.documents.model import Gate
from waypost.gates.census import Case, Census
from waypost.gates.invocation import is_negated, runners
from waypost.gates.testimony import few, refuse
from waypost.gates.verdict import Finding

_DECIDING = (
    "pytest_runtest_makereport pytest_runtest_protocol pytest_runtest_call pytest_pyfunc_call pytest_runtest_logreport "
    "pytest_report_teststatus pytest_sessionfinish pytest_runtestloop pytest_cmdline_main pytest_unconfigure "
    "pytest_report_from_serializable pytest_report_to_serializable pytest_exception_interact pytest_make_collect_report"
)
"""Hooks by which a checkout can turn a red test green. The others show in which tests run."""
_TELLS_ONLY = re.compile(r"\s(?:--version|--help|--collect-only|--co|--?list|--no-run)\b")


def ratchets(before: Census | None, after: Census | None, gate: Gate) -> tuple[Finding, ...]:
    """What got worse since the last green commit, whose census is `before`; None where there is none."""
    found = list(_nothing_ran(after, gate))
    if after is not None:
        found += _patched(before, after)
        found += _uncollected(before, after)
    if before is not None and before.tests:
        found += _since(before, after)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Change:
    """The red tests of two verdicts, by id: `new` are red now only, `old` in both, `mended` not any more."""

    new: tuple[str, ...]
    old: tuple[str, ...]
    mended: tuple[str, ...]

    def __str__(self) -> str:
        parts = [f"{len(self.new)} new failure{'' if len(self.new) == 1 else 's'}{_named(self.new)}"]
        parts += [f"{len(self.old)} {_were(self.old)} red before"] if self.old else []
        parts += [f"{len(self.mended)} mended"] if self.mended else []
        return "; ".join(parts)


def change(before: Census | None, after: Census | None) -> Change | None:
    """Which failures are new; None where one of the two does not know its tests by id."""
    if before is None or after is None or not after.cases or not (before.cases or not before.tests):
        return None
    was, now = set(before.red), after.red
    ran = {case.id for case in after.cases if case.outcome == "passed"}
    return Change(
        tuple(name for name in now if name not in was),
        tuple(name for name in now if name in was),
        tuple(name for name in before.red if name in ran),
    )


def added(before: Census, after: Census) -> tuple[str, ...]:
    """The ids that `before` does not have."""
    known = {case.id for case in before.cases}.union(before.deselected)
    return tuple(case.id for case in after.cases if case.id not in known)


def _nothing_ran(after: Census | None, gate: Gate) -> Iterable[Finding]:
    started = runners(gate.command)
    if not started or is_negated(gate.command) or _TELLS_ONLY.search(gate.command):
        return
    if after is None:
        yield refuse("no-test", f"the command starts {started[0]}, but no test of it was seen")
    elif after.ran == 0:
        left_out = f" ({after.skipped} skipped)" if after.skipped else ""
        yield refuse("no-test", f"the command starts {started[0]}, and no test ran{left_out}")


def _patched(before: Census | None, after: Census) -> Iterable[Finding]:
    known = before.patched if before else ()
    if new := [name for name in after.patched if name not in known]:
        yield refuse("patched", f"while the tests ran, something was replaced: {few(new)}")
    if before is None or not before.witnessed:
        return
    new = [name for name in after.hooks if name not in before.hooks]
    deciding = [name for name in new if name.rpartition(": ")[2] in _DECIDING.split()]
    if deciding:
        yield refuse("hook", f"a new hook decides on the outcome of tests: {few(deciding)}")
    if others := [name for name in new if name not in deciding and not name.endswith(": pytest_configure")]:
        yield Finding("hook", "", f"new hooks of the runner: {few(others)}", refuses=False)


def _uncollected(before: Census | None, after: Census) -> Iterable[Finding]:
    known = before.uncollected if before else ()
    if new := [name for name in after.uncollected if name not in known]:
        yield refuse("uncollected", f"{_tests(len(new))} in the files, but not collected: {few(new)}")


def _since(before: Census, after: Census | None) -> Iterable[Finding]:
    if after is None:
        yield refuse("fewer", f"no test was seen; {before.tests} were before")
        return
    if before.witnessed and not after.witnessed:
        yield refuse("silent", "pytest's witness was heard before, and is silent now")
    if before.cases and (after.cases or after.witnessed):
        yield from _gone(before, after)
        yield from _stopped(before, after)
    else:
        yield from _counts(before, after)


def _gone(before: Census, after: Census) -> Iterable[Finding]:
    """Ids that are not there any more; told only where the same test stands elsewhere, or as many in its place."""
    now = {case.id for case in after.cases}.union(after.deselected)
    gone = [case.id for case in before.cases if case.id not in now and case.outcome != "error"]
    if not gone:
        return
    new = added(before, after)
    rest, moved = _without_moved(gone, new)
    per_place_before, per_place = Counter(map(_place, _names(before))), Counter(map(_place, _names(after)))
    replaced = [name for name in rest if per_place[_place(name)] >= per_place_before[_place(name)]]
    lost = [name for name in rest if name not in set(replaced)]
    if lost:
        yield refuse("gone", f"{_tests(len(lost))} gone since the last green commit: {few(lost)}")
    if replaced:
        yield Finding("replaced", "", f"{_tests(len(replaced))} replaced by others: {few(replaced)}", refuses=False)
    if moved:
        yield Finding("moved", "", f"{_tests(len(moved))} moved: {few(moved)}", refuses=False)


def _without_moved(gone: list[str], new: Collection[str]) -> tuple[list[str], list[str]]:
    """The ids that are really gone, and those of which a test of the same name is new in another place."""
    free = Counter(map(_last, new))
    rest: list[str] = []
    moved: list[str] = []
    for name in gone:
        if free[_last(name)] > 0:
            free[_last(name)] -= 1
            moved.append(name)
        else:
            rest.append(name)
    return rest, moved


def _stopped(before: Census, after: Census) -> Iterable[Finding]:
    ran = {case.id for case in before.cases if case.outcome in {"passed", "failed", "error"}}
    for words, names in (
        ("skipped or expected to fail", _idle(after.cases, ran)),
        ("left out of the run", [name for name in after.deselected if name in ran]),
    ):
        if names:
            kind = "deselected" if words.startswith("left") else "skipped"
            yield refuse(kind, f"{_tests(len(names))} that ran before {_are(names)} {words} now: {few(names)}")
    known = {case.id for case in before.cases}
    if new := [name for name in _idle(after.cases, None) if name not in known]:
        yield Finding("skipped", "", f"{_tests(len(new))} new, and skipped: {few(new)}", refuses=False)


def _counts(before: Census, after: Census) -> Iterable[Finding]:
    if after.tests < before.tests:
        yield refuse("fewer", f"{after.tests} tests, where there were {before.tests} on the last green commit")
    elif after.ran < before.ran and after.skipped > before.skipped:
        yield refuse("skipped", f"{after.skipped} tests skipped, where there were {before.skipped}")


def _idle(cases: Iterable[Case], among: Collection[str] | None) -> list[str]:
    idle = [case.id for case in cases if case.outcome in {"skipped", "xfailed", "xpassed"}]
    return [name for name in idle if among is None or name in among]


def _names(census: Census) -> list[str]:
    return [case.id for case in census.cases]


def _last(name: str) -> str:
    """The test's own name with its parameters, in any runner's way to name a test."""
    head, bracket, parameters = name.partition("[")
    return re.split(r"::| > ", head)[-1].partition(" (")[0] + bracket + parameters


def _place(name: str) -> str:
    """The file that a test stands in, or what its runner has instead of it."""
    if in_class := re.match(r"^\w+ \(([\w.<>]+)\)", name):  # unittest: test_a (module.Class.test_a)
        return in_class[1].removesuffix("." + name.partition(" ")[0])
    return re.split(r"::| > ", name)[0] if "::" in name or " > " in name else name.rpartition(".")[0]


def _named(names: tuple[str, ...]) -> str:
    return f" ({few(names)})" if names else ""


def _were(names: tuple[str, ...]) -> str:
    return "was" if len(names) == 1 else "were"


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _tests(number: int) -> str:
    return f"{number} test{'' if number == 1 else 's'}"
