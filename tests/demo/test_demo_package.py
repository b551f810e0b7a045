"""The demo's package: nothing but the pinned archive is accepted, and nothing of it lands outside."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from waypost.demo import package
from waypost.demo.errors import PackageMissing


def archive(folder: Path, *members: tarfile.TarInfo) -> Path:
    place = folder / "made.tar.gz"
    with tarfile.open(place, "w:gz") as packed:
        for member in members:
            member.size = 2 if member.isfile() else 0
            packed.addfile(member, io.BytesIO(b"ok") if member.isfile() else None)
    return place


def link(name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


def test_files_are_unpacked_without_the_outermost_folder(tmp_path: Path) -> None:
    package.unpack(archive(tmp_path, tarfile.TarInfo("p-1/a.py"), tarfile.TarInfo("p-1/b/c.py")), tmp_path / "out")
    assert (tmp_path / "out" / "a.py").read_text() == "ok"
    assert (tmp_path / "out" / "b" / "c.py").read_text() == "ok"


@pytest.mark.parametrize(
    "member",
    [
        tarfile.TarInfo("p-1/../../escaped"),
        tarfile.TarInfo("/p-1/escaped"),
        link("p-1/link", "/etc/passwd"),
        link("p-1/link", "../../escaped"),
    ],
    ids=lambda member: member.name,
)
def test_what_could_land_outside_is_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    with pytest.raises(PackageMissing, match="no plain file"):
        package.unpack(archive(tmp_path, member), tmp_path / "out")
    assert not (tmp_path / "escaped").exists()


def test_an_archive_with_another_hash_is_refused(tmp_path: Path) -> None:
    other = tmp_path / package.ARCHIVE
    other.write_bytes(b"something else")
    with pytest.raises(PackageMissing, match="is not the"):
        package.fetch(tmp_path / "cache", print, {package.VARIABLE: str(other)})


def test_a_named_archive_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PackageMissing, match="can't read"):
        package.fetch(tmp_path / "cache", print, {package.VARIABLE: str(tmp_path / "nowhere.tar.gz")})


@pytest.mark.slow
def test_without_a_registry_the_mend_is_named(tmp_path: Path) -> None:
    environ = {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "HOME": str(tmp_path)}
    with pytest.raises(PackageMissing, match=f"{package.VARIABLE}=") as told:
        package.fetch(tmp_path / "cache", print, environ)
    assert told.value.exit_code == 3
    assert not (tmp_path / "cache" / package.ARCHIVE).exists()


def test_the_lock_files_name_no_address() -> None:
    for lock in Path(package.__file__).parent.glob("*.lock"):
        assert "http" not in lock.read_text("utf-8")
        assert "--hash=sha256:" in lock.read_text("utf-8")
