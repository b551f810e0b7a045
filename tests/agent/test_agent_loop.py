"""The step loop, seen with the eyes of the server that it asks."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from loopback_server import Fault, LoopbackServer
from runs_cases import WIRES, Aim, Place, answer, limits, make_place, write_documents

from waypost.context.legal import broken_properties
from waypost.events import kinds
from waypost.runs.control import steer
from waypost.sandbox.orphans import find_marked
from waypost.wires.conversation import AssistantMessage, Request, Response, ToolMessage, Usage
from waypost.wires.errors import ErrorKind

FINISH = ("done", {"summary": "all of it"})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = make_place(tmp_path, {f"{name}.txt": f"{name}\n" * 5 for name in "abc"})
    write_documents(place.root, "plan", [Aim("M01", "Work", {"work": "true"}), Aim("M02", "More", {"more": "true"})])
    return place


class Script:
    """Answers by number: the n-th request gets the n-th entry; functions are asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = answers, 0

    def __call__(self, request: Request) -> Response | Fault:
        number, self.asked = self.asked, self.asked + 1
        given = self.answers[number] if number < len(self.answers) else FINISH
        given = given(request) if callable(given) else given
        if isinstance(given, Response | Fault):
            return given
        calls = given if isinstance(given, list) else [given]
        size = sum(len(getattr(message, "text", "")) for message in request.messages) // 4 + 2000
        return replace(answer(f"step {number}", *calls, mark=f"s{number}"), usage=Usage(size, 10))


def sh(command: str) -> tuple[str, dict[str, Any]]:
    return ("shell", {"command": command})


def sent_messages(body: bytes) -> list[str]:
    """The messages of a request's body, each in its bytes; marks for the cache may move and are left out."""
    data = json.loads(body)
    found = data["input"] if "input" in data else data["messages"]
    return [
        re.sub(r'"cache_control": ?\{[^}]*\},? ?', "", json.dumps(message)).replace(", }", "}") for message in found
    ]


def assert_all_legal_and_appended(server: LoopbackServer, most_breaks: int) -> None:
    """Every request is legal; each extends the one before, but for so many that begin anew."""
    breaks = 0
    for number, request in enumerate(server.requests):
        assert broken_properties(request.messages) == (), number
    for one, other in zip(server.bodies, server.bodies[1:], strict=False):
        before, after = sent_messages(one), sent_messages(other)
        breaks += after[: len(before)] != before
    assert breaks <= most_breaks


def heads(server: LoopbackServer) -> set[str]:
    """All of a request but its messages: equal in all requests of a run, but for the conversation's name."""
    found = set()
    for body in server.bodies:
        data = json.loads(body)
        for name in ("input", "messages", "prompt_cache_key", "metadata"):
            data.pop(name, None)
        found.add(re.sub(r'"cache_control": ?\{[^}]*\}', "", json.dumps(data)))
    return found


def results(request: Request) -> dict[str, str]:
    return {message.call_id: message.text for message in request.messages if isinstance(message, ToolMessage)}


@pytest.mark.slow
@pytest.mark.parametrize("wire", [WIRES[2], *(pytest.param(wire, marks=pytest.mark.slow) for wire in WIRES[:2])])
def test_sixty_steps_in_a_small_window_stay_legal_and_only_grow_between_folds(place: Place, wire: str) -> None:
    print_much = [sh(f"for i in $(seq 120); do echo step {n} line $i of the output; done") for n in range(30)]
    asked: dict[str, str] = {}

    def expand(request: Request) -> tuple[str, dict[str, Any]]:
        summary = request.messages[1]
        assert "folded" in getattr(summary, "text", "")
        handle = re.search(r"- (h\d+) shell for i in", getattr(summary, "text", ""))
        assert handle is not None
        asked["handle"] = handle[1]
        return ("expand", {"handle": handle[1]})

    def rest(request: Request) -> tuple[str, dict[str, Any]]:
        asked["output"] = results(request)["s58-0"]
        start = re.search(r"go on with start=(\d+)", asked["output"])
        assert start is not None
        return ("expand", {"handle": asked["handle"], "start": int(start[1])})

    def look(request: Request) -> tuple[str, dict[str, Any]]:
        asked["output"] += results(request)["s59-0"]
        return FINISH

    steps = [*print_much, *[("read", {"path": "a.txt"}), sh("echo more >> grows.txt")] * 14, expand, rest, look]
    with LoopbackServer(Script(*steps)) as server:
        run, ended = place.run("plan", f"{wire}:any", server.url, window=8000)
        assert ended.outcome == "complete", ended
        folds = [r.event for r in place.live(run, kinds.ContextFolded.kind)]
        assert len(folds) >= 2
        assert all(fold.after < fold.before for fold in folds)
        assert_all_legal_and_appended(server, len(folds) + 1)
        assert len(heads(server)) == 1, "system text, tools and settings are the same bytes in every request"
    number = int(asked["handle"][1:])
    records = {r.seq: r.event for r in place.live(run)}
    assert isinstance(records[number], kinds.ToolCalled)
    command = records[number].about
    step = re.search(r"echo step (\d+)", command)
    assert step is not None
    assert f"step {step[1]} line 1 of" in asked["output"]
    assert f"step {step[1]} line 120 of" in asked["output"]


@pytest.mark.slow
def test_a_prompt_that_the_provider_finds_too_long_is_folded_harder_and_the_work_goes_on(place: Place) -> None:
    refused = 0
    script = Script(*[sh(f"for i in $(seq 50); do echo step {n} line $i of it; done") for n in range(20)])

    def narrow(request: Request) -> Response | Fault:
        nonlocal refused
        if sum(len(getattr(message, "text", "")) for message in request.messages) > 14_000:
            refused += 1
            return Fault(status=400, kind=ErrorKind.CONTEXT_OVERFLOW)
        return script(request)

    with LoopbackServer(narrow) as server:
        run, ended = place.run("plan", "anthropic:any", server.url)
    assert ended.outcome == "complete", ended
    assert refused >= 1
    assert [r.event.why for r in place.live(run, kinds.ContextFolded.kind)].count("overflow") == refused


def test_a_prompt_that_never_fits_ends_the_run_and_not_in_a_loop(place: Place) -> None:
    with LoopbackServer(lambda _: Fault(status=400, kind=ErrorKind.CONTEXT_OVERFLOW)) as server:
        _, ended = place.run("plan", "anthropic:any", server.url)
        assert ended.outcome == "failed"
        assert len(server.requests) < 5


def test_reads_go_side_by_side_and_changes_one_after_another_in_the_order_of_the_calls(place: Place) -> None:
    reads = [("read", {"path": f"{name}.txt"}) for name in "abc"]
    changes = [sh("echo one > d.txt"), sh("cat d.txt; echo two >> d.txt")]
    with LoopbackServer(Script([*reads, *changes, ("read", {"path": "d.txt"})])) as server:
        run, _ = place.run("plan", "openai:any", server.url)
        told = results(server.requests[1])
    order = [
        (r.event.kind.split(".")[1], r.event.call)
        for r in place.live(run, kinds.ToolCalled.kind, kinds.ToolEnded.kind)
        if r.event.call.startswith("s0-")
    ]
    first = [(what, f"s0-{n}") for what in ("called", "ended") for n in range(3)]
    rest = [(what, f"s0-{n}") for n in (3, 4, 5) for what in ("called", "ended")]
    assert order == first + rest, "an intent is in the log before its effect"
    assert "one" in told["s0-4"]
    assert "two" in told["s0-5"]


def test_what_one_call_breaks_is_told_and_harms_no_other(place: Place) -> None:
    calls = [("fly", {}), ("read", {"path": "nowhere.txt"}), ("shell", '{"command": '), sh("exit 3"), sh("echo good")]
    with LoopbackServer(Script(calls)) as server:
        _, ended = place.run("plan", "openai-chat:any", server.url)
        told = results(server.requests[1])
    assert ended.outcome == "complete"
    assert "There is no tool 'fly'" in told["s0-0"]
    assert "nowhere.txt" in told["s0-1"]
    assert "no valid JSON" in told["s0-2"]
    assert "exit 3" in told["s0-3"]
    assert "good" in told["s0-4"]


@pytest.mark.slow
@pytest.mark.parametrize("wire", WIRES)
def test_ids_that_a_server_gives_again_and_again_are_told_apart(place: Place, wire: str) -> None:
    def again(number: int) -> Response:
        calls = [sh(f"echo {number}"), ("read", {"path": "a.txt"})]
        return answer("", *calls, mark="same")

    with LoopbackServer(Script(*(lambda _, n=n: again(n) for n in range(4)))) as server:
        _, ended = place.run("plan", f"{wire}:any", server.url)
        assert ended.outcome == "complete", ended
        assert_all_legal_and_appended(server, 1)
        last = server.requests[4]
    said = list(results(last).values())
    assert [any(text.startswith(f"{n}\n") for text in said) for n in range(4)] == [True] * 4


@pytest.mark.slow
def test_a_call_that_a_kill_interrupted_is_told_as_unknown_with_what_was_seen(place: Place) -> None:
    with LoopbackServer(Script(sh("echo half > half.txt; sleep 60"))) as server:
        process = place.start("run", "plan", "--model", "openai:any", "--base-url", server.url, "--yes", "--json")
        assert process.stdout is not None
        run = json.loads(process.stdout.readline())["run"]
        while not (place.worktree(run) / "half.txt").exists():
            time.sleep(0.02)
        process.kill()
        process.communicate()
        assert place.work(run).outcome == "complete"
        told = results(server.requests[1])["s0-0"]
    assert "Outcome unknown" in told
    assert "half.txt" in told
    assert find_marked(f"{run}/") == [], "it ended with the process that was killed, or at the resume"


@pytest.mark.slow
def test_steering_is_told_once_also_when_nobody_worked_as_it_was_said(place: Place) -> None:
    script = Script(*[sh(f"echo {n}") for n in range(6)])
    with LoopbackServer(script) as server:
        run = place.open_run("plan", "openai:any", server.url, limits=limits(steps=2))
        assert place.work(run).outcome == "budget"
        with place.project() as project:
            steer(project, run, "Use tabs", "tester")
        assert place.work(run, limits=limits(steps=4)).outcome == "budget"
        assert place.work(run, limits=limits(steps=100)).outcome == "complete"
    notes = [r for r in place.live(run, kinds.NoteTold.kind) if place.text(r.event.text).startswith("The human")]
    assert len(notes) == 1


def test_an_answer_without_calls_is_nudged_and_three_in_a_row_go_to_the_gates(place: Place) -> None:
    words = [answer(f"I am thinking, part {n}.", mark=f"w{n}") for n in range(3)]
    with LoopbackServer(Script(*words)) as server:
        run, ended = place.run("plan", "anthropic:any", server.url)
        assert ended.outcome == "complete"
        assert_all_legal_and_appended(server, 1)
    nudges = [r for r in place.live(run, kinds.NoteTold.kind) if r.event.topic == "nudge"]
    assert len(nudges) == 2


@pytest.mark.slow
def test_a_stream_that_breaks_off_is_asked_again_and_nothing_of_it_is_carried_out(place: Place) -> None:
    spoilt = Fault(cut=0.7, response=answer("", sh("touch spoilt.txt"), mark="x"))
    with LoopbackServer(Script(spoilt, Fault(status=503), Fault(empty=True), sh("touch good.txt"))) as server:
        run, ended = place.run("plan", "openai:any", server.url)
    assert ended.outcome == "complete"
    assert len(place.live(run, kinds.ModelFailed.kind)) == 3
    assert not (place.worktree(run) / "spoilt.txt").exists()
    assert (place.worktree(run) / "good.txt").exists()


def test_the_words_of_every_answer_stay_in_the_next_request(place: Place) -> None:
    with LoopbackServer(Script(sh("true"), sh("true"))) as server:
        place.run("plan", "anthropic:any", server.url)
        third = server.requests[2]
    said = [message.text for message in third.messages if isinstance(message, AssistantMessage)]
    assert said == ["step 0", "step 1"]
