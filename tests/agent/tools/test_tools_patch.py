from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools_cases import bench, call, refused

from waypost.agent.tools.patch import AddFile, DeleteFile, Hunk, PatchError, UpdateFile, parse_patch
from waypost.agent.tools.patching import patched
from waypost.agent.tools.result import ToolError

PATCH = """*** Begin Patch
*** Update File: src/a.py
*** Move to: src/b.py
@@ class A:
@@     def f(self):
 kept

-removed
+added
@@
+last
*** End of File
*** Add File: new.txt
+one
+
*** Delete File: old.txt
*** End Patch
"""


def test_the_whole_grammar_is_read() -> None:
    first = Hunk(
        ((" ", "kept"), (" ", ""), ("-", "removed"), ("+", "added")),
        ("class A:", "    def f(self):"),
        False,
        6,
    )
    assert parse_patch(PATCH) == (
        UpdateFile("src/a.py", (first, Hunk((("+", "last"),), (), True, 11)), "src/b.py"),
        AddFile("new.txt", ("one", "")),
        DeleteFile("old.txt"),
    )


@pytest.mark.parametrize(
    "written",
    [
        "```\n" + PATCH + "```",
        "apply_patch <<'EOF'\n" + PATCH + "EOF\n",
        PATCH.replace("\n", "\r\n"),
        PATCH.replace("*** End Patch\n", ""),
        PATCH.replace("*** Begin Patch\n", "\n"),
        PATCH.replace("*** Add File", "\n*** Add File"),
    ],
)
def test_what_models_put_around_a_patch_is_forgiven(written: str) -> None:
    def without_lines(text: str) -> list[object]:
        return [
            (part.path, part.move_to, [(hunk.lines, hunk.anchors, hunk.at_end) for hunk in part.hunks])
            if isinstance(part, UpdateFile)
            else part
            for part in parse_patch(text)
        ]

    assert without_lines(written) == without_lines(PATCH)


def test_line_numbers_of_a_unified_diff_are_taken_as_its_anchor() -> None:
    (part,) = parse_patch("*** Update File: a\n@@ -1,2 +1,2 @@ def f():\n-x\n+y")
    assert isinstance(part, UpdateFile)
    assert part.hunks[0].anchors == ("def f():",)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "--- a/x\n+++ b/x\n",
            "this is no patch: no `*** Begin Patch` and no file heading in it. The form is:",
        ),
        ("*** Begin Patch\n*** End Patch", "the patch changes no file"),
        ("*** Begin Patch\n+x\n*** Update File: a", "patch line 2: '+x' stands before any file heading"),
        ("*** Begin Patch\n*** Update File:\n", "patch line 2: no path after"),
        ("*** Begin Patch\n*** Add File: a\nx", "patch line 3: each line of an added file begins with `+`"),
        ("*** Begin Patch\n*** Delete File: a\nx", "patch line 3: a deleted file takes no lines"),
        ("*** Begin Patch\n*** Update File: a\nx", "A kept line begins with one space"),
        ("*** Begin Patch\n*** Update File: a\n@@ def f", "the hunk at `@@ def f` has no lines"),
        ("*** Begin Patch\n*** Update File: a\n*** End Patch", "an update without hunks changes nothing"),
    ],
)
def test_a_patch_that_cannot_be_read_teaches_the_form(written: str, told: str) -> None:
    with pytest.raises(PatchError) as caught:
        parse_patch(written)
    assert told in str(caught.value)


def test_a_patch_changes_many_files_at_once_and_shows_them(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f():\n    return 1\n\n\ndef g():\n    return 1\n")
    (tmp_path / "a.py").chmod(0o755)
    (tmp_path / "old.txt").write_text("x\n")
    patch = (
        "*** Begin Patch\n*** Update File: a.py\n*** Move to: src/b.py\n"
        "@@ def g\n-    return 1\n+    return 2\n"
        "*** Add File: new.txt\n+one\n*** Delete File: old.txt\n*** End Patch"
    )
    result = call(bench(tmp_path), "edit", patch=patch)
    assert result.text == (
        "moved from a.py and edited src/b.py: 6 lines (+0)\n"
        "3\t\n4\t\n5\tdef g():\n6\t    return 2\n"
        "created new.txt: 1 lines (+1)\ndeleted old.txt"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.txt", "src"]
    assert (tmp_path / "src/b.py").read_text() == "def f():\n    return 1\n\n\ndef g():\n    return 2\n"
    assert (tmp_path / "src/b.py").stat().st_mode & 0o777 == 0o755


def test_one_bad_hunk_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    (tmp_path / "b.txt").write_text("two\nthree\n")
    patch = "*** Begin Patch\n*** Update File: a.txt\n-one\n+1\n*** Update File: b.txt\n two\n-thred\n+3\n*** End Patch"
    text = refused(bench(tmp_path), "edit", patch=patch)
    assert text.startswith("b.txt: hunk 1 of 1 (patch line 6): its kept and removed lines are not in the file. ")
    assert "Closest is line 1 (- the patch, + the file):\n  two\n- thred\n+ three" in text
    assert (tmp_path / "a.txt").read_text() == "one\n"


def test_places_that_a_hunk_could_mean_are_listed() -> None:
    with pytest.raises(PatchError, match=r"stand at 2 places \(lines 1, 3\); add an `@@ ` line"):
        patched(["x", "y", "x"], [Hunk((("-", "x"), ("+", "z")))], "f")
    assert patched(["x", "y", "x"], [Hunk((("-", "x"), ("+", "z")), ("y",))], "f").lines == ("x", "y", "z")
    with pytest.raises(PatchError, match="no line `q` at or after line 1"):
        patched(["x"], [Hunk((("-", "x"),), ("q",))], "f")
    with pytest.raises(PatchError, match="hunks must come in the file's order"):
        patched(["one", "two"], [Hunk((("-", "two"),)), Hunk((("-", "one"),))], "f")


def test_whitespace_at_line_ends_is_forgiven_and_kept() -> None:
    done = patched(["kept  ", "old\t"], [Hunk(((" ", "kept"), ("-", "old"), ("+", "new")))], "f")
    assert done.lines == ("kept  ", "new")
    with pytest.raises(PatchError, match="only the indentation differs"):
        patched(["    old line"], [Hunk((("-", "  old line"),))], "f")


def test_added_lines_alone_go_after_their_anchor_or_to_the_end() -> None:
    assert patched(["a", "b"], [Hunk((("+", "x"),), ("a",))], "f").lines == ("a", "x", "b")
    assert patched(["a", "b"], [Hunk((("+", "x"),))], "f").lines == ("a", "b", "x")
    assert patched(["x", "x"], [Hunk((("-", "x"), ("+", "y")), (), True)], "f").lines == ("x", "y")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("*** Add File: a.txt\n+x", "a.txt: exists already; use *** Update File:"),
        ("*** Delete File: b.txt", "b.txt: no such file; closest: "),
        (
            "*** Update File: a.txt\n*** Move to: c.txt",
            "c.txt: exists already; a file can't be moved onto another",
        ),
        ("*** Update File: a.txt\n-one\n+one", "the patch changes nothing"),
        ("*** Add File: ../x\n+x", "../x is outside the repository"),
    ],
)
def test_changes_that_cannot_be_made_say_why(tmp_path: Path, body: str, told: str) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    (tmp_path / "c.txt").write_text("c\n")
    assert told in refused(bench(tmp_path), "edit", patch=f"*** Begin Patch\n{body}\n*** End Patch")


def test_later_parts_see_what_earlier_ones_did(tmp_path: Path) -> None:
    body = "*** Add File: a\n+one\n*** Update File: a\n-one\n+two\n*** Update File: a\n*** Move to: b"
    call(bench(tmp_path), "edit", patch=f"*** Begin Patch\n{body}\n*** End Patch")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert (tmp_path / "b").read_text() == "two\n"


def test_newlines_of_the_file_and_its_missing_last_one_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\r\ntwo")
    call(
        bench(tmp_path),
        "edit",
        patch="*** Begin Patch\n*** Update File: a\n one\n-two\n+2\n+3\n*** End Patch",
    )
    assert (tmp_path / "a").read_bytes() == b"one\r\n2\r\n3"


LINES = st.lists(st.sampled_from(["", " ", "a", "b", "  c", "+d", "-e", "@@ f", "*** End Patch", "g\t"]), max_size=14)


def written_patch(before: list[str], after: list[str]) -> str:
    """The patch from one text to another, as a careful model writes it."""
    written = ["*** Begin Patch", "*** Update File: f"]
    for group in difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(3):
        written.append("@@")
        for tag, low, high, new_low, new_high in group:
            if tag == "equal":
                written += [f" {line}" for line in before[low:high]]
                continue
            written += [f"-{line}" for line in before[low:high]]
            written += [f"+{line}" for line in after[new_low:new_high]]
    return "\n".join([*written, "*** End Patch"])


@given(LINES, LINES)
def test_a_patch_between_any_two_texts_gives_the_second_or_asks_for_more_context(
    before: list[str], after: list[str]
) -> None:
    if before == after:
        return
    (part,) = parse_patch(written_patch(before, after))
    assert isinstance(part, UpdateFile)
    try:
        done = patched(before, part.hunks, "f")
    except PatchError as error:
        assert "add an `@@ ` line" in str(error)  # noqa: PT017 - only this one is allowed
    else:
        assert list(done.lines) == after
        assert all(0 <= first <= len(after) for first, _ in done.changed)


@given(st.lists(st.integers(0, 60), unique=True), st.data())
def test_where_lines_are_unique_no_patch_is_ever_refused(before: list[int], data: st.DataObject) -> None:
    kept = [line for line in before if data.draw(st.booleans())]
    after = kept + [1_000 + number for number in range(data.draw(st.integers(0, 3)))]
    old, new = [str(line) for line in before], [str(line) for line in after]
    if old == new:
        return
    (part,) = parse_patch(written_patch(old, new))
    assert isinstance(part, UpdateFile)
    assert list(patched(old, part.hunks, "f").lines) == new


PIECES = st.sampled_from(
    [
        *("*** Begin Patch", "*** End Patch", "*** Update File: a", "*** Add File: b", "*** Delete File: c"),
        *(
            "*** Move to: d",
            "*** End of File",
            "@@",
            "@@ x",
            "@@ -1 +1 @@",
            " k",
            "-r",
            "+a",
            "",
            "junk",
            "***",
            "```",
        ),
    ]
)


@given(st.lists(PIECES, max_size=12), st.text(max_size=30))
def test_any_text_is_a_patch_or_an_error_that_teaches(pieces: list[str], tail: str) -> None:
    try:
        parts = parse_patch("\n".join([*pieces, tail]))
    except ToolError as error:
        assert str(error)  # noqa: PT017
    else:
        assert parts
