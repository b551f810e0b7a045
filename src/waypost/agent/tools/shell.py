"""The tool `shell`."""

from __future__ import annotations

import signal

from waypost.agent.tools.bench import Bench, number_property, offer, text_property
from waypost.agent.tools.result import Result
from waypost.agent.tools.terminal import cleaned, shortened
from waypost.sandbox.sandbox import Command, Outcome, shell
from waypost.wires.conversation import Json

_NAMED = 3


async def _work(arguments: Json, bench: Bench) -> Result:
    asked = float(arguments.get("timeout", 0))
    limit = min(asked if asked > 0 else bench.timeout, bench.longest_timeout)
    outcome = await bench.sandbox.run(
        Command(
            argv=shell(arguments["command"]),
            folder=bench.root,
            variables=bench.variables,
            timeout=limit,
            output_limit=bench.output_limit,
            mark=bench.mark(),
            walls=bench.walls,
        ),
        bench.started,
    )
    return _told(outcome, limit, bench.shown)


def _told(outcome: Outcome, limit: float, shown: int) -> Result:
    whole = _whole(outcome)
    short = shortened(whole, shown)
    ended = f"[{_end(outcome, limit)}]"
    return Result(
        text=short.text + ("\n" if short.text and not short.text.endswith("\n") else "") + ended,
        is_error=outcome.exit is None or outcome.timed_out,  # a red exit code is an answer, too
        full=whole.encode() if short.handle_at is not None else None,
        facts={
            "exit": outcome.exit,
            "signal": outcome.signal,
            "timed_out": outcome.timed_out,
            "seconds": round(outcome.seconds, 3),
            "bytes": len(outcome.output) + outcome.dropped,
            "left_running": list(outcome.left_running),
        },
        handle_at=short.handle_at,
    )


def _whole(outcome: Outcome) -> str:
    if not outcome.dropped:
        return cleaned(outcome.output)
    head, tail = cleaned(outcome.output[: outcome.cut_at]), cleaned(outcome.output[outcome.cut_at :])
    return f"{head}\n… {outcome.dropped:,} bytes were not kept …\n{tail}"


def _end(outcome: Outcome, limit: float) -> str:
    """How it ended, in words: `exit 1 · 0.42 s`."""
    if outcome.timed_out:
        how = f"timed out after {limit:g} s and was ended; give a longer timeout if it needs one"
    elif outcome.signal is not None:
        how = f"killed by {_signal_name(outcome.signal)}"
    elif outcome.exit is None:
        how = "its end could not be seen"
    else:
        how = f"exit {outcome.exit}"
        if outcome.exit > 128 and (name := _signal_name(outcome.exit - 128)).startswith("SIG"):
            how += f" ({name})"
    parts = [how, f"{outcome.seconds:.2f} s"]
    if not outcome.output:
        parts.append("no output")
    if outcome.left_running:
        more = len(outcome.left_running) - _NAMED
        names = "; ".join(outcome.left_running[:_NAMED]) + (f"; {more} more" if more > 0 else "")
        parts.append(f"background processes end with their call, ended: {names}")
    return " · ".join(parts)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


SHELL = offer(
    "shell",
    "Run a bash command (pipefail) in the repository's root; each call starts there anew. "
    "No input; background processes end with the call. The last line tells the true exit code.",
    {"command": text_property(), "timeout": number_property("seconds, 120 by default")},
    required=("command",),
    example={"command": "python -m pytest -q tests/unit", "timeout": 300},
    work=_work,
    changes_tree=True,
)
