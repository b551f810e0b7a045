"""Lock files and manifests: which files of a checkout say what is installed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from waypost.environment.files import Mark, mark, sha256_of

PYTHON = ("pyproject.toml", "setup.py", "setup.cfg")
GRADLE = ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts")
MANIFESTS: Mapping[str, tuple[str, ...]] = {
    "uv.lock": PYTHON,
    "poetry.lock": PYTHON,
    "pdm.lock": PYTHON,
    "pylock.toml": PYTHON,
    "Pipfile.lock": ("Pipfile",),
    "conda-lock.yml": ("environment.yml",),
    "package-lock.json": ("package.json",),
    "npm-shrinkwrap.json": ("package.json",),
    "yarn.lock": ("package.json",),
    "pnpm-lock.yaml": ("package.json", "pnpm-workspace.yaml"),
    "bun.lock": ("package.json",),
    "bun.lockb": ("package.json",),
    "deno.lock": ("deno.json", "deno.jsonc"),
    "go.sum": ("go.mod",),
    "Cargo.lock": ("Cargo.toml",),
    "Gemfile.lock": ("Gemfile",),
    "composer.lock": ("composer.json",),
    "mix.lock": ("mix.exs",),
    "gradle.lockfile": GRADLE,
    "packages.lock.json": ("Directory.Packages.props",),
    "Package.resolved": ("Package.swift",),
    "pubspec.lock": ("pubspec.yaml",),
    # these choose the toolchain that a version manager's shims start
    ".python-version": (),
    ".node-version": (),
    ".ruby-version": (),
    ".tool-versions": (),
    "mise.toml": (),
    ".mise.toml": (),
    "rust-toolchain": (),
    "rust-toolchain.toml": (),
    "global.json": (),
}
"""The usual lock files, each with the manifests that it is made from."""
REQUIREMENTS = re.compile(r"(?:^|/)(?:(?:requirements|constraints)[^/]*|requirements/[^/]+)\.(?:txt|lock)$")
SOURCES = frozenset(name for names in MANIFESTS.values() for name in names) | {"pom.xml"}
MADE_FROM = re.compile(r"(?:^|/)(?:requirements[^/]*\.in|[^/]+\.(?:csproj|fsproj))$")
DEPTH = 2
SKIPPED = frozenset({
    "node_modules", "bower_components", "venv", "env", "site-packages", "__pycache__", "vendor", "target", "dist",
    "build", "test", "tests", "spec", "fixtures", "testdata", "examples", "docs", "third_party",
})  # fmt: skip
IN_TEXT = re.compile(r"""(?:^|[\s"'=])([^\s"'=;|&<>()$`]+)""")
IMPLIED: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern), files)
    for pattern, files in (
        (r"\buv (?:sync|export|run)\b", ("uv.lock",)),
        (r"\bpoetry (?:install|sync|export)\b", ("poetry.lock",)),
        (r"\bpdm (?:install|sync)\b", ("pdm.lock",)),
        (r"\bpipenv (?:install|sync)\b", ("Pipfile.lock",)),
        (r"\bnpm (?:ci|i|install|clean-install)\b", ("npm-shrinkwrap.json", "package-lock.json")),
        (r"\byarn\b", ("yarn.lock",)),
        (r"\bpnpm (?:i|install)\b", ("pnpm-lock.yaml",)),
        (r"\bbun (?:i|install)\b", ("bun.lock", "bun.lockb")),
        (r"\bbundle\b", ("Gemfile.lock",)),
        (r"\bcomposer\b", ("composer.lock",)),
        (r"\bcargo\b", ("Cargo.lock",)),
        (r"\bgo (?:mod|build|install)\b", ("go.sum",)),
    )
)
INCLUDES = re.compile(r"^\s*(?:-r|-c|--requirement|--constraint)[ =]?\s*(\S+)", re.MULTILINE)
INCLUDED_AT_MOST = 50


def is_lock(path: str) -> bool:
    """Whether a file of this path (relative, with slashes) is one of the usual lock files."""
    return path.rpartition("/")[2] in MANIFESTS or REQUIREMENTS.search(path) is not None


def is_manifest(path: str) -> bool:
    """Whether a file of this path says, or pins, what a project needs."""
    return is_lock(path) or path.rpartition("/")[2] in SOURCES or MADE_FROM.search(path) is not None


def manifests_of(lock: str) -> tuple[str, ...]:
    """The paths of the manifests that a lock file is made from: they lie beside it."""
    folder, slash, name = lock.rpartition("/")
    made_from = MANIFESTS.get(name)
    if made_from is None:
        made_from = (*PYTHON, name.rpartition(".")[0] + ".in") if REQUIREMENTS.search(lock) else ()
    return tuple(f"{folder}{slash}{name}" for name in made_from)


def lock_hashes(checkout: Path, named: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    """Path and SHA-256 of every usual lock file in the checkout and of those named; "" for a named one not there."""
    paths = sorted({*_found(checkout, is_lock), *named})
    return tuple((path, sha256_of(checkout / path)) for path in paths)


def manifest_marks(checkout: Path) -> dict[str, Mark | None]:
    """What to compare for an edit of a manifest or lock file: cheap enough for before and after each command."""
    return {path: mark(checkout / path) for path in _found(checkout, is_manifest)}


def named_in(setup: str, checkout: Path) -> tuple[str, ...]:
    """The lock files that a set-up command's text reads, by name or by what it calls; also what those include."""
    words = [word.removeprefix("./") for word in IN_TEXT.findall(setup)]
    words += [word[2:] for word in words if word.startswith(("-r", "-c"))]
    implied = [name for pattern, files in IMPLIED if pattern.search(setup) for name in files]
    waiting = [word for word in words if REQUIREMENTS.search(word) or word.rpartition("/")[2] in MANIFESTS] + implied
    found: dict[str, None] = {}
    while waiting and len(found) < INCLUDED_AT_MOST:
        path = os.path.normpath(waiting.pop(0))
        if path in found or path.startswith(("/", "..")) or not (checkout / path).is_file():
            continue
        found[path] = None
        if REQUIREMENTS.search(path):
            text = (checkout / path).read_text(errors="replace")
            waiting += [os.path.join(os.path.dirname(path), name) for name in INCLUDES.findall(text)]  # noqa: PTH118, PTH120 - relative texts
    return tuple(sorted(found))


def _found(checkout: Path, is_wanted: Callable[[str], bool]) -> Iterator[str]:
    """Paths of wanted files, at most two folders deep; tests and vendored folders hold other projects' files."""
    waiting = [("", 0)]
    while waiting:
        folder, depth = waiting.pop()
        for entry in _entries(checkout / folder):
            path = folder + entry.name
            if is_wanted(path):
                yield path
            elif depth < DEPTH and entry.name not in SKIPPED and not entry.name.startswith("."):
                waiting += [(f"{path}/", depth + 1)] if entry.is_dir(follow_symlinks=False) else []


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError, PermissionError):  # gone, or closed, while we look
        return []
