"""Whether a file still parses; nothing of it is executed."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import PurePosixPath

_LARGEST = 2 << 20
_WITH_COMMENTS = ("tsconfig", "jsconfig", "devcontainer")


def syntax_problem(name: str, text: str) -> str | None:
    """What keeps a file from being parsed, with its line; None if it parses or is of no kind known here."""
    path = PurePosixPath(name)
    check = _CHECKS.get(path.suffix.lower())
    if check is None or len(text) > _LARGEST:
        return None
    if path.suffix == ".json" and (path.name.startswith(_WITH_COMMENTS) or ".vscode" in path.parts):
        return None
    try:
        text.encode()
        return check(text)
    except UnicodeEncodeError:
        return None  # in another encoding than UTF-8
    except (RecursionError, MemoryError):
        return None  # nested too deeply to be judged


def grammar(name: str) -> str:
    """By whose rules it is judged."""
    kind = PurePosixPath(name).suffix.lower()
    if kind in {".py", ".pyi"}:
        return f"Python {sys.version_info.major}.{sys.version_info.minor}'s grammar"
    return {".json": "JSON", ".toml": "TOML"}.get(kind, "YAML") + "'s grammar"


def warning(name: str, before: str | None, after: str) -> str:
    """The line that tells of a file that doesn't parse after a change; empty if it does."""
    problem = syntax_problem(name, after)
    if problem is None:
        return ""
    was = before is not None and syntax_problem(name, before) is not None
    how = "still does not parse" if was else "does not parse" if before is None else "no longer parses"
    return f"WARNING: {name} {how} by {grammar(name)}: {problem}"


def _python(text: str) -> str | None:
    import ast

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "file", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        line = (error.text or "").strip()
        return f"line {error.lineno}: {error.msg}" + (f": {line[:120]}" if line else "")
    except ValueError as error:
        return str(error)
    return None


def _json(text: str) -> str | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"line {error.lineno} column {error.colno}: {error.msg}"
    except ValueError:
        return None  # a number longer than Python reads: valid JSON all the same
    return None


def _toml(text: str) -> str | None:
    import tomllib

    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return str(error)
    return None


def _yaml(text: str) -> str | None:
    import yaml

    try:
        # Events only: neither tags nor aliases are resolved.
        for _ in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        return f"line {mark.line + 1}: {error.problem}" if mark else str(error.problem)
    except yaml.YAMLError as error:
        return str(error).splitlines()[0]
    return None


_CHECKS: dict[str, Callable[[str], str | None]] = {
    ".py": _python,
    ".pyi": _python,
    ".json": _json,
    ".toml": _toml,
    ".yaml": _yaml,
    ".yml": _yaml,
}
