"""From how a command ended and what its tests say to a verdict."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from waypost.documents.model import Gate
from waypost.gates.census import Census
from waypost.gates.essence import essence
from waypost.gates.evidence import failures, gather, number_of
from waypost.gates.ratchets import change, ratchets
from waypost.gates.testimony import Testimony
from waypost.gates.text import plain_lines, redact
from waypost.gates.verdict import Finding, Light, Verdict
from waypost.sandbox.sandbox import Outcome

_MISSING = re.compile(
    r"^(?:\S+: )(?:line \d+: )?(?P<name>[^:]+): (?:command not found|not found|No such file or directory)$"
)
_PORT_TAKEN = re.compile(rb"\bEADDRINUSE\b|address already in use", re.IGNORECASE)
_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a gate ran: the checkout, the tree in it, and the secrets that its output must not show.

    `before` is the gate's census on the last green commit, if it is known, and `level` how the command was held.
    """

    checkout: Path
    tree: str
    secrets: Mapping[str, str]
    before: Census | None = None
    level: str = ""


def judge(gate: Gate, outcome: Outcome, scene: Scene, told: Testimony | None = None) -> Verdict:
    """The verdict on a command that ran; `told` is what a witness in it had to say, None where there was none.

    Green only if it ended with 0, delivered what the gate asks for, and nothing of what is known refuses it.
    """
    evidence = gather(gate, outcome, scene.checkout, told)
    census = evidence.census
    # Of a run that the runtime itself restricts to some tests no number of them can be asked.
    asked = replace(gate, min_tests=None) if told is not None and told.restricted and told.sessions else gate
    light, reason = _reason(asked, outcome, census, evidence.complaint or _gone(scene))
    findings = (*evidence.findings, *_worse(scene.before, census, gate, outcome))
    refusals = [finding for finding in findings if finding.refuses]
    compared = change(scene.before, census)
    if light == "green" and refusals:
        more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
        light, reason = "red", f"{refusals[0].line}{more}"
    elif light == "red" and compared is not None and (compared.new or compared.old):
        reason += f" ({compared})"
    verdict = settle(gate, light, reason + _left_running(outcome), scene, outcome, census)
    known = compared is not None and bool(compared.old) and not compared.new
    ended = outcome.exit is not None and not outcome.timed_out
    return replace(
        verdict,
        findings=tuple(replace(finding, text=_hide(finding.text, scene)) for finding in findings),
        only_baseline=light == "red" and known and ended and not refusals and not evidence.complaint,
    )


def with_oracle(verdict: Verdict, gate: Gate, outcome: Outcome, scene: Scene) -> Verdict:
    """A green verdict after the gate's oracle was asked: red if the oracle says no."""
    light, reason = _reason(replace(gate, min_tests=None), outcome, None, _gone(scene))
    told = redact(_output(outcome), scene.secrets)
    return replace(
        verdict,
        verdict=light,
        reason=f"oracle: {reason}" if light == "red" else f"{verdict.reason}; oracle: {reason}",
        output=verdict.output + f"\n[oracle: {gate.oracle}]\n".encode() + told,
        essence=_hide(essence(told, outcome.exit, checkout=scene.checkout), scene) if light == "red" else "",
        took_ms=verdict.took_ms + round(outcome.seconds * 1000),
    )


def settle(  # the one place where a verdict on a command is put together
    gate: Gate,
    light: Light,
    reason: str,
    scene: Scene,
    outcome: Outcome | None = None,
    census: Census | None = None,
) -> Verdict:
    """A verdict with its evidence; secrets are replaced by their names in all of it.

    A held-out gate's verdict has no essence: nothing of it may reach the agent.
    """
    output = _output(outcome) if outcome else b""
    code = outcome.exit if outcome else None
    tell = light == "red" and outcome is not None and gate.held_out is None
    told = essence(output, code, census, checkout=scene.checkout) if tell else ""
    return Verdict(
        gate=gate.name,
        verdict=light,
        reason=_hide(reason, scene),
        exit=code,
        took_ms=round(outcome.seconds * 1000) if outcome else 0,
        output=redact(output, scene.secrets),
        essence=_hide(told, scene),
        tests=census.tests if census else None,
        failed=census.failed if census else None,
        skipped=census.skipped if census else None,
        tree=scene.tree,
        command=gate.command,
        census=census,
        before=scene.before,
        sandbox=scene.level,
        timed_out=outcome is not None and outcome.timed_out,
    )


def seconds(value: float) -> str:
    """A duration as people write it: `300 s`, `0.2 s`."""
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f}".removesuffix(".0") + " s"


def _worse(before: Census | None, census: Census | None, gate: Gate, outcome: Outcome) -> tuple[Finding, ...]:
    """What got worse. Of a run that was cut short, or that failed before its tests, no test is missed."""
    if outcome.exit is None or outcome.timed_out or outcome.limit:
        return ()
    found = ratchets(before, census, gate)
    if outcome.exit and (census is None or not census.ran):
        return tuple(finding for finding in found if finding.kind not in {"no-test", "fewer", "gone"})
    return found


def _reason(gate: Gate, outcome: Outcome, census: Census | None, complaint: str) -> tuple[Light, str]:
    if outcome.limit:
        return "red", f"ended for its limit: {outcome.limit}"
    if outcome.timed_out:
        return "red", f"timed out after {seconds(gate.timeout)}"
    if outcome.signal is not None:
        return "red", f"killed by signal {outcome.signal}{_signal_name(outcome.signal)}"
    if outcome.exit is None:
        return "red", "how the command ended could not be seen"
    if outcome.exit:
        return "red", _failed_exit(outcome, census)
    if complaint:
        return "red", f"exit 0, but {complaint}"
    return _enough_tests(gate, census)


def _failed_exit(outcome: Outcome, census: Census | None) -> str:
    code = outcome.exit or 0
    if code in {126, 127} and (name := _missing(outcome)):
        return f"command not {'found' if code == 127 else 'executable'}: {name}"
    told = f": {failures(census)}" if census and census.failed else ""
    if _PORT_TAKEN.search(outcome.output):
        told += ": a port that it needs is already in use"
    if code == 128 + signal.SIGPIPE:
        told += ": a program wrote on into a pipe whose reader had ended, as before `| head`"
    return f"exit {code}{_signal_name(code - 128) if code > 128 else ''}{told}"


def _missing(outcome: Outcome) -> str:
    lines = plain_lines(outcome.output[-4_000:])
    if outcome.exit == 126:
        found = (
            re.match(r"^\S+: (?:line \d+: )?([^:]+): (?:Permission denied|.*cannot execute.*|Is a directory)$", line)
            for line in lines
        )
        return next((match[1] for match in found if match), "")
    return next((match["name"] for line in reversed(lines) if (match := _MISSING.match(line))), "")


def _enough_tests(gate: Gate, census: Census | None) -> tuple[Light, str]:
    wanted = gate.min_tests
    asked = f"(min_tests={wanted})"
    if census is None:
        if wanted is None:
            return "green", "exit 0"
        return "red", f"exit 0, but nothing in the output counts tests {asked}; name a JUnit report with junit=PATH"
    if wanted is not None and census.ran == 0:
        return "red", f"no test ran {asked}"
    if wanted is not None and census.ran < wanted:
        return "red", f"only {number_of(census.ran)} ran {asked}"
    told = failures(census) if census.failed else f"{number_of(census.ran)} ran"
    return "green", f"exit 0: {told}{f', {census.skipped} skipped' if census.skipped else ''}"


def _signal_name(number: int) -> str:
    try:
        return f" ({signal.Signals(number).name})"
    except ValueError:
        return ""


def _gone(scene: Scene) -> str:
    return "" if scene.checkout.is_dir() else "the command removed its checkout"


def _left_running(outcome: Outcome) -> str:
    names = outcome.left_running
    if not names:
        return ""
    shown = ", ".join(" ".join(name.split())[:60] for name in names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f" (left running, and ended: {shown}{more})"


def _output(outcome: Outcome) -> bytes:
    if not outcome.dropped:
        return outcome.output
    cut = f"\n[… {outcome.dropped} bytes left out …]\n".encode()
    return outcome.output[: outcome.cut_at] + cut + outcome.output[outcome.cut_at :]


def _hide(text: str, scene: Scene) -> str:
    return redact(text.encode(errors="replace"), scene.secrets).decode()
