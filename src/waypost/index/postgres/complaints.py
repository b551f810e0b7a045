"""What a server or the driver complains of, in the room's words; without passwords, which no complaint needs."""

from __future__ import annotations

from waypost.index.errors import IndexBusy, IndexDamaged, IndexFull, IndexProblem, IndexUnreachable, IndexUnwritable
from waypost.index.postgres.address import Address

NO_DRIVER = "an index in PostgreSQL needs the driver pg8000, which is not installed: pip install 'waypost[postgresql]'"
_LOST = ("08", "57P")
_BUSY = frozenset({"40001", "40P01", "55P03", "55006"})
_GONE = frozenset({"3F000", "42P01", "42703", "42883"})
_WRONG_LOGIN = frozenset({"28000", "28P01"})


def is_lost(code: str) -> bool:
    """Whether the server has ended the connection with this complaint."""
    return code.startswith(_LOST)


def lost(address: Address, said: str) -> IndexUnreachable:
    """For a connection that is no more."""
    return IndexUnreachable(
        f"{address}: the connection was lost ({said}); what had been committed is kept and nothing else was written. "
        "Ask again when the server is back"
    )


def unreachable(address: Address, said: str) -> IndexUnreachable:
    """For a connection that never was."""
    return IndexUnreachable(f"{address}: no PostgreSQL server answers there ({said}); start it, or mend --place")


def refused(address: Address, code: str, said: str) -> IndexProblem:
    """For a server that answers, and lets nobody in."""
    if code in _WRONG_LOGIN:
        return IndexUnreachable(f"{address}: {said}; give another user in --place, or the password in PGPASSWORD")
    if code == "3D000":
        return IndexUnreachable(f"{address}: {said}; make it with: createdb {address.database}")
    if code == "42501":
        return IndexUnreachable(f"{address}: {said}; GRANT CONNECT ON DATABASE to this user, or name another")
    return unreachable(address, said)


def complaint(address: Address, code: str, said: str) -> IndexProblem:
    """For a statement that failed."""
    if is_lost(code):
        return lost(address, said)
    if code in {"42501", "25006"}:
        return IndexUnwritable(
            f"{address}: {said}; GRANT CREATE ON DATABASE {address.database} to this user and, where another user has "
            "made the schema waypost, that one's role; or name another place with --place"
        )
    if code in {"53100", "53200"}:
        return IndexFull(f"{address}: {said}; what was indexed before is kept. Free some space on the server")
    if code in _BUSY:
        return IndexBusy(f"{address}: {said}; ask again when the other has ended")
    if code in _GONE:
        return IndexDamaged(f"a table of the index was changed or removed ({said})")
    return IndexProblem(f"{address}: {said} ({code})")
