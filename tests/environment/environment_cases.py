"""Real packages and environments for the proofs: small, and made without a network."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from waypost.environment.build import BuiltEnvironment, EnvironmentSpec
from waypost.environment.build import build as build_it
from waypost.environment.clean import base_variables
from waypost.environment.steps import Step, StepEnded
from waypost.sandbox.plain import PlainSandbox
from waypost.sandbox.sandbox import Command


async def plain(step: Step) -> StepEnded:
    """Runs a step of a build without walls."""
    ended = await PlainSandbox().run(Command(step.argv, step.checkout, step.variables, step.timeout))
    if ended.timed_out:
        return StepEnded(ended.output, timed_out=True)
    return StepEnded(ended.output, f"failed with exit code {ended.exit}" if ended.exit else "")


def build(spec: EnvironmentSpec, checkout: Path, store: Path) -> BuiltEnvironment:
    """Builds without walls."""
    return asyncio.run(build_it(spec, checkout, store, plain))


SPEC = EnvironmentSpec(interpreter="python3")


def recorded(files: Mapping[str, bytes], own: str) -> str:
    """A RECORD of these files; `own` is its own path."""
    lines = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        quoted = f'"{path}"' if "," in path else path
        lines.append(f"{quoted},sha256={digest},{len(content)}")
    return "\n".join([*lines, f"{own},,", ""])


def files_of(name: str, version: str, body: str = "") -> dict[str, bytes]:
    """What a small package consists of."""
    info = f"{name}-{version}.dist-info"
    return {
        f"{name}/__init__.py": f"__version__ = {version!r}\n{body}".encode(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name}-run = {name}:main\n".encode(),
    }


def wheel(folder: Path, name: str, version: str, body: str = "") -> Path:
    """A wheel that pip installs."""
    path, files = folder / f"{name}-{version}-py3-none-any.whl", files_of(name, version, body)
    own = f"{name}-{version}.dist-info/RECORD"
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
        archive.writestr(own, recorded(files, own))
    return path


def site_of(folder: Path) -> Path:
    """Where an environment's packages lie."""
    site = folder / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True, exist_ok=True)
    return site


def install(folder: Path, name: str, version: str, body: str = "", more: Mapping[str, bytes] | None = None) -> Path:
    """Puts a package into an environment as pip does, with a script that names the folder; its metadata's folder."""
    site, info = site_of(folder), f"{name}-{version}.dist-info"
    files = files_of(name, version, body) | {
        f"../../../bin/{name}-run": f"#!{folder}/bin/python3\nimport {name}\n".encode(),
        f"{info}/direct_url.json": f'{{"url": "file://{folder}/x.whl", "archive_info": {{}}}}'.encode(),
        f"{info}/INSTALLER": b"pip\n",
        **(more or {}),
    }
    for path, content in files.items():
        file = Path(os.path.normpath(site / path))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (site / info / "RECORD").write_text(recorded(files, f"{info}/RECORD"))
    return site / info


def environment(folder: Path, **variables: str) -> BuiltEnvironment:
    """A virtual environment's folder with nothing in it, as one that was built."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python3").symlink_to(sys.executable)
    (folder / "pyvenv.cfg").write_text("include-system-site-packages = false\n")
    site_of(folder)
    clean = base_variables(extra=variables)
    path = os.pathsep.join([str(folder / "bin"), clean["PATH"]])
    return BuiltEnvironment(folder, "k", {**clean, "PATH": path}, False, 0.0, None, (), sys.executable)
