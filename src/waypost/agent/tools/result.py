"""What a tool answers, and what it asks the loop to act upon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HANDLE = "{handle}"
"""Stands in a shortened text where the handle of the whole belongs."""


class ToolError(Exception):
    """A call that can't be carried out; the text is for the model and teaches the mend."""


@dataclass(frozen=True, slots=True)
class Done:
    """The model holds the milestone to be finished; gates decide."""

    summary: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """The model can't go on without somebody."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """An alternative that was not taken."""

    option: str
    because: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision to be recorded."""

    title: str
    decision: str
    because: str
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True)
class Noted:
    """A fact to be kept."""

    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the human, who may answer later."""

    question: str


Signal = Done | Blocked | Decided | Noted | Asked


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to one call.

    `full` is the whole text in UTF-8 where `text` is a shortened form of it; then `text` holds HANDLE at
    `handle_at`. `facts` are small and logged: exit, seconds, paths, lines.
    """

    text: str
    is_error: bool = False
    full: bytes | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    signal: Signal | None = None
    handle_at: int | None = None

    def naming(self, handle: str) -> str:
        """The text with the whole's handle in its place (and nowhere else, whatever the output holds)."""
        if self.handle_at is None:
            return self.text
        return self.text[: self.handle_at] + handle + self.text[self.handle_at + len(HANDLE) :]
