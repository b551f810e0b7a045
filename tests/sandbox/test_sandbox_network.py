"""A network of its own: who gets in and out, as root and as an ordinary user, and its end."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from network_cases import here, serving
from network_scenario import keeper, tried

import waypost
from waypost.sandbox.egress import Asked
from waypost.sandbox.network import NetworkError, open_network
from waypost.sandbox.walls import Level

TESTS = Path(__file__).parent
SYSTEM_PYTHON = Path("/usr/bin/python3")
NOBODY = 65534


def _can_unshare(user: int | None = None) -> bool:
    if sys.platform != "linux" or not shutil.which("bwrap") or not shutil.which("nsenter"):
        return False
    argv = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    return subprocess.run(argv, user=user, capture_output=True, check=False).returncode == 0


def needs(here: bool, what: str) -> None:
    if not here and os.environ.get("WAYPOST_REQUIRE_ALL"):
        pytest.fail(f"no {what}")
    if not here:
        pytest.skip(f"no {what}")


def expect(found: dict[str, str], user: int) -> None:
    answer = found.pop("allowed")
    assert answer.startswith("HTTP/1.0 200 OK")
    assert answer.endswith("hello")
    assert found.pop("refused").startswith("HTTP/1.1 403 other.example:80 is not opened by PROMPT.md")
    assert found == {
        "user": str(user),
        "other loopback": "exit 1",
        "outside": "unreachable",
        "out by id": "exit 1",
        "out by descriptor": "exit 1",
        "another network": "exit 1",
        "loopback down": "no",
        "the keeper": "exit 2",
        "runtime asks": "connected",
        "command asks": "connected",
        "machine": "ConnectionRefusedError",
        "told": "localhost:opened other.example:refused",
        "keeper gone": "True",
        "entered after the end": "exit 1",
    }


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder with the program and this scenario that every user can read."""
    folder = Path(tempfile.mkdtemp(prefix="waypost-network-"))
    folder.chmod(0o755)
    shutil.copytree(Path(waypost.__file__).parent, folder / "waypost", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TESTS / "network_scenario.py", folder)
    yield folder
    shutil.rmtree(folder)


def test_commands_share_a_network_that_leads_only_to_listed_hosts() -> None:
    needs(_can_unshare(), "bubblewrap that works")
    expect(asyncio.run(tried()), os.geteuid())


def test_an_ordinary_user_gets_the_same_network_as_root(readable: Path) -> None:
    needs(os.geteuid() == 0 and SYSTEM_PYTHON.exists(), "root and a system Python")
    needs(_can_unshare(NOBODY), "user namespaces for ordinary users")
    ran = subprocess.run(
        [SYSTEM_PYTHON, "network_scenario.py"], cwd=readable, user=NOBODY, group=NOBODY, extra_groups=[],
        capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    expect(json.loads(ran.stdout), NOBODY)


def test_the_keeper_dies_with_a_killed_runtime() -> None:
    needs(_can_unshare(), "bubblewrap that works")
    source = str(Path(waypost.__file__).parent.parent)
    argv = [sys.executable, str(TESTS / "network_scenario.py"), "stay"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": source}) as runtime:
        assert runtime.stdout is not None
        process = int(runtime.stdout.readline())
        assert Path(f"/proc/{process}").exists()
        runtime.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _lives(process) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _lives(process)


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def test_when_the_keeper_has_died_asking_fails_and_says_so() -> None:
    needs(_can_unshare(), "bubblewrap that works")

    async def play() -> None:
        async with open_network(Level.BUBBLEWRAP) as network:
            os.kill(keeper(), signal.SIGKILL)
            for _ in range(2):
                with pytest.raises(ConnectionError, match="keeper"):
                    await network.connect("127.0.0.1", 1)

    asyncio.run(play())


def test_a_network_without_hosts_has_no_proxy_and_sets_no_variables() -> None:
    needs(_can_unshare(), "bubblewrap that works")

    async def play() -> None:
        async with open_network(Level.BUBBLEWRAP) as network:
            assert network.variables == {}
            with pytest.raises(ConnectionRefusedError):
                await network.connect("127.0.0.1", 3128)

    asyncio.run(play())


def test_two_networks_do_not_know_of_each_other() -> None:
    needs(_can_unshare(), "bubblewrap that works")

    async def play() -> None:
        hosts = (here("localhost", 1),)
        async with open_network(Level.BUBBLEWRAP, hosts=hosts) as one, open_network(Level.BUBBLEWRAP) as other:
            _, writer = await one.connect("127.0.0.1", 3128)
            writer.close()
            with pytest.raises(ConnectionRefusedError):
                await other.connect("127.0.0.1", 3128)

    asyncio.run(play())


@pytest.mark.parametrize("level", [Level.LANDLOCK, Level.SEATBELT, Level.NONE])
def test_without_namespaces_it_is_the_machines_own_network_and_the_proxy_has_a_password(level: Level) -> None:
    async def play() -> None:
        asked: list[Asked] = []
        async with serving() as server:
            hosts = (here("localhost", server.port),)
            async with open_network(level, hosts=hosts, on_asked=asked.append) as network:
                assert network.enter == ()
                _, writer = await network.connect("127.0.0.1", server.port)
                writer.close()
                url, variables = (
                    f"http://localhost:{server.port}/",
                    {**network.variables, "no_proxy": "", "NO_PROXY": ""},
                )
                curl = await asyncio.create_subprocess_exec(
                    "curl", "-sS", url, env={"PATH": os.environ["PATH"], **variables}, stdout=subprocess.PIPE
                )
                assert (await curl.communicate())[0] == b"hello"
        assert [(one.host, one.verdict) for one in asked] == [("localhost", "opened")]

    asyncio.run(play())


def test_programs_are_told_of_the_proxy_in_both_cases() -> None:
    async def play() -> dict[str, str]:
        async with open_network(Level.NONE, hosts=(here("localhost", 1),)) as network:
            return network.variables

    variables = asyncio.run(play())
    upper = {name for name in variables if name.isupper()}
    assert upper == {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
    assert {name.upper() for name in variables if name.islower()} == upper
    assert variables["no_proxy"] == "127.0.0.1,localhost,::1"


def test_what_can_not_be_made_is_told_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with open_network(Level.BUBBLEWRAP):
            pass

    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(NetworkError, match="no nsenter on PATH; install util-linux"):
        asyncio.run(play())
