"""`waypost search`, `waypost map` and `waypost related`: what to read, without knowing a name."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from waypost.cli import arguments
from waypost.cli.errors import CommandError
from waypost.cli.index import Limit, Offset, Place, Root, Tokens, opened, tell


def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words, a name, a path or a report; - reads it.")],
    root: Root = None, place: Place = None, limit: Limit = 10, offset: Offset = 0, tokens: Tokens = None,
    as_json: arguments.AsJson = False,
) -> None:  # fmt: skip
    """Show the places that answer a question, best first."""
    text = sys.stdin.read() if query == "-" else query
    if not text.strip():
        raise CommandError("the query is empty; say what you look for, such as 'where are dates parsed'")
    from waypost.index.answers import Paging
    from waypost.index.search import search as ask

    with opened(root, place) as found:
        tell(ask(found, text, Paging(limit, offset, tokens)), as_json, "nothing answers that")
