"""Settings under a scope that allows changing them: additions pass, what makes a run tell less is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from waypost.gates import makefiles, settings
from waypost.gates.called import Called, makefile
from waypost.gates.comparison import Comparison, text_of
from waypost.gates.hooks import weakened_hooks
from waypost.gates.neutralised import RUNNERS, neutralised
from waypost.gates.protected import is_test
from waypost.gates.verdict import Finding

_JEST = re.compile(
    r"\b(testPathIgnorePatterns|testIgnore|testMatch|testRegex|modulePathIgnorePatterns|moduleNameMapper|passWithNoTests"
    r"|coverageThreshold|bail|exclude|include|retries|retry|testNamePattern|grep|invert|setupFiles\w*|globalSetup"
    r"|runner|testRunner|resolver|snapshotResolver|transform|alias|forbidOnly|allowOnly)\b\W"
)
_VARIABLES = re.compile(
    r"^\s*(?:export\s+)?(PYTHON\w*|PYTEST\w*|NODE_\w*|PATH|LD_\w*|DYLD_\w*|BASH_ENV|ENV|RUST\w*|GOFLAGS|CARGO_\w*|COVERAGE_\w*"
    r"|script-shell|node-options|ignore-scripts|npm_config_\w*)\s*=", re.MULTILINE
)  # fmt: skip
_ATTRIBUTES = re.compile(r"\b(filter=\S+|export-ignore|export-subst|working-tree-encoding=\S+|ident)\b")
_TOX = re.compile(r"^(?:tool\.tox|tox|testenv)\b")
_CHECKS = re.compile(
    r"\bassert\b|\braise\b|sys\.exit\((?!0?\))|\bexit\s+[1-9$]|\breturn [1-9]\b|process\.exit\((?!0?\))|\bthrow\b"
)
_TOOLING = re.compile(r"(?:^|/)(?:tools?|scripts?|ci|bin|hack|build|checks?|\.ci|qa|devtools)/|^[^/]+\.(?:sh|bash)$")


def weakened(comparison: Comparison, called: Called, path: str, kind: str) -> Iterator[Finding]:
    """Refusing findings on one changed file of a protected kind; a file of a first set-up passes."""
    name = path.rpartition("/")[2].lower()
    if not any(map(is_test, comparison.before.entries)):
        return
    if name == "conftest.py":
        yield from weakened_hooks(comparison, path)
    reader = _READERS.get(name)
    if reader:
        reasons = reader(comparison, called, path)
    elif name in {"makefile", "gnumakefile"} or name.endswith(".mk"):
        reasons = _make(comparison, called, path)
    elif kind == "runner" and re.search(r"\.(?:[cm]?[jt]s|json5?)$|rc$|rc\.", name):
        reasons = _javascript(comparison, path)
    elif kind == "environment":
        reasons = _environment(comparison, path)
    else:
        reasons = _script(comparison, path, kind)
    for reason in reasons:
        yield Finding("neutralised", path, reason, True)


def _sections(comparison: Comparison, called: Called, path: str) -> Iterator[str]:
    """A settings file by its parts; pytest's own are looked at by `selection`."""
    old, new = _facts(comparison.old(path), path), _facts(comparison.new(path), path)
    if settings.UNREADABLE in new and settings.UNREADABLE not in old:
        yield f"can't be read any more: {new[settings.UNREADABLE]}"
    was, now = ("\n".join(facts[key] for key in sorted(facts) if _TOX.match(key)) for facts in (old, new))
    if was and was != now:
        yield from (f"tox: {reason}" for reason in neutralised(was, now))
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) == new.get(key) or _TOX.match(key):
            continue
        yield from _section(key, old.get(key, ""), new.get(key, ""), key.removeprefix("scripts.") in called.scripts)


def _section(key: str, old: str, new: str, is_called: bool) -> Iterator[str]:
    if key.startswith("entry-points.pytest11") and new:
        yield "registers a plugin of pytest"
    elif key.startswith("build-system.backend-path") and new:
        yield "builds with code of the tree"
    elif key.endswith("fail_under") and _number(new) < _number(old):
        yield f"the coverage asked for fell from {old} to {new or 'nothing'}"
    elif key.startswith(("scripts.", "tool.nox", "aliases")):
        if old or is_called:
            yield from (f"{key.replace('scripts.', 'script ')}: {reason}" for reason in neutralised(old, new))
        if is_called and new and RUNNERS.search(old) and not RUNNERS.search(new):
            yield f"{key.replace('scripts.', 'script ')} runs no test runner any more"
    elif key.split(".", maxsplit=1)[0] in {
        "jest",
        "vitest",
        "mocha",
        "ava",
        "nyc",
        "c8",
        "tap",
        "playwright",
        "cypress",
    }:
        if old and (found := _JEST.findall(f"{key} {new} ")) and len(found) > len(_JEST.findall(f"{key} {old} ")):
            yield f"{key} was set to {new}"
    elif key in {"profile", "lib", "package", "test"} and (reason := _cargo(old, new)):
        yield f"[{key}] {reason}"
    elif key in {"replace", "patch"} and re.search(
        r"testify|gomega|ginkgo|proptest|quickcheck|insta|=> \.|\"path\"", new
    ):
        yield "a dependency is replaced by code of the tree"


def _cargo(old: str, new: str) -> str:
    for word in ("harness", "test", "doctest", "autotests", "debug-assertions", "overflow-checks"):
        wanted = f'"{word}": false'
        if new.count(wanted) > old.count(wanted):
            return f"{word} is off"
    return ""


def _facts(text: str | None, path: str) -> dict[str, str]:
    return (settings.facts(path, text) or {}) if text is not None else {}


def _number(text: str) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _make(comparison: Comparison, called: Called, path: str) -> Iterator[str]:
    """The targets that gates call, as the Makefile that counts before and after has them."""
    folder = path.rpartition("/")[0]
    old_path, new_path = makefile(comparison.before, folder), makefile(comparison.after, folder)
    if path.endswith(".mk") or old_path is None:
        yield from neutralised(comparison.old(path) or "", comparison.new(path) or "", recipe=True)
        return
    targets = called.targets.get(folder, set())
    old = makefiles.parse(text_of(comparison.before, old_path) or "").facts(targets)
    new = makefiles.parse((text_of(comparison.after, new_path) or "") if new_path else "").facts(targets)
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key, ""), new.get(key, "")
        if was != now:
            yield from (f"{key}: {reason}" for reason in _part(key, was, now))


def _part(key: str, old: str, new: str) -> Iterator[str]:
    yield from neutralised(old, new, recipe=True)
    if re.fullmatch(r"variable (?:SHELL|\.SHELLFLAGS|PATH)", key):
        yield f"was set to {new.strip() or 'nothing'}"
    if key == "target .IGNORE":
        yield "make ignores failures"


def _javascript(comparison: Comparison, path: str) -> Iterator[str]:
    old, new = comparison.old(path), comparison.new(path) or ""
    if old is None:
        siblings = [
            one for one in comparison.before.entries if re.search(r"(?:jest|vitest|mocha|karma|playwright)", one)
        ]
        if not siblings:
            return
    was = {line.strip() for line in (old or "").split("\n")}
    for number, line in enumerate(new.split("\n"), 1):
        if line.strip() not in was and (found := _JEST.search(line + " ")):
            yield f"line {number} sets {found[1]}"
    yield from neutralised(old or "", new)


def _environment(comparison: Comparison, path: str) -> Iterator[str]:
    old, new = comparison.old(path) or "", comparison.new(path) or ""
    if path.endswith(".gitattributes"):
        was = _ATTRIBUTES.findall(old)
        yield from (f"sets {word}" for word in _ATTRIBUTES.findall(new) if word not in was)
        return
    was = [line.strip() for line in old.split("\n")]
    for line in new.split("\n"):
        if line.strip() not in was and (found := _VARIABLES.match(line)):
            yield f"sets {found[1]}"


def _script(comparison: Comparison, path: str, kind: str) -> Iterator[str]:
    """A script, workflow or task file; a program that is built here is judged by its tests."""
    old, new = comparison.old(path), comparison.new(path)
    if old is None:
        return
    if new is None:
        if kind in {"ci", "gate"}:
            yield "is gone"
        return
    is_code = path.endswith((".py", ".js", ".ts", ".mjs", ".cjs", ".rb", ".go", ".rs"))
    if is_code and not _TOOLING.search(path):
        return
    yield from neutralised(old, new)
    lost = len(_CHECKS.findall(old)) - len(_CHECKS.findall(new))
    if kind in {"script", "gate"} and lost > 0:
        yield f"lost {lost} of {len(_CHECKS.findall(old))} places where it fails"


_READERS: dict[str, Callable[[Comparison, Called, str], Iterator[str]]] = dict.fromkeys(
    ("pyproject.toml", "setup.cfg", "package.json", "cargo.toml", "go.mod"), _sections
)
