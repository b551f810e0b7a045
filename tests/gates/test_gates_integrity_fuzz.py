"""Whatever bytes a changed file holds, it is examined to the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integrity_cases import BASE, GATES

from waypost.gates.integrity import Rights, examine
from waypost.workspace.trees import Entry

NAMES = (
    "src/roman.py",
    "tests/test_roman.py",
    "tests/conftest.py",
    "pyproject.toml",
    "Makefile",
    "package.json",
    "setup.cfg",
    "tox.ini",
    "scripts/check.sh",
    ".github/workflows/ci.yml",
    "web/sum.test.js",
    "a_test.go",
    "src/lib.rs",
    "ATest.java",
    "a_spec.rb",
    "Cargo.toml",
    "go.mod",
    ".gitattributes",
    ".env",
    "jest.config.js",
    "tests/data.json",
    "a.bats",
)
PIECES = (
    "def test_a():\n",
    "    assert ",
    "f(",
    ")",
    " == 'III'\n",
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    "\n",
    "\t",
    "\\",
    ":",
    "=",
    "#",
    "`",
    "expect(",
    ".toBe(",
    "it('a', ",
    "[tool.pytest]\n",
    "addopts = ",
    "-k x",
    "test:\n\t",
    "|| true",
    "import pytest\n",
    "@",
    "class T:\n",
    "return ",
    "if ",
    "else",
    "os.environ['X']",
    "lambda: ",
    "async ",
    "#[test]\nfn a() {",
    "assert_eq!(",
    "\x00",
    "\ufeff",
    "\u2028",
    "\r",
    "é",
    "\udc80",
    "%",
    "$(",
    "match x:\n case 1: ",
    "f'{a",
    "1e999",
    "0x",
    "-",
    ",",
)


@dataclass(frozen=True)
class Held:
    """A tree in memory."""

    files: Mapping[str, bytes]

    @property
    def id(self) -> str:
        return str(hash(tuple(self.files.items())))

    @property
    def entries(self) -> Mapping[str, Entry]:
        return {path: Entry("100644", f"{path}{hash(held)}") for path, held in self.files.items()}

    def read(self, path: str) -> bytes:
        return self.files[path]


def plain() -> dict[str, bytes]:
    return {path: text.encode() for path, text in BASE.items() if text is not None}


contents = st.one_of(
    st.binary(max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=25).map(lambda parts: "".join(parts).encode(errors="surrogateescape")),
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    old=st.dictionaries(st.sampled_from(NAMES), contents, max_size=4),
    new=st.dictionaries(st.sampled_from(NAMES), contents, max_size=4),
    scope=st.sampled_from((None, ("src/**",), ("**",))),
)
def test_any_bytes_are_examined_to_the_end(
    old: dict[str, bytes], new: dict[str, bytes], scope: tuple[str, ...] | None
) -> None:
    found = examine(Held({**plain(), **old}), Held({**plain(), **new}), Rights(scope), GATES)
    assert all(one.kind and one.text for one in found.findings)
    assert found == examine(Held({**plain(), **old}), Held({**plain(), **new}), Rights(scope), GATES)


MONSTERS: dict[str, bytes] = {
    "a long sum": b"def test_a():\n    assert " + b" + ".join([b"1"] * 3000) + b" == x\n",
    "a deep list": b"x = " + b"[" * 3000 + b"]" * 3000,
    "deep attributes": b"x = a" + b".b" * 5000 + b"\n",
    "deep calls": b"x = f" + b"()" * 5000 + b"\n",
    "a long line": b"test " * 20_000 + b"\n",
    "a long line of spaces": b"a" + b" " * 60_000 + b"b\n",
    "a long line of brackets": b"{" * 20_000 + b"(" * 20_000,
    "zeros": b"\0" * 1000,
    "no utf-8": b"\xff\xfe" * 1000,
    "many quotes": b"\"'`" * 10_000,
    "no line end": b"expect(1)." * 5_000,
    "large": b"x = 1\n" * 300_000,
    "deep json": b'{"scripts": ' * 3000 + b"}" * 3000,
    "deep toml": b"x = " + b"[" * 3000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MONSTERS)
def test_no_monster_stops_the_examination(name: str) -> None:
    monster = dict.fromkeys(NAMES, MONSTERS[name])
    assert examine(Held(plain()), Held({**plain(), **monster}), Rights(None), GATES).findings
    examine(
        Held({**plain(), **monster}),
        Held({**plain(), **dict.fromkeys(NAMES, MONSTERS[name] + b"\n#")}),
        Rights(None),
        GATES,
    )


def test_a_test_that_cannot_be_compared_is_refused_and_a_new_one_is_not() -> None:
    files = plain()
    binary = examine(Held(files), Held({**files, "tests/test_roman.py": b"\0"}), Rights(None), GATES)
    assert "unread" in {one.kind for one in binary.findings if one.refuses}
    new = examine(Held(files), Held({**files, "tests/test_new.py": b"def (\n"}), Rights(None), GATES)
    assert not [one for one in new.findings if one.refuses]
