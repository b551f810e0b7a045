"""A git directory of our own over the user's objects: only settings that can't run a command reach it.

An agent that may commit may also be able to write `.git/config`: a `filter.x.clean`, a merge driver or an
external diff there would be run by the next `git add`. So everything that touches files, diffs or merges
runs in this directory, whose configuration is made from an allow-list.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from waypost.workspace.git import QUIET, Git
from waypost.workspace.repository import Repository

ALLOWED = re.compile(
    r"core\.(autocrlf|eol|safecrlf|ignorecase|precomposeunicode|excludesfile|attributesfile|bigfilethreshold"
    r"|compression|loosecompression|sharedrepository)"
    r"|extensions\.(objectformat|partialclone)"
    r"|user\.(name|email)|i18n\.commitencoding"
    r"|remote\..*\.(promisor|partialclonefilter|url)"
    r"|lfs\.(url|locksverify|.*\.access)",
    re.DOTALL,
)
LARGE_FILES = re.compile(r"filter\.lfs\.(clean|smudge|process|required)")
LARGE_FILE_COMMAND = re.compile(r"git-lfs [a-z-]+( --)?( %f)?|true")
DEFAULTS = {"user.name": "Waypost", "user.email": "waypost@localhost"}
SETTINGS = (*QUIET, "core.protectNTFS=false", "core.protectHFS=false", "core.fileMode=true")


def guarded(repository: Repository) -> Git:
    """Git over the user's objects with guarded configuration; names of refs mean nothing there."""
    folder = repository.private_folder / "git"
    if not (folder / "config").exists():
        refresh(repository)
    variables = {
        "GIT_DIR": str(folder),
        "GIT_OBJECT_DIRECTORY": str(repository.git_dir / "objects"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_WORK_TREE": str(folder),
    }
    return Git(folder, variables, SETTINGS)


def refresh(repository: Repository) -> None:
    """Makes the guarded directory, or takes over the user's present settings into it."""
    folder = repository.private_folder / "git"
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "info").mkdir(exist_ok=True)
    for name in ("info/exclude", "info/attributes", "shallow"):
        _point(folder / name, repository.git_dir / name)
    _replace(folder / "HEAD", b"ref: refs/heads/none\n")
    _replace(folder / "config", _configuration(repository))


def _configuration(repository: Repository) -> bytes:
    kept = {**DEFAULTS, "lfs.storage": str(repository.git_dir / "lfs")}
    for record in repository.git.run("config", "--list", "-z").records:
        name, _, value = record.partition("\n")
        if ALLOWED.fullmatch(name) or (LARGE_FILES.fullmatch(name) and LARGE_FILE_COMMAND.fullmatch(value)):
            kept[name] = value
    extended = any(name.startswith("extensions.") for name in kept)
    kept["core.repositoryformatversion"] = "1" if extended else "0"
    kept["core.bare"] = "false"
    return os.fsencode("".join(_setting(name, value) for name, value in kept.items()))


def _setting(name: str, value: str) -> str:
    section, _, key = name.rpartition(".")
    head, dot, rest = section.partition(".")
    heading = f"[{head} {_quoted(rest)}]" if dot else f"[{head}]"
    return f"{heading}\n\t{key} = {_quoted(value)}\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _point(link: Path, target: Path) -> None:
    if not link.is_symlink():
        link.symlink_to(os.path.relpath(target, link.parent))


def _replace(file: Path, content: bytes) -> None:
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(file)
