"""Tiny repositories before and after a change, examined."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from waypost.documents.model import Gate, GateKind
from waypost.gates.integrity import Integrity, Rights, examine
from waypost.workspace.guarded import guarded
from waypost.workspace.repository import Repository
from waypost.workspace.trees import GitTree

Files = Mapping[str, str | None]

ROMAN = """\
def roman(number):
    written = ""
    for value, letters in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        while number >= value:
            written += letters
            number -= value
    return written
"""
TESTS = """\
import pytest

from roman import roman


def test_small():
    assert roman(3) == "III"
    assert roman(4) == "IV"
    assert isinstance(roman(1), str)


def test_large():
    value = roman(1994)
    assert value == "MCMXCIV"


def test_wrong():
    with pytest.raises(ValueError, match="negative"):
        roman(-7)


@pytest.mark.parametrize(("number", "text"), [(5, "V"), (9, "IX"), (14, "XIV")])
def test_table(number, text):
    assert roman(number) == text
"""
BASE: Files = {
    "src/roman.py": ROMAN,
    "tests/test_roman.py": TESTS,
    "tests/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef four():\n    return 4\n",
    "tests/golden/four.txt": "IV\n",
    "pyproject.toml": '[project]\nname = "roman"\ndependencies = []\n'
    '\n[tool.pytest.ini_options]\ntestpaths = ["tests"]\n',
    "Makefile": "PYTHON = python\n\ntest: build\n\t$(PYTHON) -m pytest\n\nbuild:\n\ttrue-build\n\nclean:\n\t"
    "rm -rf out\n",
    "package.json": '{"name": "r", "scripts": {"test": "jest", "lint": "eslint ."}, "dependencies": {}}\n',
    "scripts/check.sh": "#!/bin/sh\nset -e\npython -m pytest tests\nsh scripts/inner.sh\n",
    "scripts/inner.sh": "test -f out || exit 1\n",
    ".github/workflows/ci.yml": "jobs:\n  test:\n    steps:\n      - run: pytest\n",
    "web/sum.js": "export const sum = (a, b) => a + b;\n",
    "web/sum.test.js": 'test("sums", () => {\n  expect(sum(1, 2)).toBe(3);\n  expect(sum(20, 2)).toEqual(22);\n});\n',
}
GATES = (
    Gate("unit", GateKind.CHECK, "make test", 1),
    Gate("check", GateKind.CHECK, "bash scripts/check.sh && npm test", 2),
)


def swap(path: str, *pairs: tuple[str, str]) -> Files:
    """One file of the base with pieces exchanged; each piece must be there."""
    text = BASE[path]
    assert text is not None
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return {path: text}


class Bench:
    """A repository that takes changes on top of one base."""

    def __init__(self, folder: Path, base: Files = BASE) -> None:
        self.folder = folder
        self._git("init", "-q", "-b", "main")
        self.base = self.commit(base)
        self.repository = Repository.open(folder)

    def commit(self, files: Files, links: Mapping[str, str] | None = None, programs: Sequence[str] = ()) -> str:
        """Writes files (None removes), links and modes, and returns the tree."""
        for name, text in files.items():
            place = self.folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.is_symlink() or text is None:
                place.unlink()
            if text is not None:
                place.write_text(text, encoding="utf-8")
        for name, target in (links or {}).items():
            place = self.folder / name
            place.unlink(missing_ok=True)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(target)
        for name in programs:
            (self.folder / name).chmod(0o755)
        self._git("add", "-A", "-f")
        self._git("commit", "-q", "--allow-empty", "-m", "state")
        return self._git("rev-parse", "HEAD^{tree}")

    def examine(
        self,
        files: Files,
        scope: tuple[str, ...] | None = None,
        *,
        links: Mapping[str, str] | None = None,
        programs: Sequence[str] = (),
        gates: Sequence[Gate] = GATES,
    ) -> Integrity:
        """What the change is found to do; the folder is at the base again afterwards."""
        after = self.commit(files, links, programs)
        git = guarded(self.repository)
        try:
            return examine(GitTree(git, self.base), GitTree(git, after), Rights(scope), gates)
        finally:
            self._git("reset", "-q", "--hard", "HEAD~1")
            self._git("clean", "-qfdx")

    def _git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=User", "-c", "user.email=user@localhost", "-c", "core.excludesFile=/dev/null")
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True).stdout.strip()


def refusals(found: Integrity) -> list[str]:
    """The refusing findings, as people read them."""
    return [f"[{one.kind}] {one.line}" for one in found.findings if one.refuses]
