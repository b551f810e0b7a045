"""The difference between two fingerprints, in words: one changed thing is one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from waypost.environment.fingerprint import Fingerprint
from waypost.environment.interpreter import Interpreter
from waypost.environment.packages import Package
from waypost.environment.tools import NamedTool


def difference(pinned: Fingerprint, found: Fingerprint) -> tuple[str, ...]:
    """What `found` has other than `pinned`, and what a deep look found; empty where they are the same."""
    lines = [
        *_interpreter(pinned.interpreter, found.interpreter),
        *package_lines(pinned, found),
        *(f"{line}, and Python runs it at each start" for line in _files(pinned.startup, found.startup)),
        *lock_lines(pinned, found),
        *_tools(pinned, found),
        *_values(pinned.system, found.system),
        *_values(pinned.variables, found.variables),
        *found.damage,
    ]
    return tuple(dict.fromkeys(lines))  # a tool of the environment is a package, too


def package_lines(pinned: Fingerprint, found: Fingerprint) -> tuple[str, ...]:
    """What changed among the packages."""
    before = {(package.kind, package.name): package for package in pinned.packages}
    now = {(package.kind, package.name): package for package in found.packages}
    pairs = ((before.get(key), now.get(key)) for key in sorted(before.keys() | now.keys(), key=_python_first))
    return tuple(_package(old, new) for old, new in pairs if old != new)


def lock_lines(pinned: Fingerprint, found: Fingerprint) -> tuple[str, ...]:
    """What changed among the lock files."""
    return tuple(_files(pinned.lock_files, found.lock_files))


def changed_locks(pinned: Fingerprint, found: Fingerprint) -> tuple[str, ...]:
    """Paths of the lock files that are new, gone or changed."""
    return tuple(path for path, _, _ in _pairs(dict(pinned.lock_files), dict(found.lock_files)))


def _python_first(key: tuple[str, str]) -> tuple[bool, str]:
    return key[0] != "python", key[1]


def _interpreter(old: Interpreter | None, new: Interpreter | None) -> Iterator[str]:
    if old == new:
        return
    if old is None or new is None:
        yield f"Python {new.version} added" if new else f"Python {old.version if old else ''} removed"
    elif (old.implementation, old.version) != (new.implementation, new.version):
        yield f"{old.implementation} {old.version} → {_unless(old.implementation, new.implementation)}{new.version}"
    else:
        yield f"{old.implementation} {old.version}: its binary changed"


def _unless(old: str, new: str) -> str:
    return "" if old == new else f"{new} "


def _package(old: Package | None, new: Package | None) -> str:
    if old is None or new is None:
        one = new or old
        return f"{one.name} {one.version} {'added' if new else 'removed'}" if one else ""
    if old.version != new.version:
        return f"{old.name} {old.version} → {new.version}"
    if old.editable != new.editable:
        return f"{old.name} {old.version}: is {'' if new.editable else 'no longer '}installed as editable"
    what = "RECORD" if old.kind == "python" else "integrity"
    return f"{old.name} {old.version}: its files changed ({what} differs)"


def _tools(pinned: Fingerprint, found: Fingerprint) -> Iterator[str]:
    before, now = ({tool.name: tool for tool in each.tools} for each in (pinned, found))
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if old != new:
            yield _tool(name, old, new)


def _tool(name: str, old: NamedTool | None, new: NamedTool | None) -> str:
    if old is None or new is None:
        known = new or old
        return f"{name} {known.version if known else ''}".rstrip() + (" added" if new else " removed")
    if old.version != new.version:
        return f"{name} {old.version or 'without version'} → {new.version or 'without version'}"
    return f"{f'{name} {old.version}'.rstrip()}: its binary changed"


def _files(before: tuple[tuple[str, str], ...], now: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for path, old, new in _pairs(dict(before), dict(now)):
        yield f"{path} {'added' if not old else 'removed' if not new else 'changed'}"


def _values(before: tuple[tuple[str, str], ...], now: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for name, old, new in _pairs(dict(before), dict(now)):
        yield f"{name} {old or 'unset'} → {new or 'unset'}"


def _pairs(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name, ""), now.get(name, "")
        if old != new:
            yield name, old, new
