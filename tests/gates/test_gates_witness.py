"""The witness: what a pytest in a gate's command can and can't make the runtime believe. Real pytest processes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from gates_cases import gate, one, play

from waypost.gates.census import Census
from waypost.gates.verdict import Verdict

PYTEST = "python -m pytest -q -p no:cacheprovider"
TESTS = """
def add(a, b):
    import app
    return app.add(a, b)

def test_small():
    assert add(1, 2) == 3

def test_large():
    assert add(10, 20) == 30
"""
WRONG = "def add(a, b):\n    return 0\n"
RIGHT = "def add(a, b):\n    return a + b\n"


@dataclass(frozen=True)
class Cheat:
    name: str
    files: dict[str, str]
    word: str
    command: str = PYTEST
    options: dict[str, str] = field(default_factory=dict)


def lay(checkout: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@cache
def base() -> Census:
    """The census of the tests before any work: both are red."""
    with TemporaryDirectory() as folder:
        return _census_in(Path(folder))


def _census_in(checkout: Path) -> Census:
    lay(checkout, {"app.py": WRONG, "test_app.py": TESTS})
    found = one(PYTEST, checkout).census
    assert found is not None
    assert found.witnessed
    return found


def verdict_on(folder: Path, files: dict[str, str], command: str = PYTEST, **options: str) -> Verdict:
    before = base()
    checkout = folder / "work"
    lay(checkout, {"app.py": WRONG, "test_app.py": TESTS, **files})
    (verdict,) = play([gate(command, **options)], checkout, before={"unit": before})
    return verdict


def conftest(text: str) -> dict[str, str]:
    return {"conftest.py": "import pytest\n" + text}


CHEATS = [
    Cheat("leaves with 0 at import", {"app.py": "import os\nos._exit(0)\n"}, "never ended"),
    Cheat("leaves with 0 in conftest", conftest("import os\nos._exit(0)\n"), "never ended"),
    Cheat(
        "leaves with 0 in a test", {"app.py": "import os\ndef add(a, b):\n    os._exit(0)\n"}, "before its first test"
    ),
    Cheat("exits pytest with 0", {"app.py": "import pytest\npytest.exit('fine', 0)\n"}, "never ran"),
    Cheat(
        "leaves with 0 when the interpreter ends",
        {"app.py": WRONG + "import atexit, os\natexit.register(os._exit, 0)\n"},
        "exit 0 although 2 of 2 tests failed",
    ),
    Cheat(
        "turns reports green",
        conftest(
            "@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
            "    result = yield\n    report = result.get_result()\n    report.outcome = 'passed'\n"
        ),
        "reported as passed: test_app.py::test_small",
    ),
    Cheat(
        "forgets what was raised",
        conftest(
            "@pytest.hookimpl(hookwrapper=True, tryfirst=True)\ndef pytest_runtest_makereport(item, call):\n"
            "    call.excinfo = None\n    yield\n"
        ),
        "conftest.py: pytest_runtest_makereport",
    ),
    Cheat(
        "runs no test function",
        conftest("def pytest_pyfunc_call(pyfuncitem):\n    return True\n"),
        "conftest.py: pytest_pyfunc_call",
    ),
    Cheat(
        "ends with 0",
        conftest("def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"),
        "0 although 2 tests failed",
    ),
    Cheat(
        "takes tests out",
        conftest("def pytest_collection_modifyitems(items):\n    items[:] = []\n"),
        "left out",
        PYTEST + " || true",
    ),
    Cheat(
        "takes the red test out",
        {"app.py": "def add(a, b):\n    return 3\n"}
        | conftest("def pytest_collection_modifyitems(items):\n    items[:] = items[:1]\n"),
        "test_app.py::test_large",
    ),
    Cheat(
        "skips the red test",
        {"app.py": "def add(a, b):\n    return 3\n"}
        | conftest(
            "def pytest_collection_modifyitems(items):\n    items[1].add_marker(pytest.mark.skip(reason='later'))\n"
        ),
        "skipped or expected to fail now: test_app.py::test_large",
    ),
    Cheat(
        "expects the failure",
        {"test_app.py": "import pytest\npytestmark = pytest.mark.xfail\n" + TESTS},
        "no test ran",
    ),
    Cheat(
        "removes a test",
        {"app.py": "def add(a, b):\n    return 3\n", "test_app.py": TESTS.split("def test_large", 1)[0]},
        "gone",
    ),
    Cheat(
        "unmakes a test",
        {"app.py": "def add(a, b):\n    return 3\n", "test_app.py": TESTS + "\ntest_large = None\n"},
        "test_app.py::test_large",
    ),
    Cheat(
        "patches the runner",
        conftest("import _pytest.python\n_pytest.python.Function.runtest = lambda self: None\n"),
        "Function.runtest",
    ),
    Cheat(
        "patches the code of the runner",
        conftest(
            "import _pytest.runner as r\ndef f(item):\n    return None\nr.pytest_runtest_call.__code__ = f.__code__\n"
        ),
        "pytest_runtest_call by conftest.py",
    ),
    Cheat("patches a builtin", {"app.py": RIGHT + "import builtins\nbuiltins.all = builtins.any\n"}, "builtins.all"),
    Cheat(
        "patches time",
        {"app.py": RIGHT + "import time\ntime.perf_counter = lambda: 0.0\n"},
        "time.perf_counter by app.py",
    ),
    Cheat(
        "patches and undoes it at the end",
        {
            "app.py": WRONG,
            **conftest(
                "import unittest\nwas = unittest.TestCase.assertEqual\n"
                "unittest.TestCase.assertEqual = lambda *a: None\n"
                "def pytest_unconfigure():\n    unittest.TestCase.assertEqual = was\n"
            ),
            "test_app.py": "import unittest, app\nclass T(unittest.TestCase):\n"
            "    def test_small(self):\n        self.assertEqual(app.add(1, 2), 3)\n",
        },
        "TestCase.assertEqual",
    ),
    Cheat(
        "makes assertions say nothing",
        conftest("import _pytest.assertion.rewrite as w\nw.AssertionRewriter.visit_Assert = lambda self, node: []\n"),
        "visit_Assert",
    ),
    Cheat("is no pytest", {"pytest.py": "print('2 passed in 0.01s')\n"}, "no pytest spoke"),
    Cheat(
        "is a shim",
        {"pytest": "echo '2 passed in 0.01s'\n"},
        "no pytest spoke",
        "PATH=.:$PATH; chmod +x pytest; pytest",
    ),
    Cheat(
        "forges the report at the end",
        {
            "app.py": WRONG + "import atexit, os\ndef last():\n    open('r.xml', 'w').write('<testsuite>"
            '<testcase classname="test_app" name="test_small"/><testcase classname="test_app" name="test_large"/>'
            "</testsuite>')\n    os._exit(0)\natexit.register(last)\n"
        },
        "although 2 of 2 tests failed",
        PYTEST + " --junitxml=r.xml",
        {"junit": "r.xml"},
    ),
    Cheat(
        "kills the runner",
        {"app.py": "import os\ndef add(a, b):\n    os.kill(os.getpid(), 9)\n"},
        "never ended",
        PYTEST + " || true",
    ),
    Cheat(
        "is loaded first", {"pytest.ini": "[pytest]\naddopts = -p early\n", "early.py": "", "app.py": RIGHT}, "early"
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_a_cheat_is_red_and_named(tmp_path: Path, cheat: Cheat):
    verdict = verdict_on(tmp_path, cheat.files, cheat.command, **cheat.options)
    assert verdict.verdict == "red"
    told = "\n".join([verdict.reason, *(finding.line for finding in verdict.refusals)])
    assert cheat.word in told
    assert not verdict.only_baseline


HONEST = {
    "the fix": {},
    "the fix and a new test": {"test_app.py": TESTS + "\ndef test_none():\n    assert add(0, 0) == 0\n"},
    "a fixture in conftest": conftest("@pytest.fixture\ndef number():\n    return 3\n"),
    "markers in conftest": conftest(
        "def pytest_configure(config):\n    config.addinivalue_line('markers', 'slow: x')\n"
    ),
    "a patch inside a test": {
        "test_app.py": TESTS + "\ndef test_time(monkeypatch):\n    import time\n"
        "    monkeypatch.setattr(time, 'time', lambda: 0)\n    assert time.time() == 0\n"
    },
    "a file moved": {"test_app.py": "", "tests/test_moved.py": TESTS},
    "parameters": {
        "test_app.py": "import app, pytest\n"
        "@pytest.mark.parametrize(('a', 'b'), [(1, 2), (10, 20), (0, 0)])\n"
        "def test_add(a, b):\n    assert app.add(a, b) == a + b\n"
    },
    "a mock": {
        "test_app.py": TESTS + "\ndef test_mocked():\n    from unittest import mock\n"
        "    with mock.patch('builtins.open', mock.mock_open(read_data='x')):\n        assert open('y').read() == 'x'\n"
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HONEST)
def test_honest_work_is_green(tmp_path: Path, name: str):
    verdict = verdict_on(tmp_path, {"app.py": RIGHT, **HONEST[name]}, "PYTHONPATH=. " + PYTEST)
    assert (verdict.verdict, verdict.refusals) == ("green", ())
    assert verdict.census is not None
    assert verdict.census.witnessed


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "PYTEST_ADDOPTS=-v python -m pytest -q",
        'PYTEST_ADDOPTS="-v -x" pytest -q',
        'env "PYTEST_ADDOPTS=-v -x" pytest -q',
        "bash -c 'PYTHONPATH=src:. pytest'",
        'PYTHONPATH="" python -m pytest -q',
        "(PYTHONPATH= python -m pytest -q)",
        "bash -c \"env 'PYTHONPATH=.:src' PYTEST_ADDOPTS=-v pytest\"",
        'PYTHONPATH="$PWD:lib" PYTEST_ADDOPTS="-p no:randomly" python -m pytest -q',
        "export PYTHONPATH=$PWD; pytest test_app.py && pytest test_app.py::test_small",
        "pytest -n 2",
        "python -m pytest -k small",
        "make",
    ],
)
def test_a_witness_is_heard_however_pytest_is_started(tmp_path: Path, command: str):
    lay(tmp_path, {"app.py": RIGHT, "test_app.py": TESTS, "Makefile": "all:\n\tpytest -q\n"})
    verdict = one(command, tmp_path)
    assert (verdict.verdict, verdict.refusals) == ("green", ())
    assert verdict.census is not None
    assert verdict.census.witnessed
    assert {case.id for case in verdict.census.cases}.union(verdict.census.deselected) == {
        "test_app.py::test_small",
        "test_app.py::test_large",
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "python -I -m pytest -q test_none.py",
        "unset PYTHONPATH; pytest -q",
        "env -u PYTHONPATH pytest -q",
        "env -i PATH=$PATH pytest -q",
        "env PYTHONPATH= make",
    ],
)
def test_a_pytest_from_which_the_command_hides_its_witness_runs_without_it_and_says_so(tmp_path: Path, command: str):
    lay(tmp_path, {"test_none.py": "def test_a(): pass\n", "Makefile": "all:\n\tPYTHONPATH= pytest -q\n"})
    verdict = one(command, tmp_path)
    assert verdict.verdict == "green"
    assert [finding.kind for finding in verdict.findings] == ["unwitnessed"]
    assert verdict.refusals == ()


def test_a_checkout_can_not_hide_the_witness_from_its_pytest(tmp_path: Path):
    lie = (
        "import os, sys\nname = os.environ.get('PYTEST_ADDOPTS', '')\nif name:\n"
        "    sys.exit(f'Error importing plugin \"{name[3:]}\": No module named it')\nprint('1 passed in 0.01s')\n"
    )
    lay(tmp_path, {"test_a.py": "def test_a(): assert 0\n", "pytest.py": lie})
    verdict = one("python -m pytest -q", tmp_path)
    assert verdict.verdict == "red"
    assert [finding.kind for finding in verdict.refusals] == ["unwitnessed"]


def test_a_commands_own_options_and_path_reach_its_pytest_as_they_stand(tmp_path: Path):
    lay(
        tmp_path,
        {
            "lib/dependency.py": "",
            "test_a.py": "import os, sys\nimport dependency\ndef test_a(request):\n"
            "    assert request.config.option.verbose == 2\n"
            "    assert os.environ['PYTHONPATH'] == 'lib'\n"
            "    assert os.environ['PYTEST_ADDOPTS'] == '-v -v'\n"
            "    assert 'PYTEST_PLUGINS' not in os.environ\n"
            "    assert not any(name.startswith('WAYPOST_WITNESS') for name in os.environ)\n",
        },
    )
    verdict = one('PYTHONPATH=lib PYTEST_ADDOPTS="-v -v" python -m pytest', tmp_path)
    assert (verdict.verdict, verdict.refusals) == ("green", ())
    assert verdict.command == 'PYTHONPATH=lib PYTEST_ADDOPTS="-v -v" python -m pytest'


@pytest.mark.slow
def test_only_the_tests_asked_for_run(tmp_path: Path):
    lay(tmp_path, {"app.py": RIGHT, "test_app.py": TESTS})
    for command in (PYTEST, PYTEST + " -n 2"):
        (verdict,) = play([gate(command)], tmp_path, only=["test_app.py::test_large"])
        assert verdict.census is not None
        assert [case.id for case in verdict.census.cases] == ["test_app.py::test_large"]
        assert (verdict.verdict, verdict.refusals) == ("green", ())


@pytest.mark.slow
def test_what_was_patched_before_the_work_may_stay_patched(tmp_path: Path):
    patched = {"app.py": RIGHT + "import time\ntime.sleep = lambda s: None\n", "test_app.py": TESTS}
    lay(tmp_path, patched)
    first = one(PYTEST, tmp_path)
    assert first.verdict == "red"
    assert first.census is not None
    (second,) = play([gate(PYTEST)], tmp_path, before={"unit": first.census})
    assert second.verdict == "green"


@pytest.mark.slow
def test_failures_are_told_as_new_ones_old_ones_and_mended_ones(tmp_path: Path):
    lay(tmp_path, {"app.py": "def add(a, b):\n    return 3\n", "test_app.py": TESTS})
    before = base()
    (verdict,) = play([gate(PYTEST)], tmp_path, before={"unit": before})
    assert verdict.only_baseline
    assert "0 new failures; 1 was red before; 1 mended" in verdict.reason
    worse = replace(before, cases=before.cases[:1])
    (verdict,) = play([gate(PYTEST)], tmp_path, before={"unit": worse})
    assert not verdict.only_baseline
    assert "1 new failure (test_app.py::test_large); 1 mended" in verdict.reason
