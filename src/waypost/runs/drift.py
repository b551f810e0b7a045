"""The environment that a run was pinned to; where it is another one the run stops, with the difference.

The pin is the newest EnvironmentCaptured of the live history: a rewind takes it back, too. Drift ends in one of
three ways: it was mended, a human accepted it, or the milestone's scope allows it. Each but the first is a new pin.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from waypost.documents.model import Environment
from waypost.documents.patterns import matches
from waypost.environment import locks
from waypost.environment.build import EnvironmentSpec, stored
from waypost.environment.drift import changed_locks, difference, lock_lines, package_lines
from waypost.environment.files import Mark
from waypost.environment.fingerprint import Fingerprint, fingerprint
from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.event import Event
from waypost.events.history import last_live
from waypost.events.log import Log
from waypost.review.queue import ReviewItem
from waypost.runs.opening import approval_of, approved_contents, load_opened
from waypost.runs.project import Project

DRIFT = "drift"
"""The topic of review items that ask whether a drift is accepted."""
DRIFTED = "the environment drifted"
"""How the reason of a milestone begins that was blocked for it."""
MENDED = "mended"
LINES = 40
UNPINNED = "the run has no pinned environment yet: it is captured when the run starts"
GONE = "the built environment is not in the store any more: `waypost resume` builds it again"


@dataclass(frozen=True, slots=True)
class Pin:
    """What a run's environment has to be, and the key of the built one that it was taken of."""

    fingerprint: Fingerprint
    key: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the environment found. `events` are to be written; work goes on unless `drifted` is there."""

    events: tuple[Event, ...] = ()
    drifted: kinds.EnvironmentDrifted | None = None

    @property
    def reason(self) -> str:
        """What a blocked milestone says: the first line of several that hold the difference."""
        if self.drifted is None:
            return ""
        lines = self.drifted.lines
        rest = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
        return "\n".join([f"{DRIFTED}: {lines[0]}{rest} (waypost review)", "", *lines])


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person asked for: the pin, what is there now, and how they differ; a None is not there.

    `is_open` where the set-up has this machine's whole network.
    """

    pinned: Fingerprint | None
    found: Fingerprint | None
    lines: tuple[str, ...]
    is_open: bool = False


def look(
    pin: Pin | None,
    found: Fingerprint,
    *,
    key: str,
    milestone: str,
    scope: Iterable[str],
    review: Mapping[str, ReviewItem],
) -> Looked:
    """Compares the environment with its pin, and says what to write and whether to stop.

    `key` is that of the environment that `found` is of; `scope` the milestone's, `review` the run's queue.
    """
    if pin is None:
        return Looked((capture(found, key, milestone, "first"),))
    drifted = check(pin.fingerprint, found, milestone)
    if drifted is None:
        return Looked(_withdrawn(review))
    name = item_name(milestone, found)
    if allows(scope, pin.fingerprint, found, is_rebuilt=key != pin.key):
        captured = capture(found, key, milestone, f"allowed by the scope of {milestone}")
        return Looked((drifted, captured, *_withdrawn(review)))
    if not found.damage and _is_accepted(review, found):
        return Looked((drifted, capture(found, key, milestone, "accepted by a human")))
    item = review.get(name)
    if item is not None and item.verdict in {"", "reject"}:
        return Looked((drifted,), drifted)
    return Looked((drifted, kinds.ReviewQueued(milestone, name, DRIFT, _text(drifted))), drifted)


def capture(found: Fingerprint, key: str = "", milestone: str = "", reason: str = "") -> kinds.EnvironmentCaptured:
    """The event that makes a fingerprint the pin."""
    return kinds.EnvironmentCaptured(found.digest, Blob.of(found.content), key, milestone, reason)


def load_pin(log: Log, run: str) -> Pin | None:
    """The newest capture of the live history; None before the first. Raises BadFingerprint."""
    record = last_live(log, run, (kinds.EnvironmentCaptured.kind,))
    if record is None or not isinstance(record.event, kinds.EnvironmentCaptured):
        return None
    return Pin(Fingerprint.from_json(json.loads(log.content(record.event.content))), record.event.key)


def approved_pin(project: Project, run: str) -> Pin | None:
    """What was captured when the run's documents were approved; None where nothing could be."""
    opened = load_opened(project, run)
    approval = next(project.log.read(after=opened.approval - 1, until=opened.approval))
    names = (kinds.EnvironmentCaptured.kind, kinds.DocumentsApproved.kind)
    after = next(project.log.read(approval.run, after=approval.seq, kinds=names), None)
    if after is None or not isinstance(after.event, kinds.EnvironmentCaptured):
        return None
    return Pin(Fingerprint.from_json(json.loads(project.log.content(after.event.content))), after.event.key)


def pinned(log: Log, run: str) -> Fingerprint | None:
    """The fingerprint that the run is pinned to; None before the first capture. Raises BadFingerprint."""
    pin = load_pin(log, run)
    return pin.fingerprint if pin is not None else None


def check(before: Fingerprint, found: Fingerprint, milestone: str) -> kinds.EnvironmentDrifted | None:
    """The event that tells the difference; None where there is none."""
    lines = difference(before, found)
    return kinds.EnvironmentDrifted(milestone, before.digest, found.digest, lines) if lines else None


def allows(scope: Iterable[str], before: Fingerprint, found: Fingerprint, *, is_rebuilt: bool = False) -> bool:
    """Whether a milestone of this scope may change the environment so.

    It must cover each changed lock file, or a manifest that the lock file is made from; then packages may have
    changed, too. They also may where the runtime has built the environment anew, from lock files that are pinned
    already. Nothing else may ever change. A scope that names no path covers every lock file.
    """
    changed = changed_locks(before, found)
    others = set(difference(before, found)) - set(lock_lines(before, found)) - set(package_lines(before, found))
    if others or not (changed or is_rebuilt):
        return False
    patterns = tuple(scope) or ("**",)
    return all(_covers(patterns, lock) for lock in changed)


def spec_of(named: Environment) -> EnvironmentSpec:
    """What the target's Environment asks to be built."""
    return EnvironmentSpec(
        named.interpreter,
        named.setup,
        named.setup_timeout,
        named.lock_files,
        dict(named.variables),
        named.tools,
    )


def look_by_hand(project: Project, run: str, *, deep: bool = False) -> Seen:
    """The run's environment as it lies there, beside its pin; nothing is built, written or started."""
    pin = load_pin(project.log, run) or approved_pin(project, run)
    if pin is None:
        return Seen(None, None, (UNPINNED,))
    opened, approval = load_opened(project, run), approval_of(project, run)
    with tempfile.TemporaryDirectory(prefix="waypost-") as folder:
        environment = approved_contents(project, approval, Path(folder)).target.environment
    spec, is_open = spec_of(environment), environment.setup is not None and environment.hosts is None
    built = stored(spec, project.environments, pin.key)
    if built is None:
        return Seen(pin.fingerprint, None, (GONE,), is_open)
    found = fingerprint(spec, Path(opened.place), built, deep=deep)
    return Seen(pin.fingerprint, found, difference(pin.fingerprint, found), is_open)


def item_name(milestone: str, found: Fingerprint) -> str:
    """The review item's name: another drift is another item, and an acceptance is of one environment alone."""
    return f"{milestone}.{DRIFT}-{found.digest[:16]}"


def manifest_marks(checkout: Path) -> dict[str, Mark | None]:
    """To be taken before a command, for `touched` after it: about a millisecond."""
    return locks.manifest_marks(checkout)


def touched(before: Mapping[str, Mark | None], after: Mapping[str, Mark | None]) -> tuple[str, ...]:
    """The manifests and lock files that a command made, changed or removed."""
    return tuple(sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path)))


def touches_manifest(paths: Iterable[str]) -> bool:
    """Whether one of these files (relative, with slashes) is a manifest or a lock file."""
    return any(locks.is_manifest(path) for path in paths)


def _covers(patterns: tuple[str, ...], lock: str) -> bool:
    refused = [pattern for pattern in patterns if pattern.startswith("!")]
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    if not all(matches(pattern, lock) for pattern in refused):
        return False
    return any(matches(pattern, path) for path in (lock, *locks.manifests_of(lock)) for pattern in wanted)


def _is_accepted(review: Mapping[str, ReviewItem], found: Fingerprint) -> bool:
    ending = f".{DRIFT}-{found.digest[:16]}"
    return any(i.topic == DRIFT and i.verdict == "accept" and i.item.endswith(ending) for i in review.values())


def _withdrawn(review: Mapping[str, ReviewItem]) -> tuple[Event, ...]:
    """Ends the questions that nobody has to answer any more."""
    waiting = [item for item in review.values() if item.topic == DRIFT and not item.verdict]
    text = "the environment is no longer so"
    return tuple(kinds.ReviewDecided(item.item, MENDED, text, "runtime") for item in waiting)


def _text(drifted: kinds.EnvironmentDrifted) -> str:
    shown = drifted.lines[:LINES]
    more = len(drifted.lines) - len(shown)
    rest = f"; and {more} more" if more > 0 else ""
    return f"{DRIFTED}: {'; '.join(shown)}{rest}. Mend it and resume, or accept it as the new environment"
