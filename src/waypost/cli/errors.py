"""The one place where exceptions become a line for a person and an exit code."""

from __future__ import annotations

import sys
import traceback
from enum import IntEnum
from pathlib import Path

from waypost.cli.words import clean


class Exit(IntEnum):
    """What the exit codes mean, the same in every command."""

    SO = 0
    NOT_SO = 1
    BAD_INPUT = 2
    MACHINE_LACKS = 3
    BUG = 70
    INTERRUPTED = 130


class CommandError(Exception):
    """What was asked can't be done as asked; the text names the mend."""

    exit_code = Exit.BAD_INPUT


class NotSo(CommandError):
    """The answer to what was asked is no."""

    exit_code = Exit.NOT_SO


# A room's error, by room and class name: no room is imported for this. Others of a room's own are bad input.
CODES = {
    ("events", "StoreFull"): Exit.MACHINE_LACKS,
    ("workspace", "DiskFull"): Exit.MACHINE_LACKS,
    ("workspace", "GitFailed"): Exit.MACHINE_LACKS,
    ("sandbox", "SandboxError"): Exit.MACHINE_LACKS,
    ("environment", "SetupFailed"): Exit.NOT_SO,
    ("environment", "NoInterpreter"): Exit.MACHINE_LACKS,
    ("index", "IndexFull"): Exit.MACHINE_LACKS,
    ("index", "IndexUnwritable"): Exit.MACHINE_LACKS,
    ("index", "IndexBusy"): Exit.MACHINE_LACKS,
    ("index", "IndexUnreachable"): Exit.MACHINE_LACKS,
    ("index", "IndexTooNew"): Exit.MACHINE_LACKS,
    ("index", "WorkersFailed"): Exit.MACHINE_LACKS,
    ("index", "EmbedderFailed"): Exit.MACHINE_LACKS,
    ("models", "ModelError"): Exit.NOT_SO,
    ("models", "BadModel"): Exit.BAD_INPUT,
}
BUILT_IN_MISTAKES = (TypeError, ValueError, LookupError, AttributeError, AssertionError, RuntimeError)


def exit_code(problem: BaseException) -> int:
    """The exit code that this exception asks for; `Exit.BUG` where nobody meant it to be raised."""
    if isinstance(problem, KeyboardInterrupt):
        return Exit.INTERRUPTED
    for cls in type(problem).__mro__:
        package, _, rest = cls.__module__.partition(".")
        if package == "waypost" and (rest.split(".")[0], cls.__name__) in CODES:
            return CODES[rest.split(".")[0], cls.__name__]
    if type(problem).__module__.startswith("waypost.") and not isinstance(problem, BUILT_IN_MISTAKES):
        return int(getattr(problem, "exit_code", Exit.BAD_INPUT))
    return Exit.MACHINE_LACKS if isinstance(problem, OSError) else Exit.BUG


class Told:
    """Ends the process with a line and a code for whatever is raised in its `with`."""

    def __enter__(self) -> None:
        """Nothing has to be made ready."""

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        """Raises SystemExit in the exception's place."""
        if problem is not None and not isinstance(problem, SystemExit):
            raise SystemExit(tell(problem)) from None


def tell(problem: BaseException) -> int:
    """Says on standard error what went wrong and gives the exit code."""
    code = exit_code(problem)
    if code == Exit.BUG:
        lines = _bug(problem)
    elif code == Exit.INTERRUPTED:
        lines = ["interrupted"]
    else:
        lines = _lines(problem)
    sys.stderr.write("".join(f"waypost: {line}\n" if number == 0 else f"{line}\n" for number, line in enumerate(lines)))
    return code


def _lines(problem: BaseException) -> list[str]:
    diagnostics = getattr(problem, "diagnostics", ())
    if diagnostics:
        shown = [clean(str(item)) for item in diagnostics]
        return ["the documents can't be used as they are:", *(f"  {line}" for line in shown)]
    if isinstance(problem, OSError) and problem.strerror:
        place = f"{problem.filename}: " if problem.filename else ""
        return [clean(f"{place}{problem.strerror}")]
    return clean(str(problem) or type(problem).__name__).splitlines()


def _bug(problem: BaseException) -> list[str]:
    frames = traceback.extract_tb(problem.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames[-3:]]
    said = clean(str(problem)).split("\n")[0]
    return [
        f"{type(problem).__name__}: {said}",
        f"  at {' < '.join(reversed(places)) or 'an unknown place'}",
        "  this is a bug in Waypost; nothing was lost: `waypost resume`",
    ]
