"""Source that newly asks whether it is tested, reaches for the runner, or answers with what the tests ask.

What stood in any changed file before is not new: code that moves stays unsuspected.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from waypost.gates.comparison import LARGEST, Comparison, shortened
from waypost.gates.protected import CODE, fixed_kind, is_test
from waypost.gates.tricks import LOOKS, TOLD, TRIGGERS, tricks
from waypost.gates.verdict import Finding
from waypost.workspace.trees import LINK, SUBMODULE

UNREAD = "can't be parsed by this interpreter; only its words were looked at"
_TEXTS: tuple[tuple[str, str, str], ...] = (
    (r"\.(?:[cm]?[jt]sx?|vue|svelte)$",
     r"process\.env(?:\.|\[['\"])(?:JEST_WORKER_ID|VITEST\w*|NODE_TEST_CONTEXT|MOCHA\w*|AVA\w*|PLAYWRIGHT\w*"
     r"|CYPRESS\w*)|import\.meta\.vitest|NODE_ENV\b[^\n]{0,12}['\"]test['\"]", "asks whether it is being tested"),
    (r"\.(?:[cm]?[jt]sx?|vue|svelte)$",
     r"(?:typeof|globalThis\.|global\.|window\.)\s*(?:jest|describe|it|expect|vi|mocha|beforeEach)\b"
     r"|\brequire\.cache\b|process\.argv[^\n]*(?:jest|vitest|mocha|--test)", "asks whether it is being tested"),
    (r"\.(?:[cm]?[jt]sx?)$", r"process\.(?:reallyExit|abort|kill)\s*\(|process\.on\(\s*['\"](?:exit|beforeExit)"
     r"|process\.exitCode\s*=\s*0", "acts on the process's end"),
    (r"\.(?:[cm]?[jt]sx?)$",
     r"(?m)^(?:process\.exit\s*\(\s*0?\s*\)|Object\.is\s*=|JSON\.stringify\s*=|global(?:This)?\.(?:expect"
     r"|assert|it|test|describe)\s*=|expect\.\w+\s*=)", "replaces or ends what checks it"),
    (r"\.(?:[cm]?[jt]sx?)$",
     r"(?:require\(|from\s+)['\"](?:node:assert|assert|node:test|jest|vitest|chai|mocha|@jest/globals)['\"]"
     r"|\bassert\.\w+\s*=\s*(?:\(|function|\w)|(?:Object|Array|String|Number|Function)\.prototype\.\w+\s*=",
     "reaches for the runner"),
    (r"\.(?:[cm]?[jt]sx?)$",
     r"(?:readFile|readFileSync|readdir|readdirSync|writeFile|writeFileSync|existsSync)\s*\([^\n]*(?:test"
     r"|spec|snapshots?)", "reaches for the tests' files"),
    (r"\.(?:[cm]?[jt]sx?)$",
     r"new Error\(\)\.stack[^\n]*|Error\.prepareStackTrace|\.stack\.(?:includes|match|split|indexOf)",
     "looks at who called it"),
    (r"\.pyi?$", r"\b_exit\b|PYTEST_CURRENT_TEST|['\"]_?pytest['\"]\s*(?:not\s+)?in\b|_getframe|settrace|meta_path"
     r"|(?m:^\s*(?:import|from)\s+_?pytest\b)|\bgetppid\b|\batexit\b", "does what only a cheat has use for"),
    (r"\.go$", r"testing\.Testing\(\)|flag\.Lookup\(\"test\.|os\.Args\[0\][^\n]*test|HasSuffix\([^\n]*\.test\""
     r"|runtime\.Callers?\([^\n]*", "asks whether it is being tested"),
    (r"\.go$", r"(?m)func init\(\)\s*\{[^}]*os\.Exit\(0\)|syscall\.Kill\([^\n]*Getppid", "ends the process"),
    (r"\.rs$", r"cfg!\(\s*(?:not\(\s*)?test\b|#\[cfg\(not\(test\)\)\]|current_exe\(\)[^\n]*deps"
     r"|std::process::(?:exit\(0\)|abort)", "asks whether it is being tested"),
    (r"\.(?:java|kts?|scala)$", r"getStackTrace\(\)[^\n]*|Class\.forName\(\"org\.junit|surefire|System\.exit\(0\)"
     r"|Runtime\.getRuntime\(\)\.halt", "asks whether it is being tested"),
    (r"\.rb$", r"defined\?\(\s*(?:RSpec|Minitest|Test::Unit)|caller(?:_locations)?\b[^\n]*(?:spec|test)|exit!|at_exit"
     r"|ENV\[['\"](?:RAILS_ENV|RACK_ENV|TEST\w*)['\"]\]\s*==\s*['\"]test", "asks whether it is being tested"),
    (r"\.(?:c|cc|cpp|h|hpp)$", r"\b_exit\s*\(\s*0|\bgetppid\s*\(|__attribute__\s*\(\s*\(\s*(?:constructor|destructor)"
     r"|getenv\(\"(?:PYTEST|CTEST|GTEST)", "acts on the process or asks for the runner"),
)  # fmt: skip
_COMPILED = tuple((re.compile(ending), re.compile(pattern), reason) for ending, pattern, reason in _TEXTS)
_DOCUMENTS = re.compile(r"(?:^|/)(?:docs?|examples?|bench(?:marks)?)/")


def suspicious(comparison: Comparison) -> Iterator[Finding]:
    """Refusing findings on changed code, each with its line and the trick."""
    yield from _unread(comparison)
    yield from _reading_tests(comparison)
    paths = [
        path
        for path in comparison.changes
        if CODE.search(path.lower()) and not _DOCUMENTS.search(path) and fixed_kind(path) != "build"
    ]
    after = [
        (path, line, reason) for path in paths for line, reason in _found(comparison, path, comparison.new(path) or "")
    ]
    if not after:
        return
    before = Counter(reason for path in paths for _, reason in _found(comparison, path, comparison.old(path) or ""))
    for path, line, reason in after:
        before[reason] -= 1
        if before[reason] < 0:
            yield Finding("trick", path, f"line {line} {reason}", not reason.startswith((TOLD, LOOKS, UNREAD)))


def _unread(comparison: Comparison) -> Iterator[Finding]:
    """Code that became too large to be looked at, or that no longer is text, can hide anything; what was so is told."""
    for path in comparison.changes:
        entry = comparison.after.entries.get(path)
        if entry is None or entry.mode in {LINK, SUBMODULE} or not CODE.search(path.lower()):
            continue
        if comparison.new(path) is None:
            was = path in comparison.before.entries and comparison.old(path) is None
            size = len(comparison.after.read(path))
            why = (
                f"is too large to be looked at ({size / 2**20:.1f} MiB)" if size > LARGEST else "is code with NUL bytes"
            )
            yield Finding("trick", path, why, not was)


def _reading_tests(comparison: Comparison) -> Iterator[Finding]:
    """New lines of source that name a test file which was there before: a program has no business with it."""
    names = {path.rpartition("/")[2] for path in comparison.before.entries if is_test(path)} - {"__init__.py"}
    if not names:
        return
    named = re.compile(r"[\"'/](" + "|".join(map(re.escape, sorted(names))) + r")[\"']")
    for path in comparison.changes:
        if not CODE.search(path.lower()) or is_test(path) or _DOCUMENTS.search(path) or fixed_kind(path) is not None:
            continue
        known = set((comparison.old(path) or "").split("\n"))
        for number, line in enumerate((comparison.new(path) or "").split("\n"), 1):
            if line not in known and (found := named.search(line[:1000])):
                yield Finding("trick", path, f"line {number} reads the test file {found[1]}", True)


def _found(comparison: Comparison, path: str, text: str) -> Iterator[tuple[int, str]]:
    if path.endswith((".py", ".pyi")):
        if not TRIGGERS.search(text):
            return
        module = comparison.parsed(text)
        if module is not None:
            yield from dict.fromkeys(tricks(module, is_test(path) or path.endswith("conftest.py")))
            return
        yield 1, UNREAD
    if is_test(path):
        return
    text = shortened(text)
    for ending, pattern, reason in _COMPILED:
        if ending.search(path.lower()):
            for match in pattern.finditer(text):
                yield text.count("\n", 0, match.start()) + 1, f"{reason} ({' '.join(match[0].split())[:50]})"
