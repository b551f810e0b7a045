from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from environment_cases import SPEC, build, environment, install, site_of
from hypothesis import given
from hypothesis import strategies as st

from waypost.environment.build import BuiltEnvironment, EnvironmentSpec
from waypost.environment.errors import BadEnvironmentLock, BadFingerprint
from waypost.environment.fingerprint import Fingerprint, fingerprint
from waypost.environment.interpreter import Interpreter
from waypost.environment.locks import is_lock, is_manifest, lock_hashes, manifests_of
from waypost.environment.packages import Package, record_lines
from waypost.environment.pinfile import NAME, lock_bytes, read_lock, write_lock
from waypost.environment.tools import NamedTool

GOLDEN = Path(__file__).parent / "golden" / "env.lock.json"
KNOWN = Fingerprint(
    interpreter=Interpreter("CPython", "3.11.7", "a" * 64),
    packages=(
        Package("requests", "2.31.0", "b" * 64),
        Package("thing", "0.1", "c" * 64, editable=True),
        Package("lodash", "4.17.21", "sha512-x==", "node"),
    ),
    startup=(("odd.pth", "d" * 64),),
    lock_files=(("uv.lock", "e" * 64),),
    tools=(NamedTool("node", "20.1.0", "f" * 64),),
    system=(("libc", "glibc 2.36"), ("machine", "x86_64"), ("system", "Linux")),
    variables=(("TZ", "UTC"),),
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    return folder


def test_two_environments_that_are_set_up_alike_agree(tmp_path: Path, checkout: Path) -> None:
    found = []
    for place in ("here", "elsewhere/with a longer name"):
        built = environment(tmp_path / place / "env")
        assert built.folder
        install(built.folder, "alpha", "1.0")
        install(built.folder, "beta", "2.0", more={"beta,data/x.txt": b"x", "beta.pth": b"import beta\n"})
        (built.folder / "bin/alpha-run").chmod(0o755)
        found.append(fingerprint(replace(SPEC, tools=("alpha-run",)), checkout, built))
    assert found[0] == found[1]
    assert found[0].digest == found[1].digest
    assert [(p.name, p.version) for p in found[0].packages] == [("alpha", "1.0"), ("beta", "2.0")]
    assert found[0].interpreter is not None
    assert found[0].interpreter.version == platform.python_version()
    assert found[0].startup == (), "a package's own .pth is in its RECORD"
    assert [tool.name for tool in found[0].tools] == ["alpha-run"]


def test_no_path_no_user_and_no_time_is_in_it(tmp_path: Path, checkout: Path) -> None:
    (checkout / "uv.lock").write_text("x")
    built = environment(tmp_path / "env", OWN="1")
    assert built.folder
    install(built.folder, "alpha", "1.0")
    (site_of(built.folder) / "mine.pth").write_text(f"{tmp_path}\n")
    found = fingerprint(replace(SPEC, variables={"OWN": "1"}, tools=("git",)), checkout, built)
    text = found.content.decode()
    assert str(tmp_path) not in text
    assert str(Path.home()) not in text
    assert os.uname().release not in text
    assert dict(found.variables)["OWN"] == "1"
    assert dict(found.lock_files).keys() == {"uv.lock"}
    assert [name for name, _ in found.startup] == ["mine.pth"]


def test_an_editable_install_is_marked_and_its_folder_left_out(tmp_path: Path, checkout: Path) -> None:
    digests = set()
    for place in ("one", "two"):
        built = environment(tmp_path / place)
        assert built.folder
        more = {
            "thing-0.1.dist-info/direct_url.json": b'{"url": "file:///x", "dir_info": {"editable": true}}',
            "__editable__.thing.pth": f"{tmp_path}/{place}/src\n".encode(),
        }
        install(built.folder, "thing", "0.1", more=more)
        found = fingerprint(SPEC, checkout, built)
        assert found.packages[0].editable
        digests.add(found.digest)
    assert len(digests) == 1


def test_nothing_that_lies_in_the_environment_is_started(tmp_path: Path, checkout: Path) -> None:
    built, trace = environment(tmp_path / "env"), tmp_path / "trace"
    assert built.folder
    for name in ("python3", "python", "node", "mytool"):
        (built.folder / "bin" / name).unlink(missing_ok=True)
        (built.folder / "bin" / name).write_text(f"#!/bin/sh\ntouch '{trace}'\necho 1.2.3\n")
        (built.folder / "bin" / name).chmod(0o755)
    (site_of(built.folder) / "sitecustomize.py").write_text(f"open({str(trace)!r}, 'w')\n")
    (site_of(built.folder) / "evil.pth").write_text(f"import os; open({str(trace)!r}, 'w')\n")
    found = fingerprint(replace(SPEC, tools=("node", "mytool")), checkout, built, deep=True)
    assert not trace.exists()
    assert [name for name, _ in found.startup] == ["evil.pth", "sitecustomize.py"]
    assert [(tool.name, tool.version) for tool in found.tools] == [("mytool", ""), ("node", "")]


def test_where_nothing_is_named_the_python_on_path_counts(tmp_path: Path, checkout: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").symlink_to(os.path.realpath(sys.executable))
    spec = EnvironmentSpec(tools=("git", "no-such-program"))
    built = build(spec, checkout, tmp_path / "store")
    built.variables["PATH"] = f"{tmp_path}/bin{os.pathsep}{built.variables['PATH']}"
    found = fingerprint(spec, checkout, built)
    assert found.interpreter is not None
    assert found.interpreter.version == platform.python_version()
    assert {tool.name for tool in found.tools} - {"node"} == {"git"}
    assert all(tool.version and tool.sha256 for tool in found.tools)
    assert fingerprint(spec, checkout, built) == found


def test_npms_own_record_tells_the_packages(tmp_path: Path, checkout: Path) -> None:
    folder = tmp_path / "env"
    (folder / "node_modules").mkdir(parents=True)
    told = {
        "packages": {
            "": {"name": "root"},
            "node_modules/a": {"version": "1.0.0", "integrity": "sha512-a", "resolved": "http://localhost/a.tgz"},
            "node_modules/a/node_modules/b": {"version": "2.0.0", "integrity": "sha512-b"},
            "node_modules/mine": {"link": True},
        }
    }
    record = folder / "node_modules" / ".package-lock.json"
    record.write_text(json.dumps(told))
    spec = EnvironmentSpec(setup="npm ci")
    built = BuiltEnvironment(folder, "k", {"PATH": os.defpath}, False, 0.0, None)
    found = fingerprint(spec, checkout, built)
    assert found.interpreter is None
    assert [(p.name, p.version, p.editable) for p in found.packages] == [
        ("a", "1.0.0", False),
        ("a/node_modules/b", "2.0.0", False),
        ("mine", "", True),
    ]
    assert b"localhost" not in found.content
    record.write_text("[" * 100_000)
    assert [p.version for p in fingerprint(spec, checkout, built).packages] == ["unreadable"]


def test_the_usual_lock_files_are_found_and_other_projects_are_not(checkout: Path) -> None:
    for path in (
        "uv.lock", "requirements.txt", "requirements-dev.lock", "requirements/test.txt", "web/package-lock.json",
        "crates/one/Cargo.lock", "go.sum", ".python-version", "tests/fixtures/uv.lock", "node_modules/x/yarn.lock",
        "a/b/c/uv.lock", ".venv/uv.lock", "notes.txt",
    ):  # fmt: skip
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text(path)
    assert [path for path, _ in lock_hashes(checkout, ["deep/own.lock"])] == [
        ".python-version", "crates/one/Cargo.lock", "deep/own.lock", "go.sum", "requirements-dev.lock",
        "requirements.txt", "requirements/test.txt", "uv.lock", "web/package-lock.json",
    ]  # fmt: skip
    assert is_manifest("web/package.json")
    assert is_manifest("requirements-dev.in")
    assert not is_lock("web/package.json")
    assert manifests_of("web/package-lock.json") == ("web/package.json",)
    assert "requirements.in" in manifests_of("requirements.txt")


def test_links_are_not_followed_and_pipes_not_opened(tmp_path: Path, checkout: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("1")
    (checkout / "uv.lock").symlink_to(secret)
    os.mkfifo(checkout / "yarn.lock")
    before = dict(lock_hashes(checkout))
    secret.write_text("2")
    assert dict(lock_hashes(checkout)) == before
    assert before["yarn.lock"] == ""


def test_a_change_is_seen_at_once_although_hashes_are_kept(tmp_path: Path, checkout: Path) -> None:
    (checkout / "uv.lock").write_text("one")
    stat = (checkout / "uv.lock").stat()
    first = lock_hashes(checkout)
    (checkout / "uv.lock").write_text("two")
    os.utime(checkout / "uv.lock", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert lock_hashes(checkout) != first


def test_a_deep_look_names_each_file_that_is_not_as_it_was_recorded(tmp_path: Path, checkout: Path) -> None:
    built = environment(tmp_path / "env")
    assert built.folder
    install(built.folder, "alpha", "1.0", more={"alpha/one.py": b"1\n", "alpha/two.py": b"2\n", "odd,name.py": b""})
    assert fingerprint(SPEC, checkout, built, deep=True).damage == ()
    site = site_of(built.folder)
    (site / "alpha/one.py").write_text("2\n")
    (site / "alpha/two.py").unlink()
    (site / "alpha/three.py").write_text("")
    (site / "alpha/__pycache__").mkdir()
    (site / "alpha/__pycache__/one.cpython-311.pyc").write_text("")
    (site / "json.so").write_text("")
    (built.folder / "bin/alpha-run").write_text("exit 0")
    (site / "hook.pth").write_text("import os\n")
    found = fingerprint(SPEC, checkout, built, deep=True)
    assert set(found.damage) == {
        "alpha 1.0: alpha/one.py was modified",
        "alpha 1.0: alpha/two.py is missing",
        "alpha 1.0: ../../../bin/alpha-run was modified",
        "alpha/three.py belongs to no package",
        "json.so belongs to no package",
    }
    assert [name for name, _ in found.startup] == ["hook.pth"]


def test_packages_of_older_kinds_are_read(tmp_path: Path, checkout: Path) -> None:
    built = environment(tmp_path / "env")
    assert built.folder
    site = site_of(built.folder)
    (site / "Old_Thing-1.2-py3.11.egg-info").write_text("Metadata-Version: 1.0\nName: Old_Thing\nVersion: 1.2\n\nx")
    (site / "develop.egg-info").mkdir()
    (site / "develop.egg-info" / "PKG-INFO").write_text("Name: develop\nVersion: 3\n")
    (site / "none-1.0.dist-info").mkdir()
    (site / "none-1.0.dist-info" / "METADATA").write_text("Name: none\nVersion: 1.0\n")
    (site / "empty-1.0.dist-info").mkdir()
    os.mkfifo(site / "pipe.pth")
    found = fingerprint(SPEC, checkout, built, deep=True)
    assert [(p.name, p.version) for p in found.packages] == [("develop", "3"), ("none", "1.0"), ("old-thing", "1.2")]


@given(st.text())
def test_any_text_reads_as_a_record(text: str) -> None:
    assert all(path for path, _ in record_lines(text))


# --- the file --------------------------------------------------------------------------------------------------------


def test_the_lock_file_is_what_it_was_in_format_one(tmp_path: Path) -> None:
    assert lock_bytes(KNOWN) == GOLDEN.read_bytes()
    write_lock(tmp_path, KNOWN)
    assert read_lock(tmp_path) == KNOWN
    before = (tmp_path / NAME).stat()
    write_lock(tmp_path, KNOWN)
    assert (tmp_path / NAME).stat().st_ino == before.st_ino
    assert read_lock(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lock_bytes(KNOWN).replace(b"2.31.0", b"2.32.0"), "was edited"),
        (lock_bytes(KNOWN)[:-40], "is no JSON"),
        (b"\xff", "is no text"),
        (b"[]", "no environment of Waypost's"),
        (b'{"lockfileVersion": 3}', "no environment of Waypost's"),
        (lock_bytes(KNOWN).replace(b'"format":1', b'"format":2'), "no fingerprint of format 1"),
        (lock_bytes(KNOWN).replace(b'["TZ","UTC"]', b'["TZ",1]'), "is not 2 texts"),
    ],
)
def test_a_lock_file_that_is_not_ours_is_refused_with_place_and_mend(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(BadEnvironmentLock, match=said) as caught:
        read_lock(tmp_path)
    assert str(tmp_path / NAME) in str(caught.value)
    assert "anew" in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(sorted(KNOWN.as_json())), inner),
)


@given(json_values)
def test_foreign_json_is_refused_and_never_breaks_anything(told: object) -> None:
    for value in (told, {**KNOWN.as_json(), **(told if isinstance(told, dict) else {}), "format": 1}):
        try:
            assert Fingerprint.from_json(value).digest
        except BadFingerprint:
            continue
