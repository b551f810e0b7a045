"""What the tools' tests share: a bench on a real repository, and calls as the loop makes them."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

from waypost.agent.tools.bench import Bench
from waypost.agent.tools.registry import parse_arguments, tool_named
from waypost.agent.tools.result import Result
from waypost.sandbox.plain import PlainSandbox

VARIABLES = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/"}


def bench(root: Path, **given: Any) -> Bench:
    return Bench(**{"root": root.resolve(), "sandbox": PlainSandbox(), "variables": VARIABLES, **given})


def call(on: Bench, name: str, /, **arguments: Any) -> Result:
    """Runs a tool with arguments that went through JSON and the schema."""
    import json

    parsed = parse_arguments(name, json.dumps(arguments))
    assert isinstance(parsed, dict), parsed
    tool = tool_named(name)
    assert tool is not None
    return asyncio.run(tool.run(parsed, on))


def refused(on: Bench, name: str, /, **arguments: Any) -> str:
    """The text of a call that is expected to fail."""
    result = call(on, name, **arguments)
    assert result.is_error
    return result.text


def repository(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root
