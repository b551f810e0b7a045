"""What of the files still stands in the working set, so that nothing is shown twice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Lines of a file, from `first` to `last`, both counted from 1 and included."""

    first: int
    last: int

    def holds(self, other: Span) -> bool:
        """Whether all of the other's lines are among these."""
        return self.first <= other.first and other.last <= self.last


@dataclass(frozen=True, slots=True)
class _Shown:
    digest: str
    span: Span
    step: int


class ReadSet:
    """Remembers which lines of which contents were shown at which step. `step` is set by the loop."""

    def __init__(self) -> None:
        self.step = 0
        self._shown: dict[str, list[_Shown]] = {}
        self._pointed: set[tuple[str, str, Span]] = set()

    def remember(self, path: str, digest: str, span: Span, step: int) -> None:
        """These lines were shown; what was shown of another content no longer counts."""
        known = [shown for shown in self._shown.get(path, []) if shown.digest == digest]
        self._shown[path] = [*known, _Shown(digest, span, step)]
        self._pointed.discard((path, digest, span))

    def is_current(self, path: str, digest: str, span: Span) -> int | None:
        """The step at which these very lines were shown; None if they were not, or not as they are now."""
        for shown in reversed(self._shown.get(path, [])):
            if shown.digest == digest and shown.span.holds(span):
                return shown.step
        return None

    def may_point(self, path: str, digest: str, span: Span) -> bool:
        """Whether a pointer will do. Only once: a model that asks again after a pointer needs the text."""
        key = (path, digest, span)
        if key in self._pointed:
            self._pointed.discard(key)
            return False
        self._pointed.add(key)
        return True

    def forget_all(self) -> None:
        """Called by the fold: what was shown may have left the working set."""
        self._shown.clear()
        self._pointed.clear()
