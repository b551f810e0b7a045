"""Commands behind walls: their ends, limits and placeholders, what they are given, and what they share."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from sandbox_cases import VARIABLES, lives, until
from walls_cases import LEVELS, sandbox_of

from waypost.sandbox.mounts import PLACEHOLDER
from waypost.sandbox.network import open_network
from waypost.sandbox.orphans import find_marked
from waypost.sandbox.sandbox import Command, Outcome, SpawnError, shell
from waypost.sandbox.walls import Level, Limits, Walls

MEBIBYTE = 1 << 20
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
each_level = pytest.mark.parametrize("level", LEVELS)
WIPED = """
import os, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
os.execve("/bin/sleep", ["sleep", os.environ["FOR"]], {})
"""
"""A daemon that leaves its session and wipes its environment."""
RUNTIME = """
import asyncio, os, sys
from pathlib import Path
from waypost.sandbox.bubblewrap import BubblewrapSandbox
from waypost.sandbox.landlock import LandlockSandbox
from waypost.sandbox.sandbox import Command, shell
from waypost.sandbox.walls import Walls
sandbox = {"bubblewrap": BubblewrapSandbox, "landlock": LandlockSandbox}[sys.argv[1]]()
folder = Path(sys.argv[2])
walls = Walls((folder,), read_only=(folder / "sub" / "missing",))
text = f"{sys.argv[3]} daemon.py; touch free/begun; sleep 600"
variables = {**os.environ, "FOR": sys.argv[4]}
asyncio.run(sandbox.run(Command(shell(text), folder, variables, 600, mark=sys.argv[5], walls=walls)))
"""


def behind(folder: Path, text: str, *, timeout: float = 30.0, walls: Walls | None = None, **more: str) -> Command:
    return Command(shell(text), folder, {**VARIABLES, **more}, timeout, walls=walls or Walls((folder,)))


def run(level: Level, command: Command) -> Outcome:
    return asyncio.run(sandbox_of(level).run(command))


def sleepers(seconds: str) -> list[int]:
    """The processes on the machine that sleep for so long; each test takes a number of its own."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cmdline").read_bytes() == f"sleep\0{seconds}\0".encode():
                found.append(int(entry.name))
        except OSError:
            continue
    return [pid for pid in found if lives(pid)]


@each_level
def test_exit_codes_signals_and_output_come_through(level: Level, tmp_path: Path) -> None:
    outcome = run(level, behind(tmp_path, "echo one; echo two >&2; exit 7"))
    assert (outcome.exit, outcome.signal, outcome.output, outcome.limit) == (7, None, b"one\ntwo\n", "")
    killed = run(level, behind(tmp_path, "kill -SEGV $$"))
    assert (killed.exit, killed.signal) == (None, signal.SIGSEGV)


@each_level
def test_what_cannot_be_started_says_why(level: Level, tmp_path: Path) -> None:
    command = Command(("nothing-like-it",), tmp_path, VARIABLES, 5, walls=Walls((tmp_path,)))
    with pytest.raises(SpawnError, match="nothing-like-it"):
        run(level, command)
    with pytest.raises(SpawnError, match="no such folder"):
        run(level, behind(tmp_path / "nowhere", "true"))


@each_level
def test_given_input_and_descriptors_reach_the_command(level: Level, tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    command = Command(
        shell(f"cat; echo told >&{write_end}"), tmp_path, VARIABLES, 20, stdin=b"given", walls=Walls((tmp_path,)),
        pass_fds=(write_end,),
    )  # fmt: skip
    outcome = run(level, command)
    os.close(write_end)
    assert outcome.output == b"given"
    with os.fdopen(read_end, "rb") as told:
        assert told.read() == b"told\n"


def stopped(level: Level, folder: Path, on_term: str) -> Outcome:
    """A command that is asked to stop once it is up, and does `on_term` then."""

    async def play() -> Outcome:
        stop = asyncio.Event()
        text = f"trap '{on_term}' TERM; echo up; touch up; while :; do sleep 0.05; done"
        command = Command(shell(text), folder, VARIABLES, 60, walls=Walls((folder,)), stop=stop)
        running = asyncio.create_task(sandbox_of(level).run(command))
        while not (folder / "up").exists():
            await asyncio.sleep(0.01)
        stop.set()
        return await running

    return asyncio.run(play())


@each_level
def test_a_command_that_is_stopped_may_tidy_up_and_its_output_is_kept(level: Level, tmp_path: Path) -> None:
    outcome = stopped(level, tmp_path, "echo tidied; exit 3")
    assert (outcome.exit, outcome.timed_out) == (3, False)
    said = outcome.output.split()  # bash itself says "Terminated" of its child in between
    assert (said[0], said[-1]) == (b"up", b"tidied")


@pytest.mark.slow
@each_level
def test_a_command_that_will_not_stop_is_killed(level: Level, tmp_path: Path) -> None:
    outcome = stopped(level, tmp_path, "")
    assert (outcome.exit, outcome.signal, outcome.output) == (None, signal.SIGKILL, b"up\n")


@pytest.mark.slow
@each_level
def test_a_daemon_that_wiped_its_environment_is_named_and_ended(level: Level, tmp_path: Path) -> None:
    (tmp_path / "daemon.py").write_text(WIPED)
    number = f"{610 + LEVELS.index(level)}.{os.getpid()}"
    outcome = run(level, behind(tmp_path, f"{PYTHON} daemon.py; sleep 0.3; echo done", FOR=number))
    assert (outcome.exit, outcome.output) == (0, b"done\n")
    # A process that is just being ended has no arguments any more: the kernel then tells its name alone.
    assert outcome.left_running in {(f"sleep {number}",), ("sleep",)}
    assert sleepers(number) == []


@pytest.mark.slow
@each_level
def test_at_the_time_limit_daemons_end_too(level: Level, tmp_path: Path) -> None:
    (tmp_path / "daemon.py").write_text(WIPED)
    number = f"{620 + LEVELS.index(level)}.{os.getpid()}"
    outcome = run(level, behind(tmp_path, f"{PYTHON} daemon.py; echo begun; sleep 600", timeout=1.5, FOR=number))
    assert (outcome.timed_out, outcome.output) == (True, b"begun\n")
    assert sleepers(number) == []


@each_level
def test_cancelling_ends_all(level: Level, tmp_path: Path) -> None:
    (tmp_path / "daemon.py").write_text(WIPED)
    number = f"{630 + LEVELS.index(level)}.{os.getpid()}"

    async def cancelled() -> None:
        command = behind(tmp_path, f"{PYTHON} daemon.py; touch begun; sleep 600", FOR=number)
        running = asyncio.create_task(sandbox_of(level).run(command))
        while not (tmp_path / "begun").exists():
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancelled())
    assert sleepers(number) == []


def killed_runtime(level: Level, folder: Path, number: str) -> str:
    """Kills a runtime in the midst of a command that has a daemon; the run's name."""
    (folder / "daemon.py").write_text(WIPED)
    (folder / "sub").mkdir()
    (folder / "free").mkdir()
    run_name = f"run-{uuid.uuid4().hex}"
    argv = [sys.executable, "-c", RUNTIME, level, str(folder), PYTHON, number, f"{run_name}/1"]
    with subprocess.Popen(argv, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as runtime:
        assert until(lambda: (folder / "free" / "begun").exists() and bool(sleepers(number)))
        runtime.send_signal(signal.SIGKILL)
    return run_name


@each_level
def test_all_ends_with_a_killed_runtime(level: Level, tmp_path: Path) -> None:
    sandbox_of(level)
    number = f"{640 + LEVELS.index(level)}.{os.getpid()}"
    run_name = killed_runtime(level, tmp_path, number)
    assert until(lambda: not sleepers(number))
    assert until(lambda: not find_marked(f"{run_name}/"))


def test_the_next_command_takes_away_what_a_killed_one_had_to_leave(tmp_path: Path) -> None:
    sandbox_of(Level.BUBBLEWRAP)
    killed_runtime(Level.BUBBLEWRAP, tmp_path, f"650.{os.getpid()}")
    left = tmp_path / "sub" / "missing"
    assert left.is_dir()
    assert left.stat().st_mode & 0o7777 == PLACEHOLDER
    walls = Walls((tmp_path,), read_only=(left,))
    assert run(Level.BUBBLEWRAP, behind(tmp_path, "! touch sub/missing/x", walls=walls)).exit == 0
    assert not left.exists()


def test_two_commands_at_once_share_a_placeholder_until_the_last_one_ends(tmp_path: Path) -> None:
    sandbox = sandbox_of(Level.BUBBLEWRAP)
    missing = tmp_path / "missing"
    walls = Walls((tmp_path,), read_only=(missing,))

    async def both() -> list[Outcome]:
        slow = behind(tmp_path, "touch up; while ! test -e go; do sleep 0.02; done; touch missing/x", walls=walls)
        running = asyncio.create_task(sandbox.run(slow))
        while not (tmp_path / "up").exists():
            await asyncio.sleep(0.01)
        quick = await sandbox.run(behind(tmp_path, "touch missing/x", walls=walls))
        assert missing.is_dir()
        (tmp_path / "go").touch()
        return [quick, await running]

    assert [outcome.exit for outcome in asyncio.run(both())] == [1, 1]
    assert not missing.exists()


def test_a_link_on_the_way_to_what_is_protected_is_put_back(tmp_path: Path) -> None:
    for folder in ("real", "evil"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "test.py").write_text(folder)
    (tmp_path / "tests").symlink_to("real")
    walls = Walls((tmp_path,), read_only=(tmp_path / "tests" / "test.py",))
    run(Level.BUBBLEWRAP, behind(tmp_path, "rm tests; ln -s evil tests", walls=walls))
    assert (tmp_path / "tests" / "test.py").read_text() == "real"


@pytest.mark.slow
@each_level
def test_too_many_processes_end_the_command_and_the_limit_is_named(level: Level, tmp_path: Path) -> None:
    walls = Walls((tmp_path,), limits=Limits(processes=50))
    number = f"{660 + LEVELS.index(level)}.{os.getpid()}"
    for text in ("wait", "true"):  # in the foreground, and left in the background
        spawner = f"for one in $(seq 200); do sleep {number} & done 2>/dev/null; {text}"
        outcome = run(level, behind(tmp_path, spawner, walls=walls))
        assert (outcome.limit, outcome.timed_out) == ("processes (50)", False)
        assert sleepers(number) == []


def too_large(level: Level, folder: Path, limits: Limits, program: str) -> Outcome:
    (folder / "program.py").write_text(program)
    return run(level, behind(folder, f"exec {PYTHON} program.py", walls=Walls((folder,), limits=limits)))


@each_level
def test_too_much_memory_ends_the_command_and_the_limit_is_named(level: Level, tmp_path: Path) -> None:
    limits = Limits(memory=100 * MEBIBYTE)
    outcome = too_large(level, tmp_path, limits, "import time; held = bytearray(150 << 20); time.sleep(30)")
    assert (outcome.limit, outcome.exit) == ("memory (100 MiB)", None)


def test_files_in_memory_count_as_memory(tmp_path: Path) -> None:
    walls = Walls((tmp_path,), limits=Limits(memory=100 * MEBIBYTE))
    text = "head -c 60M /dev/zero > /tmp/a; head -c 60M /dev/zero > /dev/shm/a; sleep 30"
    assert run(Level.BUBBLEWRAP, behind(tmp_path, text, walls=walls)).limit == "memory (100 MiB)"


@each_level
def test_too_large_a_file_ends_the_command_and_the_limit_is_named(level: Level, tmp_path: Path) -> None:
    limits = Limits(file_size=MEBIBYTE)
    program = """
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
open("large", "wb").write(bytes(2 << 20))
"""
    outcome = too_large(level, tmp_path, limits, program)
    assert (outcome.signal, outcome.limit) == (signal.SIGXFSZ, "file size (1 MiB)")
    assert (tmp_path / "large").stat().st_size == MEBIBYTE


SERVER = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8099, bind='127.0.0.1')"
CLIENT = """
import time, urllib.request
for _ in range(200):
    try:
        print(urllib.request.urlopen("http://127.0.0.1:8099/said").read().decode()); break
    except OSError:
        time.sleep(0.05)
"""


def test_a_service_in_one_command_is_asked_by_another(tmp_path: Path) -> None:
    sandbox = sandbox_of(Level.BUBBLEWRAP)
    (tmp_path / "said").write_text("hello")
    (tmp_path / "client.py").write_text(CLIENT)

    async def play() -> tuple[Outcome, Outcome, Outcome]:
        async with open_network(Level.BUBBLEWRAP) as network:
            shared = Walls((tmp_path,), network=network)
            stop = asyncio.Event()
            service = Command((PYTHON, "-c", SERVER), tmp_path, VARIABLES, 60, walls=shared, stop=stop)
            serving = asyncio.create_task(sandbox.run(service))
            asked = await sandbox.run(behind(tmp_path, f"{PYTHON} client.py", walls=shared))
            alone = await sandbox.run(behind(tmp_path, "exec 3<>/dev/tcp/127.0.0.1/8099"))
            stop.set()
            return asked, alone, await serving

    asked, alone, service = asyncio.run(play())
    assert asked.output == b"hello\n"
    assert alone.exit != 0
    assert (service.exit, service.signal, service.timed_out) == (None, signal.SIGTERM, False)


@pytest.mark.slow
@each_level
def test_pytest_works_with_its_temporary_folders(level: Level, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(tmp_path):\n    (tmp_path / 'x').write_text('x')\n")
    variables = {"HOME": str(Path.home()), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = Command(
        (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"), tmp_path, variables, 60,
        walls=Walls((tmp_path,), visible=(Path(sys.prefix),)),
    )  # fmt: skip
    outcome = run(level, command)
    assert outcome.exit == 0, outcome.output.decode()


@pytest.mark.slow
@each_level
def test_no_descriptor_is_left_open(level: Level, tmp_path: Path) -> None:
    sandbox = sandbox_of(level)
    walls = Walls((tmp_path,), read_only=(tmp_path / "missing", tmp_path / "other"))

    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    async def many() -> None:
        await sandbox.run(behind(tmp_path, "sleep 600 & true", walls=walls))
        before = descriptors()
        for _ in range(3):
            await sandbox.run(behind(tmp_path, "sleep 600 & true", walls=walls))
        # Those of folders that were removed are closed by a thread.
        assert until(lambda: descriptors() <= before)

    asyncio.run(many())
    assert list(tmp_path.iterdir()) == []
