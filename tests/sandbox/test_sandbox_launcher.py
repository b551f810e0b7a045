"""The warm launcher: it outlives no runtime, comes back when killed, leaks nothing, and gives no rights of before."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sandbox_cases import VARIABLES, lives, until
from walls_cases import LEVELS, sandbox_of

from waypost.sandbox.bubblewrap import BubblewrapSandbox
from waypost.sandbox.keeping import Keeping
from waypost.sandbox.landlock import LandlockSandbox
from waypost.sandbox.launcher import Launcher
from waypost.sandbox.mounts import PLACEHOLDER, Kind, Mount, View, parted
from waypost.sandbox.sandbox import Command, Outcome, Sandbox, SpawnError, shell
from waypost.sandbox.spares import Spares
from waypost.sandbox.walls import Level, Walls

each_level = pytest.mark.parametrize("level", LEVELS)
RUNTIME = """
import sys, time
from waypost.sandbox.launcher import Launcher
launcher = Launcher()
print(launcher.pid, flush=True)
time.sleep(600)
"""


def work(folder: Path) -> Walls:
    """A folder with a protected file, one that is missing, and others beside."""
    (folder / "deep").mkdir()
    for name in ("kept", "free"):
        (folder / "deep" / name).write_text(name)
    return Walls((folder,), read_only=(folder / "deep" / "kept", folder / "deep" / "missing"))


def launcher_of(sandbox: Sandbox) -> Launcher:
    assert isinstance(sandbox, BubblewrapSandbox | LandlockSandbox)
    found = sandbox.launcher
    assert found is not None
    return found


async def told(sandbox: Sandbox, walls: Walls, text: str, **more: str) -> Outcome:
    return await sandbox.run(Command(shell(text), walls.writable[0], {**VARIABLES, **more}, 30, walls=walls))


@each_level
def test_a_launcher_that_was_killed_is_started_again(level: Level, tmp_path: Path) -> None:
    sandbox, walls = sandbox_of(level), work(tmp_path)

    async def twice() -> tuple[int, int]:
        await told(sandbox, walls, "true")
        first = launcher_of(sandbox).pid
        os.kill(first, signal.SIGKILL)
        assert until(lambda: not lives(first))
        outcome = await told(sandbox, walls, "echo here; echo x > deep/kept")
        assert (outcome.exit, outcome.output[:5]) == (1, b"here\n")
        return first, launcher_of(sandbox).pid

    first, second = asyncio.run(twice())
    assert first != second
    assert (tmp_path / "deep" / "kept").read_text() == "kept"


def test_a_launcher_ends_with_its_runtime() -> None:
    argv = [sys.executable, "-c", RUNTIME]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE) as runtime:
        assert runtime.stdout is not None
        pid = int(runtime.stdout.readline())
        assert lives(pid)
        runtime.send_signal(signal.SIGKILL)
    assert until(lambda: not lives(pid))


def test_a_launcher_ends_when_nobody_has_it_any_more() -> None:
    launcher = Launcher()
    pid = launcher.pid
    assert lives(pid)
    del launcher
    assert until(lambda: not lives(pid))


def test_a_request_that_makes_no_sense_is_refused_and_the_next_one_is_served() -> None:
    launcher = Launcher()
    pid = launcher.pid
    with pytest.raises(SpawnError, match="slot"):
        launcher.ask("hold", {"handled": 0, "network": False, "abi": 1, "grants": [], "listed": []}, ())
    with pytest.raises(SpawnError, match="slot"):
        launcher.ask("hold", {"handled": 0, "network": False, "abi": 1, "grants": [], "listed": []}, ())
    assert launcher.pid == pid


@each_level
def test_a_command_has_the_descriptors_and_variables_that_it_was_given_and_no_more(
    level: Level, tmp_path: Path
) -> None:
    read_end, write_end = os.pipe()
    text = "for one in 0 1 2 {3..40}; do test -e /proc/self/fd/$one && echo -n $one' '; done; echo; env"
    walls = work(tmp_path)
    command = Command(shell(text), tmp_path, {**VARIABLES, "GIVEN": "1"}, 30, walls=walls, pass_fds=(write_end,))
    outcome = asyncio.run(sandbox_of(level).run(command))
    os.close(read_end)
    os.close(write_end)
    numbers, _, variables = outcome.output.decode().partition("\n")
    assert set(map(int, numbers.split())) == {0, 1, 2, write_end}
    names = {line.partition("=")[0] for line in variables.splitlines()}
    assert {"PATH", "LANG", "GIVEN", "WAYPOST_MARK"} <= names
    assert names <= {"PATH", "HOME", "LANG", "GIVEN", "WAYPOST_MARK", "PWD", "TMPDIR", "SHLVL", "_",
                     "RUSTUP_HOME", "PYENV_ROOT", "NVM_DIR"}  # fmt: skip


@each_level
def test_what_is_loaded_for_a_command_is_not_loaded_by_what_builds_its_walls(level: Level, tmp_path: Path) -> None:
    outcome = asyncio.run(told(sandbox_of(level), work(tmp_path), "echo $LD_LIBRARY_PATH", LD_LIBRARY_PATH=":lib"))
    assert outcome.output == b":lib\n"


@each_level
def test_no_way_leads_around_what_covers_a_protected_file(level: Level, tmp_path: Path) -> None:
    walls = work(tmp_path)
    deep = tmp_path / "deep"
    texts = (
        "for one in 1 2 3 $$ self; do for way in root/$PWD cwd; do echo x > /proc/$one/$way/kept; done; done",
        "for one in 1 2 3 $$ self; do for way in root/$PWD cwd; do mkdir /proc/$one/$way/missing/x; done; done",
        "cd ..; mv deep deeper; cd -; echo x > kept; umount kept; rm -f kept missing; rmdir missing; touch missing/x",
    )
    sandbox = sandbox_of(level)
    for text in texts:  # from inside the folder that must not move
        asyncio.run(sandbox.run(Command(shell(text), deep, VARIABLES, 30, walls=walls)))
    assert sorted(path.name for path in deep.iterdir()) == ["free", "kept"]
    assert (deep / "kept").read_text() == "kept"


def test_where_the_kernel_refuses_bubblewrap_covers_by_itself(tmp_path: Path) -> None:
    sandbox = sandbox_of(Level.BUBBLEWRAP)
    assert isinstance(sandbox, BubblewrapSandbox)
    walls = work(tmp_path)

    async def refused() -> Outcome:
        covered = sandbox.run(
            Command(shell("echo x > deep/kept; mkdir deep/missing"), tmp_path, VARIABLES, 30, walls=walls)
        )
        running = asyncio.create_task(covered)
        while not (tmp_path / "deep" / "missing").exists():
            await asyncio.sleep(0)
        (tmp_path / "deep" / "missing").rmdir()  # now it can't be covered
        return await running

    asyncio.run(refused())
    assert sandbox.launcher is None
    outcome = asyncio.run(told(sandbox, walls, "echo x > deep/kept"))
    assert outcome.exit == 1
    assert (tmp_path / "deep" / "kept").read_text() == "kept"


@each_level
def test_a_file_that_takes_anothers_place_between_commands_has_its_own_rights(level: Level, tmp_path: Path) -> None:
    sandbox, walls, deep = sandbox_of(level), work(tmp_path), tmp_path / "deep"

    async def play() -> list[int | None]:
        codes = [(await told(sandbox, walls, "echo x > deep/free")).exit]
        (deep / "kept").rename(deep / "was-kept")  # the human's doing: what was protected is free, and the other way
        (deep / "free").rename(deep / "kept")
        codes.append((await told(sandbox, walls, "echo y > deep/kept")).exit)
        codes.append((await told(sandbox, walls, "echo y > deep/was-kept")).exit)
        (deep / "new").write_text("new")
        codes.append((await told(sandbox, walls, "echo y > deep/new")).exit)
        return codes

    assert asyncio.run(play()) == [0, 1, 0, 0]
    assert (deep / "kept").read_text() == "x\n"


@each_level
def test_commands_at_once_share_no_temporary_folder_and_find_it_empty(level: Level, tmp_path: Path) -> None:
    sandbox, walls = sandbox_of(level), Walls((tmp_path,))

    async def play() -> tuple[bytes, list[bytes]]:
        first = asyncio.create_task(told(sandbox, walls, "echo $TMPDIR; touch ${TMPDIR:-/tmp}/x ~/y; sleep 0.5"))
        await asyncio.sleep(0.2)
        text = "echo $TMPDIR; ls -A ${TMPDIR:-/tmp} | grep -v waypost; ls -A ~ | grep y"
        second = (await told(sandbox, walls, text, HOME="/root")).output
        return (await first).output, [second, (await told(sandbox, walls, text, HOME="/root")).output]

    first, others = asyncio.run(play())
    assert [b"x" in other.split() or b"y" in other.split() for other in others] == [False, False]
    if level is Level.LANDLOCK:
        assert first.split()[0] != others[0].split()[0]


def test_only_what_covers_what_is_shown_waits_for_the_launcher(tmp_path: Path) -> None:
    secret = tmp_path / "etc"
    secret.mkdir()
    (secret / "shadow").touch()
    mounts = (
        Mount("/home", Kind.EMPTY),
        Mount("/w", Kind.WRITABLE),
        Mount("/home/tool", Kind.VISIBLE),  # what it shows lies outside of the view
        Mount("/home/tool/kept", Kind.READ_ONLY),
        Mount("/w/a", Kind.ANCHOR),
        Mount("/w/b", Kind.READ_ONLY),
        Mount("/w/b/open", Kind.WRITABLE),  # so what lies above it must be there before
        Mount("/w/a/kept", Kind.READ_ONLY),
        Mount(f"{secret}", Kind.HIDDEN),  # an empty folder is made, not taken
        Mount(f"{secret}/shadow", Kind.HIDDEN),
    )
    first, later = parted(View(mounts))
    assert [mount.path for mount in later] == ["/home/tool/kept", "/w/a", "/w/a/kept"]
    assert [*first, *later] == [*(one for one in mounts if one not in later), *later]


def test_spare_folders_are_moved_and_never_replace_what_is_there(tmp_path: Path) -> None:
    spares = Spares(PLACEHOLDER)
    there, missing = tmp_path / "there", tmp_path / "missing"
    there.mkdir()
    before = there.stat().st_ino
    with pytest.raises(FileExistsError):
        spares.put(str(there))
    assert there.stat().st_ino == before
    if not spares.put(str(missing)):
        pytest.skip("temporary files lie on another disk")
    number = missing.stat().st_ino
    assert missing.stat().st_mode & 0o7777 == PLACEHOLDER
    assert spares.take_back(str(missing))
    assert not missing.exists()
    assert spares.put(str(missing))
    assert missing.stat().st_ino == number
    (missing / "x").touch()
    assert not spares.take_back(str(missing))
    assert (missing / "x").exists()


def test_while_somebody_holds_a_folder_nothing_is_moved_into_it(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert not Spares(PLACEHOLDER).put(str(tmp_path / "missing"))
    os.close(descriptor)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("spared", [True, False])
def test_placeholders_come_and_go_with_and_without_spare_folders(
    spared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not spared:
        monkeypatch.setattr("tempfile.tempdir", "/dev/shm")  # another disk
    missing = [tmp_path / name for name in ("a", "b")]
    spares = Spares(PLACEHOLDER)
    for _ in range(2):
        with Keeping((), spares) as first, Keeping((), spares) as second:
            first.hold(map(str, missing))
            second.hold(map(str, missing[:1]))
            assert all(path.stat().st_mode & 0o7777 == PLACEHOLDER for path in missing)
            first.release()
            assert [path.exists() for path in missing] == [True, False]
        assert list(tmp_path.iterdir()) == []
