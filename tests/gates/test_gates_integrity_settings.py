"""Settings, workflows and environment files: what weakens is refused in scope as well, what adds passes."""

from __future__ import annotations

import pytest
from integrity_cases import BASE, Bench, Files, refusals

from waypost.documents.model import Gate, GateKind

CARGO = '[package]\nname = "r"\n\n[dependencies]\nserde = "1"\n\n[[test]]\nname = "all"\n'
SETUP = "[metadata]\nname = r\n\n[tool:pytest]\naddopts = -q\n\n[testenv]\ncommands = pytest\n"
TOX = "[tox]\nenvlist = py\n\n[testenv]\ndeps = pytest\ncommands =\n    pytest {posargs}\n"
FILES: dict[str, str] = {
    "Cargo.toml": CARGO,
    "setup.cfg": SETUP,
    "tox.ini": TOX,
    "go.mod": "module r\n\ngo 1.22\n\nrequire github.com/stretchr/testify v1.9.0\n",
    "jest.config.js": "module.exports = { testEnvironment: 'node' };\n",
    ".gitattributes": "*.txt text\n",
    ".env": "NAME=r\n",
    "web/app.rb": "x = 1\n",
}
START: Files = {**BASE, **FILES}
GATES = (Gate("unit", GateKind.CHECK, "make test && npm test && tox", 1),)


def changed(path: str, old: str, new: str) -> Files:
    text = START[path]
    assert text is not None
    assert old in text, old
    return {path: text.replace(old, new)}


PYPROJECT = "pyproject.toml"
TESTPATHS = 'testpaths = ["tests"]'
HONEST: dict[str, Files] = {
    "a version": changed(PYPROJECT, 'name = "roman"', 'name = "roman"\nversion = "2"'),
    "filters of warnings": changed(PYPROJECT, TESTPATHS, TESTPATHS + '\nfilterwarnings = ["error"]'),
    "a marker": changed(PYPROJECT, TESTPATHS, TESTPATHS + '\nmarkers = ["slow: takes long"]'),
    "a console script": changed(PYPROJECT, "[tool", '[project.scripts]\nroman = "roman:main"\n\n[tool'),
    "a crate": changed("Cargo.toml", 'serde = "1"', 'serde = "1"\nrand = "0.8"'),
    "a module of go": changed("go.mod", "go 1.22", "go 1.23"),
    "another dependency of setup": changed("setup.cfg", "name = r", "name = r\nversion = 2"),
    "tox from ini to pyproject": {
        "tox.ini": TOX.replace("deps = pytest", "deps = pytest\n    attrs"),
    },
    "a new script of npm": changed("package.json", '"lint"', '"build": "vite build", "lint"'),
    "a new target": changed("Makefile", "clean:", "docs:\n\tsphinx-build docs out\n\nclean:"),
    "a name in .env": changed(".env", "NAME=r", "NAME=roman\nLEVEL=3"),
    "an attribute": changed(".gitattributes", "text", "text eol=lf"),
    "another step": changed(".github/workflows/ci.yml", "- run: pytest", "- run: python -m build\n      - run: pytest"),
    "an installation": changed(
        ".github/workflows/ci.yml", "- run: pytest", "- run: python -m pip install pytest\n      - run: pytest"
    ),
}
CHEATS: dict[str, tuple[str, Files]] = {
    "patterns of files": ("python_files", changed(PYPROJECT, TESTPATHS, 'python_files = ["check_*.py"]')),
    "patterns of functions": ("python_functions", changed(PYPROJECT, TESTPATHS, 'python_functions = ["test_s"]')),
    "testpaths": ("testpaths leaves out", changed(PYPROJECT, '"tests"', '"other"')),
    "a folder that is passed over": ("norecursedirs", changed(PYPROJECT, TESTPATHS, 'norecursedirs = ["tests"]')),
    "a plugin": ("addopts gained -p", changed(PYPROJECT, TESTPATHS, 'addopts = ["-p", "roman"]')),
    "a registered plugin": (
        "registers a plugin",
        changed(PYPROJECT, "[tool", '[project.entry-points.pytest11]\nx = "roman"\n\n[tool'),
    ),
    "unreadable settings": ("can't be read", changed(PYPROJECT, "[tool.pytest", "[[tool.pytest")),
    "options in setup.cfg": ("addopts gained", {**changed("setup.cfg", "-q", "-q --co"), PYPROJECT: "[project]\n"}),
    "tox ignores": ("failure is ignored", changed("tox.ini", "pytest {posargs}", "pytest || true")),
    "tox runs nothing": ("no longer runs", changed("tox.ini", "    pytest {posargs}", "    python -V")),
    "a checker in the place of tests": ("no longer runs", changed("tox.ini", "    pytest {posargs}", "    ruff check")),
    "harness off": ("harness is off", changed("Cargo.toml", 'name = "all"', 'name = "all"\nharness = false')),
    "overflow is allowed": (
        "overflow-checks is off",
        changed("Cargo.toml", "[[test]]", "[profile.test]\noverflow-checks = false\n\n[[test]]"),
    ),
    "testify from the tree": (
        "replaced by code of the tree",
        changed("go.mod", "go 1.22", "go 1.22\n\nreplace github.com/stretchr/testify => ./fake"),
    ),
    "jest passes over": (
        "testPathIgnorePatterns",
        changed("jest.config.js", "'node'", "'node',\n  testPathIgnorePatterns: ['sum']"),
    ),
    "a filter in git": ("sets filter=", changed(".gitattributes", "text", "text\n*.py filter=x")),
    "export-ignore": ("sets export-ignore", changed(".gitattributes", "text", "text\ntests export-ignore")),
    "options in .env": ("sets PYTEST_ADDOPTS", changed(".env", "NAME=r", "PYTEST_ADDOPTS=--co")),
    "a path in .env": ("sets PYTHONPATH", changed(".env", "NAME=r", "PYTHONPATH=fake")),
    "a shim": ("named like the tool pytest", {"bin/pytest": "#!/bin/sh\nexit 0\n"}),
    "a case twin": ("differs only in case", {"tests/Test_roman.py": "x = 1\n"}),
    "a startup file": ("every start", {"src/x.pth": "import os\n"}),
    "an installed package": ("takes the place", {"node_modules/jest/index.js": "x\n"}),
    "internals": ("belongs to the runtime", {".waypost/x": "x\n"}),
    "hidden shell": ("hides the exit code", changed("Makefile", "-m pytest", "-m pytest | tee log")),
    "a silent shell": ("was set to", changed("Makefile", "PYTHON = python", "PYTHON = python\nSHELL = /bin/true")),
    "a hyphen": ("failure is ignored", changed("Makefile", "\t$(PYTHON)", "\t-$(PYTHON)")),
    "a prerequisite": ("failure is ignored", changed("Makefile", "\ttrue-build", "\ttrue-build || exit 0")),
    "a narrowed recipe": ("adds -k", changed("Makefile", "-m pytest", "-m pytest -k small")),
    "a job that never runs": ("never runs", changed(".github/workflows/ci.yml", "test:", "test:\n    if: false")),
    "a workflow without a runner": ("no longer runs", changed(".github/workflows/ci.yml", "run: pytest", "run: ls")),
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("integrity-settings"), START)


@pytest.mark.parametrize("name", HONEST)
def test_honest_settings_pass(bench: Bench, name: str) -> None:
    assert refusals(bench.examine(HONEST[name], gates=GATES)) == []


@pytest.mark.parametrize("name", CHEATS)
def test_a_weakened_setting_is_refused_and_named(bench: Bench, name: str) -> None:
    words, files = CHEATS[name]
    found = refusals(
        bench.examine(files, ("**",), gates=GATES, programs=["bin/pytest"] if "bin/pytest" in files else [])
    )
    assert any(words in line for line in found), found


def test_a_first_set_up_is_honest(tmp_path: pytest.TempPathFactory) -> None:
    assert refusals(Bench(tmp_path, {"README.md": "# New\n"}).examine(START)) == []  # type: ignore[arg-type]


def test_settings_outside_the_scope_are_put_back(bench: Bench) -> None:
    found = bench.examine(changed(PYPROJECT, TESTPATHS, 'addopts = "-v"'), ("src/**",), gates=GATES)
    assert list(found.restore) == [PYPROJECT]
    assert len(refusals(found)) == 1
