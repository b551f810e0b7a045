"""Which call a piece belongs to: servers agree on the first piece of one call, and on little else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from waypost.wires.assembly import Assembly
from waypost.wires.canonical import Json, canonical_text, parse_object
from waypost.wires.decoder import string

Key = tuple[str, int]


@dataclass(slots=True)
class _Call:
    key: Key
    index: int | None
    id: str
    name: str


class CallPieces:
    """Sorts pieces of calls into an assembly.

    OpenAI sends an index always, and id and name with the first piece. Others leave out the index,
    give every call of an answer the index 0, repeat the name, send a whole call at once, or no id.
    """

    def __init__(self, assembly: Assembly, sign: Callable[[int, Json], None]) -> None:
        self._assembly = assembly
        self._sign = sign
        self._calls: list[_Call] = []

    def take(self, piece: Json) -> None:
        """Takes one entry of `tool_calls`."""
        function = piece.get("function") or {}
        name, call_id = string(function.get("name")), string(piece.get("id"))
        arguments = function.get("arguments")
        text = canonical_text(arguments) if isinstance(arguments, dict) else string(arguments)
        index = piece.get("index") if isinstance(piece.get("index"), int) else None
        call = self._known(index, call_id, name, bool(text))
        if call is None:
            call = _Call(("call", len(self._calls)), index, call_id, "")
            self._calls.append(call)
        self._name(call, name, call_id)
        self._assembly.add_arguments(call.key, text)
        if piece.get("extra_content"):
            self._sign(call.key[1], piece["extra_content"])

    def _name(self, call: _Call, name: str, call_id: str) -> None:
        call.id = call.id or call_id
        is_repeated = name == call.name
        has_arguments = call.key in self._assembly and bool(self._assembly.draft(call.key).pieces)
        if is_repeated or (call.name and has_arguments):
            name = ""
        call.name += name
        self._assembly.open_call(call.key, name, call_id)

    def _known(self, index: int | None, call_id: str, name: str, has_arguments: bool) -> _Call | None:
        """The call that a piece goes on with; None where it begins a new one."""
        candidates = [call for call in self._calls if index is None or call.index == index]
        for call in reversed(candidates):
            if call_id and call.id == call_id:
                return call
        if not candidates or (name and self._begins_another(candidates[-1], index, call_id, name, has_arguments)):
            return None
        return candidates[-1]

    def _begins_another(self, last: _Call, index: int | None, call_id: str, name: str, has_arguments: bool) -> bool:
        """Whether a piece with a name is another call than the last one with its index."""
        if call_id and last.id:
            return True
        if index is None and last.name and name != last.name:
            return True
        return has_arguments and self._is_whole(last)

    def _is_whole(self, call: _Call) -> bool:
        try:
            parse_object(self._assembly.draft(call.key).text)
        except (ValueError, TypeError):
            return False
        return True
