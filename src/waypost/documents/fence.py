"""A fence's info string, such as `bash gate=unit timeout=5m min_tests=12`, as a gate or a set-up command."""

from __future__ import annotations

import difflib
import re
import shlex
from dataclasses import dataclass

from waypost.documents import quantity
from waypost.documents.errors import Report
from waypost.documents.model import Gate, GateKind
from waypost.documents.source import Fence

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SHELLS = {"bash", "sh", "shell", "zsh", "console", "shell-session"}
OPTIONS = ("gate", "kind", "timeout", "ready", "min_tests", "protect", "junit", "oracle", "held_out")
KINDS = "check, service, manual or env:NAME"
DEFAULT_TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class Info:
    """An info string taken apart: the language, bare words, and `name=value` options."""

    language: str
    words: tuple[str, ...]
    options: tuple[tuple[str, str], ...]

    @property
    def is_shell(self) -> bool:
        """Whether a reader would take the fence for a command."""
        return self.language in SHELLS

    def option(self, name: str) -> str | None:
        """The option's value, None without it."""
        return dict(self.options).get(name)


def info(fence: Fence, report: Report) -> Info:
    """Takes an info string apart; an open quote is reported."""
    try:
        parts = shlex.split(fence.info)
    except ValueError:
        report.error(fence.line, "the fence's options hold a quote that is never closed", 'add the missing "')
        parts = fence.info.replace('"', " ").replace("'", " ").split()
    language = parts.pop(0) if parts and "=" not in parts[0] else ""
    options = tuple((name, value) for name, mark, value in (part.partition("=") for part in parts) if mark)
    return Info(language, tuple(part for part in parts if "=" not in part), options)


def claims_gate(fence: Fence) -> bool:
    """Whether the info string names a gate."""
    return re.search(r"(?:^|[ \t])gate=", fence.info) is not None


def read_gate(fence: Fence, report: Report) -> Gate | None:
    """The gate that a fence holds. None, with a report, for a shell fence without a name; None for prose."""
    parts = info(fence, report)
    name = parts.option("gate")
    if name is None:
        if parts.is_shell:
            mend = "add gate=NAME to run it, or make it ```text to show it only"
            report.error(fence.line, "the fence names no gate and would never run", mend)
        return None
    where = f"gate {name}"
    if parts.language != "bash":
        report.error(fence.line, f'{where} is in a fence for "{parts.language}"', "start it with ```bash")
    if not NAME.fullmatch(name):
        report.error(fence.line, f'"{name}" can\'t name a gate', "use letters, digits, dots, dashes")
    _check_options(parts, where, fence, report)
    if not fence.body.strip():
        report.error(fence.line, f"{where} has no command", "write the command between the ``` lines")
    kind, variable = _kind(parts, where, fence, report)
    return Gate(
        name=name,
        kind=kind,
        command=fence.body,
        line=fence.line,
        timeout=_timeout(parts, where, fence, report),
        ready=_ready(parts, kind, where, fence, report),
        min_tests=_min_tests(parts, where, fence, report),
        protect=_paths(parts, "protect", where, fence, report),
        variable=variable,
        junit=next(iter(_paths(parts, "junit", where, fence, report)), None),
        oracle=_oracle(parts, kind, where, fence, report),
        held_out=_held_out(parts, kind, where, fence, report),
    )


def read_setup(fence: Fence, report: Report) -> tuple[str, float] | None:
    """The set-up command and its time limit in seconds; None, with a report, for any other shell fence."""
    parts = info(fence, report)
    if "setup" not in parts.words:
        if parts.is_shell:
            report.error(fence.line, "the fence would never run", "write ```bash setup, or make it ```text")
        return None
    for option, _ in parts.options:
        if option != "timeout":
            report.error(fence.line, f'the set-up command has no option "{option}"', "only timeout= is known")
    if not fence.body.strip():
        report.error(fence.line, "the set-up fence is empty", "write the command, or take the fence out")
        return None
    return fence.body, _timeout(parts, "the set-up command", fence, report)


def near(word: str, known: tuple[str, ...], cutoff: float = 0.7) -> str | None:
    """The known word that `word` was probably meant to be."""
    close = difflib.get_close_matches(word.casefold(), known, 1, cutoff)
    return close[0] if close else None


def leaves_tree(path: str) -> bool:
    """Whether a path pattern could mean something outside the work folder."""
    return path.startswith(("/", "~", "\\")) or ".." in path.split("/")


def _check_options(parts: Info, where: str, fence: Fence, report: Report) -> None:
    seen = set[str]()
    for option, _ in parts.options:
        if option not in OPTIONS:
            guess = near(option, OPTIONS)
            mend = f'did you mean "{guess}="?' if guess else f"known are {', '.join(OPTIONS)}"
            report.error(fence.line, f'{where} has an unknown option "{option}"', mend)
        elif option in seen:
            report.error(fence.line, f'{where} has the option "{option}" twice', "keep one")
        seen.add(option)
    for word in parts.words:
        guess = near(word.partition(":")[0], OPTIONS)
        mend = f'did you mean "{guess}=…"?' if guess else "options are NAME=VALUE; put spaces in quotes"
        report.error(fence.line, f'{where} has "{word}" among its options', mend)


def _kind(parts: Info, where: str, fence: Fence, report: Report) -> tuple[GateKind, str | None]:
    kind, _, variable = (parts.option("kind") or "check").partition(":")
    if kind == "env":
        if not VARIABLE.fullmatch(variable):
            report.error(fence.line, f"{where} names no variable", "write kind=env:NAME")
        return GateKind.ENV, variable
    if variable or kind not in set(GateKind):
        report.error(fence.line, f'{where} has the unknown kind "{parts.option("kind")}"', f"use {KINDS}")
        return GateKind.CHECK, None
    return GateKind(kind), None


def _timeout(parts: Info, where: str, fence: Fence, report: Report) -> float:
    text = parts.option("timeout")
    value = DEFAULT_TIMEOUT if text is None else quantity.seconds(text)
    if value is None:
        report.error(fence.line, f'{where} has the time limit "{text}"', "write 300, 90s, 5m or 1h")
    return value or DEFAULT_TIMEOUT


def _ready(parts: Info, kind: GateKind, where: str, fence: Fence, report: Report) -> str | None:
    address = parts.option("ready")
    if address is None:
        return None
    if kind is not GateKind.SERVICE:
        report.error(fence.line, f"{where} has ready= but is no service", "add kind=service")
    if not re.match(r"(?:https?|tcp)://[^ ]", address):
        report.error(fence.line, f'{where} is ready at "{address}"', "write an http:// or tcp:// address")
    return address


def _min_tests(parts: Info, where: str, fence: Fence, report: Report) -> int | None:
    text = parts.option("min_tests")
    value = None if text is None else quantity.count(text)
    if text is not None and value is None:
        report.error(fence.line, f'{where} asks for "{text}" tests', "write a whole number")
    return value


def _oracle(parts: Info, kind: GateKind, where: str, fence: Fence, report: Report) -> str | None:
    command = parts.option("oracle")
    if command is not None and not command.strip():
        report.error(fence.line, f"{where} has an empty oracle", 'write oracle="COMMAND"')
    if command is not None and kind is GateKind.MANUAL:
        report.error(fence.line, f"{where} has an oracle, but a person judges it", "take oracle= out")
    return command.strip() if command and command.strip() else None


def _held_out(parts: Info, kind: GateKind, where: str, fence: Fence, report: Report) -> str | None:
    path = parts.option("held_out")
    if path is not None and not path.strip():
        report.error(fence.line, f"{where} has an empty held_out", "name a folder outside the repository")
    if path is not None and kind in {GateKind.MANUAL, GateKind.SERVICE}:
        report.error(fence.line, f"{where} is {kind.value} and has held_out=", "held-out files are for checks")
    return path.strip() if path and path.strip() else None


def _paths(parts: Info, option: str, where: str, fence: Fence, report: Report) -> tuple[str, ...]:
    paths = tuple((parts.option(option) or "").replace(",", " ").split())
    for path in paths:
        if leaves_tree(path):
            report.error(fence.line, f'{where} has {option}="{path}"', "name a path inside the repository")
    return paths
