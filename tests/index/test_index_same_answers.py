"""Whatever happens to a tree, its index answers as one that is made from scratch.

WAYPOST_INDEX_EDITS sets how many edits the long test makes; 10,000 take some minutes.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from index_store_cases import SHOP, dump, git, repository, strays

from waypost.index.answers import Paging
from waypost.index.index import Index
from waypost.index.questions import symbol
from waypost.index.questions_references import callers, references

pytestmark = pytest.mark.slow

EDITS = int(os.environ.get("WAYPOST_INDEX_EDITS", "150"))
WORDS = ("alpha", "beta", "gamma", "delta", "price_of", "Cart", "total")
NAMES = ("a.py", "b.py", "c.js", "d.md", "e.txt", "f.sql", "g.cob", "h.yaml", ".env", "i.min.js", "j.java")


class Player:
    """Does what people and agents do to a tree, by chance; remembers which paths an edit tool would name."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.chance = random.Random(seed)
        self.known: list[str] = []
        self.commits = [git(root, "rev-parse", "HEAD").strip()]

    def play(self) -> None:
        """One edit, most often a small one."""
        moves: list[tuple[Callable[[], None], int]] = [
            (self.write, 30), (self.change, 30), (self.remove, 8), (self.rename, 8), (self.remove_folder, 1),
            (self.commit, 6), (self.switch, 6), (self.rewind, 2), (self.ignore, 2), (self.own_rules, 1),
            (self.link, 1), (self.touch, 3), (self.swap, 2),
        ]  # fmt: skip
        self.known = []
        self.chance.choices([move for move, _ in moves], [weight for _, weight in moves])[0]()

    def files(self) -> list[Path]:
        """Files that may be edited."""
        return sorted(
            path
            for path in self.root.rglob("*")
            if ".git" not in path.parts and path.is_file() and not path.is_symlink()
        )

    def place(self) -> Path:
        """A path that may or may not be there."""
        folder = self.chance.choice(("", "x", "x/y", "z", "build", "node_modules/m"))
        return self.root / folder / self.chance.choice(NAMES)

    def text(self) -> str:
        """A few lines of code."""
        word = lambda: self.chance.choice(WORDS)  # noqa: E731
        lines = (
            lambda: f"def {word()}({word()}):\n    return {word()}({word()})\n",
            lambda: f"class {word()}({word()}):\n    def {word()}(self):\n        return self.{word()}()\n",
            lambda: f"from shop.{word()} import {word()}\n",
            lambda: f"{word()} = {word()}.{word()}({self.chance.randrange(99)})\n",
            lambda: "é\x00" if self.chance.random() < 0.05 else "# é\n",
        )
        return "\n".join(self.chance.choice(lines)() for _ in range(self.chance.randrange(6)))

    def _note(self, *paths: Path) -> None:
        self.known = [str(path.relative_to(self.root)) for path in paths]

    def write(self) -> None:
        path = self.place()
        if path.is_dir() or any(parent.is_file() for parent in path.parents):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_symlink():
            path.write_text(self.text())
            self._note(path)

    def change(self) -> None:
        if files := self.files():
            path = self.chance.choice(files)
            if path.name not in {".gitignore", ".waypostignore"}:
                path.write_text(path.read_text(errors="replace") + self.text())
                self._note(path)

    def touch(self) -> None:
        if files := self.files():
            os.utime(self.chance.choice(files), (1, 1))

    def remove(self) -> None:
        if files := self.files():
            path = self.chance.choice(files)
            path.unlink()
            self._note(path)

    def remove_folder(self) -> None:
        shutil.rmtree(self.root / self.chance.choice(("x", "z", "build")), ignore_errors=True)

    def rename(self) -> None:
        if files := self.files():
            source, target = self.chance.choice(files), self.place()
            if not target.is_dir() and not any(parent.is_file() for parent in target.parents):
                target.parent.mkdir(parents=True, exist_ok=True)
                source.replace(target)
                self._note(source, target)

    def swap(self) -> None:
        """A file becomes a folder, or the other way round."""
        path = self.root / "z"
        if path.is_dir():
            shutil.rmtree(path)
            path.write_text(self.text())
        elif path.exists():
            path.unlink()
            path.mkdir()

    def link(self) -> None:
        path = self.root / "x" / "link.py"
        if path.parent.is_dir() and not path.exists() and not path.is_symlink():
            path.symlink_to(self.chance.choice(("../shop", "/etc/passwd", "link.py", "../shop/cart.py")))

    def ignore(self) -> None:
        lines = self.chance.choice(("build/\n", "*.js\n!c.js\n", "x/*\n!x/y\n", ""))
        (self.root / ".gitignore").write_text(lines)
        self._note(self.root / ".gitignore")

    def own_rules(self) -> None:
        (self.root / ".waypostignore").write_text(self.chance.choice(("*.md\n", "/x/y/\n", "")))

    def commit(self) -> None:
        git(self.root, "add", "-A")
        git(self.root, "commit", "-qm", "More", "--allow-empty")
        self.commits.append(git(self.root, "rev-parse", "HEAD").strip())

    def switch(self) -> None:
        git(self.root, "checkout", "-qf", self.chance.choice(self.commits))

    def rewind(self) -> None:
        git(self.root, "reset", "-q", "--hard", self.chance.choice(self.commits))
        git(self.root, "clean", "-qfd")


def assert_same(index: Index, place: Path) -> None:
    """The index holds and answers what one made from scratch does."""
    place.unlink(missing_ok=True)
    with Index.open(index.root, place, processes=1) as fresh:
        fresh.update()
        assert dump(index) == dump(fresh)
        assert index.state == fresh.state
        assert strays(index) == 0
        for question in (symbol, references, callers):
            for word in WORDS:
                page = Paging(limit=1000)
                assert question(index, word, page).as_json() == question(fresh, word, page).as_json()


def play(tmp_path: Path, seed: int, edits: int, compare_every: int) -> None:
    root = repository(tmp_path / f"tree{seed}", SHOP)
    player = Player(root, seed)
    with Index.open(root, tmp_path / f"{seed}.db", processes=1) as index:
        index.update()
        for number in range(edits):
            player.play()
            index.update(player.known or None)
            if number % compare_every == compare_every - 1:
                index.update()
                assert_same(index, tmp_path / f"{seed}-fresh.db")
        index.update()
        assert_same(index, tmp_path / f"{seed}-fresh.db")


def test_after_a_few_edits_of_each_kind_the_answers_are_those_of_a_new_index(tmp_path: Path) -> None:
    play(tmp_path, seed=1, edits=24, compare_every=12)


@pytest.mark.slow
def test_after_many_edits_renames_switches_and_rewinds_the_answers_are_those_of_a_new_index(tmp_path: Path) -> None:
    for seed in range(max(1, EDITS // 100)):
        play(tmp_path, seed=1000 + seed, edits=min(EDITS, 100), compare_every=25)
