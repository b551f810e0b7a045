"""What can be wrong with documents, and how it is told: file, line, what, and the mend."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps a run from starting; a warning is shown and goes along."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing found in one place, with what to do about it. `line` counts from 1."""

    path: str
    line: int
    message: str
    mend: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        mark = "warning: " if self.severity is Severity.WARNING else ""
        return f"{self.path}:{self.line}: {mark}{self.message}; {self.mend}"


class DocumentError(Exception):
    """The documents can't be used as they are; the text says why and the mend."""


class DocumentsNotFound(DocumentError):
    """No folder with the documents, or one of them is missing or there twice."""


class DocumentsInvalid(DocumentError):
    """The documents hold errors; `diagnostics` has all of them, warnings included."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.diagnostics = diagnostics
        errors = [str(found) for found in diagnostics if found.severity is Severity.ERROR]
        super().__init__("\n".join(errors))


class SpliceError(DocumentError):
    """An edit would have changed more than it may; nothing was changed."""


class PlanCycle(DocumentError):
    """Milestones wait for each other in a circle, so no order exists."""


@dataclass(frozen=True, slots=True)
class Report:
    """Collects what is found in one file while it is read."""

    path: str
    found: list[Diagnostic] = field(default_factory=list)

    @property
    def has_errors(self) -> bool:
        """Whether anything found keeps a run from starting."""
        return any(one.severity is Severity.ERROR for one in self.found)

    def error(self, line: int, message: str, mend: str) -> None:
        """Notes something that keeps a run from starting."""
        self.found.append(Diagnostic(self.path, line, message, mend, Severity.ERROR))

    def warn(self, line: int, message: str, mend: str) -> None:
        """Notes something that a person should know before starting."""
        self.found.append(Diagnostic(self.path, line, message, mend, Severity.WARNING))
