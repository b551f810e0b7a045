"""Attribution as Agent Trace 0.1.0 records (agent-trace.dev), one for each milestone's commit."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from waypost import __version__
from waypost.trace.authored import AuthoredCommit, AuthoredLine
from waypost.trace.lines import joined

VERSION = "0.1.0"
MEDIA_TYPE = "application/vnd.agent-trace.record+json"
_NAMES = uuid.UUID("6f3c8a54-6a0b-5c1e-9d1f-8f9a54f0c7d2")


def trace_record(commit: AuthoredCommit) -> dict[str, Any]:
    """The record for one commit: a conversation is an attempt, its ranges the lines that its steps wrote."""
    source = commit.source
    moment = datetime.fromtimestamp(commit.at / 1_000_000, UTC)
    return {
        "version": VERSION,
        "id": str(uuid.uuid5(_NAMES, f"{source.run}/{source.milestone}/{source.commit}")),
        "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "vcs": {"type": "git", "revision": source.commit},
        "tool": {"name": "waypost", "version": __version__},
        "files": [{"path": path, "conversations": _conversations(commit, lines)} for path, lines in commit.files],
        "metadata": {"waypost": {"run": source.run, "milestone": source.milestone, "position": source.seq}},
    }


def _conversations(commit: AuthoredCommit, lines: tuple[AuthoredLine, ...]) -> list[dict[str, Any]]:
    by_attempt: dict[tuple[str, int], list[AuthoredLine]] = {}
    for line in lines:
        key = (line.written.step.milestone, commit.attempt_of(line.written))
        by_attempt.setdefault(key, []).append(line)
    return [
        {
            "url": f"urn:waypost:run:{quote(commit.source.run)}:{quote(milestone)}:attempt:{attempt}",
            "contributor": {"type": "ai", "model_id": commit.model.replace(":", "/", 1)[:250]},
            "ranges": _ranges(found),
        }
        for (milestone, attempt), found in by_attempt.items()
    ]


def _ranges(lines: list[AuthoredLine]) -> list[dict[str, Any]]:
    texts = {line.line: line.text for line in lines}
    found = []
    for first, last in joined(texts):
        content = "".join(f"{texts[number]}\n" for number in range(first, last + 1))
        digest = hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()
        found.append({"start_line": first, "end_line": last, "content_hash": f"sha256:{digest}"})
    return found
