"""Every question by its name, arguments and answer as JSON: what a service, a tool or another program asks with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from waypost.index.answers import Page, Paging
from waypost.index.errors import BadQuestion
from waypost.index.index import Index
from waypost.index.updating import Progress

Answer = Page[Any]
Question = Callable[[Index, Mapping[str, Any], Paging], Answer]


def ask(index: Index, question: str, arguments: Mapping[str, Any], progress: Progress | None = None) -> dict[str, Any]:
    """Brings the index up to date and answers. `limit`, `offset` and `tokens` among the arguments choose the page.

    `update` only does the first and tells the state; `impact` takes a `diff`, else how the work tree differs from HEAD.
    Raises BadQuestion for a question that there is not, and what the question raises.
    """
    index.refresh(progress=progress)
    if question == "update":
        return {"index": index.state.as_json()}
    known = _QUESTIONS.get(question)
    if known is None:
        raise BadQuestion(f"no question {question!r}; there are: {', '.join(sorted(_QUESTIONS))}, update")
    limit, offset, tokens = arguments.get("limit") or 20, arguments.get("offset") or 0, arguments.get("tokens")
    return known(index, arguments, Paging(limit, offset, tokens)).as_json()


def _text(arguments: Mapping[str, Any], name: str) -> str:
    found = arguments.get(name)
    if not isinstance(found, str) or not found.strip():
        raise BadQuestion(f"{name} is missing")
    return found


def _symbol(index: Index, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    from waypost.index.questions import symbol

    return symbol(index, _text(arguments, "name"), paging)


def _outline(index: Index, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    from waypost.index.questions import outline

    return outline(index, _text(arguments, "path"), paging)


def _references(index: Index, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    from waypost.index.questions_references import references

    return references(index, _text(arguments, "name"), paging)


def _callers(index: Index, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    from waypost.index.questions_references import callers

    return callers(index, _text(arguments, "name"), paging)


def _callees(index: Index, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    from waypost.index.questions_references import callees

    return callees(index, _text(arguments, "name"), paging)


def _impact(index: Index, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    from waypost.index.diffs import work_tree_diff
    from waypost.index.impact import impact

    diff = arguments.get("diff")
    return impact(index, work_tree_diff(index.root) if diff is None else str(diff), paging)


def _grep(index: Index, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    from waypost.index.grepping import grep

    return grep(index, _text(arguments, "pattern"), paging)


_QUESTIONS: Mapping[str, Question] = {
    "symbol": _symbol,
    "outline": _outline,
    "references": _references,
    "callers": _callers,
    "callees": _callees,
    "impact": _impact,
    "grep": _grep,
}
