"""Where a PostgreSQL server is, read from a URL; passwords stay out of everything that is shown."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

from waypost.index.errors import BadPlace

if TYPE_CHECKING:
    import ssl

Encryption = Literal["disable", "prefer", "require", "verify-full"]
PORT = 5432
SCHEMES = frozenset({"postgresql", "postgres"})
FORM = "postgresql://user@host:5432/database"
_PARAMETERS = frozenset({"host", "sslmode", "sslrootcert", "project"})


@dataclass(frozen=True, slots=True)
class Address:
    """A database on a server. `host` is a name, or the folder of a Unix socket where it begins with `/`.

    `project` names what the trees in it have in common; empty: the repository's own name.
    """

    user: str
    host: str
    port: int
    database: str
    password: str = field(default="", repr=False)
    encryption: Encryption = "prefer"
    certificate: str = ""
    project: str = ""

    def __str__(self) -> str:
        """The URL without its password."""
        if self.host.startswith("/"):
            return f"postgresql://{self.user}@/{self.database}?host={self.host}"
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.database}"

    @property
    def socket(self) -> str | None:
        """The path of the server's Unix socket."""
        return f"{self.host}/.s.PGSQL.{self.port}" if self.host.startswith("/") else None

    def encrypted(self) -> ssl.SSLContext | bool | None:
        """How the connection is to be encrypted, in the driver's words."""
        if self.socket or self.encryption == "disable":
            return False
        if self.encryption == "prefer":
            return None
        import ssl

        context = ssl.create_default_context(cafile=self.certificate or None)
        if self.encryption == "require":
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context


def read_address(url: str) -> Address:
    """Reads a URL; what it leaves out comes from PGUSER and PGPASSWORD. Raises BadPlace, which never shows it."""
    try:
        parts = urlsplit(url)
        port, host = parts.port or PORT, unquote(parts.hostname or "")
        parameters = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError as problem:
        raise BadPlace(f"the address of the database can't be read; give one such as {FORM}") from problem
    if parts.scheme not in SCHEMES:
        raise BadPlace(f"{parts.scheme}://: no database that an index can lie in; give one such as {FORM}")
    unknown = sorted(set(parameters) - _PARAMETERS)
    if unknown:
        raise BadPlace(
            f"{unknown[0]}: no parameter of a database's address; known are {', '.join(sorted(_PARAMETERS))}"
        )
    database = unquote(parts.path.removeprefix("/"))
    host = parameters.get("host") or host
    if not database or not host:
        raise BadPlace(f"the address names no {'host' if database else 'database'}; give one such as {FORM}")
    return Address(
        user=unquote(parts.username or "") or os.environ.get("PGUSER", "") or os.environ.get("USER", "postgres"),
        host=host,
        port=port,
        database=database,
        password=unquote(parts.password or "") or os.environ.get("PGPASSWORD", ""),
        encryption=_encryption(parameters.get("sslmode", "prefer")),
        certificate=parameters.get("sslrootcert", ""),
        project=parameters.get("project", ""),
    )


def _encryption(text: str) -> Encryption:
    for one in get_args(Encryption):
        if one == text:
            found: Encryption = one
            return found
    raise BadPlace(f"sslmode={text}: must be one of {', '.join(get_args(Encryption))}")
