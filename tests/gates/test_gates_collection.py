"""The tests that stand in a file, found by reading it: as pytest finds them by importing it."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest
from gates_cases import one

from waypost.gates.collection import standing, uncollected
from waypost.gates.testimony import Session

FILE = """
import unittest
import pytest

def test_plain(): pass
async def test_async(): pass
def helper(): pass

@pytest.fixture
def test_data(): return 1

@pytest.mark.parametrize("n", [1, 2])
def test_many(n): pass

class TestGroup:
    def test_in_group(self): pass
    def other(self): pass
    class TestInner:
        def test_deep(self): pass
    @property
    def test_property(self): return 1

class TestWithInit:
    def __init__(self): pass
    def test_never(self): pass

class Cases(unittest.TestCase):
    def test_case(self): pass

class More(Cases):
    def test_more(self): pass

class Base:
    def test_inherited(self): pass

if True:
    def test_conditional(): pass
"""


def found(text: str, *functions: str) -> list[str]:
    return list(standing(ast.parse(text), "t.py", functions or ("test",), ("Test",)))


def test_what_stands_there_unconditionally_is_found():
    assert found(FILE) == [
        "t.py::test_plain",
        "t.py::test_async",
        "t.py::test_many",
        "t.py::TestGroup::test_in_group",
        "t.py::TestGroup::TestInner::test_deep",
        "t.py::Cases::test_case",
        "t.py::More::test_more",
    ]


@pytest.mark.parametrize(
    "text",
    ["__test__ = False\n", "def load_tests(*a): pass\n", "def pytest_generate_tests(metafunc): pass\n"],
)
def test_a_file_that_chooses_its_tests_itself_is_left_alone(text: str):
    assert found(text + FILE) == []


def test_the_projects_own_patterns_are_used():
    assert found("def check_a(): pass\ndef test_a(): pass\n", "check_*") == ["t.py::check_a"]


@pytest.mark.slow
def test_a_real_pytest_collects_all_that_stands_there(tmp_path: Path):
    (tmp_path / "test_all.py").write_text(FILE.replace("async def", "def"))
    verdict = one("python -m pytest -q -p no:cacheprovider", tmp_path)
    assert verdict.census is not None
    assert verdict.census.uncollected == ()
    assert verdict.refusals == ()
    ids = {case.id.partition("[")[0] for case in verdict.census.cases}
    assert set(found(FILE)) <= {name.replace("test_all.py", "t.py") for name in ids}


def test_a_test_that_stands_there_and_was_not_collected_is_named(tmp_path: Path):
    (tmp_path / "t.py").write_text("def test_a(): pass\ndef test_b(): pass\n")
    session = Session(root=str(tmp_path), collected=("t.py::test_a",))
    assert uncollected(session, tmp_path) == ("t.py::test_b",)
    asked = Session(arguments=("t.py::test_a",), root=str(tmp_path), collected=("t.py::test_a",))
    assert uncollected(asked, tmp_path) == ()


def test_files_outside_unreadable_or_gone_say_nothing(tmp_path: Path):
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (tmp_path / "out.py").write_text("def test_a(): pass\n")
    (checkout / "bad.py").write_text("def test_a(: pass\n")
    (checkout / "nul.py").write_bytes(b"\0")
    names = ("../out.py::x", "bad.py::x", "nul.py::x", "gone.py::x", "t.txt::x")
    assert uncollected(Session(root=str(checkout), collected=names), checkout) == ()
    shutil.rmtree(checkout)
    assert uncollected(Session(root=str(checkout), collected=names), checkout) == ()
