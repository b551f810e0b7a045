"""Which test runners a command starts, as far as its text says."""

from __future__ import annotations

import re
import shlex

_WRAPPERS = {
    "env": 0,
    "exec": 0,
    "time": 0,
    "nice": 0,
    "command": 0,
    "xvfb-run": 0,
    "timeout": 1,
    "uv run": 0,
    "poetry run": 0,
    "pipenv run": 0,
    "pdm run": 0,
    "rye run": 0,
    "npx": 0,
    "bunx": 0,
    "yarn": 0,
    "pnpm exec": 0,
    "pnpm": 0,
    "npm exec": 0,
    "coverage run": 0,
}
"""Words before a command that start it, with the number of plain arguments that they take themselves."""
_TAKING = {"-u", "--with", "--python", "-p", "--project", "--directory", "--extra", "--group", "-n", "-s", "--rcfile"}
"""Options of wrappers that are followed by a value."""
_ASSIGNMENT = re.compile(r"^\w+=")
_PYTHON = re.compile(r"^(?:python|pypy)[\d.]*$")
_PLAIN = {"pytest": "pytest", "py.test": "pytest", "vitest": "vitest", "jest": "jest"}


def runners(command: str) -> tuple[str, ...]:
    """The runners that a command surely starts, each time by name: `pytest`, `unittest`, `node`, `vitest` ...

    A Makefile's target, an npm script or tox may start one too: of those nothing is said.
    """
    found = [name for words in _simple_commands(command) if (name := _runner(words))]
    return tuple(found)


def is_negated(command: str) -> bool:
    """Whether the command is green when what it runs fails: `! pytest`, `pytest && exit 1`."""
    return any(words and words[0] == "!" for words in _simple_commands(command))


def _simple_commands(command: str) -> list[list[str]]:
    """The words of each command between separators; nothing for a text that no shell would take."""
    found: list[list[str]] = []
    for line in re.sub(r"\\\n", " ", command).split("\n"):
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()<>")
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError:  # an open quote: it goes on in the next line, and is no plain start of a runner
            words = line.split()
        found.append([])
        for word in words:
            if set(word) <= set(";&|()"):
                found.append([])
            else:
                found[-1].append(word)
    return [words for words in found if words]


def _runner(words: list[str]) -> str:
    words = _without_wrappers(words)
    if not words:
        return ""
    program, rest = words[0].rpartition("/")[2], words[1:]
    if _PYTHON.match(program):
        return _of_module(rest)
    if program == "-m":  # what `coverage run` was taken off
        return _of_module(words)
    if program in {"node", "nodejs"}:
        return "node" if "--test" in rest else ""
    if program == "go":
        return "go" if rest[:1] == ["test"] else ""
    if program == "cargo":
        plain = [word for word in rest if not word.startswith("+")]
        return "cargo" if plain[:1] in (["test"], ["t"], ["nextest"]) else ""
    return _PLAIN.get(program, "")


def _of_module(words: list[str]) -> str:
    while words[:1] in (["-W"], ["-X"]):
        words = words[2:]
    if words[:1] and words[0].startswith("-") and words[0] != "-m":
        return _of_module(words[1:])
    if "-m" not in words[:-1] or any(not word.startswith("-") for word in words[: words.index("-m")]):
        return ""
    module, rest = words[words.index("-m") + 1], words[words.index("-m") + 2 :]
    if module == "coverage" and rest[:1] == ["run"]:
        return _runner(_past_options(rest[1:]))
    return {"pytest": "pytest", "py.test": "pytest", "unittest": "unittest"}.get(module, "")


def _without_wrappers(words: list[str]) -> list[str]:
    while words:
        if words[0] == "!" or _ASSIGNMENT.match(words[0]) or words[0] in {"then", "do", "else", "if", "{"}:
            words = words[1:]
            continue
        name = words[0].rpartition("/")[2]
        for wrapper in (" ".join([name, *words[1:2]]), name):
            if wrapper in _WRAPPERS:
                words = _past_options(words[wrapper.count(" ") + 1 :])[_WRAPPERS[wrapper] :]
                break
        else:
            return words
    return words


def _past_options(words: list[str]) -> list[str]:
    """What follows the options; `-m` stays, for after `coverage run` it names what runs."""
    while words and words[0].startswith("-") and words[0] != "-m":
        words = words[2:] if words[0] in _TAKING else words[1:]
    return words
