"""The index in a process of its own: what happens when it dies, hangs or is asked nonsense."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from waypost.index.errors import BadQuestion, IndexProblem
from waypost.index.service import Service, ServiceGone, StillBusy

VARIABLES = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
SOURCE = "def greet(name):\n    return f'hello {name}'\n\n\ndef main():\n    print(greet('you'))\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    made.mkdir()
    (made / "hello.py").write_text(SOURCE)
    return made


def played(root: Path, play: Callable[[Service], Awaitable[None]], seed: Path | None = None) -> None:
    async def within() -> None:
        service = Service(root, root.parent / "index.db", VARIABLES, seed)
        try:
            await play(service)
        finally:
            await service.close()

    asyncio.run(within())


def pid(service: Service) -> int:
    assert service._process is not None
    return service._process.pid


def test_questions_are_answered_and_changes_seen_at_once(root: Path) -> None:
    async def play(service: Service) -> None:
        found = await service.ask("symbol", {"name": "greet"}, 60)
        assert [(hit["path"], hit["start_line"]) for hit in found["results"]] == [("hello.py", 1)]
        assert found["index"]["status"] == "complete"
        (root / "hello.py").write_text("\n\n" + SOURCE)
        found = await service.ask("symbol", {"name": "greet"}, 60)
        assert [hit["start_line"] for hit in found["results"]] == [3]

    played(root, play)


def test_a_process_that_was_killed_is_started_again(root: Path) -> None:
    async def play(service: Service) -> None:
        await service.ask("update", {}, 60)
        first = pid(service)
        os.kill(first, signal.SIGKILL)
        assert (await service.ask("callers", {"name": "greet"}, 60))["total"] == 1
        assert pid(service) != first

    played(root, play)


def test_a_process_that_dies_at_every_question_is_told(root: Path, tmp_path: Path) -> None:
    async def play(service: Service) -> None:
        service.place = root / "hello.py" / "no-folder" / "index.db"
        with pytest.raises(ServiceGone, match="ended twice"):
            await service.ask("update", {}, 60)

    played(root, play)


def test_who_can_not_wait_is_told_and_the_work_goes_on(root: Path) -> None:
    async def play(service: Service) -> None:
        with pytest.raises(StillBusy, match="ask again later"):
            await service.ask("update", {}, 0.001)
        assert (await service.ask("symbol", {"name": "main"}, 60))["total"] == 1

    played(root, play)


def test_nonsense_is_refused_by_name_and_harms_nobody(root: Path) -> None:
    async def play(service: Service) -> None:
        with pytest.raises(BadQuestion, match="no question 'dance'"):
            await service.ask("dance", {}, 60)
        with pytest.raises(BadQuestion, match="name is missing"):
            await service.ask("symbol", {"name": 7}, 60)
        with pytest.raises(IndexProblem):
            await service.ask("outline", {"path": "../../etc/passwd"}, 60)
        before = pid(service)
        assert (await service.ask("outline", {"path": "hello.py"}, 60))["total"] == 2
        assert pid(service) == before

    played(root, play)


def test_questions_side_by_side_get_their_own_answers(root: Path) -> None:
    async def play(service: Service) -> None:
        names = ["greet", "main"] * 5
        found = await asyncio.gather(*(service.ask("symbol", {"name": name}, 60) for name in names))
        assert [one["results"][0]["name"] for one in found] == names

    played(root, play)


def test_a_new_index_begins_as_a_like_one(root: Path, tmp_path: Path) -> None:
    seed = tmp_path / "seed.db"

    async def fill(service: Service) -> None:
        await service.ask("update", {}, 60)

    played(root, fill)
    (tmp_path / "index.db").rename(seed)

    async def play(service: Service) -> None:
        assert service.exists
        assert (await service.ask("symbol", {"name": "greet"}, 60))["total"] == 1

    played(root, play, seed)
    assert seed.exists()


def test_it_ends_with_who_started_it(root: Path) -> None:
    script = (
        "import asyncio, os, sys, pathlib\n"
        "from waypost.index.service import Service\n"
        "async def main():\n"
        "    root, place = map(pathlib.Path, sys.argv[1:])\n"
        "    service = Service(root, place, dict(os.environ))\n"
        "    await service.ask('update', {}, 60)\n"
        "    print(service._process.pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    source = str(Path(__file__).parents[2] / "src")
    python = [sys.executable, "-c", script, str(root), str(root.parent / "i.db")]
    ended = subprocess.run(
        python, env={**os.environ, "PYTHONPATH": source}, capture_output=True, text=True, check=False
    )
    child = int(ended.stdout)

    async def gone() -> bool:
        for _ in range(500):
            try:
                os.kill(child, 0)
            except ProcessLookupError:
                return True
            await asyncio.sleep(0.02)
        return False

    assert asyncio.run(gone())
