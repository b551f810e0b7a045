"""`waypost index` and the exact questions: where a name stands, who uses it, what a change reaches."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from waypost.cli import arguments
from waypost.cli.errors import CommandError, Exit
from waypost.cli.words import count, duration, one_line

if TYPE_CHECKING:
    from waypost.index.answers import Page, Paging
    from waypost.index.index import Index
    from waypost.index.state import State
    from waypost.index.updating import Updated

Root = Annotated[
    Path | None,
    typer.Option("--root", metavar="DIR", help="The folder to index; the repository around here if left out."),
]
Place = Annotated[
    str | None,
    typer.Option(
        "--place", metavar="FILE|URL", help="Where the index lies: .waypost/index.db if left out, or postgresql://…"
    ),
]
Limit = Annotated[int, typer.Option("--limit", "-k", metavar="N", help="Results on a page.")]
Offset = Annotated[int, typer.Option("--offset", metavar="N", help="Results to pass over.")]
Tokens = Annotated[int | None, typer.Option("--tokens", metavar="N", help="Cut the page to about so many tokens.")]
Embedder = Annotated[
    str,
    typer.Option(
        "--embedder", metavar="NAME", envvar="WAYPOST_EMBEDDER",
        help="off, fitted, static:FOLDER, https://HOST/v1#MODEL or transformer:MODEL.",
    ),
]  # fmt: skip
Name = Annotated[str, typer.Argument(metavar="NAME", help="A name, such as parse_date or Calendar.add.")]


@contextmanager
def opened(
    root: Path | None, place: str | None, *, refresh: bool = True, largest: int | None = None
) -> Iterator[Index]:
    """The index of a folder, brought up to date with a bar on a terminal."""
    from waypost.index.contents import LARGEST
    from waypost.index.index import Index

    with Index.open(root or root_here(Path.cwd()), place, largest=largest or LARGEST) as index:
        if refresh:
            with bar() as progress:
                index.refresh(progress=progress)
        yield index


def root_here(folder: Path) -> Path:
    """The repository or the indexed folder around a folder; itself where there is none."""
    for place in (folder, *folder.parents):
        if (place / ".git").exists() or (place / ".waypost" / "index.db").exists():
            return place
    return folder


@contextmanager
def bar(doing: str = "indexing files") -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(doing, total=None, visible=False)
        yield lambda done, total: shown.update(task, completed=done, total=total, visible=total > 50)


# --- the index itself -----------------------------------------------------------------------------------------------


def index(
    root: Root = None,
    place: Place = None,
    largest: Annotated[
        str | None, typer.Option("--largest", metavar="BYTES", help="Leave larger files out; 2M if left out.")
    ] = None,
    embedder: Embedder = "off",
    as_json: arguments.AsJson = False,
) -> None:
    """Bring the index up to date with the disk, and say what is in it and what was left out.

    Questions do so by themselves. The index is a cache: it can be deleted at any time.
    """
    with opened(root, place, refresh=False, largest=_largest(largest)) as found, bar() as progress:
        updated = found.update(progress=progress)
        vectors = _filled(found, embedder)
        told = _told(found, updated) | vectors
        told["index"] = found.state.as_json()
        lines = [*_lines(found, updated, found.state), *_vector_lines(vectors)]
    sys.stdout.write(json.dumps(told) + "\n" if as_json else "".join(f"{line}\n" for line in lines))


def _filled(found: Index, name: str) -> dict[str, Any]:
    """Makes the vectors that are missing, and tells of them; nothing where vectors are off."""
    if name == "off":
        return {}
    from waypost.index.embedding.choosing import chosen
    from waypost.index.embedding.likeness import Likeness

    choice = chosen(name)
    assert choice is not None
    with bar("embedding chunks") as progress:
        filled = Likeness(found, choice).fill(progress=progress)
    return {"embedder": filled.embedder, "vectors": filled.vectors, "vectors_made": filled.made}


def _vector_lines(told: dict[str, Any]) -> Iterator[str]:
    if told:
        made = f"{told['vectors_made']:,} of them new"
        yield f"  {count(told['vectors'], 'chunk')} with vectors by {one_line(told['embedder'])}, {made}"


def _largest(text: str | None) -> int | None:
    from waypost.cli.words import read_amount

    if text is None:
        return None
    try:
        return read_amount(text)
    except ValueError as problem:
        raise CommandError(f"--largest: {problem}") from problem


def _told(found: Index, updated: Updated) -> dict[str, Any]:
    state = found.state
    return {
        "files": state.files,
        "lines": state.lines,
        "chunks": state.chunks,
        "symbols": state.symbols,
        "seconds": round(updated.seconds, 3),
        "bytes": found.store.size(),
        "unparsed": state.unparsed,
        "parsing": dict(state.parsing),
        "left_out": dict(state.left_out),
        "changed": updated.changed,
        "removed": updated.removed,
        "reused": updated.reused,
        "remade": updated.remade,
    }


def _lines(found: Index, updated: Updated, state: State) -> Iterator[str]:
    size = found.store.size()
    yield (
        f"{count(state.files, 'file')}, {count(state.lines, 'line')}, {count(state.symbols, 'symbol')}, "
        f"{size / 1e6:,.1f} MB; {updated.changed:,} read and {updated.removed:,} removed "
        f"in {duration(updated.seconds * 1000)}"
    )
    if state.unparsed:
        yield f"  {count(state.unparsed, 'file')} without a grammar that fits, found by text only"
    for why, number in found.connection.execute(
        "SELECT path || ': ' || why, 1 FROM files WHERE status = 'quarantined' ORDER BY path LIMIT 20"
    ):
        yield f"  quarantined: {one_line(why)}" if number else ""
    if state.left_out:
        reasons = sorted(state.left_out.items(), key=lambda pair: (-pair[1], pair[0]))
        yield f"  left out: {', '.join(f'{number:,} {reason}' for reason, number in reasons)}"
    for note in state.notes:
        yield f"  {one_line(note)}"


# --- questions ------------------------------------------------------------------------------------------------------


def symbol(
    name: Name, root: Root = None, place: Place = None, limit: Limit = 20, offset: Offset = 0, tokens: Tokens = None,
    as_json: arguments.AsJson = False,
) -> None:  # fmt: skip
    """Show where a name is defined; without regard to case where it is not found otherwise."""
    from waypost.index import questions

    with opened(root, place) as found:
        tell(questions.symbol(found, name, _paging(limit, offset, tokens)), as_json, f"no definition of {name}")


def references(
    name: Name, root: Root = None, place: Place = None, limit: Limit = 50, offset: Offset = 0, tokens: Tokens = None,
    as_json: arguments.AsJson = False,
) -> None:  # fmt: skip
    """Show the places that use a definition."""
    from waypost.index import questions_references

    with opened(root, place) as found:
        page = questions_references.references(found, name, _paging(limit, offset, tokens))
        tell(page, as_json, f"no reference to {name}")


def callers(
    name: Name, root: Root = None, place: Place = None, limit: Limit = 50, offset: Offset = 0, tokens: Tokens = None,
    as_json: arguments.AsJson = False,
) -> None:  # fmt: skip
    """Show the definitions that call a function, a method or a class."""
    from waypost.index import questions_references

    with opened(root, place) as found:
        page = questions_references.callers(found, name, _paging(limit, offset, tokens))
        tell(page, as_json, f"no caller of {name}")


def callees(
    name: Name, root: Root = None, place: Place = None, limit: Limit = 50, offset: Offset = 0, tokens: Tokens = None,
    as_json: arguments.AsJson = False,
) -> None:  # fmt: skip
    """Show the definitions that a function, a method or a class calls."""
    from waypost.index import questions_references

    with opened(root, place) as found:
        page = questions_references.callees(found, name, _paging(limit, offset, tokens))
        tell(page, as_json, f"{name} calls nothing that is defined here")


def outline(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file below the root.")],
    root: Root = None, place: Place = None, limit: Limit = 500, offset: Offset = 0, tokens: Tokens = None,
    as_json: arguments.AsJson = False,
) -> None:  # fmt: skip
    """Show the definitions in a file, in their order."""
    from waypost.index import questions

    with opened(root, place) as found:
        page = questions.outline(found, str(_below(found.root, file, root)), _paging(limit, offset, tokens))
        tell(page, as_json, f"{file} holds no definitions")


def _below(root: Path, file: Path, named: Path | None) -> Path:
    """The file as a person means it: from here, or from the root where that is another folder."""
    here = (Path.cwd() / file).resolve()
    return here if here.is_relative_to(root) and (named is None or here.exists()) else root / file


def impact(
    diff: Annotated[
        str | None,
        typer.Option("--diff", metavar="FILE", help="A unified diff, - for standard input; git diff HEAD if left out."),
    ] = None,
    depth: Annotated[int, typer.Option("--depth", metavar="N", help="How many uses of uses are followed.")] = 3,
    root: Root = None, place: Place = None, limit: Limit = 100, offset: Offset = 0, tokens: Tokens = None,
    as_json: arguments.AsJson = False,
) -> None:  # fmt: skip
    """Show what a change reaches: what it touches, who uses that, and who uses those; tests first."""
    from waypost.index import impact as room
    from waypost.index.diffs import work_tree_diff

    with opened(root, place) as found:
        text = work_tree_diff(found.root) if diff is None else _read(diff)
        page = room.impact(found, text, _paging(limit, offset, tokens), depth=depth)
        tell(page, as_json, "the diff reaches nothing that is indexed")


def _read(place: str) -> str:
    try:
        data = sys.stdin.buffer.read() if place == "-" else Path(place).read_bytes()
    except OSError as problem:
        raise CommandError(f"{place}: can't be read: {problem.strerror}") from problem
    return data.decode("utf-8", "surrogateescape")


def grep(
    pattern: Annotated[str, typer.Argument(metavar="REGEX", help="A regular expression.")],
    *,
    everything: Annotated[bool, typer.Option("--all", help="Look at files that are not indexed, too.")] = False,
    ignore_case: Annotated[bool, typer.Option("--ignore-case", "-i", help="Without regard to case.")] = False,
    root: Root = None, place: Place = None, limit: Limit = 100, offset: Offset = 0, tokens: Tokens = None,
    as_json: arguments.AsJson = False,
) -> None:  # fmt: skip
    """Show the lines that a regular expression matches, in the files of the index."""
    from waypost.index import grepping

    with opened(root, place) as found:
        page = grepping.grep(
            found, pattern, _paging(limit, offset, tokens), everything=everything, ignore_case=ignore_case
        )
        tell(page, as_json, "no line matches")


# --- telling --------------------------------------------------------------------------------------------------------


def _paging(limit: int, offset: int, tokens: int | None) -> Paging:
    from waypost.index.answers import Paging

    return Paging(limit, offset, tokens)


def tell(page: Page[Any], as_json: bool, nothing: str) -> None:
    """Writes a page. Ends with 1 where nothing was found."""
    if as_json:
        sys.stdout.write(json.dumps(page.as_json()) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _page_lines(page, nothing)))
    if not page.total:
        raise typer.Exit(Exit.NOT_SO)


def _page_lines(page: Page[Any], nothing: str) -> Iterator[str]:
    if not page.total:
        yield nothing
    for hit in page.hits:
        label = " ".join(part for part in (getattr(hit, "kind", ""), getattr(hit, "name", "")) if part)
        about = f"  [{one_line(hit.why)}]" if hasattr(hit, "why") else ""
        between = f"  {one_line(label)}" if label else ""
        yield f"{one_line(hit.path)}:{hit.shown_line}{between}{about}  {one_line(hit.text, 100)}".rstrip()
    if page.next_offset is not None:
        yield f"{page.next_offset - page.offset} of {page.total:,}; more with --offset {page.next_offset}"
    if page.state.status != "complete":
        yield f"this answer is {page.state.status}: {page.state.coverage:.0%} of the files are indexed"
    for note in page.state.notes:
        yield f"note: {one_line(note)}"
