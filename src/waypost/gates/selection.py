"""Which tests pytest would run by its settings, and whether these leave out more than before."""

from __future__ import annotations

import configparser
import fnmatch
import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence

from waypost.gates.comparison import Comparison, text_of
from waypost.gates.neutralised import narrowing
from waypost.gates.protected import is_test
from waypost.gates.verdict import Finding
from waypost.workspace.trees import Tree

NAMES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
PATTERNS = {"python_files": "test_*.py *_test.py", "python_functions": "test", "python_classes": "Test"}
_SECTION = {"tox.ini": "pytest", "setup.cfg": "tool:pytest"}


def narrowed(comparison: Comparison) -> Iterator[Finding]:
    """Findings on settings that leave out tests, by folder: the file that counts before against the one after."""
    names = {path for path in comparison.changes if path.rpartition("/")[2] in NAMES}
    for folder in sorted({posixpath.dirname(path) for path in names}):
        old_path, old = effective(comparison.before, folder)
        new_path, new = effective(comparison.after, folder)
        tests = [path for path in comparison.before.entries if is_test(path) and path.endswith(".py")]
        if old != new and tests:
            path = new_path or old_path
            yield from (Finding("narrowed", path, reason, True) for reason in _reasons(folder, old, new, tests))


def effective(tree: Tree, folder: str) -> tuple[str, dict[str, str]]:
    """The file whose settings pytest takes in a folder, and these as text; the first that has any wins."""
    for name in NAMES:
        path = posixpath.join(folder, name)
        text = text_of(tree, path)
        found = _read(name, text) if text is not None else None
        if found is not None:
            return path, found
    return "", {}


def _read(name: str, text: str) -> dict[str, str] | None:
    try:
        if name.endswith(".toml"):
            return _toml(name, text)
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        parser.read_string(text)
    except (tomllib.TOMLDecodeError, configparser.Error, RecursionError):
        return {"unreadable": text}
    section = _SECTION.get(name, "pytest")
    if parser.has_section(section):
        return {key: value or "" for key, value in parser.items(section)}
    return {} if name.endswith("pytest.ini") else None


def _toml(name: str, text: str) -> dict[str, str] | None:
    settings = tomllib.loads(text)
    if name != "pyproject.toml":
        return {key: _words(value) for key, value in settings.get("pytest", {}).items()}
    pytest = settings.get("tool", {}).get("pytest")
    if pytest is None:
        return None
    return {key: _words(value) for key, value in {**pytest, **pytest.get("ini_options", {})}.items()}


def _words(value: object) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _reasons(folder: str, old: Mapping[str, str], new: Mapping[str, str], tests: Sequence[str]) -> Iterator[str]:
    if "unreadable" in new and "unreadable" not in old:
        yield "its settings can't be read any more"
    for option in narrowing("pytest " + _flat(old, "addopts"), "pytest " + _flat(new, "addopts")):
        yield f"addopts gained {option}"
    yield from _other_roots(old, new)
    wanted, was = _flat(new, "testpaths").split(), _flat(old, "testpaths").split()
    if wanted and (lost := [test for test in tests if _under(folder, was, test) and not _under(folder, wanted, test)]):
        yield f"testpaths leaves out {lost[0]}" + _more(lost)
    for key in PATTERNS:
        if lost_words := _lost(key, old, new, tests):
            yield f"{key} no longer has {lost_words}"
    added = set(_flat(new, "norecursedirs").split()) - set(_flat(old, "norecursedirs").split())
    for word in sorted(added):
        if any(fnmatch.fnmatch(part, word) for test in tests for part in test.split("/")[:-1]):
            yield f"norecursedirs leaves out {word}"
    for key in ("xfail_strict", "strict", "strict_xfail"):
        if _is_true(old.get(key)) and not _is_true(new.get(key)):
            yield f"{key} is off"
    for key in ("collect_imported_tests", "python_plugins", "usefixtures", "confcutdir", "disable_test_id_escaping"):
        if key in {"usefixtures", "confcutdir"} and _flat(new, key) != _flat(old, key) and new.get(key):
            yield f"{key} was set to {_flat(new, key)}"


def _other_roots(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Folders may be added to those that tests import from, after those that were there."""
    roots, before = _flat(new, "pythonpath").split(), _flat(old, "pythonpath").split()
    if before and roots[: len(before)] != before:
        yield f"pythonpath was set to {' '.join(roots) or 'nothing'}: tests import from another place"


def _lost(key: str, old: Mapping[str, str], new: Mapping[str, str], tests: Sequence[str]) -> str:
    was = (_flat(old, key) or PATTERNS[key]).split()
    now = (_flat(new, key) or PATTERNS[key]).split()
    lost = [word for word in was if word not in now]
    if key == "python_files":
        names = [posixpath.basename(test) for test in tests]
        out = [name for name in names if _any(was, name) and not _any(now, name)]
        return ", ".join(lost) if out else ""
    # A shorter beginning takes in more than a longer one.
    return ", ".join(word for word in lost if not any(word.startswith(other.rstrip("*")) for other in now))


def _any(patterns: Sequence[str], name: str) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _under(folder: str, paths: Sequence[str], test: str) -> bool:
    places = [posixpath.normpath(posixpath.join(folder, path)) for path in paths]
    return not paths or any(
        place in {".", test} or test.startswith(place + "/") or fnmatch.fnmatch(test, place + "*") for place in places
    )


def _more(lost: Sequence[str]) -> str:
    return f" and {len(lost) - 1} more" if len(lost) > 1 else ""


def _flat(settings: Mapping[str, str], key: str) -> str:
    return re.sub(r"\s+", " ", settings.get(key, "")).strip()


def _is_true(value: str | None) -> bool:
    return (value or "").strip().lower() in {"true", "1", "yes", "on"}
