"""Authorship logs as git notes, in the form of the Git AI Standard 3.0.0 (`authorship/3.0.0`)."""

from __future__ import annotations

import hashlib
import json
import re

from waypost.trace.authored import AuthoredCommit, AuthoredLine
from waypost.trace.lines import joined
from waypost.trace.sources import TOOL

VERSION = "authorship/3.0.0"
NOTES = "refs/notes/ai"
_NEEDS_QUOTES = re.compile(r"\s")


def authorship_log(commit: AuthoredCommit) -> str:
    """The note for one commit: lines by session and trace, a divider, and JSON.

    A session is the run's work on a milestone, a trace is a step of it. Files whose names hold a quote or a line end
    have no form in this format and are left out.
    """
    rows: list[str] = []
    for path, lines in commit.files:
        if '"' in path or "\n" in path:
            continue
        rows.append(f'"{path}"' if _NEEDS_QUOTES.search(path) else path)
        by_key: dict[str, list[int]] = {}
        for line in lines:
            by_key.setdefault(_key(commit, line), []).append(line.line)
        rows += [f"  {key} {_ranges(numbers)}" for key, numbers in by_key.items()]
    sessions = {session: _session(commit, milestone) for milestone, session in _sessions(commit).items()}
    metadata = {
        "schema_version": VERSION,
        "base_commit_sha": commit.source.commit,
        "prompts": {},
        "sessions": sessions,
    }
    return "\n".join([*rows, "---", json.dumps(metadata, indent=2, ensure_ascii=False)]) + "\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:14]


def _session_id(commit: AuthoredCommit, milestone: str) -> str:
    return "s_" + _digest(f"{TOOL}:{commit.source.run}/{milestone}")


def _key(commit: AuthoredCommit, line: AuthoredLine) -> str:
    step = line.written.step
    return f"{_session_id(commit, step.milestone)}::t_{_digest(f'{step.run}/{step.ordinal}/{step.responded}')}"


def _sessions(commit: AuthoredCommit) -> dict[str, str]:
    names = dict.fromkeys(line.written.step.milestone for _, lines in commit.files for line in lines)
    return {name: _session_id(commit, name) for name in names}


def _session(commit: AuthoredCommit, milestone: str) -> dict[str, object]:
    told: dict[str, object] = {
        "agent_id": {"tool": TOOL, "id": f"{commit.source.run}/{milestone}", "model": commit.model}
    }
    return {**told, "human_author": commit.by} if commit.by else told


def _ranges(numbers: list[int]) -> str:
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in joined(numbers))
