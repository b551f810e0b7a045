"""What the tests of the gates' room share: gates in one line, and a round of them on real processes."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from waypost.documents.model import Gate, GateKind
from waypost.gates.run import run_gates
from waypost.gates.verdict import Verdict
from waypost.sandbox.plain import PlainSandbox
from waypost.sandbox.sandbox import Sandbox

PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def gate(command: str = "true", name: str = "unit", kind: GateKind = GateKind.CHECK, **options: Any) -> Gate:
    return Gate(name=name, kind=kind, command=command, line=options.pop("line", 1), **options)


def play(
    gates: Sequence[Gate],
    checkout: Path,
    *,
    sandbox: Sandbox | None = None,
    secrets: Mapping[str, str] | None = None,
    told: list[str] | None = None,
    **more: Any,
) -> tuple[Verdict, ...]:
    """Runs the gates; `told` collects what the listeners heard.

    The marks carry the checkout: tests that run side by side must not end each other's processes.
    """
    heard = told if told is not None else []

    async def on_ended(verdict: Verdict) -> None:
        heard.append(f"{verdict.gate} {verdict.verdict}")

    return asyncio.run(
        run_gates(
            gates,
            checkout=checkout,
            tree="4b825dc",
            sandbox=sandbox or PlainSandbox(),
            variables=lambda place: {"PATH": PATH, "HOME": str(place), "LC_ALL": "C.UTF-8"},
            mark=lambda name: f"{checkout}/{name}",
            secrets=secrets or {},
            on_started=lambda started: heard.append(f"{started.name} started"),
            on_ended=on_ended,
            **more,
        )
    )


def one(command: str, checkout: Path, **options: Any) -> Verdict:
    """The verdict on one check."""
    (verdict,) = play([gate(command, **options)], checkout)
    return verdict


def needs(tool: str) -> None:
    """Skips where a tool is missing or not set up, unless everything is required."""
    found = shutil.which(tool, path=PATH)
    if found and tool == "cargo" and subprocess.run([found, "--version"], check=False, capture_output=True).returncode:
        pytest.skip("cargo is here without a toolchain")
    if found is None:
        if os.environ.get("WAYPOST_REQUIRE_ALL"):
            pytest.fail(f"{tool} is missing")
        pytest.skip(f"{tool} is missing")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
