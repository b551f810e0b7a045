"""Rewind: files, conversation and plan go back together to any checkpoint of a long run, and forth again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from runs_cases import Aim, Place, call, commit, done, git, make_place, scripted, shell, tree_of, write_documents

from waypost.context.conversation import KINDS, Conversation
from waypost.documents.find import find
from waypost.documents.lint import load
from waypost.events import kinds
from waypost.events.event import Record
from waypost.events.history import live
from waypost.events.journal import HUMAN
from waypost.models.estimate import Estimator
from waypost.runs import rewinding
from waypost.runs.view import RunView, load_view
from waypost.wires.conversation import Message

ODD = [
    "mkdir -p 'deep/über mäßig' && echo one > 'deep/über mäßig/one file.txt'",
    "for i in 1 2 3; do echo $i > made-$i.txt; done",
    "printf '\\000\\001\\377' > data.bin",
    "git mv a.txt renamed.txt",
    "chmod +x renamed.txt",
    "ln -s renamed.txt link",
    "rm -rf deep",
    "mv made-1.txt moved.txt && echo more >> moved.txt",
    "rm link && mkdir link && echo file > link/inside",
    "ln -sfn nowhere dangling",
    "chmod -x renamed.txt; touch empty",
    "rm -rf link; echo plain > link",
    "mkdir -p 'sp ace' && cp data.bin 'sp ace/copy' && rm data.bin",
    "printf 'line\\r\\n' > crlf.txt; printf '%s' nonewline > last.txt",
    "echo '*.log' > .gitignore; echo x > x.log",
    "git add -A",
    "rm -f made-2.txt; echo new > made-2.txt; git rm -q --cached made-3.txt",
    "rm dangling; git checkout -q -- . ",
]


@dataclass(frozen=True, slots=True)
class Standing:
    """How everything stands at a checkpoint."""

    tree: str
    messages: tuple[Message, ...]
    states: dict[str, str]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = make_place(tmp_path, {"a.txt": "one\n", "lib/b.py": "b = 1\n"})
    aims = [
        Aim("M01", "Odd files", {"odd": "test -e renamed.txt"}),
        Aim("M02", "More of them", {"more": "test -e second-19.txt"}, depends="M01"),
    ]
    write_documents(place.root, "odd", aims)
    place.unheld = True  # its commands change git's own folder, too
    return place


def long_script(folder: Path) -> str:
    first = [shell(command) for command in ODD]
    first += [{"calls": [call("write", path="w.py", text="w = 1\n"), call("edit", path="w.py", old="1", new="2")]}]
    second = [shell(f"echo {n} > second-{n}.txt; echo {n} >> grows.txt") for n in range(20)]
    return scripted(folder, [*first, done(), *second, done()])


def short_script(folder: Path) -> str:
    first = [shell(command) for command in ODD[:7]]
    return scripted(folder, [*first, done(), *(shell(f"echo {n} > second-{n}.txt") for n in (17, 18, 19)), done()])


def standing(place: Place, run: str, records: list[Record], tree: str) -> Standing:
    view = RunView(run)
    with place.project() as project:
        conversation = Conversation.empty(project.log.content, Estimator())
        for record in records:
            view.apply(record)
            if record.event.kind in KINDS:
                conversation.apply(record)
    return Standing(tree, conversation.messages, {name: seen.state for name, seen in view.milestones.items()})


def standing_now(place: Place, run: str) -> Standing:
    with place.project() as project:
        tree = rewinding.open_worktree(project, run).tree_now()
        records = list(live(project.log, run))
        shown = {name: seen.state for name, seen in load_view(project.log, run).milestones.items()}
    found = standing(place, run, records, tree)
    assert shown == found.states
    return found


def boxes(folder: Path) -> dict[str, bool]:
    return {m.id: m.ticked for m in load(find(folder.parents[1], folder.name)).plan.milestones}


def rewind(place: Place, run: str, number: int) -> None:
    with place.project() as project:
        rewinding.rewind(project, run, number)


def undo(place: Place, run: str) -> None:
    with place.project() as project:
        rewinding.undo(project, run)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("committed", "every"),
    [
        pytest.param(True, 1, id="each, documents on the branch", marks=pytest.mark.slow),
        pytest.param(True, 8, id="some, documents on the branch", marks=pytest.mark.slow),
        pytest.param(False, 8, id="some, documents beside it"),
    ],
)
def test_every_checkpoint_of_a_long_run_can_be_gone_back_to_and_undone(
    place: Place, tmp_path: Path, committed: bool, every: int
) -> None:
    if committed:
        commit(place.root, "documents")
    run, ended = place.run("odd", long_script(tmp_path))
    assert ended.outcome == "complete"
    assert place.view(run).steps >= 40
    folder = (place.worktree(run) if committed else place.root) / ".agent/odd"
    everything = place.every(run)
    points = [r for r in everything if isinstance(r.event, kinds.Checkpointed)]
    assert len(points) >= 36
    heads = {r.event.number: r.event.head for r in points}
    end = standing_now(place, run)
    for point in reversed(points[::every]):
        event = point.event
        expected = standing(place, run, [r for r in everything if r.seq <= point.seq], event.tree)
        before = standing_now(place, run)
        rewind(place, run, event.number)
        assert standing_now(place, run) == expected
        assert git(place.root, "rev-parse", f"waypost/{run}") == heads[event.number]
        assert boxes(folder) == {name: state == "passed" for name, state in expected.states.items()}
        if event.number % 5 == 1:
            undo(place, run)
            assert standing_now(place, run) == before
            undo(place, run)
            assert standing_now(place, run) == expected
    again = place.work(run)
    assert again.outcome == "complete"
    now = standing_now(place, run)
    assert now.states == end.states
    assert (place.worktree(run) / "second-19.txt").exists()
    assert git(place.root, "rev-list", "--count", f"main..waypost/{run}") == "2"


@pytest.mark.slow
def test_a_rewind_that_was_killed_in_the_middle_is_finished_by_whatever_comes_next(
    place: Place, tmp_path: Path
) -> None:
    run, _ = place.run("odd", short_script(tmp_path))
    points = [r for r in place.every(run) if isinstance(r.event, kinds.Checkpointed)]
    target = points[8].event

    def killed() -> None:
        with place.project() as project:
            epoch = project.log.claim(run)
            saved = rewinding.save(project, rewinding.open_worktree(project, run), run, epoch, "before a rewind")
            event = kinds.RunRewound(points[8].seq, target.number, saved.seq, target.tree)
            project.log.append(run, epoch, [event], actor=HUMAN)

    end = standing_now(place, run)
    killed()
    (place.worktree(run) / "renamed.txt").unlink(missing_ok=True)
    undo(place, run)
    assert standing_now(place, run) == end
    undo(place, run)
    assert standing_now(place, run).tree == target.tree, "what was saved is the finished state, not half of it"
    undo(place, run)
    killed()
    place.waypost("steer", run, "and a word before anybody worked on it")
    assert place.work(run).outcome == "complete"
    taken = [r.event for r in place.live(run, kinds.Checkpointed.kind) if r.event.note == "at resume"]
    assert [event.tree for event in taken] == [target.tree], "the rewind was finished before the work went on"


@pytest.mark.slow
def test_what_a_person_mends_after_a_rewind_is_not_taken_back_by_the_resume(place: Place, tmp_path: Path) -> None:
    run, _ = place.run("odd", short_script(tmp_path))
    rewind(place, run, 5)
    mended = place.worktree(run) / "by-hand.txt"
    mended.write_text("mine\n")
    assert place.work(run).outcome == "complete"
    assert mended.read_text() == "mine\n"


@pytest.mark.slow
def test_the_command_line_previews_rewinds_and_takes_back(place: Place, tmp_path: Path) -> None:
    run, _ = place.run("odd", short_script(tmp_path))
    before = tree_of(place.worktree(run), ("x.log",)), place.every(run)[-1].seq
    shown = place.waypost("rewind", run, "4", "--preview")
    assert shown.returncode == 0
    assert "M01" in shown.stdout
    assert (tree_of(place.worktree(run), ("x.log",)), place.every(run)[-1].seq) == before
    assert place.waypost("rewind", run, "4").returncode == 2, "nobody can be asked"
    assert place.waypost("rewind", run, "4000", "--yes").returncode == 2
    assert place.waypost("rewind", run, "4", "--yes").returncode == 0
    assert place.states(run) == {"M01": "active", "M02": "planned"}
    assert place.waypost("rewind", run, "--undo").returncode == 0
    assert place.states(run) == {"M01": "passed", "M02": "passed"}
    assert tree_of(place.worktree(run), ("x.log",)) == before[0]  # an ignored file is in no checkpoint
