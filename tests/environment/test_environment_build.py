from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from environment_cases import build, plain

from waypost.environment.build import MARKER, BuiltEnvironment, EnvironmentSpec, stored
from waypost.environment.build import build as build_it
from waypost.environment.clean import base_variables, search_path, without_passwords
from waypost.environment.editable import source_roots
from waypost.environment.errors import NoInterpreter, SetupFailed
from waypost.environment.facts import facts, is_wal_safe
from waypost.environment.key import key_of
from waypost.environment.locks import named_in
from waypost.environment.steps import Step, StepEnded


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "check out é"
    folder.mkdir()
    (folder / "lock.txt").write_text("a==1\n")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def shell(built: BuiltEnvironment, command: str, folder: Path) -> str:
    run = subprocess.run(
        ["bash", "-c", command], env=built.variables_in(folder), cwd=folder, capture_output=True, check=False
    )
    return run.stdout.decode().strip()


def test_keys_and_tokens_of_the_caller_are_not_passed_on() -> None:
    caller = {
        "PATH": "/usr/bin:relative:.::/nowhere/at/all",
        "HOME": "/home/x",
        "OPENAI_API_KEY": "sk-1",
        "GITHUB_TOKEN": "t",
        "AWS_SECRET_ACCESS_KEY": "s",
        "GIT_DIR": "/x",
        "PYTHONPATH": "/x",
        "VIRTUAL_ENV": "/x",
        "SSL_CERT_FILE": "/ca.pem",
        "PIP_INDEX_URL": "http://localhost/simple",
    }
    seen = base_variables(None, {"CI": "0", "NEW": "1"}, caller)
    assert not set(seen) & {
        "OPENAI_API_KEY",
        "GITHUB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "GIT_DIR",
        "PYTHONPATH",
    }
    assert (seen["SSL_CERT_FILE"], seen["PIP_INDEX_URL"]) == ("/ca.pem", "http://localhost/simple")
    assert (seen["HOME"], seen["CI"], seen["NEW"], seen["TZ"]) == ("/home/x", "0", "1", "UTC")
    assert base_variables(Path("/other"), None, caller)["HOME"] == "/other"
    assert seen["PATH"].split(":")[0] == "/usr/bin"
    assert all(Path(folder).is_absolute() for folder in search_path("a:/usr/bin:").split(":"))


def test_nothing_named_builds_nothing(checkout: Path, store: Path) -> None:
    built = build(EnvironmentSpec(variables={"A": "1"}), checkout, store)
    assert (built.folder, built.key, built.built, built.variables["A"]) == (None, "", False, "1")
    assert not store.exists()


def test_a_set_up_runs_once_and_again_when_a_lock_file_changes(checkout: Path, store: Path) -> None:
    command = 'pwd; echo ran >> "$WAYPOST_ENVIRONMENT/trace"; mkdir "$WAYPOST_ENVIRONMENT/bin"'
    spec = EnvironmentSpec(setup=command, lock_files=("lock.txt", "absent.txt"))
    first = build(spec, checkout, store)
    again = build(spec, checkout, store)
    assert (first.built, again.built, first.key == again.key) == (True, False, True)
    assert first.log_path
    assert first.log_path.read_text() == f"{checkout}\n"
    assert first.folder
    assert (first.folder / "trace").read_text() == "ran\n"
    assert first.variables["PATH"].startswith(f"{first.folder}/bin:")
    (checkout / "lock.txt").write_text("a==2\n")
    assert build(spec, checkout, store).key != first.key


def test_a_red_set_up_is_told_with_its_last_lines_and_tried_again(checkout: Path, store: Path) -> None:
    spec = EnvironmentSpec(setup="seq 100; echo broken >&2; false | cat; echo never")
    with pytest.raises(SetupFailed, match="exit code 1") as caught:
        build(spec, checkout, store)
    assert (len(caught.value.tail), caught.value.tail[-1]) == (30, "broken")
    assert caught.value.log_path.read_text().startswith("1\n2\n")
    with pytest.raises(SetupFailed):
        build(spec, checkout, store)


@pytest.mark.slow
def test_a_set_up_that_never_ends_is_ended_with_all_it_started(checkout: Path, store: Path) -> None:
    spec = EnvironmentSpec(setup="sleep 987 & echo $!; trap '' TERM; wait; sleep 987", setup_timeout=0.4)
    with pytest.raises(SetupFailed, match=r"longer than 0\.4 s") as caught:
        build(spec, checkout, store)
    state = Path(f"/proc/{caught.value.tail[0]}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_a_child_left_in_the_background_does_not_hold_the_set_up_up(checkout: Path, store: Path) -> None:
    build(EnvironmentSpec(setup="sleep 987 & echo started"), checkout, store)


def test_a_build_that_was_cut_short_is_built_anew(checkout: Path, store: Path) -> None:
    spec = EnvironmentSpec(setup='test ! -e "$WAYPOST_ENVIRONMENT/half"')
    built = build(spec, checkout, store)
    assert built.folder
    (built.folder.parent / MARKER).unlink()
    built.folder.chmod(0o700)
    (built.folder / "half").write_text("")
    built.folder.chmod(0o500)
    assert build(spec, checkout, store).built


def test_two_who_build_at_once_build_once(checkout: Path, store: Path) -> None:
    spec = EnvironmentSpec(setup="sleep 0.2; echo ran >> trace")

    async def at_once() -> list[bool]:
        return [one.built for one in await asyncio.gather(*(build_it(spec, checkout, store, plain) for _ in range(3)))]

    assert sorted(asyncio.run(at_once())) == [False, False, True]
    assert (checkout / "trace").read_text() == "ran\n"


def test_an_interpreter_that_is_not_there_is_named(checkout: Path, store: Path) -> None:
    with pytest.raises(NoInterpreter, match=r"python9\.9: not found on PATH"):
        build(EnvironmentSpec(interpreter="python9.9"), checkout, store)
    with pytest.raises(NoInterpreter, match="is no Python interpreter"):
        build(EnvironmentSpec(interpreter="cat"), checkout, store)


@pytest.mark.slow
def test_a_gate_imports_its_own_checkout_and_not_the_set_ups(checkout: Path, store: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for place, value in ((checkout, 1), (other, 2)):
        (place / "src/thing").mkdir(parents=True)
        (place / "src/thing/__init__.py").write_text(f"value = {value}\n")
    install = 'python -c "import site; print(site.getsitepackages()[0])"'
    spec = EnvironmentSpec(interpreter=sys.executable, setup=f'echo "$PWD/src" > "$({install})/thing.pth"')
    built = build(spec, checkout, store)
    assert built.source_roots == ("src",)
    assert shell(built, "python -c 'import sys; print(sys.prefix)'", checkout) == str(built.folder)
    assert built.variables["VIRTUAL_ENV"] == str(built.folder)
    program = "python -c 'import thing; print(thing.value)'"
    assert [shell(built, program, folder) for folder in (checkout, other)] == ["1", "2"]


def test_the_roots_of_setuptools_finders_are_found(checkout: Path, tmp_path: Path) -> None:
    packages = tmp_path / "venv/lib/python3.11/site-packages"
    packages.mkdir(parents=True)
    text = f"MAPPING: dict[str, str] = {{'thing': '{checkout}/lib/thing', 'x': '/elsewhere/x'}}\n"
    (packages / "__editable___thing_1_0_finder.py").write_text(text)
    (packages / "distutils-precedence.pth").write_text("import os; os.environ\n\n")
    assert source_roots(tmp_path / "venv", checkout) == ("lib",)


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 6, 23), True),
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
    ],
)
def test_the_wal_bug_is_known_by_version(version: tuple[int, ...], safe: bool) -> None:
    assert is_wal_safe(version) is safe


def test_the_machines_facts_are_found(tmp_path: Path) -> None:
    seen = facts(tmp_path)
    tools = {tool.name: tool for tool in seen.tools}
    assert tools["git"].version
    assert tools["git"].path
    assert os.access(tools["git"].path, os.X_OK)
    assert seen.free_disk > 0


# --- the walls around a build ----------------------------------------------------------------------------------------


def test_nothing_that_changes_how_programs_start_reaches_a_command() -> None:
    names = (
            "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "BASH_ENV", "ENV",
            "NODE_OPTIONS", "NODE_PATH", "PERL5OPT", "PERL5LIB", "RUBYOPT", "RUBYLIB", "LD_PRELOAD", "LD_LIBRARY_PATH",
            "DYLD_INSERT_LIBRARIES", "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_PARAMETERS", "GIT_SSH_COMMAND",
            "GIT_EXTERNAL_DIFF", "PROMPT_COMMAND", "SHELLOPTS", "JAVA_TOOL_OPTIONS", "MAKEFLAGS",
            "COVERAGE_PROCESS_START",
    )  # fmt: skip
    leaks = dict.fromkeys(names, "/tmp/evil")
    seen = base_variables(caller={"PATH": "/usr/bin", "HOME": "/home/x", **leaks})
    assert not leaks.keys() & seen.keys()
    assert (seen["GIT_CONFIG_GLOBAL"], seen["GIT_CONFIG_NOSYSTEM"]) == (os.devnull, "1")
    assert seen["SOURCE_DATE_EPOCH"] == "315532800"
    seen = base_variables(caller={"PATH": "/usr/bin", "HOME": "/home/x", "GIT_CONFIG_GLOBAL": "/home/x/.evil"})
    assert seen["GIT_CONFIG_GLOBAL"] == os.devnull


def test_a_password_in_an_address_is_the_set_ups_alone(checkout: Path, store: Path, tmp_path: Path) -> None:
    address = "https://me:secret@localhost:1/simple?x=a@b"
    assert without_passwords({"PIP_INDEX_URL": address})["PIP_INDEX_URL"] == "https://localhost:1/simple?x=a@b"
    spec = EnvironmentSpec(setup='echo "$OWN" > seen', variables={"OWN": address})
    assert build(spec, checkout, store).variables["OWN"] == address, "the target's own was approved"
    assert (checkout / "seen").read_text().strip() == address


def test_a_command_may_have_a_home_of_its_own(checkout: Path, store: Path, tmp_path: Path) -> None:
    built = build(EnvironmentSpec(), checkout, store)
    assert built.variables_in(checkout)["HOME"] == os.environ["HOME"]
    assert built.variables_in(checkout, tmp_path)["HOME"] == str(tmp_path)


@pytest.mark.slow
def test_each_command_of_a_build_goes_through_the_runner(checkout: Path, store: Path) -> None:
    seen: list[Step] = []

    async def runner(step: Step) -> StepEnded:
        seen.append(step)
        return await plain(step)

    spec = EnvironmentSpec(interpreter=sys.executable, setup='echo 1 > "$WAYPOST_ENVIRONMENT/x"', setup_timeout=60)
    built = asyncio.run(build_it(spec, checkout, store, runner))
    assert built.folder
    assert (built.folder / "x").read_text() == "1\n"
    assert [(step.checkout, step.folder) for step in seen] == [(checkout, built.folder)] * 2
    assert [step.argv[0] for step in seen] == [step.interpreter for step in seen[:1]] + ["bash"]
    assert all(0 < step.timeout <= 60 for step in seen)


def test_a_finished_environment_is_closed_to_writing_and_can_be_built_again(checkout: Path, store: Path) -> None:
    setup = 'cd "$WAYPOST_ENVIRONMENT" && mkdir -p a/b && echo 1 > a/b/c && chmod +x a/b/c && ln -s /etc/passwd a/link'
    before = Path("/etc/passwd").stat().st_mode
    built = build(EnvironmentSpec(setup=setup), checkout, store)
    assert built.folder
    everything = [built.folder, *built.folder.rglob("*")]
    assert not [path for path in everything if not path.is_symlink() and path.stat().st_mode & 0o222]
    assert (built.folder / "a/b/c").stat().st_mode & 0o100
    assert Path("/etc/passwd").stat().st_mode == before
    (built.folder.parent / MARKER).unlink()
    assert build(EnvironmentSpec(setup=setup), checkout, store).built


def test_a_set_up_can_neither_say_that_it_is_done_nor_have_the_marker_written_elsewhere(
    checkout: Path, store: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    plant = f'cd "$WAYPOST_ENVIRONMENT"; ln -s ../../../victim {MARKER}.draft; ln -s ../../../victim {MARKER}; '
    with pytest.raises(SetupFailed):
        build(EnvironmentSpec(setup=plant + "false"), checkout, store)
    with pytest.raises(SetupFailed):
        build(EnvironmentSpec(setup=plant + "false"), checkout, store)
    assert build(EnvironmentSpec(setup=plant), checkout, store).built
    assert victim.read_text() == "mine"


def test_an_environment_is_found_again_by_its_key_without_building(checkout: Path, store: Path) -> None:
    spec = EnvironmentSpec(setup="true", variables={"A": "1"})
    assert stored(spec, store, "0" * 64) is None
    built = build(spec, checkout, store)
    found = stored(spec, store, built.key)
    assert found is not None
    assert (found.folder, found.key, found.variables) == (built.folder, built.key, built.variables)
    assert stored(EnvironmentSpec(), store, "") is not None
    assert stored(spec, store, "") is None


@pytest.mark.parametrize(
    ("setup", "files"),
    [
        ("pip install -r requirements.txt", ("more/base.txt", "requirements.txt")),
        ('pip install --requirement="./requirements.txt" -c constraints.txt', ("constraints.txt", "more/base.txt",
                                                                                "requirements.txt")),
        ("pip install -rrequirements/dev.txt", ("requirements/dev.txt",)),
        ("npm ci --prefix x && uv sync", ("package-lock.json", "uv.lock")),
        ("pip install requests -r ../requirements.txt -r /requirements.txt", ()),
        ("echo requirements-absent.txt", ()),
    ],
)  # fmt: skip
def test_the_requirements_that_a_set_up_names_count_where_no_lock_file_is_named(
    checkout: Path, setup: str, files: tuple[str, ...]
) -> None:
    for path, text in {
        "requirements.txt": "a==1\n-r more/base.txt\n",
        "more/base.txt": "b==1\n",
        "requirements/dev.txt": "-r dev.txt\n-r ../../outside.txt\n",
        "constraints.txt": "",
        "package-lock.json": "{}",
        "uv.lock": "",
    }.items():
        (checkout / path).parent.mkdir(exist_ok=True)
        (checkout / path).write_text(text)
    assert named_in(setup, checkout) == files
    spec = EnvironmentSpec(setup=setup)
    before = key_of(spec, checkout, ("", ""))
    assert [f"write `- Lock files: {', '.join(files)}`" in warning for warning in before.warnings] == [True] * bool(
        files
    )
    for file in files:
        (checkout / file).write_text("c==3\n")
        assert key_of(spec, checkout, ("", "")).text != before.text
    named = EnvironmentSpec(setup=setup, lock_files=("lock.txt",))
    assert key_of(named, checkout, ("", "")).warnings == ()
