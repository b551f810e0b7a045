from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from waypost.ledger.errors import BadKey
from waypost.ledger.keys import FILE, load_key, make_key, new_origin
from waypost.ledger.signatures import Algorithm, Signer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "project"


def test_a_key_is_made_for_its_owner_only_and_comes_back(folder: Path) -> None:
    before = os.umask(0)
    try:
        made = make_key(folder, "Tabulate!")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == [folder / FILE]
    assert load_key(folder) == made
    assert made.origin.startswith("waypost.invalid/tabulate-")
    assert made.verifier.name == made.origin


def test_a_key_is_made_once(folder: Path) -> None:
    made = make_key(folder, "a")
    with pytest.raises(BadKey, match="a key already"):
        make_key(folder, "a")
    assert load_key(folder) == made
    assert list(folder.iterdir()) == [folder / FILE]


def test_of_many_processes_that_make_a_key_one_does(folder: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from waypost.ledger.errors import BadKey\n"
        "from waypost.ledger.keys import make_key\n"
        "try: print(make_key(Path(sys.argv[1]), 'a').origin)\nexcept BadKey: pass"
    )
    paths = os.pathsep.join(path for path in sys.path if path)
    command = [sys.executable, "-c", script, str(folder)]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths})
        for _ in range(4)
    ]
    said = [process.communicate()[0].strip() for process in started]
    assert [origin for origin in said if origin] == [load_key(folder).origin]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_key_that_others_can_read_is_refused(folder: Path, mode: int) -> None:
    make_key(folder, "a")
    (folder / FILE).chmod(mode)
    with pytest.raises(BadKey, match=r"others can read the key .*chmod 600"):
        load_key(folder)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_key_that_others_could_replace_is_refused(folder: Path, mode: int) -> None:
    make_key(folder, "a")
    folder.chmod(mode)
    with pytest.raises(BadKey, match="others can write here"):
        load_key(folder)
    (folder / FILE).unlink()
    with pytest.raises(BadKey, match="others can write here"):
        make_key(folder, "a")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_key_or_a_folder_of_another_user_is_refused(folder: Path) -> None:
    make_key(folder, "a")
    os.chown(folder / FILE, 12345, -1)
    with pytest.raises(BadKey, match="belongs to another user"):
        load_key(folder)
    os.chown(folder / FILE, 0, -1)
    os.chown(folder, 12345, -1)
    with pytest.raises(BadKey, match="others can write here"):
        load_key(folder)


def test_a_key_can_not_be_made_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadKey, match="can't be made"):
        make_key(tmp_path / "file" / "keys", "a")


def test_a_link_a_folder_or_a_pipe_is_no_key(folder: Path, tmp_path: Path) -> None:
    make_key(folder, "a")
    (folder / FILE).rename(tmp_path / "elsewhere")
    (folder / FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadKey, match="a link"):
        load_key(folder)
    (folder / FILE).unlink()
    os.mkfifo(folder / FILE, 0o600)
    with pytest.raises(BadKey, match="not a file"):
        load_key(folder)
    (folder / FILE).unlink()
    (folder / FILE).mkdir(mode=0o700)
    with pytest.raises(BadKey):
        load_key(folder)


def test_no_key_says_what_makes_one(folder: Path) -> None:
    with pytest.raises(BadKey, match="waypost init"):
        load_key(folder)


def test_a_damaged_key_is_named_without_being_shown(folder: Path) -> None:
    make_key(folder, "a")
    whole = (folder / FILE).read_bytes()
    for place in range(0, len(whole) - 1, 3):
        (folder / FILE).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(BadKey, match=FILE) as caught:
            load_key(folder)
        assert whole.decode().strip().split("+", 4)[4][4:20] not in str(caught.value)
    for damaged in (b"", b"\xff\xfe", whole[:-5], whole * 2):
        (folder / FILE).write_bytes(damaged)
        with pytest.raises(BadKey, match=FILE):
            load_key(folder)


def test_a_cosigners_key_is_no_logs_key(folder: Path) -> None:
    make_key(folder, "a")
    (folder / FILE).write_text(Signer.new("witness.example", Algorithm.COSIGNATURE).text() + "\n")
    with pytest.raises(BadKey, match="cosigner"):
        load_key(folder)


@pytest.mark.parametrize(
    ("project", "slug"),
    [
        ("My Project", "my-project"),
        ("a+b c", "a-b-c"),
        ("日本", "project"),
        ("", "project"),
        ("Über", "uber"),
        ("x" * 99, "x" * 40),
    ],
)
def test_every_project_gets_an_origin_of_its_own(project: str, slug: str) -> None:
    first, second = new_origin(project), new_origin(project)
    assert first != second
    assert first.rpartition("-")[0] == f"waypost.invalid/{slug}"
