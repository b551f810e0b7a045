"""Every question by its name, arguments and answer as JSON: what a service, a tool or another program asks with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from waypost.index.answers import Page, Paging
from waypost.index.errors import BadQuestion
from waypost.index.index import Index
from waypost.index.updating import Progress

if TYPE_CHECKING:
    from waypost.index.search import Search

MAP_TOKENS = 2000
Answer = Page[Any]
Question = Callable[["Asker", Mapping[str, Any], Paging], Answer]


class Asker:
    """Asks one index again and again: what search keeps in memory is kept between questions."""

    def __init__(self, index: Index, embedder: str = "off") -> None:
        """`embedder` is the search's, as `--embedder` names it."""
        self.index = index
        self._embedder = embedder
        self._search: Search | None = None

    @property
    def search(self) -> Search:
        """Made at the first question, as it loads numpy."""
        if self._search is None:
            from waypost.index.search import Search

            self._search = Search.by_name(self.index, self._embedder)
        return self._search

    def ask(self, question: str, arguments: Mapping[str, Any], progress: Progress | None = None) -> dict[str, Any]:
        """Brings the index up to date and answers. `limit`, `offset` and `tokens` among the arguments choose the page.

        `update` only does the first and tells the state; `impact` takes a `diff`, else how the work tree differs from
        HEAD. Raises BadQuestion for a question that there is not, and what the question raises.
        """
        self.index.refresh(progress=progress)
        if question == "update":
            return {"index": self.index.state.as_json()}
        if question == "map":
            return self._map(arguments)
        known = _QUESTIONS.get(question)
        if known is None:
            raise BadQuestion(f"no question {question!r}; there are: {', '.join(sorted(_QUESTIONS))}, map, update")
        limit, offset, tokens = arguments.get("limit") or 20, arguments.get("offset") or 0, arguments.get("tokens")
        return known(self, arguments, Paging(limit, offset, tokens)).as_json()

    def _map(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        from waypost.index.mapping import repository_map

        focus = arguments.get("focus") or ()
        return repository_map(
            self.index, int(arguments.get("tokens") or MAP_TOKENS), [str(one) for one in focus]
        ).as_json()


def _text(arguments: Mapping[str, Any], name: str) -> str:
    found = arguments.get(name)
    if not isinstance(found, str) or not found.strip():
        raise BadQuestion(f"{name} is missing")
    return found


def _symbol(asker: Asker, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    from waypost.index.questions import symbol

    return symbol(asker.index, _text(arguments, "name"), paging)


def _outline(asker: Asker, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    from waypost.index.questions import outline

    return outline(asker.index, _text(arguments, "path"), paging)


def _references(asker: Asker, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    from waypost.index.questions_references import references

    return references(asker.index, _text(arguments, "name"), paging)


def _callers(asker: Asker, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    from waypost.index.questions_references import callers

    return callers(asker.index, _text(arguments, "name"), paging)


def _callees(asker: Asker, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    from waypost.index.questions_references import callees

    return callees(asker.index, _text(arguments, "name"), paging)


def _impact(asker: Asker, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    from waypost.index.diffs import work_tree_diff
    from waypost.index.impact import impact

    diff = arguments.get("diff")
    return impact(asker.index, work_tree_diff(asker.index.root) if diff is None else str(diff), paging)


def _grep(asker: Asker, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    from waypost.index.grepping import grep

    return grep(asker.index, _text(arguments, "pattern"), paging)


def _search(asker: Asker, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    return asker.search.ask(_text(arguments, "query"), paging)


def _related(asker: Asker, arguments: Mapping[str, Any], paging: Paging) -> Answer:
    from waypost.index.relating import related

    return related(asker.index, _text(arguments, "place"), paging)


_QUESTIONS: Mapping[str, Question] = {
    "search": _search,
    "related": _related,
    "symbol": _symbol,
    "outline": _outline,
    "references": _references,
    "callers": _callers,
    "callees": _callees,
    "impact": _impact,
    "grep": _grep,
}
