"""What `edit` does: works out all changes, makes them, and shows them in place."""

from __future__ import annotations

from collections.abc import Sequence

from waypost.agent.tools.bench import Bench
from waypost.agent.tools.files import FileChange, apply_changes, decoded, read_bytes
from waypost.agent.tools.patch import parse_patch
from waypost.agent.tools.patching import Edited, Plan, Planner
from waypost.agent.tools.paths import to_change
from waypost.agent.tools.replace import replaced
from waypost.agent.tools.result import Result, ToolError
from waypost.agent.tools.syntax import warning
from waypost.agent.tools.view import in_place, lines_of
from waypost.wires.conversation import Json

_SHOWN = 3_000


def edit(arguments: Json, bench: Bench) -> Result:
    """Carries out a call of `edit`. Raises ToolError, and then nothing was changed."""
    # Some models fill in every argument: empty ones and a patch's own path are let pass.
    if arguments.get("patch"):
        if given := [name for name in ("old", "new") if arguments.get(name)]:
            raise ToolError(f"edit takes either patch alone or path, old and new; leave out {', '.join(given)}")
        plan = Planner(bench).plan(parse_patch(arguments["patch"]))
    else:
        if lacking := [name for name in ("path", "old", "new") if name not in arguments]:
            raise ToolError(f"edit: {', '.join(lacking)} missing; give path, old and new, or patch alone")
        plan = _replacement(arguments, bench)
    apply_changes(plan.changes)
    return _told(plan.edits)


def _replacement(arguments: Json, bench: Bench) -> Plan:
    place = to_change(arguments["path"], bench)
    data = read_bytes(place, bench)
    file = decoded(data, place.shown)
    everywhere = bool(arguments.get("all", False))
    done = replaced(file.text, arguments["old"], arguments["new"], everywhere=everywhere, shown=place.shown)
    edited = Edited(place.shown, "edited", file.text, done.text, done.changed)
    return Plan((FileChange(place.path, data, file.encoded(done.text)),), (edited,))


def _told(edits: Sequence[Edited]) -> Result:
    share = _SHOWN // len(edits)
    told, broken = [], []
    for edit in edits:
        told.append(_one(edit, share))
        if edit.after is not None and (problem := warning(edit.shown, edit.before, edit.after)):
            told.append(problem)
            broken.append(edit.shown)
    paths = [edit.shown for edit in edits]
    return Result("\n".join(told), facts={"paths": paths, "parses": not broken})


def _one(edit: Edited, limit: int) -> str:
    if edit.after is None:
        return f"{edit.verb} {edit.shown}"
    lines = lines_of(edit.after)
    difference = len(lines) - len(lines_of(edit.before or ""))
    head = f"{edit.verb} {edit.shown}: {len(lines)} lines ({difference:+d})"
    if edit.before is None or not edit.changed:
        return head
    seen = in_place(lines, edit.changed, limit)
    return f"{head}\n{seen}" if seen else head
