"""Every line of a real run, through what people do to branches: to its own step or to none."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from trace_cases import BASE, MOVED, PERSON, SUMS, TOOLS, Played, Script, commit, function, git, judge, waypost
from trace_later import ALL, REPORT, Later, amended, edited, merged, moved, squashed_in_own_words

from waypost.trace.blame import Sure

Afterwards = Callable[[Later], tuple[Played, Script]]
FAST = {"merged", "amended", "all of it"}


@pytest.mark.parametrize("name", [pytest.param(one, marks=() if one in FAST else (pytest.mark.slow,)) for one in ALL])
def test_surviving_lines_lead_to_the_right_step_and_none_to_a_wrong_one(name: str, afterwards: Afterwards) -> None:
    played, script = afterwards(ALL[name])
    tally = judge(played, script)
    assert tally.wrong == []
    assert tally.share >= 0.95, tally.row(name)


def test_a_persons_changes_of_a_line_are_not_the_agents(afterwards: Afterwards) -> None:
    played, script = afterwards(amended)
    for path in (REPORT, TOOLS):
        for answer, (_, owner) in zip(played.blame(path), script.files[path], strict=True):
            if owner in {PERSON, BASE}:
                assert answer.written is None, answer
                assert answer.sure is Sure.UNKNOWN
                assert answer.why


def test_what_a_command_wrote_is_told_as_such(afterwards: Afterwards) -> None:
    played, script = afterwards(merged)
    ordinals = played.ordinals()
    at = script.at(TOOLS, "LIMIT_OF_VALUES = 99")
    answer = played.blame(TOOLS)[at]
    assert answer.written is not None
    assert answer.written.by_command
    assert answer.written.step.ordinal == ordinals[script.files[TOOLS][at][1]]
    assert not any(one.written.by_command for one in played.blame(SUMS) if one.written)


def test_a_renamed_file_keeps_the_steps_of_its_lines(afterwards: Afterwards) -> None:
    played, script = afterwards(merged)
    at = script.at(MOVED, "    total_mean = 7")
    written = played.blame(MOVED)[at].written
    assert written is not None
    assert written.step.milestone == "M01"
    assert not written.by_command


def test_the_runtimes_own_documents_lead_to_no_step(afterwards: Afterwards) -> None:
    played, _ = afterwards(merged)
    for name in ("PLAN.md", "DOCUMENTATION.md"):
        answers = played.blame(f".agent/grow/{name}")
        assert answers
        assert all(answer.written is None for answer in answers)


def test_how_sure_an_answer_is_says_how_it_was_found(afterwards: Afterwards) -> None:
    played, script = afterwards(moved)
    by_text = {answer.text: answer for answer in played.blame("src/ranges.py")}
    assert by_text["    total_range_of = 21"].sure is Sure.MAPPED
    assert any("moved from" in note for note in by_text["    total_range_of = 21"].notes)
    assert played.blame(SUMS)[script.at(SUMS, "    total_alpha = 13")].sure is Sure.CERTAIN


def test_without_trailers_only_telling_lines_match_and_say_where(afterwards: Afterwards) -> None:
    played, script = afterwards(squashed_in_own_words)
    answer = played.blame(REPORT)[script.at(REPORT, "    total_report = 32")]
    assert answer.sure is Sure.MATCHED
    assert "M03" in answer.notes[0]


def test_a_copy_of_a_line_that_still_stands_is_nobodys(afterwards: Afterwards) -> None:
    def copied(played: Played, script: Script) -> None:
        merged(played, script)
        script.files["src/copy.py"] = [(line, PERSON) for line in script.lines(REPORT)[3:14]]
        script.written_to(played.root)
        commit(played.root, "A copy")

    played, _ = afterwards(copied)
    assert all(answer.written is None for answer in played.blame("src/copy.py"))


def test_notes_lead_where_trailers_are_gone(afterwards: Afterwards) -> None:
    def noted(played: Played, script: Script) -> None:
        squashed_in_own_words(played, script)
        trailers = git(played.root, "log", "-1", "--format=%(trailers:only)", played.branch)
        git(played.root, "notes", "--ref=waypost", "add", "-F", "-", "HEAD", feed=trailers)

    played, script = afterwards(noted)
    answer = played.blame(REPORT)[script.at(REPORT, "    total_report = 32")]
    assert answer.sure is Sure.MAPPED
    assert "found by a note" in answer.notes


def test_exported_authorship_notes_lead_where_trailers_are_gone(afterwards: Afterwards) -> None:
    def noted(played: Played, script: Script) -> None:
        folder = played.root.parent / "notes"
        last = git(played.root, "rev-parse", played.branch)
        ended = waypost(played.root, "trace", "--export", "git-ai", str(folder))
        assert ended.returncode == 0, ended.stderr
        squashed_in_own_words(played, script)
        git(played.root, "notes", "--ref=ai", "add", "-F", str(folder / f"{last}.note"), "HEAD")

    played, script = afterwards(noted)
    answer = played.blame(REPORT)[script.at(REPORT, "    total_report = 32")]
    assert (answer.sure, answer.notes) == (Sure.MAPPED, ("found by a note",))


def test_another_clone_knows_run_and_milestone_from_the_trailers_alone(afterwards: Afterwards) -> None:
    played, _ = afterwards(merged)
    clone = played.root.parent / "clone"
    git(played.root.parent, "clone", "-q", str(played.root), str(clone))
    ended = waypost(clone, "blame", f"{REPORT}:6", "--json")
    assert ended.returncode == 1
    (told,) = json.loads(ended.stdout)["lines"]
    assert told["sure"] == "unknown"
    assert (told["named"][0]["run"], told["named"][0]["milestone"]) == (played.run, "M03")
    assert "not in this log" in told["why"]
    assert not (clone / ".waypost").exists()


def test_checkpoints_that_are_gone_make_a_line_unknown_and_not_wrong(afterwards: Afterwards) -> None:
    def pruned(played: Played, script: Script) -> None:
        merged(played, script)
        for ref in git(played.root, "for-each-ref", "--format=%(refname)", "refs/waypost").split():
            git(played.root, "update-ref", "-d", ref)
        git(played.root, "reflog", "expire", "--expire=now", "--all")
        git(played.root, "-c", "gc.worktreePruneExpire=now", "gc", "-q", "--prune=now")

    played, script = afterwards(pruned)
    tally = judge(played, script)
    assert tally.wrong == []


def test_a_persons_edits_beside_the_agents_lines_are_unknown(afterwards: Afterwards) -> None:
    played, script = afterwards(edited)
    at = script.at(SUMS, "    total_byhand = 41")
    answer = played.blame(SUMS)[at]
    assert answer.written is None
    assert "a person's, or unknown" in answer.why
    assert answer.subject == "Edits of a person"
    assert len(function("byhand", 41)) == 11
