"""How long `waypost blame` takes beside `git blame`, on 5,000 files and a log of 5,000 steps; and how right it is.

python bench/blame.py [--files 5000] [--steps 5000] [--times 5] [--no-proof]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.event import Event
from waypost.events.sqlite import SqliteLog

RUN, MILESTONES, TOUCHED = "bench-0001", 24, 200
SOURCE = Path(__file__).parents[1] / "src"
PROOF = Path(__file__).parents[1] / "tests" / "trace"
WHO = "Bench <bench@localhost> 1790000000 +0000"
ENVIRONMENT = {
    **{
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") and name != "PYTHONDONTWRITEBYTECODE"
    },
    "GIT_AUTHOR_NAME": "Bench", "GIT_AUTHOR_EMAIL": "bench@localhost",
    "GIT_COMMITTER_NAME": "Bench", "GIT_COMMITTER_EMAIL": "bench@localhost",
    "PYTHONPATH": str(SOURCE),
}  # fmt: skip


def git(folder: Path, *arguments: str, feed: bytes = b"") -> str:
    ended = subprocess.run(
        ["git", *arguments], cwd=folder, env=ENVIRONMENT, input=feed, capture_output=True, check=True
    )
    return ended.stdout.decode().strip()


def path_of(number: int) -> str:
    return f"package_{number % 50:02d}/module_{number:04d}.py"


def first_text(number: int) -> str:
    return "".join(f"VALUE_{number}_{line} = {line}\n" for line in range(40))


def addition(step: int) -> str:
    body = "".join(f"    total_{step} += amount_{step} * {line}\n" for line in range(8))
    return f"\n\ndef step_{step}(amount_{step}: int) -> int:\n    total_{step} = 0\n{body}    return total_{step}\n"


def stream(files: int, steps: int) -> Iterator[bytes]:
    """Base and checkpoints, for `git fast-import`."""
    yield f"commit refs/heads/main\nmark :1\ncommitter {WHO}\ndata 5\nstart\n".encode()
    texts = {number: first_text(number) for number in range(files)}
    for number, text in texts.items():
        yield _file(number, text)
    yield f"reset refs/waypost/{RUN}/base\nfrom :1\n\n".encode()
    for step in range(steps):
        message = f"checkpoint {step + 1}\n\nedit\n"
        head = (
            f"commit refs/waypost/{RUN}/checkpoints\nmark :{step + 2}\ncommitter {WHO}\ndata {len(message)}\n{message}"
        )
        yield f"{head}from :{step + 1}\n".encode()
        texts[step % TOUCHED] += addition(step)
        yield _file(step % TOUCHED, texts[step % TOUCHED])


def _file(number: int, text: str) -> bytes:
    return f"M 100644 inline {path_of(number)}\ndata {len(text)}\n{text}\n".encode()


def make(folder: Path, files: int, steps: int) -> None:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "fast-import", "--quiet", feed=b"".join(stream(files, steps)))
    chain = f"refs/waypost/{RUN}/checkpoints"
    listed = [line.split() for line in git(folder, "log", "--reverse", "--format=%H %T", chain).splitlines()]
    base, checkpoints = listed[0][0], listed[1:]
    log = SqliteLog(folder / ".waypost" / "state.db")
    log._database.execute("PRAGMA synchronous = OFF")
    head = _fill(folder, log, base, checkpoints)
    log.close()
    git(folder, "update-ref", f"refs/heads/waypost/{RUN}", head)
    git(folder, "reset", "-q", "--hard", head)
    for number in range(20):
        file = folder / path_of(number)
        file.write_text(f"# by hand {number}\n" + file.read_text())
        git(folder, "commit", "-qam", f"By hand {number}")


def _fill(folder: Path, log: SqliteLog, base: str, checkpoints: list[list[str]]) -> str:
    """The log's events; returns the last milestone's commit."""
    epoch, head, each = log.claim(RUN), base, -(-len(checkpoints) // MILESTONES)
    names = [f"M{number:02d}" for number in range(1, MILESTONES + 1)]
    log.append(RUN, epoch, [
        kinds.DocumentsApproved(".agent/bench", (), (), (), "bench"),
        kinds.RunOpened("Benchmark", ".agent/bench", 1, base, f"waypost/{RUN}", "/nowhere", "scripted:x"),
        *(kinds.MilestonePlanned(name, f"Milestone {name}") for name in names),
        kinds.RunStarted(1, "0"),
    ])  # fmt: skip
    for number, name in enumerate(names):
        events: list[Event] = [
            kinds.MilestoneMoved(name, "active", "planned"),
            kinds.AttemptOpened(name, 1, Blob.of("system"), Blob.of("briefing")),
        ]
        own = range(number * each, min(len(checkpoints), (number + 1) * each))
        for step in own:
            events += _step(name, step, checkpoints[step], head)
        records = log.append(RUN, epoch, events)
        if not own:
            continue
        tree = checkpoints[own[-1]][1]
        message = f"{name}: part\n\nWaypost-Run: {RUN}\nWaypost-Milestone: {name}\nWaypost-Log: 1-{records[-1].seq}\n"
        head = git(folder, "commit-tree", tree, "-p", head, "-F", "-", feed=message.encode())
        log.append(RUN, epoch, [kinds.MilestoneCommitted(name, head, tree)])
    log.append(RUN, epoch, [kinds.RunEnded("complete")])
    return head


def _step(milestone: str, step: int, checkpoint: list[str], head: str) -> list[Event]:
    call, path = f"call-{step}", path_of(step % TOUCHED)
    before = step - TOUCHED
    old = f"    return total_{before}\n" if before >= 0 else f"VALUE_{step % TOUCHED}_39 = 39\n"
    arguments = json.dumps({"path": path, "old": old, "new": old + addition(step)})
    deltas = [["call", 0, 4, 10], *(["arguments", 0, 4, 10 + at] for at in range(len(arguments) // 4))]
    answer = {"parts": [{"call": call, "name": "edit", "arguments": arguments}], "stop": "calls", "deltas": deltas}
    spent = kinds.Spent(20_000, 300, 18_000, 900, 0, 9_000)
    called: list[Event] = [
        kinds.ModelRequested(milestone, step, "d" * 64, 40, 20_000),
        kinds.ModelResponded(milestone, step, Blob.of(json.dumps(answer)), "calls", spent),
        kinds.ToolCalled(milestone, call, "edit", step, path),
    ]
    return [
        *called,
        kinds.ToolEnded(milestone, call, "edit", "done", Blob.of(f"edited {path} {step}")),
        kinds.Checkpointed(step + 1, milestone, checkpoint[0], checkpoint[1], head,
                           (kinds.Change(path, "modified", 14, 0),), 1),
    ]  # fmt: skip


def timed(folder: Path, command: list[str], times: int) -> float:
    """The median of so many runs, in seconds."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        ended = subprocess.run(command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, check=False)
        took.append(time.perf_counter() - began)
        assert ended.returncode == 0, (command, ended.returncode)
    return statistics.median(took)


def speed(files: int, steps: int, times: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="bench-blame-") as place:
        folder = Path(place)
        make(folder, files, steps)
        waypost = [sys.executable, "-m", "waypost"]
        late, early = path_of((steps - 1) % TOUCHED), path_of(3)
        last = len((folder / late).read_text().splitlines())
        cases = {
            "a line of the last step": f"{late}:{last - 1}",
            "a line of the fourth step": f"{early}:46",
            "a person's line": f"{early}:1",
            "ten lines": f"{late}:{last - 10}-{last - 1}",
        }
        print(f"{files:,} files, {steps:,} steps, median of {times}; `waypost --version` takes "
              f"{timed(folder, [*waypost, '--version'], times):.3f} s")  # fmt: skip
        print(f"{'':<40} {'git blame':>10} {'waypost':>9}")
        slowest = 0.0
        for name, asked in cases.items():
            file, _, lines = asked.partition(":")
            bounds = lines.replace("-", ",") if "-" in lines else f"{lines},{lines}"
            git_took = timed(folder, ["git", "blame", "-L", bounds, "HEAD", "--", file], times)
            command = [*waypost, "blame", asked, "--json"]
            if name == "a person's line":
                command = ["sh", "-c", '"$@" || test $? = 1', "sh", *command]
            took = timed(folder, command, times)
            slowest = max(slowest, took) if name != "a person's line" else slowest
            print(f"{name:<40} {git_took:>8.3f} s {took:>7.3f} s")
    print(f"slowest where trailers hold: {slowest:.3f} s (bound: 0.5 s)")
    return slowest <= 0.5


def proof() -> bool:
    """The table of Shows 4: every line of a real run through what people do to branches."""
    sys.path.insert(0, str(PROOF))
    from trace_cases import BASE_FILES, judge, play, three_milestones
    from trace_later import ALL, elsewhere

    is_good = True
    with tempfile.TemporaryDirectory(prefix="bench-blame-") as place:
        played = play(Path(place) / "played", three_milestones(), BASE_FILES, ("M01", "M02", "M03"))
        print(f"\n{'what people did':<30} {'lines':>5} {'right':>6} {'unknown':>8} {'wrong':>6} {'right':>8}  how sure")
        for number, (name, later) in enumerate(ALL.items()):
            copy, script = elsewhere(played, Path(place) / str(number))
            later(copy, script)
            tally = judge(copy, script)
            is_good &= not tally.wrong and tally.share >= 0.95
            print(tally.row(name))
    return is_good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--steps", type=int, default=5_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--no-proof", action="store_true", help="leave out the table of right and wrong")
    asked = parser.parse_args()
    is_fast = speed(asked.files, asked.steps, asked.times)
    return int(not (is_fast and (asked.no_proof or proof())))


if __name__ == "__main__":
    sys.exit(main())
