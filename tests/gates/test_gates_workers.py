"""The witness of a pytest whose tests run in xdist's workers: cheats inside them are seen too."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_gates_witness import RIGHT, TESTS, WRONG, conftest, verdict_on

COMMAND = "python -m pytest -q -p no:cacheprovider -n 2"
RED = "def add(a, b):\n    return 3\n"
CHEATS = {
    "leaves with 0": ({"app.py": "import os\ndef add(a, b):\n    os._exit(0)\n"}, "exit 1"),
    "leaves with 0 at import": ({"test_app.py": "import os\nos._exit(0)\n" + TESTS}, ""),
    "turns reports green": (
        conftest(
            "@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
            "    result = yield\n    report = result.get_result()\n    report.outcome = 'passed'\n"
        ),
        "reported as passed: test_app.py::test_",
    ),
    "turns reports green on their way": (
        conftest(
            "def pytest_report_from_serializable(config, data):\n    from _pytest.reports import TestReport\n"
            "    if data.get('$report_type') == 'TestReport':\n        data['outcome'] = 'passed'\n"
            "        return TestReport._from_json(data)\n"
        ),
        "pytest_report_from_serializable",
    ),
    "runs no test function": (
        conftest("def pytest_pyfunc_call(pyfuncitem):\n    return True\n"),
        "conftest.py: pytest_pyfunc_call",
    ),
    "takes the red test out in workers alone": (
        {"app.py": RED}
        | conftest(
            "import os\ndef pytest_collection_modifyitems(items):\n"
            "    if 'PYTEST_XDIST_WORKER' in os.environ:\n        items[:] = items[:1]\n"
        ),
        "test_app.py::test_large",
    ),
    "skips the red test": (
        {"app.py": RED}
        | conftest(
            "def pytest_collection_modifyitems(items):\n    items[1].add_marker(pytest.mark.skip(reason='later'))\n"
        ),
        "skipped or expected to fail now: test_app.py::test_large",
    ),
    "patches the runner": (
        conftest("import _pytest.python\n_pytest.python.Function.runtest = lambda self: None\n"),
        "Function.runtest",
    ),
    "patches time in workers alone": (
        {"app.py": RIGHT + "import os, time\nif 'PYTEST_XDIST_WORKER' in os.environ:\n    time.time = lambda: 0.0\n"},
        "time.time by app.py",
    ),
    "ends with 0": (
        conftest("def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"),
        "0 although 2 tests failed",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_inside_workers_is_red_and_named(tmp_path: Path, name: str):
    files, word = CHEATS[name]
    verdict = verdict_on(tmp_path, files, COMMAND)
    assert verdict.verdict == "red"
    assert word in "\n".join([verdict.reason, *(finding.line for finding in verdict.refusals)])


@pytest.mark.slow
def test_honest_work_in_workers_is_green(tmp_path: Path):
    files = {"app.py": RIGHT, **conftest("@pytest.fixture\ndef number():\n    return 3\n")}
    verdict = verdict_on(tmp_path, files, COMMAND)
    assert (verdict.verdict, verdict.refusals, verdict.tests) == ("green", (), 2)


@pytest.mark.slow
def test_failures_in_workers_are_the_same_ids_as_without(tmp_path: Path):
    verdict = verdict_on(tmp_path, {"app.py": WRONG}, COMMAND)
    assert verdict.only_baseline
    assert "0 new failures; 2 were red before" in verdict.reason
