"""What the agent's commands and the gates' may touch on this machine, as walls for the sandbox."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from waypost.documents.model import Documents, Milestone, Plan
from waypost.documents.patterns import is_wild, matches
from waypost.environment.build import BuiltEnvironment
from waypost.environment.pinfile import NAME as ENVIRONMENT_LOCK
from waypost.environment.steps import Step
from waypost.events.kinds import RunOpened
from waypost.runs.heldout import sources
from waypost.runs.project import STATE, Project
from waypost.sandbox.walls import SharedNetwork, Walls

KEYS = re.compile(r"://[^/\s]*@|extraheader|password|token|helper", re.IGNORECASE)
"""How a key in git's configuration shows."""
MOST_FILES = 500
"""More files than this of one pattern are held by their folder."""

HOOKS_AND_CI = (
    ".azure-pipelines",
    ".circleci",
    ".githooks",
    ".github",
    ".gitlab",
    ".gitlab-ci.yml",
    ".husky",
    ".pre-commit-config.yaml",
    ".travis.yml",
    "Jenkinsfile",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
)
"""What other machines run: read-only to the agent unless a milestone's scope names it."""


def covers(scope: Iterable[str], path: str) -> bool:
    """Whether a milestone's scope names a path (relative, with slashes), or something below it."""
    return any(matches(pattern, path) or matches(pattern, f"{path}/x") for pattern in scope)


def own_documents(documents: Documents, opened: RunOpened) -> tuple[str, ...]:
    """The run's documents as paths of the worktree; none where they do not lie in it."""
    if not opened.documents_on_branch:
        return ()
    names = [*(document.path.name for document in documents.files), ENVIRONMENT_LOCK]
    return tuple(f"{opened.folder}/{name}".removeprefix("./") for name in names)


def protected_patterns(plan: Plan, milestone: Milestone) -> tuple[str, ...]:
    """The `protect=` patterns of all gates of the plan that the milestone's scope does not open."""
    gates = [*plan.checklist, *(gate for one in plan.milestones for gate in one.gates)]
    patterns = dict.fromkeys(pattern for gate in gates for pattern in gate.protect)
    return tuple(pattern for pattern in patterns if not covers(milestone.scope, _plain_part(pattern)))


def protection(documents: Documents, opened: RunOpened, milestone: Milestone, path: str) -> str | None:
    """Why the agent may not change a path of its worktree (relative, with slashes); None where it may."""
    if path in own_documents(documents, opened):
        return "it is one of the run's documents: the human's and the runtime's; use `decide`, `note` or `ask`"
    first = path.partition("/")[0]
    if first in {STATE, ".git"}:
        return "it is the runtime's"
    if first in HOOKS_AND_CI and not covers(milestone.scope, path):
        return "CI and hooks are the human's unless the milestone's scope names them; use `ask`"
    for pattern in protected_patterns(documents.plan, milestone):
        if matches(pattern, path):
            return f"a gate protects {pattern}; make the code right instead, or use `ask`"
    return None


def agent_walls(
    project: Project,
    place: Path,
    documents: Documents,
    opened: RunOpened,
    milestone: Milestone,
    environment: BuiltEnvironment,
    network: SharedNetwork | None = None,
) -> Walls:
    """The agent's walls: its worktree is writable, but for what decides over it."""
    held = [
        ".git",
        STATE,
        *own_documents(documents, opened),
        *(name for name in HOOKS_AND_CI if not covers(milestone.scope, name)),
        *_protected_paths(place, protected_patterns(documents.plan, milestone)),
    ]
    return Walls(
        writable=(place,),
        read_only=tuple(place / path for path in dict.fromkeys(held)),
        visible=(*_tools(project, environment), project.repository.git_dir),
        hidden=_hidden(project, documents),
        network=network,
    )


def gate_walls(
    project: Project,
    checkout: Path,
    documents: Documents,
    environment: BuiltEnvironment,
    held_out: Path | None = None,
) -> Walls:
    """A gate's walls: its checkout is writable, and nothing of the agent's is there."""
    shown = (held_out,) if held_out else ()
    return Walls(
        writable=(checkout,),
        read_only=(checkout / ".git",),
        visible=(*_tools(project, environment), project.repository.git_dir, *shown),
        hidden=_hidden(project, documents),
    )


def setup_walls(
    project: Project,
    documents: Documents,
    step: Step,
    *,
    scratch: Path,
    registries: tuple[Path, ...],
    network: SharedNetwork | None,
    host_network: bool,
) -> Walls:
    """A set-up's walls: the new environment, its checkout and `scratch` are writable, and nothing else is.

    All of the checkout is, also its `.git`: nothing of it is used when the set-up has ended. `registries` is where
    this user gets packages from. What git knows of remotes is hidden where it holds a key, for a set-up may have
    a network.
    """
    git = project.repository.git_dir
    return Walls(
        writable=(step.folder, step.checkout, scratch),
        visible=(*_tools_in(project.root, step.variables), *_home_of(step.interpreter), git, *registries),
        hidden=(*_hidden(project, documents), *_with_keys(git)),
        network=network,
        host_network=host_network,
    )


def _home_of(interpreter: str) -> Iterator[Path]:
    """The virtual environment that an interpreter is of: Waypost's own may lie in what is hidden."""
    home = Path(interpreter).parent.parent
    if interpreter and (home / "pyvenv.cfg").is_file():
        yield home


def _with_keys(git: Path) -> Iterator[Path]:
    """The configuration files of a repository that hold a password or a header for a remote."""
    for file in (git / "config", git / "config.worktree", *git.glob("modules/*/config")):
        if file.is_file() and KEYS.search(file.read_text(errors="replace")):
            yield file


def _hidden(project: Project, documents: Documents) -> tuple[Path, ...]:
    """The human's own checkout, all of Waypost's state (other runs, the log, laid out checks), and held-out folders."""
    return (project.root, project.place.parent, *sources(project, documents))


def _tools(project: Project, environment: BuiltEnvironment) -> tuple[Path, ...]:
    """The built environment, and tools on PATH that lie in what is hidden, such as the repository's own .venv."""
    folders = [environment.folder] if environment.folder else []
    return (*folders, *_tools_in(project.root, environment.variables))


def _tools_in(root: Path, variables: Mapping[str, str]) -> Iterator[Path]:
    for entry in variables.get("PATH", "").split(os.pathsep):
        folder = Path(entry)
        if not entry or not folder.is_relative_to(root) or folder == root:
            continue
        home = folder.parent
        yield home if (home / "pyvenv.cfg").is_file() or home.name == "node_modules" else folder


def _plain_part(pattern: str) -> str:
    """The folder or file that a pattern is about: its part before the first wildcard."""
    parts: list[str] = []
    for part in pattern.removeprefix("./").rstrip("/").split("/"):
        if is_wild(part):
            break
        parts.append(part)
    return "/".join(parts)


def _protected_paths(place: Path, patterns: Iterable[str]) -> Iterator[str]:
    """The paths that patterns are about: a folder where all of it is meant, else the files that are there."""
    for pattern in patterns:
        plain = _plain_part(pattern)
        rest = pattern.removeprefix("./").removeprefix(plain).strip("/")
        if plain and rest in {"", "**", "**/*"}:
            yield plain
            continue
        found = list(_files(place, plain, pattern))
        if len(found) > MOST_FILES and plain:
            yield plain
        else:
            yield from found[:MOST_FILES]


def _files(place: Path, plain: str, pattern: str) -> Iterator[str]:
    for folder, folders, files in os.walk(place / plain):
        folders[:] = [name for name in folders if name not in {".git", "node_modules", ".venv"}]
        for name in files:
            path = (Path(folder) / name).relative_to(place).as_posix()
            if matches(pattern, path):
                yield path
