"""The parsers of runners' output by name: the built-in ones, and those of the entry points `waypost.census`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module

from waypost.gates.census import Census
from waypost.gates.errors import GateError
from waypost.gates.invocation import runners
from waypost.gates.summary import counts
from waypost.gates.text import plain_lines

Parser = Callable[[bytes], Census | None]
_BUILT_IN = ("unittest", "node", "vitest", "go", "cargo", "jest")


def read(command: str, output: bytes) -> Census | None:
    """The tests that a command's output shows: by id where a runner names them, else counted by its last lines.

    The runners that the command starts are asked first, then all others. Raises GateError for a foreign
    parser that breaks.
    """
    total = counts(plain_lines(output))
    started = [name for name in dict.fromkeys(runners(command)) if name in _BUILT_IN]
    for name in (*started, *(other for other in _BUILT_IN if other not in started)):
        found = parser(name)(output)
        # Names that are only some of the tests would read as if the others were gone.
        if found is not None and found.cases and (total is None or found.tests == total.tests):
            return found
    return _foreign(output) or total


def parser(name: str) -> Parser:
    """The built-in parser for a runner's name."""
    found: Parser = import_module(f"waypost.gates.runners.{name}").census
    return found


def _foreign(output: bytes) -> Census | None:
    for name, parse in _entry_points():
        try:
            found = parse(output)
        except Exception as error:
            raise GateError(f"the census parser {name} broke: {type(error).__name__}: {error}") from error
        if found is not None:
            return found
    return None


@cache
def _entry_points() -> tuple[tuple[str, Parser], ...]:
    from importlib.metadata import entry_points

    return tuple((point.name, point.load()) for point in entry_points(group="waypost.census"))
