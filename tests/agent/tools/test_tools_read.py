from __future__ import annotations

import os
from pathlib import Path

from tools_cases import bench, call, refused

from waypost.agent.tools.reads import ReadSet, Span

TEXT = "".join(f"line {number} of a file with some length to it\n" for number in range(1, 301))


def test_lines_are_numbered_and_ranges_say_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\r\nthree")
    assert call(bench(tmp_path), "read", path="a.txt").text == "1\tone\n2\ttwo\n3\tthree"
    assert call(bench(tmp_path), "read", path="a.txt", start=2, end=9).text == "2\ttwo\n3\tthree\n[lines 2-3 of 3]"


def test_a_long_file_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    on = bench(tmp_path, shown=1_000)
    first = call(on, "read", path="a.txt")
    last = first.facts["last"]
    assert first.text.endswith(f"[lines 1-{last} of 300; go on with start={last + 1}]")
    assert call(on, "read", path="a.txt", start=last + 1).text.startswith(f"{last + 1}\tline {last + 1} ")


def test_a_very_long_line_is_cut_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x" * 9_000 + "\nend\n")
    text = call(bench(tmp_path), "read", path="a.txt").text
    assert "… 7,000 characters left out of this line\n2\tend" in text


def test_unchanged_lines_cost_a_pointer_once_and_changed_ones_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    on = bench(tmp_path, shown=100_000)
    on.reads.step = 4
    assert "line 300 of" in call(on, "read", path="a.txt").text
    on.reads.step = 9
    pointer = call(on, "read", path="./a.txt", start=10, end=60)
    assert pointer.text == "a.txt lines 10-60: unchanged since step 4, shown there"
    # A model that asks again needs the text.
    assert "line 10 of" in call(on, "read", path="a.txt", start=10, end=60).text
    path.write_text(TEXT.replace("line 20 ", "line xx "))
    assert "line xx of" in call(on, "read", path="a.txt", start=10, end=60).text
    on.reads.forget_all()
    assert "line xx of" in call(on, "read", path="a.txt", start=10, end=60).text


def test_the_read_set_forgets_other_contents_of_a_file() -> None:
    reads = ReadSet()
    reads.remember("a", "one", Span(1, 50), 1)
    reads.remember("a", "two", Span(1, 20), 2)
    assert reads.is_current("a", "one", Span(1, 5)) is None
    assert reads.is_current("a", "two", Span(1, 20)) == 2
    assert reads.is_current("a", "two", Span(1, 21)) is None


def test_a_folder_is_listed(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "b.txt").touch()
    assert call(bench(tmp_path), "read", path=".").text == "./ holds 2 entries:\nb.txt\nsrc/"


def test_a_missing_file_names_the_closest(tmp_path: Path) -> None:
    (tmp_path / "src/deep").mkdir(parents=True)
    (tmp_path / "src/deep/parser.py").touch()
    on = bench(tmp_path)
    assert refused(on, "read", path="src/parser.py") == "src/parser.py: no such file; closest: src/deep/parser.py"
    assert "closest: src/deep/parser.py" in refused(on, "read", path="src/deep/praser.py")
    assert "closest: src/deep/parser.py" in refused(on, "read", path="src/deep/parser.py/parser.py")
    assert "`find` with kind=files" in refused(on, "read", path="zzz")


def test_binary_huge_and_special_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\x7fELF\0\0")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(9 << 20)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    on = bench(tmp_path)
    assert "a binary file of 6 bytes" in refused(on, "read", path="binary")
    assert "too large for this tool; use `shell`" in refused(on, "read", path="huge")
    assert "no regular file" in refused(on, "read", path="pipe")
    assert call(on, "read", path="empty").text == "empty is empty"


def test_a_range_that_is_none_says_how_long_the_file_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1\n2\n3\n")
    assert "a has 3 lines; start=9 is beyond its end" in refused(bench(tmp_path), "read", path="a", start=9)
    assert "end=1 lies before start=2" in refused(bench(tmp_path), "read", path="a", start=2, end=1)


def test_reading_stays_in_the_repository_and_in_what_may_be_read(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("hidden\n")
    (root / "link").symlink_to(outside / "secret")
    on = bench(root)
    assert "outside the repository" in refused(on, "read", path="../outside/secret")
    assert "outside the repository" in refused(on, "read", path="link")
    assert "is no path" in refused(on, "read", path="")
    allowed = bench(root, readable=(outside.resolve(),))
    assert call(allowed, "read", path=str(outside / "secret")).text == "1\thidden"


def test_a_loop_of_links_is_an_error_and_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "a" in refused(bench(tmp_path), "read", path="a/x")


def test_bytes_that_are_no_utf_8_are_shown_replaced(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"caf\xe9\n")
    assert call(bench(tmp_path), "read", path="latin").text == "1\tcaf�"
