"""The log is the truth: every request that ever left is rebuilt from it, to the byte."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from loopback_server import Fault, LoopbackServer
from runs_cases import WIRES, Aim, Place, answer, limits, make_place, write_documents

from waypost.agent.tools.registry import specs
from waypost.context.conversation import KINDS, Conversation
from waypost.events import kinds
from waypost.events.canonical import sha256
from waypost.events.event import Record
from waypost.events.history import live_spans
from waypost.models.clock import SystemClock
from waypost.models.estimate import Estimator
from waypost.models.model import Model
from waypost.models.registry import open_model
from waypost.runs.prompting import check_prompts
from waypost.runs.rewinding import rewind
from waypost.wires.conversation import Request, Response
from waypost.wires.errors import ErrorKind


def rebuilt(place: Place, run: str, requested: Record, model: Model, name: str) -> str:
    """The digest of the request's bytes at this position, made from nothing but the log before it."""
    assert isinstance(requested.event, kinds.ModelRequested)
    with place.project() as project:
        conversation = Conversation.empty(project.log.content, Estimator())
        for span in live_spans(project.log, run, requested.seq - 1):
            conversation.extend(project.log.read(run, after=span.first - 1, until=span.last, kinds=KINDS))
    request = Request(
        model=name,
        system=conversation.system,
        tools=specs(),
        messages=conversation.messages,
        conversation=f"{run}/{requested.event.milestone}",
        breakpoints=tuple(range(1, conversation.fixed + 1)),
        ordinal=requested.event.ordinal,
    )
    assert len(request.messages) == requested.event.messages
    return sha256(model.encode(request))


def eventful(asked: list[Any]) -> Any:
    """Long outputs, parallel reads, bad calls, words only, faults, a refusal for length, ids given twice."""

    def model(request: Request) -> Response | Fault:
        number = len(asked)
        asked.append(number)
        mark = f"e{number}"
        match number % 12:
            case 3:
                return Fault(status=503)
            case 5:
                return answer("Only words – and “quotes”.", mark=mark)
            case 6:
                return answer("", ("read", {"path": "a.txt"}), ("find", {"pattern": "one"}), mark="again")
            case 7:
                return answer("", ("fly", {}), ("shell", '{"command": "echo'), mark=mark)
            case 8:
                return answer("", ("decide", {"title": "t", "decision": f"d{number}"}), mark=mark)
            case 9 if number == 33:
                return Fault(status=400, kind=ErrorKind.CONTEXT_OVERFLOW)
            case 11:
                return answer("", ("done", {"summary": "ä"}), mark=mark)
            case _:
                command = f"for i in $(seq 60); do echo {number} line $i ünd more; done; echo {number} > n.txt"
                return answer(f"turn {number}", ("shell", {"command": command}), mark=mark)

    return model


@pytest.mark.slow
@pytest.mark.parametrize("wire", [WIRES[2], *(pytest.param(wire, marks=pytest.mark.slow) for wire in WIRES[:2])])
def test_every_request_of_an_eventful_run_is_rebuilt_from_the_log_to_the_byte(tmp_path: Path, wire: str) -> None:
    place = make_place(tmp_path)
    gates = {"work": "test $(cat n.txt) -gt 12"}
    write_documents(
        place.root, "plan", [Aim("M01", "One", gates), Aim("M02", "Two", {"two": "test $(cat n.txt) -gt 40"})]
    )
    with LoopbackServer(eventful([])) as server:
        run = place.open_run("plan", f"{wire}:any", server.url, window=8000, limits=limits(steps=9))
        assert place.work(run).outcome == "budget"
        assert place.work(run, limits=limits(steps=20)).outcome == "budget"
        points = place.live(run, kinds.Checkpointed.kind)
        with place.project() as project:
            rewind(project, run, points[-3].event.number)
        assert place.work(run, limits=limits(steps=200)).outcome == "complete"
        model = open_model(f"{wire}:any", base_url=server.url, environ={}, clock=SystemClock())
        every = place.every(run)
        requested = [r for r in every if isinstance(r.event, kinds.ModelRequested)]
        assert len(requested) > 40
        assert {r.event.kind for r in every} >= {"context.folded", "run.rewound", "model.failed", "note.told"}
        assert {r.event.purpose for r in requested} == {"step", "wrap-up"}
        made = {rebuilt(place, run, r, model, "any") for r in requested}
        asyncio.run(model.close())
        assert made == {sha256(body) for body in server.bodies}, "what the log makes is what went over the wire"
        with place.project() as project:
            found = check_prompts(project, run)
        assert (found.alike, found.unlike, found.other_tools, found.untold) == (len(requested), [], [], [])
