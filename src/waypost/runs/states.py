"""The milestone's states, and which may follow which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a milestone stands."""

    PLANNED = "planned"
    ACTIVE = "active"
    VERIFYING = "verifying"
    REPAIRING = "repairing"
    PASSED = "passed"
    BLOCKED = "blocked"
    REGRESSED = "regressed"
    STALE = "stale"
    WAIVED = "waived"
    SKIPPED = "skipped"


class IllegalMove(Exception):
    """A milestone can't go from that state to this one now."""


BY_A_HUMAN = frozenset({State.WAIVED, State.SKIPPED})
ENDED = frozenset({State.PASSED}) | BY_A_HUMAN
"""States in which what depends on the milestone may begin."""

WORKED_ON = frozenset({State.ACTIVE, State.REPAIRING})

MOVES: Mapping[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.ACTIVE}) | BY_A_HUMAN,
    State.ACTIVE: frozenset({State.VERIFYING, State.BLOCKED}) | BY_A_HUMAN,
    State.VERIFYING: frozenset({State.PASSED, State.REPAIRING, State.BLOCKED}),
    State.REPAIRING: frozenset({State.VERIFYING, State.BLOCKED}) | BY_A_HUMAN,
    State.BLOCKED: frozenset({State.ACTIVE, State.VERIFYING}) | BY_A_HUMAN,
    State.PASSED: frozenset({State.REGRESSED, State.STALE}),
    State.REGRESSED: frozenset({State.REPAIRING, State.BLOCKED}) | BY_A_HUMAN,
    State.STALE: frozenset({State.VERIFYING}) | BY_A_HUMAN,
    State.WAIVED: frozenset({State.ACTIVE}),
    State.SKIPPED: frozenset({State.ACTIVE}),
}


def check_move(before: State, after: State, depends: Iterable[State] = ()) -> None:
    """Raises IllegalMove unless the move is in the plan of states and what it depends on has ended well."""
    if after not in MOVES[before]:
        raise IllegalMove(f"a milestone that is {before} can't become {after}")
    unready = [state for state in depends if state not in ENDED]
    if before is State.PLANNED and after is State.ACTIVE and unready:
        raise IllegalMove(f"what it depends on is still {', '.join(unready)}")


def next_to_work_on(
    order: Iterable[str], states: Mapping[str, State], depends: Mapping[str, Iterable[str]]
) -> str | None:
    """The milestone to work on now: one that regressed first, then one under way, then the next that is ready.

    None is worked on while something that it depends on has not ended well, also where that regressed meanwhile.
    None if nothing can be worked on: all ended, or all that is left is blocked or waits for what is blocked.
    """
    ready = [name for name in order if all(states[other] in ENDED for other in depends[name])]
    for wanted in (State.REGRESSED, State.REPAIRING, State.VERIFYING, State.ACTIVE, State.STALE, State.PLANNED):
        for name in ready:
            if states[name] is wanted:
                return name
    return None
