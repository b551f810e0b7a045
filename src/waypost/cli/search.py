"""`waypost search`, `waypost map` and `waypost related`: what to read, without knowing a name."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from waypost.cli import arguments
from waypost.cli.errors import CommandError, Exit
from waypost.cli.index import Embedder, Limit, Offset, Place, Root, Tokens, opened, tell


def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words, a name, a path or a report; - reads it.")],
    root: Root = None, place: Place = None, limit: Limit = 10, offset: Offset = 0, tokens: Tokens = None,
    embedder: Embedder = "off", as_json: arguments.AsJson = False,
) -> None:  # fmt: skip
    """Show the places that answer a question, best first."""
    text = sys.stdin.read() if query == "-" else query
    if not text.strip():
        raise CommandError("the query is empty; say what you look for, such as 'where are dates parsed'")
    from waypost.index.answers import Paging
    from waypost.index.search import search as ask

    with opened(root, place) as found:
        tell(ask(found, text, Paging(limit, offset, tokens), embedder), as_json, "nothing answers that")


def repository_map(
    tokens: Annotated[int, typer.Option("--tokens", metavar="N", help="About so many tokens at most.")] = 2000,
    focus: Annotated[
        list[str] | None, typer.Option("--focus", metavar="PATH", help="A file or folder to show more of; may repeat.")
    ] = None,
    root: Root = None, place: Place = None,
    as_json: arguments.AsJson = False,
) -> None:  # fmt: skip
    """Show the files and definitions that most of the repository leans on."""
    from waypost.index.mapping import repository_map as draw

    if tokens < 1:
        raise CommandError(f"--tokens {tokens}: a map needs room; give 500 or more")
    with opened(root, place) as found:
        drawn = draw(found, tokens, focus or ())
    sys.stdout.write(json.dumps(drawn.as_json()) + "\n" if as_json else drawn.text)
    if not drawn.files:
        raise typer.Exit(Exit.NOT_SO)


def related(
    where: Annotated[str, typer.Argument(metavar="FILE:LINE", help="A place, such as src/dates.py:42.")],
    root: Root = None, place: Place = None, limit: Limit = 10, offset: Offset = 0, tokens: Tokens = None,
    as_json: arguments.AsJson = False,
) -> None:  # fmt: skip
    """Show the definitions that share the rare words of a place."""
    from waypost.index.answers import Paging
    from waypost.index.relating import related as ask

    with opened(root, place) as found:
        tell(ask(found, where, Paging(limit, offset, tokens)), as_json, "nothing is like it")
