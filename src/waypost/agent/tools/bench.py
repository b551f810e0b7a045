"""What the tools work with, and the one shape that all have."""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from waypost.agent.tools.reads import ReadSet
from waypost.agent.tools.result import Result, ToolError
from waypost.index.service import Service
from waypost.sandbox.sandbox import Sandbox, SandboxError
from waypost.sandbox.walls import Walls
from waypost.wires.conversation import Json, Tool

_DISK_IS_FULL = {errno.ENOSPC, errno.EDQUOT}


async def no_handles(_handle: str) -> str | None:
    """Knows no handle."""
    return None


def nothing_protected(_path: str) -> str | None:
    """Lets every path be changed."""
    return None


@dataclass(frozen=True, slots=True)
class Bench:
    """One attempt's surroundings.

    `root` is the worktree, resolved. `mark` gives the mark of the call that runs now. `shown` is how many
    characters of an output the model gets, `output_limit` how many bytes of it are kept at all. `expand`
    turns a handle into the whole text; `protected` turns a path (relative, with slashes) into the reason
    why it may not be changed. `readable` are folders outside the root that may be read, too. `started`
    hears of every command's process id. `walls` hold the commands. `index` answers questions about the tree.
    Times are in seconds.
    """

    root: Path
    sandbox: Sandbox
    variables: Mapping[str, str]
    mark: Callable[[], str] = str
    shown: int = 8_000
    output_limit: int = 1 << 20
    timeout: float = 120.0
    longest_timeout: float = 1_800.0
    search_timeout: float = 30.0
    expand: Callable[[str], Awaitable[str | None]] = no_handles
    protected: Callable[[str], str | None] = nothing_protected
    reads: ReadSet = field(default_factory=ReadSet)
    readable: tuple[Path, ...] = ()
    started: Callable[[int], None] | None = None
    walls: Walls | None = None
    index: Service | None = None


Work = Callable[[Json, Bench], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool: what the model is told of it, whether it changes the tree, an example, and the work."""

    spec: Tool
    example: Json
    work: Work
    changes_tree: bool = False

    async def run(self, arguments: Json, bench: Bench) -> Result:
        """Carries out a call whose arguments parse_arguments has accepted; its errors are results.

        Raises OSError only where the disk is full: that stops the run, the model can't mend it.
        """
        try:
            return _speakable(await self.work(arguments, bench))
        except (ToolError, SandboxError) as error:
            return _speakable(Result(str(error), is_error=True))
        except OSError as error:
            if error.errno in _DISK_IS_FULL:
                raise
            name = str(error.filename or self.spec.name).removeprefix(f"{bench.root}/")
            told = f"{name}: {error.strerror or error}"
            return _speakable(Result(told, is_error=True))


def _speakable(result: Result) -> Result:
    """The result without characters that no wire can carry, such as a file name's stray bytes."""
    try:
        result.text.encode()
    except UnicodeEncodeError:
        return replace(result, text=result.text.encode("utf-8", "replace").decode())
    return result


def offer(
    name: str,
    description: str,
    properties: Json,
    *,
    required: tuple[str, ...],
    example: Json,
    work: Work,
    changes_tree: bool = False,
) -> OfferedTool:
    """A tool whose parameters are these properties and no others."""
    parameters = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
    return OfferedTool(Tool(name, description, parameters), example, work, changes_tree)


def text_property(description: str = "") -> Json:
    """A string."""
    return {"type": "string", "description": description} if description else {"type": "string"}


def number_property(description: str = "") -> Json:
    """A whole number from 1 on."""
    return {"type": "integer", "description": description} if description else {"type": "integer"}
