"""Workers that hang, crash or never start: every file is indexed or told, and nothing waits for ever."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from index_store_cases import MOODY, dump, write

from waypost.index.errors import WorkersFailed
from waypost.index.index import Index
from waypost.index.questions import symbol

GOOD = {f"good{number}.py": f"def good{number}():\n    return 1\n" for number in range(20)}


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("HANG", "took more than 0.5 s of CPU time"),
        ("CRASH", "ended its process by SIGSEGV"),
        ("EXIT", "ended its process with 7"),
        ("RAISE", "RecursionError: too deep"),
        ("SWELL", "MemoryError"),
    ],
)
def test_a_file_that_breaks_the_grammar_is_found_by_windows_and_told(tmp_path: Path, word: str, why: str) -> None:
    root = write(tmp_path / "tree", {**GOOD, "bad.py": f"# {word}\n" * 100})
    with Index.open(root, tmp_path / "i.db", parser=MOODY, seconds=0.5, processes=2) as index:
        index.update()
        assert index.state.status == "complete"
        assert index.state.files == 21
        assert index.state.parsing == {"parsed": 20, "quarantined": 1}
        (said,) = index.connection.execute("SELECT why FROM files WHERE path = 'bad.py'").fetchone()
        assert why in said
        assert dump(index)["bad.py"]["chunks"]
        assert symbol(index, "good7").total == 1


def test_a_quarantined_content_is_not_tried_again_under_any_name(tmp_path: Path) -> None:
    root = write(tmp_path / "tree", {**GOOD, "bad.py": "# HANG\n"})
    with Index.open(root, tmp_path / "i.db", parser=MOODY, seconds=0.3, processes=1) as index:
        index.update()
        (root / "bad.py").rename(root / "again.py")
        index.update(["bad.py", "again.py"])  # in this process, where a hang would end the test
        assert index.state.parsing["quarantined"] == 1
        (root / "again.py").write_text("def healed():\n    return 1\n")
        index.update(["again.py"])
        assert symbol(index, "healed").total == 1
        assert "quarantined" not in {key for key, number in index.state.parsing.items() if number}


def test_a_file_that_parsing_stumbles_over_in_this_process_goes_to_a_worker(tmp_path: Path) -> None:
    root = write(tmp_path / "tree", GOOD)
    with Index.open(root, tmp_path / "i.db", parser=MOODY, processes=1) as index:
        index.update()
        (root / "good1.py").write_text("# RAISE\n")
        index.update(["good1.py"])
        assert index.state.parsing["quarantined"] == 1


def test_a_parser_that_can_not_be_loaded_is_an_error_and_not_an_empty_index(tmp_path: Path) -> None:
    root = write(tmp_path / "tree", GOOD)
    with (
        Index.open(root, tmp_path / "i.db", parser="no_such_module_here:parse", processes=1) as index,
        pytest.raises(WorkersFailed, match="no_such_module_here"),
    ):
        index.update()


def test_no_process_is_left_when_the_index_is_closed(tmp_path: Path) -> None:
    root = write(tmp_path / "tree", GOOD)
    before = set(psutil.Process().children(recursive=True))
    with Index.open(root, tmp_path / "i.db", processes=2) as index:
        index.update()
    assert set(psutil.Process().children(recursive=True)) <= before
