from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from environment_cases import SPEC, build, environment, install, site_of, wheel
from hypothesis import given
from hypothesis import strategies as st

from waypost.environment.build import EnvironmentSpec
from waypost.environment.drift import changed_locks, difference
from waypost.environment.fingerprint import Fingerprint, fingerprint
from waypost.environment.interpreter import Interpreter
from waypost.environment.packages import Package
from waypost.environment.seal import seal, unseal
from waypost.environment.tools import NamedTool

PINNED = Fingerprint(
    interpreter=Interpreter("CPython", "3.11.7", "a"),
    packages=(Package("requests", "2.31.0", "b"), Package("rich", "13.7.0", "c"), Package("next", "1.0", "i", "node")),
    startup=(),
    lock_files=(("uv.lock", "e"),),
    tools=(NamedTool("node", "20.1", "f"),),
    system=(("libc", "glibc 2.36"),),
    variables=(("TZ", "UTC"),),
)
REQUESTS, RICH, NEXT = PINNED.packages


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"packages": (replace(REQUESTS, version="2.32.0", sha256="x"), RICH, NEXT)}, "requests 2.31.0 → 2.32.0"),
        ({"packages": (REQUESTS, NEXT)}, "rich 13.7.0 removed"),
        ({"packages": (*PINNED.packages, Package("zip", "1", "z"))}, "zip 1 added"),
        (
            {"packages": (replace(REQUESTS, sha256="x"), RICH, NEXT)},
            "requests 2.31.0: its files changed (RECORD differs)",
        ),
        (
            {"packages": (REQUESTS, RICH, replace(NEXT, sha256="x"))},
            "next 1.0: its files changed (integrity differs)",
        ),
        ({"packages": (REQUESTS, replace(RICH, editable=True), NEXT)}, "rich 13.7.0: is installed as editable"),
        ({"interpreter": Interpreter("CPython", "3.11.8", "x")}, "CPython 3.11.7 → 3.11.8"),
        ({"interpreter": Interpreter("PyPy", "3.11.8", "x")}, "CPython 3.11.7 → PyPy 3.11.8"),
        ({"interpreter": Interpreter("CPython", "3.11.7", "x")}, "CPython 3.11.7: its binary changed"),
        ({"interpreter": None}, "Python 3.11.7 removed"),
        ({"lock_files": (("uv.lock", "x"),)}, "uv.lock changed"),
        ({"lock_files": ()}, "uv.lock removed"),
        ({"lock_files": (("uv.lock", "e"), ("go.sum", "x"))}, "go.sum added"),
        ({"tools": (NamedTool("node", "20.2", "x"),)}, "node 20.1 → 20.2"),
        ({"tools": (NamedTool("node", "20.1", "x"),)}, "node 20.1: its binary changed"),
        ({"tools": ()}, "node 20.1 removed"),
        ({"startup": (("x.pth", "x"),)}, "x.pth added, and Python runs it at each start"),
        ({"system": (("libc", "glibc 2.37"),)}, "libc glibc 2.36 → glibc 2.37"),
        ({"variables": ()}, "TZ UTC → unset"),
        ({"damage": ("rich 13.7.0: rich/x.py was modified",)}, "rich 13.7.0: rich/x.py was modified"),
    ],
)
def test_one_changed_thing_is_one_line(changes: dict[str, Any], line: str) -> None:
    assert difference(PINNED, replace(PINNED, **changes)) == (line,)
    assert difference(PINNED, PINNED) == ()


def test_the_changed_lock_files_are_named() -> None:
    found = replace(PINNED, lock_files=(("a.lock", "1"),))
    assert changed_locks(PINNED, found) == ("a.lock", "uv.lock")


words = st.sampled_from(["a", "b"])
pairs = st.dictionaries(words, words, max_size=2).map(lambda found: tuple(sorted(found.items())))
packages = st.dictionaries(
    st.tuples(words, st.sampled_from(["python", "node"])), st.tuples(words, words, st.booleans())
).map(lambda found: tuple(Package(n, v, d, k, e) for (n, k), (v, d, e) in sorted(found.items())))
fingerprints = st.builds(
    Fingerprint,
    interpreter=st.none() | st.builds(Interpreter, words, words, words),
    packages=packages,
    startup=pairs,
    lock_files=pairs,
    tools=st.dictionaries(words, st.tuples(words, words)).map(
        lambda found: tuple(NamedTool(n, v, d) for n, (v, d) in sorted(found.items()))
    ),
    system=pairs,
    variables=pairs,
)


@given(fingerprints, fingerprints)
def test_there_is_a_line_where_the_digests_differ_and_only_there(one: Fingerprint, other: Fingerprint) -> None:
    assert bool(difference(one, other)) == (one.digest != other.digest)
    assert len(difference(one, other)) == len(difference(other, one))
    assert Fingerprint.from_json(one.as_json()) == one


CHANGES: list[tuple[Callable[[Path, Path], object], str]] = [
    (lambda env, _: install(env, "beta", "1.0"), "beta 1.0 added"),
    (lambda env, _: install(env, "alpha", "1.0", "more = 1\n"), "alpha 1.0: its files changed (RECORD differs)"),
    (lambda env, _: (site_of(env) / "x.pth").write_text("import os\n"), "x.pth added, and Python runs it"),
    (lambda _, checkout: (checkout / "uv.lock").write_text("2"), "uv.lock changed"),
    (lambda _, checkout: (checkout / "uv.lock").unlink(), "uv.lock removed"),
    (lambda _, checkout: (checkout / ".python-version").write_text("3.9"), ".python-version added"),
    (lambda env, _: (env / "bin/python3").unlink(), "CPython"),
]


@pytest.mark.parametrize(("change", "line"), CHANGES)
def test_a_change_on_the_disk_is_one_line(tmp_path: Path, change: Callable[[Path, Path], object], line: str) -> None:
    built = environment(tmp_path / "env")
    assert built.folder
    install(built.folder, "alpha", "1.0")
    (tmp_path / "uv.lock").write_text("1")
    before = fingerprint(SPEC, tmp_path, built)
    change(built.folder, tmp_path)
    lines = difference(before, fingerprint(SPEC, tmp_path, built))
    assert len(lines) == 1
    assert lines[0].startswith(line)


def pip(environment: Path, *arguments: str) -> None:
    """What somebody does who reaches the environment in spite of its walls."""
    command = [str(environment / "bin/python"), "-m", "pip", "install", "-q", "--no-index", "--no-deps", *arguments]
    unseal(environment)
    subprocess.run(command, check=True, capture_output=True)
    seal(environment)


@pytest.mark.slow
def test_an_upgraded_package_is_one_line_and_restoring_it_leaves_none(tmp_path: Path) -> None:
    checkout, wheels = tmp_path / "checkout", tmp_path / "wheels"
    for folder in (checkout, wheels):
        folder.mkdir()
    old, new = wheel(wheels, "requests", "2.31.0"), wheel(wheels, "requests", "2.32.0")
    other = wheel(wheels, "rich", "13.7.0")
    setup = f"python -m pip install --no-index --no-deps '{old}' '{other}'"
    spec = EnvironmentSpec(interpreter=sys.executable, setup=setup)
    built = build(spec, checkout, tmp_path / "store")
    assert built.folder
    pinned = fingerprint(spec, checkout, built, deep=True)
    assert pinned.damage == ()
    assert str(tmp_path) not in pinned.content.decode()
    pip(built.folder, str(new))
    assert difference(pinned, fingerprint(spec, checkout, built)) == ("requests 2.31.0 → 2.32.0",)
    pip(built.folder, str(old))
    assert difference(pinned, fingerprint(spec, checkout, built, deep=True)) == ()
