"""Tests in JavaScript, TypeScript, Go, Rust, Java, Kotlin, Ruby, shell, and Python that can't be parsed: by patterns.

A test reaches from its beginning to the next one's. What is commented out does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from waypost.gates.comparison import shortened
from waypost.gates.measure import EXACT, LOOSE, PARTIAL, Check, Suite, Test
from waypost.gates.python_tests import is_telling


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a family of languages writes tests; `start` has the name as its only non-empty group."""

    start: re.Pattern[str]
    check: re.Pattern[str]
    left_out: re.Pattern[str]
    toothless: re.Pattern[str]
    loose: re.Pattern[str]
    comment: re.Pattern[str]


_SLASHES = re.compile(r"(?<![:'\"`])//[^\n]*|/\*.*?\*/", re.DOTALL)
_HASHES = re.compile(r"(?m)(?:^|(?<=\s))#(?![!\[])[^\n]*|(?s:\"\"\".*?\"\"\")")
_NEVER = re.compile(r"(?!)")

JAVASCRIPT = Dialect(
    re.compile(r"\b(?:it|test|specify)(?:\.(?:each|skip|only|todo|failing|concurrent|fails)\b[^(\n]*(?:\([^)\n]*\))?)?\s*\(\s*([\"'`].*?[\"'`])\s*,"),
    re.compile(r"\bexpect\s*\(|\bassert(?:\.\w+)*\s*\(|\bt\.(?:is|deepEqual|equal|true|false|throws|like|not)\w*\(|\.should\b|\bcy\.[\w.()'\"]*should\("),
    re.compile(
        r"\b(?:it|test|describe|suite|context|specify)\.(?:skip|only|todo|failing|fails|fixme|skipIf|runIf)\b"
        r"|\bx(?:it|test|describe|context|specify)\s*\(|\bf(?:it|describe)\s*\(|\b(?:t|this|ctx|test)\.skip\s*\("
        r"|\{\s*(?:skip|todo|only)\s*:\s*(?:true|['\"])|\bpending\s*\("
    ),
    re.compile(r"expect\s*\(\s*(true|false|\d+|'[^']*'|\"[^\"]*\")\s*\)\s*\.\w+\s*\(\s*(?:\1\s*)?\)"
    r"|assert(?:\.ok)?\s*\(\s*(?:true|1)\s*[,)]|expect\s*\([^)\n]*\)\s*;?\s*$", re.MULTILINE),
    re.compile(r"toBeTruthy|toBeDefined|not\.toBeNull|not\.toBeUndefined|toBeInstanceOf|expect\.any|anything\(\)|assert\.ok\(|typeof|not\.toThrow\("),
    _SLASHES,
)  # fmt: skip
GO = Dialect(
    re.compile(r"(?m)^func\s+((?:Test|Fuzz|Example)\w*)\s*\("),
    re.compile(r"\b\w+\.(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow)\s*\(|\b(?:assert|require)\.\w+\s*\(|\bExpect\s*\("),
    re.compile(r"\b\w+\.(?:Skip|Skipf|SkipNow)\s*\(|testing\.Short\(\)|(?m:^//go:build .*)|(?m:^// \+build .*)"),
    re.compile(r"\bif\s+false\s*\{|assert\.True\(\w+,\s*true\)"),
    re.compile(r"\b(?:assert|require)\.(?:NotNil|True|NotEmpty|IsType|NoError)\b"),
    _SLASHES,
)
RUST = Dialect(
    re.compile(
        r"#\[(?:\w+::)*(?:test|rstest|test_case)[^\]]*\](?:\s*#\[[^\]]*\])*\s*(?:pub\s+)?(?:async\s+)?fn\s+(\w+)"
    ),
    re.compile(r"\b(?:debug_)?assert(?:_\w+)?!\s*\(|\bpanic!\s*\(|#\[should_panic|\.unwrap_err\(|prop_assert\w*!"),
    re.compile(r"#\[\s*ignore\b|#\[\s*cfg_attr\([^)]*ignore|#\[\s*cfg\((?!test\))[^\]]*\]"),
    re.compile(r"assert!\s*\(\s*true\b|assert_eq!\s*\(\s*(\w+)\s*,\s*\1\s*\)"),
    re.compile(r"\.is_(?:some|ok|none|err)\(\)|assert!\("),
    _SLASHES,
)
JAVA = Dialect(
    re.compile(
        r"@(?:Test|ParameterizedTest|RepeatedTest"
        r"|Property)\b(?:\([^)]*\))?(?:\s*@\w+(?:\([^)]*\))?)*\s*(?:(?:public|private|internal|final"
        r"|suspend)\s+)*(?:void|fun)\s+([\w`][\w` ]*)\s*\("
    ),
    re.compile(r"\bassert\w*\s*\(|\bassert\s|\bfail\s*\(|\bverify\s*\(|expected\s*=|\bshouldBe\b"),
    re.compile(
        r"@(?:Disabled|Ignore|EnabledIf\w*|DisabledIf\w*|DisabledOn\w*|EnabledOn\w*)\b|\bassume\w*\s*\(|enabled\s*=\s*false"
    ),
    re.compile(r"assertTrue\s*\(\s*true\s*\)|assertEquals\s*\(\s*(\w+)\s*,\s*\1\s*\)"),
    re.compile(r"assertNotNull|assertTrue|isNotNull|isInstanceOf|assertInstanceOf"),
    _SLASHES,
)
RUBY = Dialect(
    re.compile(r"(?m)^\s*(?:def\s+(test_\w+)|(?:it|specify|test|example)\s*\(?\s*([\"'].*?[\"']))"),
    re.compile(r"\bexpect\b|\bassert\w*\b|\brefute\w*\b|\.must_\w+|\.should\b|\bflunk\b"),
    re.compile(
        r"(?m)^\s*(?:skip|pending)\b|\bx(?:it|describe|context|specify)\b|\bf(?:it|describe)\b|,\s*(?::skip|skip:|:pending|pending:|:focus)"
    ),
    re.compile(r"assert\s*\(?\s*true\b|expect\(true\)\.to"),
    re.compile(r"be_truthy|not_to be_nil|assert_not_nil|be_a\b|be_kind_of"),
    _HASHES,
)
PYTHON = Dialect(
    re.compile(r"(?m)^[ \t]*(?:async\s+)?def\s+(test\w*)\s*\("),
    re.compile(r"(?m)^\s*assert\b|\bself\.assert\w+\(|\bpytest\.(?:raises|warns|fail)\b|\.assert_\w+\("),
    re.compile(
        r"\b(?:skip|skipif|skipIf|skipUnless|xfail|expectedFailure|importorskip|skipTest|SkipTest)\b|__test__\s*=\s*False"
    ),
    re.compile(r"(?m)^\s*assert\s+(?:True|1|\()\s*(?:$|,)|\bor\s+True\b"),
    re.compile(r"\bisinstance\(|is not None|\bhasattr\("),
    _HASHES,
)
SHELL = Dialect(
    re.compile(r"(?m)^@test\s+([\"'].*?[\"'])|^(test_?\w+)\s*\(\)"),
    re.compile(r"(?m)\[\[? .*\]|\bassert\w*\b|\btest\s+-|\bdiff\b|\bcmp\b|\bgrep\b|\bexit [1-9]"),
    re.compile(r"(?m)^\s*skip\b|\|\|\s*true\b|^\s*exit 0\b|\bset \+e\b"),
    _NEVER,
    _NEVER,
    _HASHES,
)
_DIALECTS = (
    (re.compile(r"\.(?:[cm]?[jt]sx?|vue|svelte)$"), JAVASCRIPT),
    (re.compile(r"\.go$"), GO),
    (re.compile(r"\.rs$"), RUST),
    (re.compile(r"\.(?:java|kts?|scala|groovy|cs)$"), JAVA),
    (re.compile(r"\.(?:rb|exs?)$"), RUBY),
    (re.compile(r"\.pyi?$"), PYTHON),
    (re.compile(r"\.(?:sh|bats)$"), SHELL),
)
_LITERAL = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`[^`]*`|(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")


def dialect(path: str) -> Dialect | None:
    """The dialect that a file's ending names; None for an unknown language."""
    return next((one for ending, one in _DIALECTS if ending.search(path.lower())), None)


def suite(text: str, spoken: Dialect) -> Suite:
    """The tests in a text. What stands before the first is told as reasons for which the file may not be run."""
    bare = spoken.comment.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), shortened(text))
    starts = list(spoken.start.finditer(bare))
    if not starts and spoken.check.search(bare):
        whole = _test("the file", 1, bare, spoken)
        return Suite({whole.name: whole})
    found: dict[str, Test] = {}
    for position, start in enumerate(starts):
        end = starts[position + 1].start() if position + 1 < len(starts) else len(bare)
        name = next((group for group in start.groups() if group), "?").strip("\"'`")
        while name in found:
            name += "'"
        begin = _attributes(bare, start.start())
        found[name] = _test(name, bare.count("\n", 0, start.start()) + 1, bare[begin:end], spoken)
    head = bare[: starts[0].start()] if starts else ""
    return Suite(found, tuple(" ".join(one[0].split())[:60] for one in spoken.left_out.finditer(head)))


def _attributes(text: str, position: int) -> int:
    """Where the attribute lines directly above a test begin."""
    line = text.rfind("\n", 0, position) + 1
    while line:
        above = text.rfind("\n", 0, line - 1) + 1
        if not re.match(r"\s*[@#]", text[above:line]):
            break
        line = above
    return line


def _test(name: str, line: int, body: str, spoken: Dialect) -> Test:
    checks, dead, literals = [], [], set[str]()
    for offset, text in enumerate(body.split("\n")):
        if spoken.toothless.search(text):
            dead.append((line + offset, f"asserts nothing ({text.strip()[:60]})"))
            continue
        for found in spoken.check.finditer(text):
            strength = (
                LOOSE
                if spoken.loose.search(text)
                else PARTIAL
                if re.search(r"[<>]=?\s|\bin\b|toContain|toMatch\b", text)
                else EXACT
            )
            subject, expected = _sides(text[found.start() :])
            checks.append(Check(line + offset, strength, subject, expected))
    for statement in _checked(body, spoken):
        literals.update(
            one for one in _LITERAL.findall(statement) if is_telling(one.strip("\"'`")) and one not in {"0", "1"}
        )
    marks = tuple(" ".join(one[0].split())[:60] for one in spoken.left_out.finditer(body))
    return Test(name, line, tuple(checks), tuple(dead), marks, frozenset(literals), calls=body.count("("))


def _checked(body: str, spoken: Dialect) -> Iterator[str]:
    """The lines that assert, and those that an assertion runs on over."""
    open_brackets = 0
    for text in body.split("\n"):
        if open_brackets > 0 or spoken.check.search(text):
            yield text
            open_brackets = max(0, open_brackets + text.count("(") - text.count(")"))


def _sides(text: str) -> tuple[str, str]:
    """Subject and expectation of `expect(a).toBe(b)`; without that form the whole is the subject."""
    match = re.match(r"expect\s*\((.*)\)\s*\.((?:not\.|resolves\.|rejects\.)?\w+)\s*\((.*)\)", text)
    return (f"{match[1].strip()} {match[2]}", match[3].strip()) if match else ("", "")
