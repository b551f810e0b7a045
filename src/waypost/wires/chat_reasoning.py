"""Reasoning in Chat Completions, where every provider has a member of its own for it.

A part's payload holds what goes back to the server: `reasoning_content` (DeepSeek, Kimi, xAI) or
`reasoning` (OpenRouter, Groq, vLLM), OpenRouter's `reasoning_details`, Mistral's `thinking` blocks, and
`extra_content`, by the number of the call, where Gemini signs its calls.
"""

from __future__ import annotations

from waypost.wires.canonical import Json, ordered
from waypost.wires.conversation import AssistantMessage, Reasoning
from waypost.wires.decoder import string

NAME = "chat"
TEXT_MEMBERS = ("reasoning_content", "reasoning")
_GROWING = ("text", "summary")


class ReasoningDraft:
    """Collects an answer's reasoning members while they stream."""

    def __init__(self) -> None:
        self._member = ""
        self._details: list[Json] = []
        self._extras: Json = {}

    def name(self, member: str) -> None:
        """Says by which member the text came; the first one counts."""
        self._member = self._member or member

    def add_details(self, details: list[Json]) -> str:
        """Appends pieces of `reasoning_details`, joined where they go on with one entry; gives their text."""
        for piece in details:
            known = self._details[-1] if self._details else None
            if known is not None and _continues(known, piece):
                _grow(known, piece)
            else:
                self._details.append(dict(piece))
        return "".join(_detail_text(piece) for piece in details)

    def set_details(self, details: list[Json]) -> None:
        """Takes `reasoning_details` that are whole."""
        self._details = details

    def sign_call(self, number: int, extra: Json) -> None:
        """Keeps what a provider wants back beside the answer's call of this number."""
        self._extras[str(number)] = extra

    def payload(self, text: str) -> Json:
        """What goes back: `text` is the part's whole text."""
        members: Json = {self._member: text} if self._member and text else {}
        if self._details:
            members["reasoning_details"] = self._details
        if self._extras:
            members["extra_content"] = self._extras
        return members


def reasoning_members(message: AssistantMessage) -> tuple[list[Json], Json, Json]:
    """A message's thinking blocks, reasoning members and calls' extra content, as they go back."""
    payload: Json = {}
    for part in message.parts:
        if isinstance(part, Reasoning) and part.wire == NAME:
            payload |= part.payload
    thinking = [thinking_block(payload["thinking"])] if payload.get("thinking") else []
    members = {key: ordered(payload[key]) for key in (*TEXT_MEMBERS, "reasoning_details") if key in payload}
    extras = payload.get("extra_content")
    return thinking, members, ordered(extras) if isinstance(extras, dict) else {}


def reasoning_of(message: Json) -> Reasoning | None:
    """The reasoning part of a whole assistant message; the inverse of `reasoning_members`."""
    draft = ReasoningDraft()
    text = ""
    content = message.get("content")
    if isinstance(content, list) and (text := thinking_text(content)):
        draft.name("thinking")
    for member in TEXT_MEMBERS:
        if not text and (text := string(message.get(member))):
            draft.name(member)
    details = message.get("reasoning_details") or []
    draft.set_details(details)
    for number, call in enumerate(message.get("tool_calls") or ()):
        if call.get("extra_content"):
            draft.sign_call(number, call["extra_content"])
    text = text or "".join(map(_detail_text, details))
    payload = draft.payload(text)
    return Reasoning(NAME, payload, text) if payload else None


def thinking_text(content: list[Json]) -> str:
    """The text of the thinking blocks in a content list."""
    blocks = (block["thinking"] for block in content if block.get("type") == "thinking")
    return "".join(
        block if isinstance(block, str) else "".join(string(part.get("text")) for part in block) for block in blocks
    )


def thinking_block(text: str) -> Json:
    """Mistral's form of thinking."""
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}]}


def _continues(known: Json, piece: Json) -> bool:
    same = known.get("type") == piece.get("type") and known.get("index") == piece.get("index")
    ids = {known.get("id"), piece.get("id")} - {None}
    grows = any(piece.get(key) for key in (*_GROWING, "signature"))
    return same and len(ids) < 2 and grows and not known.get("signature")


def _grow(known: Json, piece: Json) -> None:
    for key, value in piece.items():
        if key in _GROWING and isinstance(value, str) and isinstance(known.get(key), str):
            known[key] += value
        elif value is not None:
            known[key] = value


def _detail_text(piece: Json) -> str:
    return string(piece.get("text")) or string(piece.get("summary"))
