"""Repositories to test with: real ones, in folders with awkward names."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"
IDENTITY = {
    "GIT_AUTHOR_NAME": "User",
    "GIT_AUTHOR_EMAIL": "user@localhost",
    "GIT_COMMITTER_NAME": "User",
    "GIT_COMMITTER_EMAIL": "user@localhost",
}


def git(folder: Path, *arguments: str) -> str:
    """Plain git, as a user or an agent runs it."""
    command = ["git", "-c", "core.quotePath=false", *arguments]
    environment = {**os.environ, **IDENTITY}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    return os.fsdecode(ended.stdout).rstrip("\n")


def make_repository(folder: Path, files: dict[str, str] | None = None) -> Path:
    """A repository with one commit."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    for name, text in (files or {"a.txt": "one\n", "src/b.py": "b = 1\n"}).items():
        write(folder / name, text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "start")
    return folder


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def snapshot(folder: Path, ignore: tuple[str, ...] = (".git",)) -> dict[str, tuple[int, str]]:
    """Every file below: its mode, and its content's hash or its link's target."""
    seen: dict[str, tuple[int, str]] = {}
    for below, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in ignore]
        links = [name for name in folders if (Path(below) / name).is_symlink()]
        for name in (*files, *links):
            path = Path(below) / name
            if name in ignore:
                continue
            if path.is_symlink():
                seen[str(path.relative_to(folder))] = (0o120000, str(path.readlink()))
            elif path.is_file():
                executable = path.stat().st_mode & 0o100
                seen[str(path.relative_to(folder))] = (
                    executable,
                    hashlib.sha256(path.read_bytes()).hexdigest(),
                )
    return seen


def start(program: str, *arguments: Path) -> subprocess.Popen[bytes]:
    """Runs a program in a process of its own."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
