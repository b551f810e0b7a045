"""Puts an answer together from its pieces, whatever the protocol they came by."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from waypost.wires.canonical import Json, well_formed
from waypost.wires.conversation import (
    AssistantMessage,
    Delta,
    DeltaKind,
    Part,
    Reasoning,
    Response,
    Stop,
    Text,
    ToolCall,
    Usage,
)


@dataclass(slots=True)
class Draft:
    """A part while it grows; `payload` builds a reasoning part's opaque content at the end."""

    number: int
    kind: DeltaKind
    pieces: list[str] = field(default_factory=list)
    name: str = ""
    id: str = ""
    payload: Callable[[str], Json] = lambda _: {}
    high_surrogate: str = ""

    @property
    def text(self) -> str:
        """What has come so far."""
        return "".join(self.pieces)


class Assembly:
    """The parts of one answer, keyed by whatever the protocol tells them apart with.

    Parts are numbered in order of their first appearance; the pieces of a part, joined, are its text.
    """

    def __init__(self, wire: str) -> None:
        self._wire = wire
        self._drafts: dict[Hashable, Draft] = {}
        self._deltas: list[Delta] = []
        self._drained = 0
        self.at = 0
        self.id = ""
        self.model = ""

    def __contains__(self, key: Hashable) -> bool:
        return key in self._drafts

    def draft(self, key: Hashable) -> Draft:
        """The part that goes by this key; raises KeyError."""
        return self._drafts[key]

    def add_text(self, key: Hashable, piece: str) -> None:
        """Appends words; a text part begins with its first piece that is not empty."""
        if piece:
            self._add(self._open(key, DeltaKind.TEXT), DeltaKind.TEXT, piece)

    def open_reasoning(self, key: Hashable, payload: Callable[[str], Json] | None = None) -> None:
        """Begins a reasoning part, or says anew what its opaque payload will be."""
        draft = self._open(key, DeltaKind.REASONING)
        if payload:
            draft.payload = payload

    def add_reasoning(self, key: Hashable, piece: str) -> None:
        """Appends readable thoughts."""
        self._add(self._open(key, DeltaKind.REASONING), DeltaKind.REASONING, piece)

    def open_call(self, key: Hashable, name: str, call_id: str) -> None:
        """Begins a call, or appends to the name of one that is known."""
        draft = self._open(key, DeltaKind.ARGUMENTS)
        draft.id = draft.id or call_id
        if name:
            draft.name += name
            self._emit(draft, DeltaKind.CALL, name)

    def add_arguments(self, key: Hashable, piece: str) -> None:
        """Appends to a call's arguments."""
        self._add(self._open(key, DeltaKind.ARGUMENTS), DeltaKind.ARGUMENTS, piece)

    def take_new_deltas(self) -> list[Delta]:
        """The deltas since the last call of this."""
        fresh = self._deltas[self._drained :]
        self._drained = len(self._deltas)
        return fresh

    def response(self, stop: Stop, usage: Usage | None) -> Response:
        """The whole answer; a stop that the calls contradict is put right."""
        for draft in self._drafts.values():
            self._flush(draft)
        message = AssistantMessage(tuple(map(self._part, self._drafts.values())))
        if stop in (Stop.END, Stop.CALLS):  # several servers end an answer with calls by "stop"
            stop = Stop.CALLS if message.calls else Stop.END
        return Response(message, stop, usage, well_formed(self.id), well_formed(self.model), tuple(self._deltas))

    def _open(self, key: Hashable, kind: DeltaKind) -> Draft:
        draft = self._drafts.get(key)
        if draft is None:
            draft = self._drafts[key] = Draft(len(self._drafts), kind)
        elif draft.kind is not kind:
            raise ValueError(f"part {draft.number} changes from {draft.kind} to {kind}")
        return draft

    def _add(self, draft: Draft, kind: DeltaKind, piece: str) -> None:
        """Appends a piece; half of a surrogate pair waits for the other half."""
        if not isinstance(piece, str):
            raise TypeError(f"text was expected, not {type(piece).__name__}")
        piece = draft.high_surrogate + piece
        draft.high_surrogate = ""
        if piece and "\ud800" <= piece[-1] <= "\udbff":
            draft.high_surrogate, piece = piece[-1], piece[:-1]
        if piece:
            draft.pieces.append(well_formed(piece))
            self._emit(draft, kind, draft.pieces[-1])

    def _flush(self, draft: Draft) -> None:
        if draft.high_surrogate:
            draft.high_surrogate = ""
            draft.pieces.append("\ufffd")
            self._emit(draft, draft.kind, "\ufffd")

    def _emit(self, draft: Draft, kind: DeltaKind, text: str) -> None:
        self._deltas.append(Delta(kind, draft.number, well_formed(text), self.at))

    def _part(self, draft: Draft) -> Part:
        text = draft.text
        if draft.kind is DeltaKind.TEXT:
            return Text(text)
        if draft.kind is DeltaKind.REASONING:
            return Reasoning(self._wire, well_formed(draft.payload(text)), text)
        name = well_formed(draft.name)
        return ToolCall(well_formed(draft.id) or self._made_up_id(draft.number, name, text), name, text)

    def _made_up_id(self, number: int, name: str, arguments: str) -> str:
        """An id for a server that gave none: the same for the same bytes, nine letters as Mistral wants."""
        import hashlib  # here, as few servers make it needed

        seed = "\0".join((self.id, str(number), name, arguments)).encode("utf-8", "replace")
        return hashlib.sha256(seed).hexdigest()[:9]
