"""Where a run's documents lie in the repository, and how they are named."""

from __future__ import annotations

import re
from pathlib import Path

from waypost.runs.project import Project, RunError

AGENT_FOLDER = ".agent"


def write_documents(project: Project, name: str, texts: dict[str, str]) -> Path:
    """Writes documents into `.agent/NAME/`. Raises RunError where some are already."""
    folder = project.root / AGENT_FOLDER / name
    if folder.exists() and any(folder.iterdir()):
        raise RunError(f"{folder}: documents are here already; edit them, or give another --name")
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        (folder / file).write_text(text, "utf-8")
    return folder


def slug(text: str) -> str:
    """A short name for folders and branches out of any text."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    name = ""
    for word in words:
        if len(name) + len(word) > 32:
            break
        name = f"{name}-{word}" if name else word
    return name or "run"
