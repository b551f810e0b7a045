"""Words of one root: `validator`, `validate` and `validation` say the same thing in a question."""

from __future__ import annotations

from functools import lru_cache

SHORTEST = 4
"""Letters of the shortest root, and of the shortest abbreviation."""
_ENDING_WORDS = """
    ation ations ator ion ions er ers or ors able ible ment ments iz izer ization ize al ive ity ness ly ance ence ant
    ent ur ure ic y ies e ing ed s es is
"""
_ENDINGS = sorted(_ENDING_WORDS.split(), key=len, reverse=True)


@lru_cache(maxsize=65536)
def root(word: str) -> str:
    """What is left of a stemmed word without the endings that make nouns of verbs.

    >>> [root(word) for word in ("serializer", "serialization", "serializ")]
    ['serial', 'serial', 'serial']
    """
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST:
            return root(word[: -len(ending)])
    return root(word[:-2]) if word.endswith("at") and len(word) >= 7 else word


def has_root(term: str) -> bool:
    """Whether a term is a plain word, so that its root means something."""
    return len(term) >= SHORTEST and term.isalpha()


def abbreviations(word: str) -> list[str]:
    """Beginnings of a word that names may use for it: `auth`, `config`."""
    return [word[:size] for size in range(SHORTEST, len(word))]


def is_kin(asked: str, word: str) -> bool:
    """Whether a word in a name answers a word of the question without being the same."""
    if len(word) < SHORTEST or len(asked) < SHORTEST:
        return False
    return root(asked) == root(word) or asked.startswith(word)
