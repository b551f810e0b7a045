"""Rewinds, a person's hand in the run's folder, and steps done twice: what is not live wrote nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from trace_cases import Played, Script, commit, documents, function, git, module, text, waypost

from waypost.events.sqlite import SqliteLog

PATH = "src/sums.py"


def start(folder: Path) -> Path:
    root = folder / "repository"
    root.mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    documents(root, "grow", ["M01"])
    (root / "a.txt").write_text("a\n")
    commit(root, "start")
    return root


def turns(folder: Path, name: str, *said: dict[str, object]) -> str:
    file = folder / f"{name}.json"
    file.write_text(json.dumps({"turns": list(said)}))
    return f"scripted:{file}"


def write(*names: str) -> dict[str, object]:
    lines = module(*(function(name, len(name)) for name in names))
    return {"calls": [{"tool": "write", "args": {"path": PATH, "text": text(lines)}}]}


def owners(root: Path, run: str) -> dict[str, int | None]:
    """The step of the line that each function's name stands in."""
    answers = Played(root, run, Script(), "").blame(PATH, f"waypost/{run}")
    return {
        answer.text.split()[1].split("(")[0]: answer.written.step.responded if answer.written else None
        for answer in answers
        if answer.text.startswith("def ")
    }


def responses(root: Path, run: str) -> list[int]:
    log = SqliteLog(root / ".waypost" / "state.db")
    found = [record.seq for record in log.read(run, kinds=("model.responded",))]
    log.close()
    return found


@pytest.mark.slow
def test_after_a_rewind_lines_lead_to_the_live_steps(tmp_path: Path) -> None:
    root = start(tmp_path)
    done: dict[str, object] = {"calls": [{"finish": "done"}]}
    first = turns(tmp_path, "first", write("alpha"), write("alpha", "beta"), write("gamma"), done)
    ended = waypost(root, "run", "grow", "--yes", "--json", "--model", first)
    run = json.loads(ended.stdout.splitlines()[0])["run"]
    assert ended.returncode == 0, ended.stderr
    assert responses(root, run)
    assert owners(root, run)["gamma"] == responses(root, run)[2]
    rewound = waypost(root, "rewind", run, "1", "--yes")
    assert rewound.returncode == 0, rewound.stderr
    # The second step is done again, exactly: its tree is one that git knows already.
    second = turns(
        tmp_path, "second", {"text": "none", "calls": []}, write("alpha", "beta"), write("alpha", "beta", "delta"), done
    )
    resumed = waypost(root, "resume", run, "--model", second)
    assert resumed.returncode == 0, resumed.stderr + resumed.stdout
    found, said = owners(root, run), responses(root, run)
    assert set(found) == {"alpha", "beta", "delta"}
    assert (found["alpha"], found["beta"], found["delta"]) == (said[0], said[4], said[5])
    hidden = json.loads(waypost(root, "trace", str(said[2]), "--json").stdout)
    assert not hidden["live"]
    assert hidden["surviving"] == []


@pytest.mark.slow
def test_what_a_person_did_in_the_runs_folder_is_no_steps(tmp_path: Path) -> None:
    root = start(tmp_path)
    done: dict[str, object] = {"calls": [{"finish": "done"}]}
    pause = {"calls": [{"tool": "ask", "args": {"question": "On?"}}]}
    first = turns(tmp_path, "first", write("alpha"), pause)
    ended = waypost(root, "run", "grow", "--yes", "--json", "--max-steps", "2", "--model", first)
    opened = json.loads(ended.stdout.splitlines()[0])
    run = opened["run"]
    place = Path(
        next(one for one in map(json.loads, ended.stdout.splitlines()) if one["kind"] == "run.opened")["place"]
    )
    file = place / PATH
    file.write_text(file.read_text() + text(["", "", *function("byhand", 9)]))
    resumed = waypost(
        root, "resume", run, "--max-steps", "9", "--model", turns(tmp_path, "second", *[done] * 3, write_more(), done)
    )
    assert resumed.returncode == 0, resumed.stderr
    found, said = owners(root, run), responses(root, run)
    assert found["byhand"] is None
    assert found["alpha"] == said[0]
    assert found["gamma"] in said[1:]


def write_more() -> dict[str, object]:
    """A patch behind what stands there."""
    kept = [" " + line for line in function("alpha", 5)[-2:]]
    added = ["+" + line for line in ["", "", *function("gamma", 5)]]
    rows = ["*** Begin Patch", f"*** Update File: {PATH}", "@@ def alpha", *kept, *added, "*** End Patch"]
    patch = "\n".join(rows)
    return {"calls": [{"tool": "edit", "args": {"patch": patch}}]}
