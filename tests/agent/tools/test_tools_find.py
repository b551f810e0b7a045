from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools_cases import VARIABLES, bench, call, refused, repository

from waypost.agent.tools.bench import Bench
from waypost.documents.patterns import is_too_wild, matches


@pytest.fixture(params=["ripgrep", "plain Python"])
def on(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    """A repository, searched with ripgrep and without it."""
    root = repository(tmp_path / "root")
    for name, text in {
        "src/app.py": "def parse_one():\n    pass\ndef parse_two():\n",
        "src/deep/er.py": "# parse_three(\n",
        "src/app.js": "parse_four()\n",
        "docs/ünïcode name.md": "parse\n",
        ".hidden/x.py": "def parse_hidden():\n",
        ".gitignore": "*.log\nbuild/\n",
        ".ignore": "docs\n",
        "a.log": "def parse_log\n",
        "build/out.py": "def parse_out\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "binary").write_bytes(b"def parse_binary\0\n")
    (root / "src/deep/.gitignore").write_text("ignored.py\n")
    (root / "src/deep/ignored.py").write_text("def parse_ignored\n")
    variables = dict(VARIABLES)
    if request.param == "ripgrep":
        if not shutil.which("rg"):
            pytest.skip("ripgrep is not installed")
    else:
        git = shutil.which("git")
        assert git
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin/git").symlink_to(git)
        variables["PATH"] = str(tmp_path / "bin")
    return bench(root, variables=variables)


def test_matches_are_grouped_by_file_without_what_git_ignores(on: Bench) -> None:
    result = call(on, "find", pattern=r"def parse_\w+")
    assert result.text == (".hidden/x.py\n1: def parse_hidden():\nsrc/app.py\n1: def parse_one():\n3: def parse_two():")
    assert result.facts == {"matches": 3, "files": 2}


def test_path_and_glob_narrow_and_do_not_bring_back_ignored_files(on: Bench) -> None:
    assert call(on, "find", pattern="parse", path="src", glob="*.{js,log}").text == "src/app.js\n1: parse_four()"
    assert call(on, "find", pattern="parse", glob="*.log").facts["matches"] == 0
    assert call(on, "find", pattern="parse", glob="src/**/*.py", path=".").facts["files"] == 2
    assert call(on, "find", pattern="parse", glob="!*.py").text.startswith("docs/ünïcode name.md\n1: parse\n")
    assert call(on, "find", pattern="parse", path="docs/ünïcode name.md").facts["matches"] == 1
    assert call(on, "find", pattern="parse", path="a.log").facts["matches"] == 1


def test_files_are_found_by_glob_or_part_of_their_path(on: Bench) -> None:
    assert call(on, "find", kind="files", pattern="*.py").text == ".hidden/x.py\nsrc/app.py\nsrc/deep/er.py"
    assert call(on, "find", kind="files", pattern="DEEP").text == "src/deep/.gitignore\nsrc/deep/er.py"
    assert call(on, "find", kind="files", pattern="app", glob="*.js").text == "src/app.js"
    assert "no file matches '*.cob' in src" in call(on, "find", kind="files", pattern="*.cob", path="src").text


def test_no_match_says_so_and_how_it_was_searched(on: Bench) -> None:
    assert call(on, "find", pattern="zzz", path="src", glob="*.py").text == (
        "no match for 'zzz' as a regular expression in src, glob *.py (ignored files are left out)"
    )


def test_what_is_no_regular_expression_is_searched_as_text(on: Bench) -> None:
    result = call(on, "find", pattern="parse_three(")
    assert result.text.startswith("[no regular expression (")
    assert result.text.endswith("so searched as plain text]\nsrc/deep/er.py\n1: # parse_three(")


def test_many_matches_are_capped_and_counted(on: Bench) -> None:
    (on.root / "many.txt").write_text("needle\n" * 500)
    text = call(on, "find", pattern="needle").text
    assert text.endswith("100: needle\n[100 of 500 matches in 1 files; narrow with path, glob or pattern]")
    (on.root / "wide.txt").write_text("haystack " * 200 + "\n")
    assert len(call(on, "find", pattern="haystack").text) < 300


def test_what_cannot_be_searched_says_why(on: Bench) -> None:
    assert "srk: no such file" in refused(on, "find", pattern="x", path="srk")
    assert "pattern is empty" in refused(on, "find", pattern="")
    assert "too many wildcards" in refused(on, "find", kind="files", pattern="*a*b*c*d*")
    assert "outside the repository" in refused(on, "find", pattern="x", path="/etc")


def test_a_pattern_that_begins_with_a_dash_is_a_pattern(on: Bench) -> None:
    (on.root / "dash").write_text("--files\n")
    assert call(on, "find", pattern="--files").text == "dash\n1: --files"


@pytest.mark.parametrize(
    ("pattern", "path", "holds"),
    [
        ("*.py", "a/b/c.py", True),
        ("a/*.py", "a/b/c.py", False),
        ("a/**/*.py", "a/c.py", True),
        ("a/**", "a/b/c", True),
        ("**/c.py", "c.py", True),
        ("src/", "src/a/b", True),
        ("[a-c]?.txt", "bx.txt", True),
        ("[!a].txt", "a.txt", False),
        ("{a,b}.txt", "b.txt", True),
        ("{a.txt", "{a.txt", True),
        (r"\*.txt", "*.txt", True),
        ("./a.py", "a.py", True),
        ("[z-a]", "z", False),
    ],
)
def test_globs_match_as_gitignore_does(pattern: str, path: str, holds: bool) -> None:
    assert matches(pattern, path) is holds


@given(st.text("*?[]{},!/\\ab.-^", max_size=12), st.text("ab./", max_size=12))
def test_any_text_is_a_glob(pattern: str, path: str) -> None:
    if not is_too_wild(pattern):
        assert matches(pattern, path) in {True, False}


def test_an_exploding_pattern_is_ended_by_its_time_limit_where_ripgrep_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a" * 60 + "!\n")
    on = bench(tmp_path, variables={"PATH": "/nowhere"}, search_timeout=0.5)
    assert "the search took more than 0.5 s; narrow it" in refused(on, "find", pattern="(a+)+$")
