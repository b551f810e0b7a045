"""`waypost ledger`: what the record proves, to you and to people who don't have it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waypost.cli import anchors, arguments
from waypost.cli.errors import CommandError, NotSo
from waypost.cli.table import styled
from waypost.cli.words import clean, count, day

if TYPE_CHECKING:
    from waypost.ledger.signatures import Verifier
    from waypost.runs.auditing import Verified

ledger = typer.Typer(name="ledger", no_args_is_help=True, rich_markup_mode=None, help="What the record proves.")
ledger.add_typer(anchors.witness)
ledger.add_typer(anchors.authority)
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="The log's public key, as `waypost ledger key` shows it."),
]


@contextmanager
def _told() -> Iterator[None]:
    """Evidence that does not hold is an answer, not a crash."""
    from waypost.ledger.errors import BadPlace, LedgerError

    try:
        yield
    except BadPlace:
        raise
    except LedgerError as problem:
        raise NotSo(str(problem)) from problem


@ledger.command(
    epilog="\b\nExamples:\n  waypost ledger verify\n  waypost ledger verify --since last --json\n"
    "  waypost ledger verify exported/ --key waypost.invalid/shop-1f0c+…"
)
def verify(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="An export, in place of this project's log.", show_default=False),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="SIZE", help="Only what came after the checkpoint over so many events, or `last`."
        ),
    ] = None,
    key: Key = None,
    as_json: arguments.AsJson = False,
) -> None:
    """Look at every event: is it what was logged, and what was signed? Exit 1 names the first that is not."""
    from waypost.runs import auditing

    if since not in {None, "last"} and not (since or "").isdecimal():
        raise CommandError(f"--since {since}: a number of events, or `last`")
    if folder is not None:
        if since == "last":
            raise CommandError("--since last: an export has one checkpoint; name a number of events")
        _verify_export(folder, int(since or 0), key, as_json)
        return
    with arguments.project_here() as project, _told():
        log = auditing.verifier_of(project, key)
        until = None if since is None else 2**62 if since == "last" else int(since)
        with bar("looking at events") as progress:
            found = auditing.verify(project, log, since=until, progress=progress)
    sys.stdout.write(json.dumps(_as_json(found)) + "\n" if as_json else "".join(f"{line}\n" for line in _lines(found)))


def _verify_export(folder: Path, since: int, key: str | None, as_json: bool) -> None:
    """An export needs no log: only the key of who signed it."""
    from waypost.ledger.verify import verify_folder

    if not folder.is_dir():
        raise CommandError(f"{folder}: no such folder; make one with: waypost ledger export DIR")
    log = _verifier(key)
    with _told(), bar("looking at entries") as progress:
        found = verify_folder(folder, log, since=since, visit=lambda start, held: progress(start + len(held), 0))
    size = found.checkpoint.size
    if as_json:
        told = {"ok": True, "entries": size, "log": log.name, "looked_from": min(since, size)}
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        sys.stdout.write(
            f"{styled('✔', 'green')} {count(size, 'entry', 'entries')} of the log {log.name} hold, as it signed them\n"
        )


def _verifier(key: str | None) -> Verifier:
    """The key that was given, else this project's own."""
    from waypost.ledger.errors import BadKey
    from waypost.ledger.signatures import Verifier
    from waypost.runs.auditing import verifier_of

    try:
        if key is not None:
            return Verifier.parse(key)
    except BadKey as problem:
        raise CommandError(f"--key: {problem}") from problem
    with arguments.project_here() as project:
        return verifier_of(project)


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def _lines(found: Verified) -> Iterator[str]:
    yield f"{styled('✔', 'green')} {count(found.events, 'event')} hold, texts and tokens too"
    yield f"  {count(found.audit.checkpoints, 'checkpoint')} checked; signed up to event {found.audit.events}"
    yield from anchors.lines(found.anchors)
    if found.leaves_from > 1:
        yield f"  events before {found.leaves_from} were logged by an older Waypost and hashed later"
    if found.remarks.erased:
        yield f"  erased, with a tombstone: {', '.join(map(str, found.remarks.erased[:20]))}"
    if found.remarks.backwards:
        shown = ", ".join(map(str, found.remarks.backwards[:20]))
        yield f"{styled('!', 'yellow')} the clock ran back before {shown}"


def _as_json(found: Verified) -> dict[str, object]:
    return {
        "ok": True,
        "events": found.events,
        "signed": found.audit.events,
        "checkpoints": found.audit.checkpoints,
        **anchors.as_json(found.anchors),
        "leaves_from": found.leaves_from,
        "erased": found.remarks.erased,
        "clock_ran_back_before": found.remarks.backwards,
    }


@ledger.command(epilog="\b\nExamples:\n  waypost ledger prove 812 -o proof.txt\n  waypost ledger prove 812/40")
def prove(
    event: Annotated[str, typer.Argument(metavar="EVENT[/TOKEN]", help="A position in the log, and a token's number.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write it.")] = None,
) -> None:
    """Write a receipt that somebody without the log can check: a C2SP tlog-proof."""
    from waypost.runs.receipts import prove as make

    seq, _, token = event.partition("/")
    if not seq.isdecimal() or (token and not token.isdecimal()) or event.endswith("/"):
        raise CommandError(f"{event}: name a position in the log, such as 812, or a token of it, such as 812/40")
    with arguments.project_here() as project, _told():
        receipt = bytes(make(project, int(seq), int(token) if token else None))
    if output is None:
        sys.stdout.write(receipt.decode())
    else:
        output.write_bytes(receipt)
        sys.stdout.write(
            f"wrote {output} ({len(receipt):,} bytes); check it with: waypost ledger check-proof {output}\n"
        )


@ledger.command(
    "check-proof",
    epilog="\b\nExamples:\n  waypost ledger check-proof proof.txt\n  "
    "waypost ledger check-proof proof.txt --key waypost.invalid/shop-1f0c+…",
)
def check_proof(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The receipt.")],
    key: Key = None,
    witness: Annotated[
        list[str] | None,
        typer.Option("--witness", metavar="VKEY", help="A witness that must have cosigned it.", show_default=False),
    ] = None,
    as_json: arguments.AsJson = False,
) -> None:
    """Check a receipt; with --key it needs neither the log nor its repository."""
    from waypost.ledger.errors import BadKey
    from waypost.ledger.signatures import Verifier
    from waypost.ledger.statement import check_receipt

    try:
        data = file.read_bytes()
        witnesses = [Verifier.parse(one) for one in witness or ()]
    except OSError as problem:
        raise CommandError(f"{file}: can't be read: {problem.strerror}") from problem
    except BadKey as problem:
        raise CommandError(f"--witness: {problem}") from problem
    log = _verifier(key)
    with _told():
        proven = check_receipt(data, log, witnesses)
    anchors.check_all_cosigned(witnesses, proven.under.cosigned)
    header, token = proven.statement.fields(), proven.statement.token
    size = proven.under.checkpoint.size
    if as_json:
        told = None if token is None else {"index": token.index, "text": token.text.decode(errors="replace")}
        sys.stdout.write(
            json.dumps(
                {
                    "ok": True,
                    "header": header,
                    "token": told,
                    "checkpoint": size,
                    "cosigned": [{"name": one.verifier.name, "seconds": one.seconds} for one in proven.under.cosigned],
                }
            )
            + "\n"
        )
        return
    sys.stdout.write(f"{styled('✔', 'green')} event {header['seq']} ({header['kind']}, run {clean(header['run'])}) "
                     f"is in the log {log.name}, signed over {count(size, 'event')}\n")  # fmt: skip
    for one in proven.under.cosigned:
        sys.stdout.write(f"  cosigned at {day((one.seconds or 0) * 1_000_000)} by {clean(one.verifier.name)}\n")
    if token is not None:
        sys.stdout.write(f"  its token {token.index}: {clean(token.text.decode(errors='replace'))!r}\n")


@ledger.command(epilog="\b\nExample:\n  waypost ledger export log/")
def export(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Made, or added to.")]) -> None:
    """Write the signed log as C2SP tlog-tiles, without any text, and its anchors: other people's verifiers read it."""
    from waypost.runs.receipts import export as write

    with arguments.project_here() as project, _told():
        size = write(project, folder)
    sys.stdout.write(f"wrote {folder}: {count(size, 'entry', 'entries')} and their checkpoint\n")


@ledger.command(epilog="\b\nExample:\n  waypost ledger stats --json")
def stats(as_json: arguments.AsJson = False) -> None:
    """Count events, checkpoints and tokens, beside what providers reported."""
    from dataclasses import asdict

    from waypost.runs.receipts import figures

    with arguments.project_here() as project:
        found = figures(project)
    if as_json:
        sys.stdout.write(json.dumps(asdict(found)) + "\n")
        return
    names = {"token": "tokens", "delta": "deltas of a stream", "message": "pieces of whole messages"}
    pieces = ", ".join(f"{number:,} {names.get(unit, unit)}" for unit, number in found.pieces.items()) or "nothing"
    sys.stdout.write(
        f"{count(found.events, 'event')}, signed up to {found.signed} by {count(found.checkpoints, 'checkpoint')}, "
        f"{found.erased} erased\n"
        f"{count(found.answers, 'answer')} came in as: {pieces}\n"
        f"output tokens by the providers' count: {found.reported:,}, by estimate: {found.estimated:,}\n"
        "a delta may hold several tokens, or a part of one: the two counts need not agree\n"
    )


@ledger.command(epilog="\b\nExample:\n  waypost ledger key")
def key() -> None:
    """Show the log's public key; who has it can check receipts and exports."""
    from waypost.runs.sealing import project_key

    with arguments.project_here(create=True) as project:
        sys.stdout.write(f"{project_key(project).verifier}\n")


@ledger.command(
    epilog='\b\nExamples:\n  waypost ledger erase 812 --why "A key of the staging server was printed"\n'
    "  waypost ledger erase --containing @secret.txt --why leaked"
)
def erase(
    events: Annotated[
        list[int] | None, typer.Argument(metavar="EVENT", help="Positions in the log.", show_default=False)
    ] = None,
    containing: Annotated[
        str | None,
        typer.Option("--containing", metavar="TEXT", help="Every event that holds this text; @FILE reads it there."),
    ] = None,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="For the tombstone.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    as_json: arguments.AsJson = False,
) -> None:
    """Remove contents from the log for good: a leaked secret, personal data. All proofs of other events still hold.

    Headers stay, and a tombstone says who and why. What git, worktrees and reports hold is not touched.
    """
    from waypost.runs.erasure import erase as take_out
    from waypost.runs.erasure import holding

    if not why.strip():
        raise CommandError('--why is empty; the tombstone needs a reason: --why "…"')
    if (containing is None) == (not events):
        raise CommandError("name events, or a text that all events to be erased hold: --containing TEXT")
    with arguments.project_here() as project:
        chosen = list(events or ()) or holding(project, _text(containing or ""))
        if not chosen:
            raise NotSo("no event holds this text")
        if not yes and arguments.is_answerable() and not typer.confirm(f"erase {count(len(chosen), 'event')}?"):
            raise NotSo("nothing was erased")
        done = take_out(project, chosen, arguments.person(), why)
    if as_json:
        sys.stdout.write(json.dumps({"erased": list(done.events), "tombstone": done.tombstone}) + "\n")
        return
    shown = ", ".join(map(str, done.events))
    sys.stdout.write(f"erased the content of {shown}; event {done.tombstone} says who and why\n")


def _text(given: str) -> str:
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise CommandError(f"--containing {given}: can't be read: {problem}") from problem


@ledger.command(epilog='\b\nExample:\n  waypost ledger restart --why "The disk was restored from Monday"')
def restart(
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="For the record.")],
) -> None:
    """Go on with a log that is not what was signed; the record says so, and the old checkpoint is put aside."""
    from waypost.runs.sealing import restart as put_aside

    if not why.strip():
        raise CommandError('--why is empty; say why the log may be gone on with: --why "…"')
    with arguments.project_here() as project, _told():
        found = put_aside(project, why, arguments.person())
    if found is None:
        sys.stdout.write("nothing was signed yet, so there is nothing to give up\n")
    else:
        sys.stdout.write(f"the log goes on, and event {found[1]} says why; the checkpoint given up is {found[0]}\n")


ledger.command(epilog=anchors.STAMP_EXAMPLES)(anchors.stamp)
