"""Retrieval quality of the index on the kit's three sets: Waypost, with each ranking term left out, and baselines.

    python bench/index_retrieval.py KIT --repos REPOS --docstrings DJANGO_SET --docstrings SYMPY_SET
    python bench/index_retrieval.py KIT --repos REPOS --sets semble --ablations

KIT is the kit's folder (`score.py`, `queries_dev.jsonl` …); REPOS holds the repositories' git directories; a set of
docstrings is a folder made by the kit's `docstrings.py`. Every variant asks the same index. Prints a table, or with
`--json` one object a variant.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from waypost.index.answers import Paging
from waypost.index.index import Index
from waypost.index.ranking import Settings
from waypost.index.scoring import Fields
from waypost.index.search import Search

PLAIN = Settings()
LEFT_OUT: Mapping[str, Settings] = {
    "names of definitions": replace(PLAIN.without("named"), named=0.0, fields=Fields(name=0.0)),
    "names around": replace(PLAIN, fields=Fields(around=0.0)),
    "kin of words": replace(PLAIN, fields=Fields(kin=0.0, kin_name=0.0)),
    "file names": PLAIN.without("stem", "whole_stem"),
    "folders": PLAIN.without("folder"),
    "definitions": PLAIN.without("definition"),
    "mentions": PLAIN.without("mention"),
    "further chunks": replace(PLAIN, decay=0.0),
    "file as a whole": PLAIN.without("file", "cover"),
    "windows weigh less": replace(PLAIN, window=1.0),
    "tests weigh less": replace(PLAIN, tests=1.0),
    "prose weighs less": replace(PLAIN, prose=1.0),
    "chunks for sentences": replace(PLAIN, sentence=PLAIN.topic),
}
Scores = dict[str, list[float]]


class Asked:
    """One tree under one index, asked with many settings."""

    def __init__(self, root: Path, place: Path) -> None:
        self.index = Index.open(root, place)
        self.milliseconds: list[float] = []
        self._by: dict[str, Search] = {}

    def hits(self, kit: Any, variant: str, settings: Settings, query: str, count: int) -> list[Any]:
        """The kit's hits for a query."""
        asking = self._by.setdefault(variant, Search(self.index, settings))
        begin = time.perf_counter()
        page = asking.ask(query, Paging(limit=count))
        self.milliseconds.append((time.perf_counter() - begin) * 1000)
        return [kit.Hit(hit.path, hit.start_line, hit.end_line) for hit in page.hits]


def run(
    kit: Any, kind: str, data: Path, repos: Path, variants: Mapping[str, Settings]
) -> tuple[dict[str, Scores], str]:
    """Scores of each variant by group, and what was skipped."""
    found: dict[str, Scores] = {name: defaultdict(list) for name in variants}
    skipped: list[str] = []
    slow: list[float] = []
    with tempfile.TemporaryDirectory() as work:
        for repo, cases in _by_repository(kit, kind, data).items():
            tree, checkout = _tree(kit, kind, data, repos, cases[0], Path(work) / repo.replace("/", "__"))
            if checkout is False:
                skipped.append(repo)
                continue
            asked = Asked(tree, Path(work) / f"{repo.replace('/', '__')}.db")
            with asked.index:
                _ask_all(kit, kind, cases, asked, checkout, variants, found)
            slow += asked.milliseconds
    note = f"p50 {statistics.median(slow):.1f} ms, p95 {sorted(slow)[int(len(slow) * 0.95)]:.1f} ms" if slow else ""
    return found, f"{kind}: {note}{'; not there: ' + ', '.join(skipped) if skipped else ''}"


def _ask_all(
    kit: Any, kind: str, cases: Sequence[Any], asked: Asked, checkout: Any, variants: Mapping[str, Settings],
    found: dict[str, Scores],
) -> None:  # fmt: skip
    indexed = ""
    for case in cases:
        if checkout is not None and case.commit != indexed:
            checkout.move(case.commit, case.root)
        if case.commit != indexed or not indexed:
            asked.index.update()
            indexed = case.commit or "once"
        for name, settings in variants.items():
            hits = asked.hits(kit, name, settings, case.query, 50 if kind == "swe" else 10)
            for group, value in _values(kit, kind, case, hits):
                found[name][group].append(value)


def _by_repository(kit: Any, kind: str, data: Path) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = defaultdict(list)
    for case in kit.load_cases(kind, data):
        groups[case.repo].append(case)
    return groups


def _tree(kit: Any, kind: str, data: Path, repos: Path, case: Any, target: Path) -> tuple[Path, Any]:
    """The folder to index, and what moves it; False where the repository is not there at that commit."""
    if kind == "docstring":
        return data.parent / "tree", None
    place = kit.find_repository(repos, case.url, case.repo)
    if place is None or not place[1] or not kit.has_commit(place[0], case.commit):
        return target, False
    target.mkdir(parents=True)
    return target, kit.Checkout(place[0], target)


def _values(kit: Any, kind: str, case: Any, hits: Sequence[Any]) -> Iterator[tuple[str, float]]:
    if kind == "swe":
        scores = kit.localisation_scores(hits, case.targets)
        yield from ((key, scores[key]) for key in ("acc@1", "acc@3", "acc@5", "acc@10"))
        return
    if kind == "docstring":
        hits = [kit.Hit(hit.path, hit.start, min(hit.end, hit.start + kit.RESULT_SPAN_CAP - 1)) for hit in hits]
    scores = kit.retrieval_scores(hits, case.targets)
    if kind == "docstring":
        yield "mrr@10", scores["mrr@10"]
        return
    yield "ndcg@10", scores["ndcg@10"]
    yield case.category, scores["ndcg@10"]
    yield case.language, scores["ndcg@10"]


def _table(title: str, found: Mapping[str, Scores]) -> str:
    first = next(iter(found.values()))
    groups = list(first)
    lines = [f"\n{title}", f"| variant | {' | '.join(f'{group} ({len(first[group])})' for group in groups)} |"]
    lines.append("|---" * (len(groups) + 1) + "|")
    for name, scores in found.items():
        lines.append(f"| {name} | {' | '.join(f'{statistics.mean(scores[group]):.3f}' for group in groups)} |")
    return "\n".join(lines)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Retrieval quality on the kit's sets.")
    parser.add_argument("kit", type=Path)
    parser.add_argument("--repos", type=Path, default=Path())
    parser.add_argument("--docstrings", type=Path, action="append", default=[])
    parser.add_argument("--sets", default="semble,swe,docstring")
    parser.add_argument("--ablations", action="store_true", help="leave each term out, too")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    sys.path.insert(0, str(args.kit))
    kit = importlib.import_module("score")
    variants = {
        "waypost": PLAIN,
        **({f"without {key}": one for key, one in LEFT_OUT.items()} if args.ablations else {}),
    }
    wanted = args.sets.split(",")
    jobs = [(kind, args.kit / f"{'queries' if kind == 'semble' else kind}_dev.jsonl") for kind in ("semble", "swe")]
    jobs += [("docstring", folder / "queries.jsonl") for folder in args.docstrings]
    for kind, data in jobs:
        if kind not in wanted:
            continue
        found, note = run(kit, kind, data, args.repos, variants)
        if args.json:
            means = {name: {key: statistics.mean(one) for key, one in scores.items()} for name, scores in found.items()}
            print(json.dumps({"set": kind, "data": str(data), "note": note, "scores": means}), flush=True)
        else:
            print(_table(f"{note} ({data.parent.name})", found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
