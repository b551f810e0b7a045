"""Where an index on a server lies: addresses, what can be wrong with them, and what people are told."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from index_store_cases import git, repository, script, write
from postgres_server import Server

from waypost.index.errors import BadPlace, IndexProblem, IndexTooNew, IndexUnreachable, IndexUnwritable
from waypost.index.index import Index
from waypost.index.postgres.address import read_address
from waypost.index.postgres.store import PostgresStore
from waypost.index.postgres.tables import project_of
from waypost.index.postgres.vectors import Vectors
from waypost.index.questions import symbol

pytestmark = pytest.mark.slow

SECRET = "s3cr3t-w0rd"


def test_an_address_is_read_and_shown_without_its_password() -> None:
    address = read_address(f"postgresql://ann:{SECRET}@db.example:6432/code?sslmode=require&project=shop")
    assert (address.user, address.host, address.port, address.database) == ("ann", "db.example", 6432, "code")
    assert (address.password, address.encryption, address.project) == (SECRET, "require", "shop")
    assert str(address) == "postgresql://ann@db.example:6432/code"
    assert SECRET not in repr(address)


def test_what_an_address_leaves_out_comes_from_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGUSER", "bea")
    monkeypatch.setenv("PGPASSWORD", SECRET)
    address = read_address("postgres:///code?host=/run/postgresql")
    assert (address.user, address.password, address.socket) == ("bea", SECRET, "/run/postgresql/.s.PGSQL.5432")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://a@b/c", "mysql://: no database"),
        ("postgresql://a@b", "names no database"),
        ("postgresql:///c", "names no host"),
        (f"postgresql://a:{SECRET}@b:port/c", "can't be read"),
        (f"postgresql://a:{SECRET}@b/c?sslmode=maybe", "sslmode=maybe: must be one of"),
        (f"postgresql://a:{SECRET}@b/c?user=x", "user: no parameter"),
        (f"postgresql://a:{SECRET}@[::1/c", "can't be read"),
    ],
)
def test_an_address_that_says_too_little_is_refused_without_its_password(url: str, said: str) -> None:
    with pytest.raises(BadPlace) as caught:
        read_address(url)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


@given(st.text())
def test_any_text_is_an_address_or_a_bad_place(text: str) -> None:
    with contextlib.suppress(BadPlace):
        assert read_address(f"postgresql://{text}").database


def test_no_server_no_database_and_no_right_are_told_with_the_mend(tmp_path: Path, server: Server) -> None:
    root = write(tmp_path / "tree", {"a.py": "def a(): pass\n"})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"postgresql://ann:{SECRET}@127.0.0.1:{taken.getsockname()[1]}/x"
        _refused(root, nowhere, IndexUnreachable, "no PostgreSQL server answers there")
    _refused(root, server.url("missing"), IndexUnreachable, "createdb missing")
    _refused(root, server.url(user="nobody_here", password=SECRET), IndexUnreachable, r"nobody_here.*PGPASSWORD")
    server.ask("CREATE ROLE guest LOGIN")
    try:
        _refused(root, server.url(user="guest"), IndexUnwritable, "GRANT CREATE ON DATABASE postgres")
    finally:
        server.ask("DROP ROLE guest")


def _refused(root: Path, url: str, kind: type[IndexProblem], said: str) -> None:
    with pytest.raises(kind, match=said) as caught:
        Index.open(root, url)
    shown = "".join(str(one) for one in (caught.value, caught.value.__cause__ or ""))
    assert SECRET not in shown


def test_users_who_share_a_role_share_an_index_and_others_are_told(tmp_path: Path, place: str, server: Server) -> None:
    root = write(tmp_path / "tree", {"a.py": "def a(): pass\n"})
    database = place.partition("?")[0].rpartition("/")[2]
    Index.open(root, place).close()
    for statement in ("CREATE ROLE other LOGIN", f"GRANT CREATE ON DATABASE {database} TO other"):
        server.ask(statement, database)
    try:
        _refused(root, server.url(database, "other"), IndexUnwritable, "permission denied for schema waypost; GRANT")
        server.ask("GRANT postgres TO other", database)
        with Index.open(root, server.url(database, "other")) as index:
            index.update()
            assert symbol(index, "a").total == 1
    finally:
        for statement in ("DROP OWNED BY other", "DROP ROLE other"):
            server.ask(statement, database)


def test_what_listens_and_is_no_postgresql_is_told(tmp_path: Path) -> None:
    root = write(tmp_path / "tree", {"a.py": "def a(): pass\n"})
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            caller, _ = listener.accept()
            caller.recv(1)
            caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            caller.close()

        thread = threading.Thread(target=greet)
        thread.start()
        url = f"postgresql://a@127.0.0.1:{listener.getsockname()[1]}/x"
        _refused(root, url, IndexUnreachable, "no PostgreSQL server answers")
        thread.join()


def test_a_database_that_holds_no_unicode_is_refused(tmp_path: Path, server: Server) -> None:
    root = write(tmp_path / "tree", {"a.py": "def a(): pass\n"})
    server.ask("CREATE DATABASE old ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    try:
        _refused(root, server.url("old"), BadPlace, r"holds LATIN1.*createdb --encoding=UTF8")
    finally:
        server.ask("DROP DATABASE old WITH (FORCE)")


def test_settings_of_the_server_change_no_answer(tmp_path: Path, place: str, server: Server) -> None:
    database = place.partition("?")[0].rpartition("/")[2]
    for setting in ("bytea_output = 'escape'", "client_encoding = 'LATIN1'", "standard_conforming_strings = off"):
        server.ask(f"ALTER DATABASE {database} SET {setting}")
    root = write(tmp_path / "it's\\a tree", {"ä.py": "def größe(): pass\n"})
    with Index.open(root, place) as index:
        index.update()
        assert [hit.path for hit in symbol(index, "größe").hits] == ["ä.py"]
        assert index.text("ä.py") == "def größe(): pass\n".encode()


def test_a_database_of_a_newer_waypost_is_left_alone(tmp_path: Path, place: str, server: Server) -> None:
    root = write(tmp_path / "tree", {"a.py": "def a(): pass\n"})
    Index.open(root, place).close()
    database = place.partition("?")[0].rpartition("/")[2]
    server.ask("UPDATE waypost.about SET version = 99", database)
    with pytest.raises(IndexTooNew, match=r"version 99.*update Waypost"):
        Index.open(root, place)


def test_an_index_of_another_version_is_made_anew_and_told(tmp_path: Path, place: str, server: Server) -> None:
    root = write(tmp_path / "tree", {"a.py": "def a(): pass\n"})
    with Index.open(root, place) as index:
        index.update()
    server.ask("UPDATE waypost.indexes SET made_by = 'other'", place.partition("?")[0].rpartition("/")[2])
    with Index.open(root, place) as index:
        assert "another version" in index.store.remade
        index.update()
        assert symbol(index, "a").total == 1


def test_without_the_driver_it_is_told_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "pg8000.py").write_text("raise ImportError('no driver')\n")
    process = script(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})",
        "from pathlib import Path",
        "from waypost.index.index import Index",
        "from waypost.index.errors import IndexUnreachable",
        "try: Index.open(Path('.'), 'postgresql://a@127.0.0.1/b')",
        "except IndexUnreachable as problem: print(problem)",
    )
    out, said = process.communicate()
    assert "pip install 'waypost[postgresql]'" in out, said


def test_work_trees_of_a_repository_are_one_project(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop")
    git(root, "worktree", "add", "-q", str(tmp_path / "elsewhere"))
    assert project_of(root) == project_of(tmp_path / "elsewhere") == project_of(root / "tests") == "shop"
    (tmp_path / "bare").mkdir()
    assert project_of(tmp_path / "bare") == "bare"


@pytest.mark.slow
def test_the_command_line_asks_a_server_by_url(tmp_path: Path, place: str) -> None:
    root = repository(tmp_path / "tree")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "waypost", *arguments]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)

    done = run("symbol", "price_of", "--place", place)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("shop/prices.py:4")
    assert not (root / ".waypost").exists()
    assert run("search", "total of a cart", "--place", place).stdout.startswith("shop/cart.py")
    assert run("index", "--place", place).stdout.startswith("5 files")
    bad = run("index", "--place", f"postgresql://ann:{SECRET}@127.0.0.1:1/x")
    assert bad.returncode == 3
    assert "no PostgreSQL server answers" in bad.stderr
    assert SECRET not in bad.stdout + bad.stderr
    assert run("index", "--place", "redis://x/y").returncode == 2


# --- vectors --------------------------------------------------------------------------------------------------------


def _vectors(url: str, root: Path) -> tuple[Vectors, list[tuple[bytes, float]]]:
    chance = numpy.random.default_rng(3)
    rows = [(number.to_bytes(4), chance.integers(-127, 128, 64).astype("i1")) for number in range(200)]
    store = PostgresStore.at(url, root)
    vectors = Vectors(store, "basis-1")
    vectors.put(rows)
    vectors.put(rows[:3])
    Vectors(store, "basis-2").put([(b"other", rows[7][1])])
    assert vectors.missing([rows[0][0], b"none"]) == [b"none"]
    found = vectors.nearest(rows[7][1], 5)
    store.close()
    return vectors, found


def test_vectors_are_compared_by_pgvector_or_here_with_the_same_places(
    tmp_path: Path, place: str, plain_server: Server
) -> None:
    by_server, there = _vectors(place, tmp_path)
    by_bytes, here = _vectors(plain_server.url(), tmp_path)
    assert by_server.note == ""
    assert "pgvector is not set up" in by_bytes.note
    assert [digest for digest, _ in there] == [digest for digest, _ in here]
    assert [cosine for _, cosine in there] == pytest.approx([cosine for _, cosine in here], abs=1e-5)
    assert there[0] == (b"\0\0\0\7", pytest.approx(1.0))


def test_an_index_needs_no_pgvector(tmp_path: Path, plain_server: Server) -> None:
    root = repository(tmp_path / "tree")
    with Index.open(root, plain_server.url()) as index:
        index.update()
        assert symbol(index, "price_of").total == 1
