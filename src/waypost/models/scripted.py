"""`scripted:FILE`: a model that says what a JSON file says, turn by turn.

    {"turns": [{"text": "Looking.", "calls": [{"shell": "ls"}]},
               {"calls": [{"tool": "edit", "args": {"path": "a.py", "old": "1", "new": "2"}}]}],
     "generate": {"steps": 100, "bytes": 2000, "command": "printf 'step {step}'"},
     "final": {"finish": "All done."}}

The script is `turns`, then the generated steps, then `final`, which repeats. Which turn is taken follows from
`Request.ordinal` alone, so a run that was resumed or rewound gets the turn that it needs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waypost.models.answers import BadAnswer, WrittenAnswer, WrittenCall, parse_answer, respond
from waypost.models.codec import encode_request
from waypost.models.estimate import Estimator
from waypost.models.model import BadModel
from waypost.wires.conversation import AssistantMessage, Delta, Json, Request, Response, ToolMessage

UNKNOWN_OUTCOME = "outcome unknown"  # in a tool's result: the call was interrupted and is made again
KEYS = ("turns", "generate", "final")
ELSEWHERE = ("compaction", "aside")  # of the measuring harness; nothing here asks for them
PRINT = (  # no pipe: its writer would be killed when the reader has enough, which counts as a failure
    'awk \'BEGIN{while(length(s)<{bytes})s=s "step {step}, line " ++n "\\n";printf "%s",substr(s,1,{bytes})}\''
)


@dataclass(frozen=True, slots=True)
class Script:
    """The turns of a file; the generated ones are made when they are asked for."""

    turns: tuple[WrittenAnswer, ...]
    final: WrittenAnswer
    generated: int = 0
    command: str = PRINT
    size: int = 2000

    def turn(self, ordinal: int) -> WrittenAnswer:
        """The answer with this number, from 0."""
        if ordinal < len(self.turns):
            return self.turns[ordinal]
        step = ordinal - len(self.turns)
        if step >= self.generated:
            return self.final
        command = self.command.replace("{step}", str(step)).replace("{bytes}", str(self.size))
        return WrittenAnswer(calls=(WrittenCall("shell", command, "shell"),))


def read_script(path: Path) -> Script:
    """Reads a script. Raises BadModel with the file and the line or key."""
    import json

    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadModel(f"{path}: can't read the script: {error.strerror}; give scripted:FILE") from error
    except UnicodeDecodeError as error:
        raise BadModel(f"{path}: not UTF-8 at byte {error.start}; save the script as UTF-8") from error
    except json.JSONDecodeError as error:
        raise BadModel(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    try:
        return _script(data)
    except BadAnswer as error:
        raise BadModel(f"{path}: {error}") from error


class ScriptedModel:
    """Plays a script; keeps nothing between requests."""

    def __init__(self, name: str, script: Script) -> None:
        self._name = name
        self._script = script
        self._estimator = Estimator()

    @property
    def name(self) -> str:
        """`scripted:FILE`."""
        return self._name

    def encode(self, request: Request) -> bytes:
        """The request as canonical JSON."""
        return encode_request(request)

    async def stream(self, request: Request) -> AsyncIterator[Delta | Response]:
        """The turn that the ordinal names; calls whose outcome is unknown are made again before its own."""
        answer = self._script.turn(request.ordinal)
        again = interrupted_calls(request)
        response = respond(replace(answer, calls=again + answer.calls), request, self._estimator)
        for delta in response.deltas:
            yield delta
        yield response

    async def close(self) -> None:
        """Nothing to let go of."""


def interrupted_calls(request: Request) -> tuple[WrittenCall, ...]:
    """The calls of the last answer whose results say that nobody knows how they ended."""
    unknown: set[str] = set()
    for message in reversed(request.messages):
        if isinstance(message, AssistantMessage):
            return tuple(WrittenCall(call.name, call.arguments) for call in message.calls if call.id in unknown)
        if isinstance(message, ToolMessage) and UNKNOWN_OUTCOME in message.text.lower():
            unknown.add(message.call_id)
    return ()


def _script(data: Any) -> Script:
    if not isinstance(data, dict):
        raise BadAnswer('the script must be an object: {"turns": [...], "final": {"finish": "Done."}}')
    if "faults" in data:
        raise BadAnswer('faults: not played here; name the model "chaos(seed=1,cut=0.1):scripted:FILE"')
    if unknown := sorted(data.keys() - {*KEYS, *ELSEWHERE}):
        raise BadAnswer(f"{unknown[0]}: no such key; there are {', '.join(KEYS)}")
    turns = data.get("turns", [])
    if not isinstance(turns, list):
        raise BadAnswer('turns: must be a list: {"turns": [{"text": "Hello."}]}')
    generate = _generate(data.get("generate", {}))
    return Script(
        tuple(parse_answer(turn, f"turns[{index}]") for index, turn in enumerate(turns)),
        parse_answer(data.get("final", {"finish": "All done."}), "final"),
        generate.get("steps", 0),
        generate.get("command", PRINT),
        generate.get("bytes", 2000),
    )


def _generate(data: Any) -> Json:
    kinds: dict[str, type] = {"steps": int, "bytes": int, "command": str}
    if not isinstance(data, dict):
        raise BadAnswer('generate: must be an object: {"steps": 100, "bytes": 2000}')
    for name, value in data.items():
        if not isinstance(value, kinds.get(name, ())) or isinstance(value, bool):
            raise BadAnswer(f"generate.{name}: there are steps and bytes (numbers) and command (a text)")
    return data


if TYPE_CHECKING:
    from waypost.models.model import Model

    def _is_a_model(scripted: ScriptedModel) -> Model:
        return scripted
