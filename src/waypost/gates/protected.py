"""Which paths make a test run what it is: one table, matched without regard to case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from waypost.documents.model import Gate
from waypost.documents.patterns import matches

CODE = re.compile(
    r"\.(?:py|pyi|[cm]?[jt]sx?|vue|svelte|go|rs|java|kt|kts|scala|groovy|rb|php|cs|c|cc|cpp|h|hpp|swift|exs?|sh|bats)$"
)
_TEST_FOLDER = re.compile(r"(?:^|/)(?:tests?|__tests__|specs?|e2e|integration[-_]tests?|unit[-_]tests?)/")
_TEST_NAME = re.compile(
    r"(?:^|/)(?:test_[^/]*\.py|[^/]*_tests?\.py|tests?\.py|[^/]*_test\.go|[^/]*[.\-_](?:test|spec)\.[cm]?[jt]sx?"
    r"|test\.[cm]?[jt]sx?|[^/]*_(?:spec|test)\.rb|[^/]*\.bats)$"
)
_JAVA_TEST = re.compile(r"(?:^|/)(?:Test[A-Z0-9_][^/]*|[^/]*(?:Tests?|IT|TestCase|Spec))\.(?:java|kt|scala|groovy|cs)$")
_PLAIN = re.compile(r"(?:^|/)(?:readme[^/]*|\.gitignore|\.gitkeep|py\.typed|[^/]*\.(?:md|rst))$")

_TABLE: tuple[tuple[str, str], ...] = (
    ("internal", r"(?:^|/)(?:\.waypost|\.git)(?:/|$)"),
    ("startup", r"\.pth$|(?:^|/)(?:sitecustomize|usercustomize)(?:\.py|\.pyc|/.*)$|\.egg-link$"),
    ("hook", r"(?:^|/)(?:\.githooks|\.husky|\.git-hooks)/"),
    ("installed", r"(?:^|/)(?:node_modules|site-packages|\.?venv|__pycache__|__pypackages__)/|\.py[co]$"),
    ("installed", r"\.(?:dist-info|egg-info)/entry_points\.txt$"),
    ("runner", r"(?:^|/)(?:conftest\.py|\.?pytest\.(?:ini|toml)|tox\.ini|tox\.toml|noxfile\.py|setup\.cfg"
     r"|pyproject\.toml)$"),
    ("runner", r"(?:^|/)(?:package\.json|\.coveragerc|\.?coverage\.toml|nose\.cfg|unittest\.cfg|\.mocharc[^/]*"
     r"|\.nycrc[^/]*|\.c8rc[^/]*)$"),
    ("runner", r"(?:^|/)\.?(?:jest|vitest|vite|karma|playwright|cypress|babel|nyc|ava|wdio)[\w.-]*\.(?:config|conf"
     r"|setup|workspace)?\.?(?:[cm]?[jt]s|json5?)$"),
    ("runner", r"(?:^|/)(?:\.babelrc[^/]*|\.rspec|\.swcrc|phpunit\.xml[^/]*|surefire[^/]*\.xml"
     r"|junit-platform\.properties)$"),
    ("build", r"(?:^|/)(?:gnumakefile|makefile|[^/]+\.mk|\.?justfile|taskfile[^/]*\.ya?ml|rakefile|build\.rs"
     r"|cargo\.toml|go\.mod|go\.work|dodo\.py|tasks\.py)$"),
    ("build", r"(?:^|/)\.cargo/config(?:\.toml)?$|(?:^|/)(?:rust-toolchain(?:\.toml)?|\.config/nextest\.toml)$"),
    ("ci", r"^\.github/|^\.gitlab-ci\.ya?ml$|^\.gitlab/|^\.circleci/|^azure-pipelines[^/]*\.ya?ml$|^jenkinsfile"
     r"|^\.travis\.ya?ml$"),
    ("ci", r"^\.pre-commit-config\.ya?ml$|^\.drone\.ya?ml$|^appveyor\.ya?ml$|^bitbucket-pipelines\.ya?ml$"
     r"|^\.buildkite/|^\.woodpecker"),
    ("environment", r"(?:^|/)(?:\.gitattributes|\.env(?:\.[^/]*)?|\.envrc|\.python-version|\.tool-versions|\.nvmrc"
     r"|\.node-version|\.npmrc|\.yarnrc[^/]*|\.pnp\.[^/]*|\.pnpmfile\.cjs|\.gitmodules|\.gitconfig"
     r"|\.lfsconfig)$"),
    ("environment",
     r"(?:^|/)(?:\.bashrc|\.bash_profile|\.profile|\.zshenv|\.zshrc|\.pythonrc|pyvenv\.cfg|\.?mise\.toml)$"),
    ("golden", r"(?:^|/)(?:__snapshots__|goldens?|snapshots|testdata|__image_snapshots__|cassettes)/|\.snap$|\.ambr$"
     r"|\.golden$|\.expected$|\.approved\.[^/]+$"),
)  # fmt: skip
_COMPILED = tuple((kind, re.compile(pattern)) for kind, pattern in _TABLE)

NEVER: frozenset[str] = frozenset({"internal", "startup", "hook", "installed"})
"""Kinds that no scope opens."""

WORDS = {
    "internal": "belongs to the runtime or to git",
    "startup": "is run at every start of the interpreter",
    "hook": "is run by git",
    "installed": "takes the place of an installed package",
    "runner": "tells the test runner what to run",
    "build": "decides what a gate's command does",
    "ci": "decides what is checked elsewhere",
    "environment": "changes the environment that tests run in",
    "golden": "holds what tests expect",
    "script": "is run by a gate",
    "gate": "is protected by a gate",
    "test": "is a test",
}


@dataclass(frozen=True, slots=True)
class Table:
    """The kinds of protected paths for these gates; `called` are the files that their commands run."""

    gates: Sequence[Gate]
    called: frozenset[str]

    def kind(self, path: str) -> str | None:
        """The kind of a path, the strictest first; None for a path that nothing protects."""
        fixed = fixed_kind(path)
        if fixed in NEVER:
            return fixed
        if is_test(path) and fixed in {None, "golden"}:
            return "test"
        if fixed:
            return fixed
        if any(protects(gate.protect, path) for gate in self.gates):
            return "gate"
        if path in self.called:
            return "script"
        return "golden" if is_expectation(path) else None


def fixed_kind(path: str) -> str | None:
    """The kind that a path has by its name alone, whatever the gates are; tests are asked for by `is_test`."""
    lowered = path.lower()
    return next((kind for kind, pattern in _COMPILED if pattern.search(lowered)), None)


def protects(patterns: Sequence[str], path: str) -> bool:
    """Whether a gate's globs protect a path."""
    return any(matches(pattern, path) for pattern in patterns)


def is_test(path: str) -> bool:
    """Whether a path is code that tests or that only tests use."""
    lowered = path.lower()
    if not CODE.search(lowered):
        return False
    return bool(_TEST_NAME.search(lowered) or _JAVA_TEST.search(path) or _TEST_FOLDER.search(lowered))


def is_expectation(path: str) -> bool:
    """Whether a path is data that tests compare with: a golden file, or any data among the tests."""
    lowered = path.lower()
    if _PLAIN.search(lowered):
        return False
    return fixed_kind(path) == "golden" or (bool(_TEST_FOLDER.search(lowered)) and not CODE.search(lowered))
