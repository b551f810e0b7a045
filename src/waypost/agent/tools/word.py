"""The tools by which the model says something: decide, note, ask, done, blocked."""

from __future__ import annotations

from waypost.agent.tools.bench import Bench, offer, text_property
from waypost.agent.tools.result import Asked, Blocked, Decided, Done, Noted, Rejected, Result
from waypost.wires.conversation import Json


async def _decide(arguments: Json, _bench: Bench) -> Result:
    rejected = tuple(Rejected(each["option"], each["because"]) for each in arguments.get("rejected", []))
    title = arguments["title"]
    decided = Decided(title, arguments["decision"], arguments["because"], rejected)
    return Result(f"recorded: {title}", signal=decided)


async def _note(arguments: Json, _bench: Bench) -> Result:
    return Result("noted", signal=Noted(arguments["text"]))


async def _ask(arguments: Json, _bench: Bench) -> Result:
    text = "queued for the human, who may answer later; go on meanwhile, on the likeliest answer"
    return Result(text, signal=Asked(arguments["question"]))


async def _done(arguments: Json, _bench: Bench) -> Result:
    return Result("the gates run now", signal=Done(arguments["summary"]))


async def _blocked(arguments: Json, _bench: Bench) -> Result:
    return Result("recorded", signal=Blocked(arguments["reason"]))


DECIDE = offer(
    "decide",
    "Record a decision that later work must keep to, with the alternatives rejected.",
    {
        "title": text_property(),
        "decision": text_property(),
        "because": text_property(),
        "rejected": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"option": text_property(), "because": text_property()},
                "required": ["option", "because"],
                "additionalProperties": False,
            },
        },
    },
    required=("title", "decision", "because"),
    example={
        "title": "Amounts",
        "decision": "Decimal",
        "because": "cents must not drift",
        "rejected": [{"option": "float", "because": "rounds"}],
    },
    work=_decide,
)

NOTE = offer(
    "note",
    "Keep a fact about this repository or task that would be costly to find again.",
    {"text": text_property()},
    required=("text",),
    example={"text": "the tests need TZ=UTC"},
    work=_note,
)

ASK = offer(
    "ask",
    "Ask the human; the work goes on, the answer may come later.",
    {"question": text_property()},
    required=("question",),
    example={"question": "May the public name change?"},
    work=_ask,
)

DONE = offer(
    "done",
    "The milestone's criteria are met and its checks pass: the runtime verifies now.",
    {"summary": text_property("what was done and how it was checked")},
    required=("summary",),
    example={"summary": "Parser added; 12 tests pass."},
    work=_done,
)

BLOCKED = offer(
    "blocked",
    "Give up for now: what is missing can't be made from here.",
    {"reason": text_property("what is missing and what was tried")},
    required=("reason",),
    example={"reason": "The API key named in PROMPT.md is not set."},
    work=_blocked,
)
