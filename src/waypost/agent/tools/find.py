"""The tool `find`: text in files, or files by name."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from waypost.agent.tools.bench import Bench, offer, text_property
from waypost.agent.tools.paths import missing, to_read
from waypost.agent.tools.result import Result, ToolError
from waypost.agent.tools.view import printable
from waypost.documents.patterns import is_too_wild, is_wild, matches
from waypost.sandbox.sandbox import Command
from waypost.wires.conversation import Json

_MOST = 100
_MOST_IN_A_FILE = 1_000
_LONGEST_LINE = 240
_KEPT = 4 << 20
_SCAN = (sys.executable, "-I", str(Path(__file__).with_name("scan.py")))
_RIPGREP = (
    *("--no-config", "--no-ignore-dot", "--no-ignore-global", "--hidden", "--glob", "!.git"),
    *("--sort", "path", "--color", "never", "--no-messages", "--null"),
)
_AS_LINES = ("--line-number", "--no-heading", "--with-filename", f"--max-count={_MOST_IN_A_FILE}")


@dataclass(frozen=True, slots=True)
class Match:
    """A line that holds the pattern."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Search:
    """Looks through the files at or below `start` (relative to the root), by ripgrep or without it."""

    bench: Bench
    start: str
    ripgrep: str | None

    async def files(self) -> list[str]:
        """All files that git does not ignore, sorted."""
        argv: tuple[str, ...]
        argv = (self.ripgrep, *_RIPGREP, "--files", "--", self.start) if self.ripgrep else (*_SCAN, "files", self.start)
        _, output = await self._run(argv)
        return [_relative(name) for name in output.split(b"\0")[:-1]]

    async def text(self, regex: str, glob: str | None) -> list[Match]:
        """The matching lines. Raises BadPatternError."""
        argv: tuple[str, ...]
        if self.ripgrep:
            argv = (self.ripgrep, *_RIPGREP, *_AS_LINES, *_kind_of(glob), "--regexp", regex, "--", self.start)
        else:
            argv = (*_SCAN, "text", self.start, regex, str(_MOST_IN_A_FILE))
        code, output = await self._run(argv)
        if code == 2 and b"regex parse error" in output:
            raise BadPatternError(output.decode(errors="replace").strip().splitlines()[-1])
        found = (_match(line) for line in output.split(b"\n"))
        return [match for match in found if match and (glob is None or matches(glob, match.path))]

    async def _run(self, argv: tuple[str, ...]) -> tuple[int | None, bytes]:
        bench = self.bench
        command = Command(argv, bench.root, bench.variables, bench.search_timeout, _KEPT, mark=bench.mark())
        outcome = await bench.sandbox.run(command)
        if outcome.timed_out:
            raise ToolError(
                f"the search took more than {bench.search_timeout:g} s; narrow it with path, or simplify the pattern"
            )
        return outcome.exit, outcome.output[: outcome.cut_at] if outcome.dropped else outcome.output


class BadPatternError(ToolError):
    """A pattern that is no regular expression."""


def _relative(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape").removeprefix("./")


def _match(line: bytes) -> Match | None:
    path, nul, rest = line.partition(b"\0")
    number, colon, text = rest.partition(b":")
    if not (nul and colon and number.isdigit()):
        return None
    return Match(_relative(path), int(number), text.decode("utf-8", "replace").rstrip("\r"))


def _kind_of(glob: str | None) -> tuple[str, ...]:
    """A glob as a file type: unlike `--glob` that does not bring back ignored files. By the name alone."""
    name = (glob or "").rpartition("/")[2]
    if not name or name == "**" or (glob or "").startswith("!") or glob != name:
        return ()
    return ("--type-add", f"wanted:{name}", "--type", "wanted")


async def _work(arguments: Json, bench: Bench) -> Result:
    place = to_read(arguments.get("path") or ".", bench)
    if not place.path.exists():
        raise missing(place, bench)
    pattern, glob = arguments["pattern"], arguments.get("glob") or None
    if not pattern or "\0" in pattern + (glob or ""):
        raise ToolError("pattern is empty or holds a NUL; for all files use kind=files with pattern=*")
    for text in (pattern if arguments.get("kind") == "files" else "", glob or ""):
        if is_too_wild(text):
            raise ToolError(f"{text!r} has too many wildcards; at most three `*` a name and three `**` will do")
    search = Search(bench, place.shown, shutil.which("rg", path=bench.variables.get("PATH")))
    if arguments.get("kind", "text") == "files":
        return await _files(search, pattern, glob, place.shown)
    return await _text(search, pattern, glob, place.shown, bench.shown)


async def _files(search: Search, pattern: str, glob: str | None, start: str) -> Result:
    part = pattern.casefold()
    found = [
        name
        for name in await search.files()
        if (matches(pattern, name) if is_wild(pattern) else part in name.casefold())
        and (glob is None or matches(glob, name))
    ]
    facts = {"files": len(found)}
    if not found:
        return Result(f"no file matches {pattern!r} in {start} (files that git ignores are left out)", facts=facts)
    listed = [printable(name) for name in found[: 2 * _MOST]]
    if len(found) > len(listed):
        listed.append(f"[{len(listed)} of {len(found)} files; narrow with path or pattern]")
    return Result("\n".join(listed), facts=facts)


async def _text(search: Search, pattern: str, glob: str | None, start: str, limit: int) -> Result:
    remark = ""
    try:
        found = await search.text(pattern, glob)
    except BadPatternError as error:
        found = await search.text(re.escape(pattern), glob)
        remark = f"[no regular expression ({error}), so searched as plain text]\n"
    files = len({match.path for match in found})
    facts = {"matches": len(found), "files": files}
    if not found:
        where = f"{start}, glob {glob}" if glob else start
        how = "as plain text" if remark else "as a regular expression"
        return Result(f"{remark}no match for {pattern!r} {how} in {where} (ignored files are left out)", facts=facts)
    return Result(remark + _grouped(found, files, limit), facts=facts)


def _grouped(found: Sequence[Match], files: int, limit: int) -> str:
    lines: list[str] = []
    size, shown, path = 0, 0, ""
    for match in found[:_MOST]:
        text = match.text if len(match.text) <= _LONGEST_LINE else f"{match.text[:_LONGEST_LINE]}…"
        entry = ([printable(match.path)] if match.path != path else []) + [f"{match.line}: {text}"]
        size += sum(len(line) + 1 for line in entry)
        if size > limit and shown:
            break
        lines += entry
        shown, path = shown + 1, match.path
    if shown < len(found):
        lines.append(f"[{shown} of {len(found)} matches in {files} files; narrow with path, glob or pattern]")
    return "\n".join(lines)


FIND = offer(
    "find",
    "Search files for a regular expression, or (kind=files) list files by glob or part of the path.",
    {
        "pattern": text_property(),
        "path": text_property("file or folder to search"),
        "glob": text_property("only such files, e.g. *.py"),
        "kind": {"type": "string", "enum": ["text", "files"]},
    },
    required=("pattern",),
    example={"pattern": r"def parse_\w+", "path": "src", "glob": "*.py"},
    work=_work,
)
