"""From a query's captures to references: which names may mean something that is not local."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Set
from dataclasses import dataclass

from waypost.index.binding import Locals
from waypost.index.defining import Captures, Outline, Source
from waypost.index.instances import Instances
from waypost.index.languages.grammar import Grammar
from waypost.index.model import Reference
from waypost.index.qualifying import Qualifiers

FAR = 1 << 62


@dataclass(frozen=True, slots=True)
class Scopes:
    """What decides whether a name may mean something elsewhere, and what it stands in."""

    outline: Outline
    places: list[int]  # of the outline's definitions among the symbols; its last is the file's: -1
    local: Locals
    builtin: frozenset[bytes]  # names that are the language's own in this file
    renamed: dict[bytes, str]  # imported names by their aliases
    instances: Instances

    def hidden(self, owner: int) -> Set[bytes]:
        """Names that mean nothing from elsewhere within a definition."""
        own = self.local.get(owner)
        return self.builtin | own if own else self.builtin

    def inside(self, at: int) -> int:
        """The position of the symbol around a byte."""
        return self.places[self.outline.innermost(at)]


def references_of(captures: Captures, scopes: Scopes, grammar: Grammar, source: Source) -> list[Reference]:
    """References to what is not local, without those of imports; the hottest loop of all parsing."""
    text, starts, places = source.text, source.starts, scopes.places
    calls, inherits = starts_of(captures, "call"), starts_of(captures, "inherit")
    qualifiers = Qualifiers(text, grammar)
    qualified, separators, words = qualifiers.after_blanks(), qualifiers.last_bytes, qualifiers.words
    parenthesis = 0x28 if grammar.parenthesis_calls else -1
    padded = text + b"\n"
    edge, edges, owners = 0, [*scopes.outline.edges, FAR], scopes.outline.owners
    owner, hidden = -1, scopes.hidden(-1)
    renamed, instances = scopes.renamed, scopes.instances
    own = frozenset(grammar.own)
    new = tuple.__new__  # half the time of the class's own
    found: list[Reference] = []
    for start, end in _uses(captures, scopes.outline):
        if edges[edge + 1] <= start:
            edge = bisect_right(edges, start, edge + 1) - 1
            owner = owners[edge]
            hidden = scopes.hidden(owner)
        name = text[start:end]
        if (padded[start - 1] in separators or start in qualified) and (qualifier := qualifiers.before(start)):
            if qualifier not in own:
                qualifier = instances.of(qualifier, owner)
            word = words(name)
        elif name in hidden:
            continue
        else:
            qualifier = ""
            word = renamed.get(name) or words(name)
        kind = "inherit" if start in inherits else "call" if padded[end] == parenthesis or start in calls else "use"
        line = bisect_right(starts, start)
        place = (line, start - starts[line - 1], places[owner])
        found.append(new(Reference, (word, kind, *place, qualifier)))
    return found


def _uses(captures: Captures, outline: Outline) -> list[tuple[int, int]]:
    """Where the names stand that are neither defined nor imported there, in the file's order."""
    skipped = (starts_of(captures, "skip") - starts_of(captures, "keep")) | outline.named
    spans = [(node.start_byte, node.end_byte) for node in captures.get("use", ())]
    spans.sort()
    kept: list[tuple[int, int]] = []
    at = 0
    for node in (*captures.get("import", ()), None):  # what imports name is taken from them apart
        stop = len(spans) if node is None else bisect_left(spans, (node.start_byte,), at)
        kept += [span for span in spans[at:stop] if span[0] not in skipped and span[0] < span[1]]
        at = stop if node is None else bisect_left(spans, (node.end_byte,), stop)
    return kept


def starts_of(captures: Captures, name: str) -> set[int]:
    """Where all that is captured under a name begins."""
    return {node.start_byte for node in captures.get(name, ())}
