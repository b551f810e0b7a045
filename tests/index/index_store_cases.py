"""Small trees, what an index holds in a form that can be compared, and parsers that misbehave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from waypost.index.index import Index
from waypost.index.model import Parsed
from waypost.index.parsing import parse

SHOP = {
    "shop/__init__.py": "",
    "shop/cart.py": (
        "from shop.prices import price_of\n\n\nclass Cart:\n    def __init__(self):\n        self.items = []\n\n"
        "    def add(self, item):\n        self.items.append(item)\n\n    def total(self):\n"
        "        return sum(price_of(item) for item in self.items)\n"
    ),
    "shop/prices.py": (
        "PRICES = {}\n\n\ndef price_of(item):\n    return round_up(PRICES[item])\n\n\n"
        "def round_up(amount):\n    return -(-amount // 1)\n"
    ),
    "tests/test_cart.py": (
        "from shop.cart import Cart\n\n\ndef test_an_empty_cart_costs_nothing():\n"
        "    cart = Cart()\n    assert cart.total() == 0\n"
    ),
    "README.md": "# Shop\n\nSells things.\n\n## Prices\n\nAre high.\n",
}


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes files below a folder."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def git(root: Path, *arguments: str) -> str:
    """Runs git as somebody."""
    who = ["-c", "user.name=A", "-c", "user.email=a@example.invalid", "-c", "init.defaultBranch=main"]
    ended = subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return ended.stdout


def repository(root: Path, files: Mapping[str, str | bytes] = SHOP) -> Path:
    """A git repository with one commit."""
    write(root, files)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Begin")
    return root


def dump(index: Index) -> dict[str, Any]:
    """All that an index holds, by names instead of numbers."""
    rows = index.connection.execute
    names = dict(rows("SELECT id, name FROM names"))
    found: dict[str, Any] = {}
    for file, path, digest, left_out, language, status, lines, symbols in rows(
        "SELECT id, path, digest, left_out, language, status, lines, symbol_base FROM files ORDER BY path"
    ).fetchall():
        found[path] = {
            "file": (bytes(digest).hex(), left_out, language, status, lines),
            "symbols": [
                (names[name], *rest, None if parent is None else parent - symbols)
                for name, *rest, parent in rows(
                    "SELECT name, qualified, kind, start_line, end_line, name_line, parent FROM symbols "
                    "WHERE file = ? ORDER BY id",
                    (file,),
                )
            ],
            "references": {
                names[name]: bytes(run).hex()
                for name, run in rows('SELECT name, run FROM "references" WHERE file = ?', (file,))
            },
            "imports": [
                (names[module], names[name], names[alias], line)
                for module, name, alias, line in rows(
                    "SELECT module, name, alias, line FROM imports WHERE file = ? ORDER BY position", (file,)
                )
            ],
            "chunks": [
                (*rest, None if symbol is None else symbol - symbols)
                for *rest, symbol in rows(
                    "SELECT start_line, end_line, kind, name, symbol FROM chunks WHERE file = ? ORDER BY id", (file,)
                )
            ],
            "terms": [bytes(row[0]).hex() for row in rows("SELECT packed FROM terms WHERE file = ?", (file,))],
        }
    return found


def strays(index: Index) -> int:
    """Rows that belong to no file."""
    tables = ("symbols", '"references"', "imports", "inherits", "chunks", "terms")
    counts = [
        index.connection.execute(f"SELECT count(*) FROM {table} WHERE file NOT IN (SELECT id FROM files)").fetchone()[0]
        for table in tables
    ]
    folders = "SELECT count(*) FROM directories WHERE path != '' AND id NOT IN (SELECT directory FROM files)"
    childless = f"{folders} AND id NOT IN (SELECT parent FROM directories WHERE parent IS NOT NULL)"
    return sum(counts) + int(index.connection.execute(childless).fetchone()[0])


def script(*lines: str, wait: bool = True) -> subprocess.Popen[str]:
    """Another Python process with the same path."""
    path = os.pathsep.join(sys.path)
    process = subprocess.Popen(
        [sys.executable, "-c", "\n".join(lines)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if wait:
        process.wait()
    return process


# --- parsers that misbehave, by what a file says ---------------------------------------------------------------------


def moody(path: str, text: bytes) -> Parsed:
    """Parses, but for a file that asks for something else."""
    if b"HANG" in text:
        while True:
            pass
    if b"CRASH" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"EXIT" in text:
        os._exit(7)
    if b"RAISE" in text:
        raise RecursionError("too deep")
    if b"SWELL" in text:
        swollen = [bytes(1 << 28) for _ in range(64)]
        return parse(path, swollen[0])
    return parse(path, text)


def slow(path: str, text: bytes) -> Parsed:
    """Parses, but takes its time."""
    time.sleep(0.02)
    return parse(path, text)


MOODY = f"{__name__}:moody"
SLOW = f"{__name__}:slow"
