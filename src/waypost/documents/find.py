"""Where the four documents are: under `.agent/NAME/`, in a folder given, or at the root."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from waypost.documents.errors import DocumentsNotFound
from waypost.documents.model import Role

AGENT = ".agent"
NAMES: dict[Role, tuple[str, ...]] = {
    "target": ("prompt.md", "target.md"),
    "plan": ("plan.md", "plans.md"),
    "runbook": ("implement.md", "runbook.md"),
    "record": ("documentation.md", "record.md"),
}
PROPER: dict[Role, str] = {
    "target": "PROMPT.md",
    "plan": "PLAN.md",
    "runbook": "IMPLEMENT.md",
    "record": "DOCUMENTATION.md",
}


@dataclass(frozen=True, slots=True)
class Folder:
    """Where each of the four lies; the record may not be written yet. `name` is that of `.agent/NAME`."""

    root: Path
    path: Path
    name: str | None
    target: Path
    plan: Path
    runbook: Path
    record: Path

    def file(self, role: Role) -> Path:
        """The path of one of the four."""
        paths: dict[Role, Path] = {
            "target": self.target, "plan": self.plan, "runbook": self.runbook, "record": self.record,
        }  # fmt: skip
        return paths[role]

    def shown(self, role: Role) -> str:
        """The path as messages name it: from the root where it lies under it."""
        path = self.file(role)
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


def find(root: Path, name: str | None) -> Folder:
    """Finds the documents of `name`: a NAME under `.agent/`, a folder, or None for the only ones there are.

    Raises DocumentsNotFound, with what was found, if there are none, several, or some are missing.
    """
    folder = _named(root, name) if name is not None else _only(root)
    present = _present(folder)
    missing = [role for role in NAMES if role != "record" and role not in present]
    if missing:
        wanted = " and ".join(PROPER[role] for role in missing)
        found = ", ".join(sorted(path.name for path in present.values())) or "none of the four documents"
        hint = "write it by hand or start from `waypost init`"
        raise DocumentsNotFound(f"{folder}: {wanted} is missing, {found} is there; {hint}")
    is_agent = folder.parent.name == AGENT
    return Folder(
        root=root,
        path=folder,
        name=folder.name if is_agent else None,
        target=present["target"],
        plan=present["plan"],
        runbook=present["runbook"],
        record=present.get("record", folder / PROPER["record"]),
    )


def names(root: Path) -> tuple[str, ...]:
    """Every NAME under `.agent/` that holds any of the documents, in alphabetical order."""
    agent = root / AGENT
    if not agent.is_dir():
        return ()
    return tuple(sorted(path.name for path in agent.iterdir() if path.is_dir() and _present(path)))


def _named(root: Path, name: str) -> Path:
    places = [root / AGENT / name, root / name, Path(name)]
    for place in places:
        if name and place.is_dir():
            return place
    known = ", ".join(names(root)) or "nothing"
    raise DocumentsNotFound(
        f'no folder "{name}" and no {AGENT}/{name} under {root}; {AGENT}/ holds {known}, start with `waypost init`'
    )


def _only(root: Path) -> Path:
    known = names(root)
    if len(known) > 1:
        raise DocumentsNotFound(f"{root / AGENT} holds several runs; name one of {', '.join(known)}")
    if known:
        return root / AGENT / known[0]
    if root.is_dir() and (_present(root).keys() & {"target", "plan"}):
        return root
    raise DocumentsNotFound(
        f'{root}: no documents, neither in {AGENT}/NAME/ nor at the root; write them with `waypost init --goal "…"`'
    )


def _present(folder: Path) -> dict[Role, Path]:
    found: dict[Role, Path] = {}
    files = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
    for role, known in NAMES.items():
        paths = [path for name, path in files.items() if name.casefold() in known]
        if len(paths) > 1:
            both = " and ".join(path.name for path in paths)
            raise DocumentsNotFound(f"{folder}: {both} both claim to be the {role}; keep one")
        if paths:
            found[role] = paths[0]
    return found
