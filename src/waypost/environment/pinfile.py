"""`env.lock.json`: a fingerprint that lies beside the documents."""

from __future__ import annotations

import json
from pathlib import Path

from waypost.environment.errors import BadEnvironmentLock, BadFingerprint
from waypost.environment.fingerprint import Fingerprint
from waypost.events.canonical import canonical

NAME = "env.lock.json"
MEND = "take the old file back, or delete it and let the environment be captured anew"


def lock_bytes(found: Fingerprint) -> bytes:
    """The file's bytes: canonical JSON with its own digest in it, and a line's end."""
    return canonical({"digest": found.digest, "environment": found.as_json()}) + b"\n"


def write_lock(folder: Path, found: Fingerprint) -> Path:
    """Writes the fingerprint into the folder, whole or not at all; an equal file is left alone."""
    path, content = folder / NAME, lock_bytes(found)
    if not (path.is_file() and path.read_bytes() == content):
        draft = folder / f"{NAME}.draft"
        draft.write_bytes(content)
        draft.replace(path)
    return path


def read_lock(folder: Path) -> Fingerprint | None:
    """The fingerprint in the folder's file; None without one. Raises BadEnvironmentLock."""
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_bytes())
    except json.JSONDecodeError as problem:
        raise BadEnvironmentLock(f"{path}:{problem.lineno}: is no JSON: {problem.msg}; {MEND}") from problem
    except UnicodeDecodeError as problem:
        raise BadEnvironmentLock(f"{path}: is no text in UTF-8; {MEND}") from problem
    if not isinstance(told, dict) or not {"digest", "environment"} <= told.keys():
        raise BadEnvironmentLock(f"{path}: holds no environment of Waypost's; {MEND}")
    try:
        found = Fingerprint.from_json(told["environment"])
    except BadFingerprint as problem:
        raise BadEnvironmentLock(f"{path}: {problem}") from problem
    if told["digest"] != found.digest:
        raise BadEnvironmentLock(f"{path}: was edited: its digest is not that of its content; {MEND}")
    return found
