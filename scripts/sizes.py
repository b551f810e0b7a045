"""Fails when a file or a function outgrows the house's limits (400 and 60 lines)."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

FILE_LINES, FUNCTION_LINES = 400, 60


def findings(path: Path) -> list[str]:
    text = path.read_text("utf-8")
    found = []
    if (lines := text.count("\n")) > FILE_LINES:
        found.append(f"{path}:1: {lines} lines, more than {FILE_LINES}: it holds two ideas")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            if size > FUNCTION_LINES:
                found.append(f"{path}:{node.lineno}: {node.name} has {size} lines, more than {FUNCTION_LINES}")
    return found


def main() -> int:
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    found = [line for name in names if Path(name).is_file() for line in findings(Path(name))]
    sys.stdout.write("".join(line + "\n" for line in found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
