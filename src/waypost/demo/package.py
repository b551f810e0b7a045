"""The package that the demo works on: one pinned source archive, fetched by pip, checked, and unpacked."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from waypost.demo.errors import PackageMissing

LOCK = Path(__file__).with_name("tabulate.lock")
NAME, VERSION = "tabulate", "0.9.0"
ARCHIVE = f"{NAME}-{VERSION}.tar.gz"
VARIABLE = "WAYPOST_DEMO_SDIST"
PATIENCE = 300.0
TAIL = 3

# pip wants the metadata of what it downloads, and builds it: seconds, and code of the package run before anybody
# has looked at it. Its build backend is found on PYTHONPATH, so one that only says the name is found first (PEP 517).
STAND_IN = f"""\
from pathlib import Path


def prepare_metadata_for_build_wheel(folder, settings=None):
    place = Path(folder, "{NAME}-{VERSION}.dist-info")
    place.mkdir()
    (place / "METADATA").write_text("Metadata-Version: 2.1\\nName: {NAME}\\nVersion: {VERSION}\\n")
    return place.name


def build_wheel(folder, settings=None, metadata=None):
    raise SystemExit("only the metadata is asked for")
"""


def digest() -> str:
    """The archive's SHA-256, as the lock file pins it."""
    found = re.search(r"sha256:([0-9a-f]{64})", LOCK.read_text("utf-8"))
    assert found is not None
    return found[1]


def fetch(cache: Path, say: Callable[[str], None], environ: Mapping[str, str] = os.environ) -> Path:
    """The archive: named by WAYPOST_DEMO_SDIST, from the cache, or by pip. Its hash is checked each time.

    Raises PackageMissing.
    """
    if named := environ.get(VARIABLE):
        return _checked(Path(named).expanduser())
    kept = cache / ARCHIVE
    if not kept.is_file() or not _is_right(kept):
        say(f"fetching {NAME} {VERSION}, a package that nobody here wrote …")
        _download(kept, environ)
    return _checked(kept)


def unpack(archive: Path, folder: Path) -> None:
    """Writes the archive's files below the folder, without its own outermost one.

    Plain files only: what else an archive can hold (links, devices, paths upwards) has no business in this one.
    """
    with tarfile.open(archive) as packed:
        for member in packed:
            path = PurePosixPath(member.name)
            inner = path.parts[1:]
            if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
                raise PackageMissing(f"{archive}: holds {member.name!r}, which is no plain file inside it")
            content = packed.extractfile(member) if member.isfile() else None
            if content is not None:
                place = folder.joinpath(*inner)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content.read())


def _download(kept: Path, environ: Mapping[str, str]) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="waypost-demo-") as name:
        folder = Path(name)
        backend = folder / "stand-in" / "setuptools"
        backend.mkdir(parents=True)
        (backend / "__init__.py").touch()
        (backend / "build_meta.py").write_text(STAND_IN, "utf-8")
        options = ("--no-deps", "--no-build-isolation", "--no-binary", ":all:", "--require-hashes")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", *options]
        try:
            ended = subprocess.run(
                [*command, "--requirement", str(LOCK), "--dest", name],
                env={**environ, "PYTHONPATH": str(backend.parent)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE,
            )
        except subprocess.TimeoutExpired as problem:
            raise _missing(f"pip did not end within {PATIENCE:.0f} s") from problem
        got = folder / ARCHIVE
        if ended.returncode or not got.is_file():
            raise _missing("\n".join(ended.stderr.strip().splitlines()[-TAIL:]) or f"pip ended with {ended.returncode}")
        unfinished = kept.with_name(f"{kept.name}.unfinished")
        unfinished.write_bytes(got.read_bytes())
        unfinished.replace(kept)


def _missing(why: str) -> PackageMissing:
    return PackageMissing(
        f"can't fetch {ARCHIVE}, which the demo works on:\n{why}\n"
        f"pip's registry must be reachable; or get the file elsewhere and name it: {VARIABLE}=/path/to/{ARCHIVE}"
    )


def _is_right(file: Path) -> bool:
    return hashlib.sha256(file.read_bytes()).hexdigest() == digest()


def _checked(file: Path) -> Path:
    try:
        is_right = _is_right(file)
    except OSError as problem:
        raise PackageMissing(f"{VARIABLE}: can't read {file}: {problem.strerror}") from problem
    if not is_right:
        raise PackageMissing(f"{file}: is not the {ARCHIVE} that is pinned (SHA-256 {digest()}); get that one")
    return file
