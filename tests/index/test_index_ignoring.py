"""Which paths are left out, beside what git itself says of the same rules."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from index_store_cases import git, write

from waypost.index.ignoring import Ignoring, is_secret, read_rules

PATHS = (
    "a",
    "a.py",
    "b/a.py",
    "b/c/a.py",
    "b/c/d",
    "x y",
    "build/out.js",
    "src/build/out.js",
    "b/é.txt",
    "c[1].py",
    "!k",
)
PARTS = st.sampled_from(
    ("*", "**", "?", "a", "b", "c", "build", "*.py", "[ab]", "[!a]", "[^b-z]*", "a*", "d", "\\!k", "x\\ y", "é*",
     "c\\[1\\]*", "[[:alpha:]]", "***", "[]", "[a", "a**")
)  # fmt: skip
PATTERNS = st.builds(
    lambda parts, before, after, exception: exception + before + "/".join(parts) + after,
    st.lists(PARTS, min_size=1, max_size=3),
    st.sampled_from(("", "/", "")),
    st.sampled_from(("", "/", " ")),
    st.sampled_from(("", "", "!")),
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write(tmp_path_factory.mktemp("ignoring"), dict.fromkeys(PATHS, ""))
    git(root, "init", "-q")
    return root


def ignored_by_git(root: Path) -> set[str]:
    out = subprocess.run(
        ["git", "-c", "core.excludesFile=/dev/null", "ls-files", "-coz", "--exclude-standard"],
        cwd=root, capture_output=True, check=True,
    ).stdout  # fmt: skip
    return set(PATHS) - set(out.decode().split("\0"))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PATTERNS, min_size=1, max_size=4), st.lists(PATTERNS, max_size=2))
@example(["*", "!*/", "!a.py"], [])
@example(["a"], ["***/*"])
@example(["/b/**/a.py", "!b/c/"], ["!a.py"])
def test_rules_leave_out_what_git_leaves_out(tree: Path, rules: list[str], inner: list[str]) -> None:
    ignoring = Ignoring()
    for folder, lines in (("", rules), ("b", inner)):
        text = "\n".join(["# a comment", *lines, ""])
        (tree / folder / ".gitignore").write_text(text)
        ignoring.add(folder, read_rules(text))
    assert {path for path in PATHS if ignoring.is_ignored(path)} == ignored_by_git(tree)


@pytest.mark.parametrize(
    "path",
    [".env", ".env.local", "a/.env.production", "prod.env", "id_rsa", "a/id_ed25519.old", "server.pem", "x.KEY",
     ".netrc", "credentials", "aws/credentials.json", ".npmrc", "secrets.yaml", "terraform.tfvars", "release.keystore"],
)  # fmt: skip
def test_a_file_that_usually_holds_secrets_is_left_out(path: str) -> None:
    assert is_secret(path)


@pytest.mark.parametrize(
    "path",
    [".env.example", "a/.env.sample", "environment.py", "credentials.py", "secrets.py", "keys.md", "id_rsa_test/a.py"],
)
def test_a_file_that_only_sounds_so_is_not(path: str) -> None:
    assert not is_secret(path)
