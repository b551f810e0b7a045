"""Exports by name: which files each format makes of a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from waypost.trace.blame import Blame
from waypost.trace.errors import TraceError

Files = Iterator[tuple[str, str]]


def _git_ai(blame: Blame, run: str) -> Files:
    from waypost.trace.authored import authored
    from waypost.trace.git_ai import authorship_log

    for commit in authored(blame, run):
        yield f"{commit.source.commit}.note", authorship_log(commit)


def _agent_trace(blame: Blame, run: str) -> Files:
    from waypost.trace.agent_trace import trace_record
    from waypost.trace.authored import authored

    for commit in authored(blame, run):
        yield f"{commit.source.commit}.agent-trace.json", _json(trace_record(commit))


def _otel(blame: Blame, run: str) -> Files:
    from waypost.trace.spans import otlp

    assert blame.log is not None
    yield f"{run}.otlp.json", _json(otlp(blame.log, run))


def _in_toto(blame: Blame, run: str) -> Files:
    from waypost.trace.attestation import statement

    assert blame.log is not None
    yield f"{run}.intoto.json", _json(statement(blame.log, run))


FORMATS: dict[str, Callable[[Blame, str], Files]] = {
    "git-ai": _git_ai,
    "agent-trace": _agent_trace,
    "otel": _otel,
    "in-toto": _in_toto,
}


def export(blame: Blame, run: str, form: str) -> dict[str, str]:
    """The files of an export by name. Raises TraceError for an unknown format, NotFinished for in-toto."""
    if form not in FORMATS:
        raise TraceError(f"{form!r} is no format; there are: {', '.join(FORMATS)}")
    return dict(FORMATS[form](blame, run))


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
