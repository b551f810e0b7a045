"""Servers that tests of this room share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from postgres_server import Server, running, with_vectors, without_vectors

_NUMBERS = count(1)


def needs(programs: Path | None, what: str) -> Path:
    """Skips where no server is installed, unless everything is required."""
    if programs is None:
        if os.environ.get("WAYPOST_REQUIRE_ALL"):
            pytest.fail(f"{what} is missing")
        pytest.skip(f"{what} is missing")
    return programs


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL with pgvector."""
    with running(needs(with_vectors(), "PostgreSQL with pgvector")) as found:
        yield found


@pytest.fixture(scope="session")
def plain_server() -> Iterator[Server]:
    """A PostgreSQL without pgvector."""
    with running(needs(without_vectors(), "PostgreSQL without pgvector")) as found:
        yield found


@pytest.fixture
def place(server: Server) -> Iterator[str]:
    """The URL of a database of one's own."""
    name = f"own_{os.getpid()}_{next(_NUMBERS)}"
    server.ask(f"CREATE DATABASE {name}")
    yield server.url(name)
    server.ask(f"DROP DATABASE {name} WITH (FORCE)")
