"""The files that git tracks or would add, listed without running anything that the repository holds."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

QUIET = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "core.untrackedCache=false", "core.quotePath=false")
INHERITED = (
    "PATH", "HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
    "GIT_CEILING_DIRECTORIES",
)  # fmt: skip
FIXED = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1"}


def listed_by_git(folder: Path, paths: Sequence[str] = ()) -> list[str] | None:
    """Paths below the folder, or those of the given ones that are to be listed, each once.

    None where git is missing, refuses, or has nothing to say of the folder.
    A submodule is listed as one path without a slash at its end, another repository within as one with a slash.
    """
    return _ls_files(folder, paths) or None


def _ls_files(folder: Path, paths: Sequence[str]) -> list[str] | None:
    command = ["git", *(part for setting in QUIET for part in ("-c", setting))]
    command += ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths]
    variables = {name: os.environ[name] for name in INHERITED if name in os.environ}
    try:
        ended = subprocess.run(
            command, cwd=folder, env={**variables, **FIXED}, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError:
        return None
    if ended.returncode != 0:
        return None
    return list(dict.fromkeys(os.fsdecode(record) for record in ended.stdout.split(b"\0")[:-1]))
