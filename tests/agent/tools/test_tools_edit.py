from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools_cases import bench, call, refused

from waypost.agent.tools.files import FileChange, apply_changes, decoded
from waypost.agent.tools.replace import replaced
from waypost.agent.tools.result import ToolError

PROGRAM = "def add(a, b):\n    return a - b\n\n\ndef sub(a, b):\n    return a - b\n"


def test_the_answer_shows_the_changed_lines_in_place(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(PROGRAM)
    result = call(
        bench(tmp_path),
        "edit",
        path="a.py",
        old="def add(a, b):\n    return a - b",
        new="def add(a, b):\n    return a + b",
    )
    assert result.text == (
        "edited a.py: 6 lines (+0)\n1\tdef add(a, b):\n2\t    return a + b\n3\t\n4\t\n5\tdef sub(a, b):"
    )
    assert result.facts == {"paths": ["a.py"], "parses": True}


def test_two_places_are_listed_and_all_changes_both(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(PROGRAM)
    on = bench(tmp_path)
    assert "old stands there 2 times (lines 2, 6); add neighbouring lines" in refused(
        on, "edit", path="a.py", old="return a - b", new="return 0"
    )
    assert (tmp_path / "a.py").read_text() == PROGRAM
    call(on, "edit", path="a.py", old="return a - b", new="return 0", all=True)
    assert (tmp_path / "a.py").read_text() == PROGRAM.replace("return a - b", "return 0")


def test_a_file_that_no_longer_parses_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(PROGRAM)
    result = call(bench(tmp_path), "edit", path="a.py", old="def sub(a, b):", new="def sub(a, b:")
    assert "WARNING: a.py no longer parses by Python 3." in result.text
    assert "'s grammar: line 5: '(' was never closed" in result.text
    again = call(bench(tmp_path), "edit", path="a.py", old="def add(a, b):", new="def add(x, y):")
    assert "WARNING: a.py still does not parse" in again.text


@pytest.mark.parametrize(
    ("name", "good", "bad", "where"),
    [
        ("a.json", '{"a": 1}', '{"a": 1,,}', "line 1 column 9"),
        ("a.toml", "a = 1\n", "a = \n", "line 1"),
        ("a.yaml", "a: !tag [1]\n", "a: [1\n", "line 2"),
    ],
)
def test_data_files_are_parsed_too(tmp_path: Path, name: str, good: str, bad: str, where: str) -> None:
    on = bench(tmp_path)
    assert "WARNING" not in call(on, "write", path=name, text=good).text
    text = call(on, "write", path=name, text=bad).text
    assert f"WARNING: {name} no longer parses" in text
    assert where in text


def test_old_that_is_not_there_shows_the_closest_place(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(PROGRAM)
    on = bench(tmp_path)
    text = refused(on, "edit", path="a.py", old="def sub(a, c):\n    return a - b", new="pass")
    assert "old is not in the file; nothing was changed. Closest is line 5 (- as you gave it" in text
    assert "- def sub(a, c):\n+ def sub(a, b):" in text
    tabs = refused(on, "edit", path="a.py", old="def sub(a, b):\n\treturn a - b", new="pass")
    assert "only the indentation differs (tabs against spaces?)" in tabs
    ends = refused(on, "edit", path="a.py", old="def sub(a, b):  \n    return a - b", new="pass")
    assert "only whitespace at line ends differs" in ends
    quotes = refused(on, "edit", path="a.py", old="return  a – b", new="pass")
    assert "only whitespace or typographic quotes and dashes differ" in quotes
    assert "nothing like it. `read` the file" in refused(on, "edit", path="a.py", old="zzzzzz", new="")


def test_common_mistakes_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(PROGRAM)
    on = bench(tmp_path)
    assert "leave the numbers out" in refused(on, "edit", path="a.py", old="1\tdef add(a, b):", new="x")
    assert "seems to have been made before" in refused(on, "edit", path="a.py", old="gone", new="def add")
    assert "old and new are the same" in refused(on, "edit", path="a.py", old="def", new="def")
    assert "old is empty; to create a file" in refused(on, "edit", path="a.py", old="", new="def")
    assert "edit: old, new missing" in refused(on, "edit", path="a.py")
    assert "leave out old" in refused(on, "edit", path="a.py", old="x", patch="*** Begin Patch")
    assert "a.pyx: no such file; closest: a.py" in refused(on, "edit", path="a.pyx", old="a", new="b")


def test_arguments_that_a_model_fills_in_for_form_are_let_pass(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one\n")
    on = bench(tmp_path)
    call(on, "edit", path="a", old="one", new="two", all=False, patch="")
    patch = "*** Begin Patch\n*** Update File: a\n-two\n+three\n*** End Patch"
    call(on, "edit", path="a", old="", new="", all=False, patch=patch)
    assert call(on, "read", path="a", start=0, end=-1).text == "1\tthree"
    assert call(on, "find", pattern="three", path="", glob="").facts["matches"] == 1
    assert call(on, "shell", command="true", timeout=0).facts["exit"] == 0


def test_newlines_mark_mode_and_stray_bytes_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.sh"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo \xe9\r\nthree")
    path.chmod(0o751)
    call(bench(tmp_path), "edit", path="a.sh", old="one\ntwo", new="1\nand\n2")
    assert path.read_bytes() == b"\xef\xbb\xbf1\r\nand\r\n2 \xe9\r\nthree"
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.sh"]


def test_mixed_newlines_stay_mixed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one\r\ntwo\nthree\r\n")
    on = bench(tmp_path)
    call(on, "edit", path="a", old="two", new="2")
    assert path.read_bytes() == b"one\r\n2\nthree\r\n"
    assert "CRLF against LF" in refused(on, "edit", path="a", old="one\n2\n", new="x")


def test_what_must_not_be_changed_is_refused_with_the_reason(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / ".git").mkdir(parents=True)
    (root / ".git/config").write_text("[core]\n")
    (root / "PLAN.md").write_text("plan\n")
    (tmp_path / "out").write_text("out\n")
    (root / "link").symlink_to(tmp_path / "out")
    (root / "alias").symlink_to("PLAN.md")
    on = bench(root, protected=lambda path: "the plan is the human's" if path == "PLAN.md" else None)
    assert refused(on, "write", path="PLAN.md", text="x") == "PLAN.md is protected: the plan is the human's"
    assert "PLAN.md is protected" in refused(on, "edit", path="alias", old="plan", new="x")
    assert "git's own files" in refused(on, "edit", path=".git/config", old="core", new="x")
    assert "git's own files" in refused(on, "write", path="sub/.GIT/hooks/x", text="x")
    assert "outside the repository" in refused(on, "write", path="link", text="x")
    assert "outside the repository" in refused(on, "write", path="/etc/passwd", text="x")
    assert "repository's root" in refused(on, "write", path=".", text="x")
    patch = "*** Begin Patch\n*** Add File: new\n+x\n*** Delete File: PLAN.md\n*** End Patch"
    assert "is protected" in refused(on, "edit", patch=patch)
    assert not (root / "new").exists()
    assert (tmp_path / "out").read_text() == "out\n"


def test_a_link_within_the_repository_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("one\n")
    (tmp_path / "link").symlink_to("real")
    assert call(bench(tmp_path), "edit", path="link", old="one", new="two").text.startswith("edited real")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "two\n"


def test_write_makes_folders_and_says_what_it_did(tmp_path: Path) -> None:
    on = bench(tmp_path)
    assert call(on, "write", path="deep/er/a.txt", text="1\n2\n").text == "created deep/er/a.txt: 2 lines"
    assert call(on, "write", path="deep/er/a.txt", text="1\n").text == "replaced deep/er/a.txt: 1 lines (it had 2)"
    assert "holds this text already" in call(on, "write", path="deep/er/a.txt", text="1\n").text
    assert "deep is a folder" in refused(on, "write", path="deep", text="")
    assert refused(on, "write", path="deep/er/a.txt/b", text="") == "deep/er/a.txt: File exists"
    assert "too long" in refused(on, "write", path="x" * 300, text="")


def test_a_failing_change_puts_back_what_was_done(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"old")
    (second / "in the way").mkdir(parents=True)
    changes = [
        FileChange(first, b"old", b"new"),
        FileChange(tmp_path / "made", None, b"made"),
        FileChange(second, None, b"x"),
    ]
    with pytest.raises(OSError, match="directory"):
        apply_changes(changes)
    assert first.read_bytes() == b"old"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["first", "second"]


@given(st.text("ab\n ", max_size=60), st.text("ab\n ", min_size=1, max_size=4), st.text("abc\n", max_size=6))
def test_replacing_everywhere_equals_the_string_method(text: str, old: str, new: str) -> None:
    if old not in text or old == new:
        with pytest.raises(ToolError):
            replaced(text, old, new, everywhere=True, shown="f")
        return
    done = replaced(text, old, new, everywhere=True, shown="f")
    assert done.text == text.replace(old, new)
    assert all(0 <= first <= done.text.count("\n") for first, _ in done.changed)


@given(st.binary(max_size=80).filter(lambda data: b"\0" not in data))
def test_any_file_goes_through_decoding_unchanged(data: bytes) -> None:
    assert decoded(data, "f").encoded() == data
