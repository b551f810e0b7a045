from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from sandbox_cases import DAEMON, lives, until

from waypost.sandbox.orphans import end_marked, find_marked

RUNTIME = """
import asyncio, os, sys
from pathlib import Path
from waypost.sandbox.plain import PlainSandbox
from waypost.sandbox.sandbox import Command, shell
text = f"{sys.executable} daemon.py it; sleep 589 & echo $! > pid; sleep 588"
asyncio.run(PlainSandbox().run(Command(shell(text), Path("."), os.environ, 600, mark=sys.argv[1])))
"""


def test_what_a_killed_runtime_left_is_found_and_ended(tmp_path: Path) -> None:
    run = f"run-{uuid.uuid4().hex}"
    (tmp_path / "daemon.py").write_text(DAEMON)
    runtime = subprocess.Popen(
        [sys.executable, "-c", RUNTIME, f"{run}/7"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert until(lambda: (tmp_path / "it.pid").exists() and (tmp_path / "pid").exists())
    runtime.send_signal(signal.SIGKILL)
    runtime.wait()
    found = find_marked(f"{run}/")
    commands = [orphan.command for orphan in found]
    assert "sleep 589" in commands
    assert any(text.endswith("daemon.py it") for text in commands)
    assert {orphan.pid for orphan in end_marked(f"{run}/")} >= {orphan.pid for orphan in found}
    assert find_marked(f"{run}/") == []
    assert not any(lives(orphan.pid) for orphan in found)


def test_another_run_with_a_longer_name_is_left_alone() -> None:
    run = f"run-{uuid.uuid4().hex}"
    other = subprocess.Popen(["sleep", "587"], env={"PATH": os.environ["PATH"], "WAYPOST_MARK": f"{run}0/1"})
    try:
        assert end_marked(f"{run}/") == []
        assert lives(other.pid)
        assert [orphan.pid for orphan in find_marked(f"{run}0/")] == [other.pid]
    finally:
        other.kill()
        other.wait()


def test_a_resume_from_within_a_marked_command_does_not_end_itself() -> None:
    run = f"run-{uuid.uuid4().hex}"
    program = f"from waypost.sandbox.orphans import end_marked; print(end_marked({run + '/'!r}))"
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "WAYPOST_MARK": f"{run}/1"}
    done = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_an_empty_prefix_is_refused() -> None:
    with pytest.raises(ValueError, match="every run"):
        find_marked("")
