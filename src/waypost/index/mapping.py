"""The repository's map: the files and definitions that most of the rest leans on, within a budget of tokens.

Files are ranked by PageRank (Brin & Page, 1998) over who uses whom, pulled towards the files in focus. The map names
no lines and stands in the order of paths, and ranks count in steps of two, so that a small edit changes little of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from waypost.index.edges import edges
from waypost.index.errors import BadQuestion
from waypost.index.index import Index
from waypost.index.planning import relative
from waypost.index.priors import is_prose, is_test
from waypost.index.state import State

DAMPING = 0.85
ROUNDS = 40
FOCUS = 0.5
"""Share of the jumps that lead to files in focus, where there are any."""
CHARACTERS_A_TOKEN = 3.5
_SHOWN = ("class", "interface", "struct", "trait", "enum", "type", "protocol", "object", "record", "module", "function",
          "method", "macro", "table", "view", "program", "paragraph")  # fmt: skip
_SYMBOLS = """
SELECT s.file, s.id, n.name, s.qualified, s.kind,
    (SELECT count(*) FROM "references" r WHERE r.name = s.name), count(*) OVER (PARTITION BY s.name)
FROM symbols s JOIN names n ON n.id = s.name WHERE s.kind IN (SELECT value FROM json_each(?)) ORDER BY s.id
"""


@dataclass(frozen=True, slots=True)
class RepositoryMap:
    """The map as text, with how many of the files are on it."""

    text: str
    files: int
    tokens: int  # an estimate
    state: State

    def as_json(self) -> dict[str, Any]:
        """The map as the command line and the tools give it."""
        return {"map": self.text, "files": self.files, "tokens": self.tokens, "index": self.state.as_json()}


@dataclass(frozen=True, slots=True)
class _Line:
    path: str
    position: int
    text: str
    step: int  # how much it matters, in powers of two


def repository_map(index: Index, tokens: int = 2000, focus: Sequence[str] = ()) -> RepositoryMap:
    """The map of what is indexed, of at most about `tokens`. Raises BadQuestion for a focus that is not indexed."""
    lines = index.asked(lambda: list(_lines(index, focus)))
    lines.sort(key=lambda line: (-line.step, line.path, line.position))
    chosen: list[_Line] = []
    files: set[str] = set()
    left = tokens * CHARACTERS_A_TOKEN
    for line in lines:
        size = len(line.text) + 1 + (0 if line.path in files else len(line.path) + 2)
        if size > left:
            break
        left -= size
        files.add(line.path)
        chosen.append(line)
    text = "".join(_written(chosen))
    return RepositoryMap(text, len(files), math.ceil(len(text) / CHARACTERS_A_TOKEN), index.state)


def _written(chosen: Iterable[_Line]) -> Iterable[str]:
    path = ""
    for line in sorted(chosen, key=lambda line: (line.path, line.position)):
        if line.path != path:
            path = line.path
            yield f"{path}:\n"
        if line.text:
            yield f"{line.text}\n"


def _lines(index: Index, focus: Sequence[str]) -> Iterable[_Line]:
    """Everything that could stand on the map."""
    rows = index.connection.execute("SELECT id, path, language FROM files WHERE left_out IS NULL").fetchall()
    paths = {file: path for file, path, _ in rows}
    near = _focused(index, paths, focus)
    weights = ranks(edges(index.connection), sorted(paths), near)
    mean = 1 / max(1, len(paths))
    for file, path, language in rows:
        weights[file] *= (0.3 if is_test(path) else 1.0) * (0.3 if is_prose(language) else 1.0)
        yield _Line(path, -1, "", _step(4 * weights[file] / mean))
    for file, position, name, qualified, kind, users, definers in index.connection.execute(
        _SYMBOLS, (json.dumps(_SHOWN),)
    ):
        if file not in paths or name.startswith("_") or qualified.count(".") > 1:
            continue
        used = 1 + math.log2(1 + users / definers)  # a name such as `append` is used for other things, too
        yield _Line(paths[file], position, f"{'  ' * (1 + qualified.count('.'))}{kind} {name}",
                    _step(weights[file] / mean * used))  # fmt: skip


def _step(value: float) -> int:
    return round(math.log2(value)) if value > 0 else -100


def _focused(index: Index, paths: Mapping[int, str], focus: Sequence[str]) -> set[int]:
    wanted = relative(index.root, focus)
    found = {
        file for file, path in paths.items() for one in wanted if path == one or path.startswith(f"{one.rstrip('/')}/")
    }
    missing = [one for one in wanted if not any(paths[file].startswith(one) for file in found)]
    if missing:
        raise BadQuestion(f"--focus {missing[0]}: no such file or folder in the index")
    return found


def ranks(uses: Iterable[tuple[int, int, float]], files: Sequence[int], focus: Iterable[int] = ()) -> dict[int, float]:
    """PageRank of files by (who uses, what is used, weight); the sum over `files` is 1."""
    place = {file: number for number, file in enumerate(files)}
    known = [(place[user], place[used], weight) for user, used, weight in uses if user in place and used in place]
    size = len(files)
    if not size:
        return {}
    table = numpy.array(known, dtype=numpy.float64).reshape(-1, 3)
    source, target, weight = table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2]
    out = numpy.bincount(source, weights=weight, minlength=size)
    share = weight / out[source]
    jump = numpy.full(size, 1 / size)
    near = [place[file] for file in focus if file in place]
    if near:
        jump *= 1 - FOCUS
        jump[near] += FOCUS / len(near)
    rank = jump.copy()
    for _ in range(ROUNDS):
        flow = numpy.bincount(target, weights=rank[source] * share, minlength=size)
        rank = DAMPING * (flow + rank[out == 0].sum() * jump) + (1 - DAMPING) * jump
    return {file: float(rank[number]) for file, number in place.items()}
