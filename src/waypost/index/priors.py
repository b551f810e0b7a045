"""What kind of file a path is: tests and prose answer fewer questions than code does."""

from __future__ import annotations

import re
from functools import lru_cache

_TESTS = re.compile(
    r"(^|/)(tests?|__tests__|testing|testdata|specs?|fixtures|benches|benchmarks?|examples?|samples?)/"
    r"|(^|/)(test_[^/]*|conftest\.py)$|[._-](test|spec)s?\.\w+$|Tests?\.(java|cs|kt|scala|swift|php)$"
)
_PROSE_LANGUAGES = "markdown rst text json yaml toml ini xml html css sql unknown csv properties make dockerfile"
_PROSE = frozenset(_PROSE_LANGUAGES.split())


@lru_cache(maxsize=65536)
def is_test(path: str) -> bool:
    """Whether a file holds tests, or what they use."""
    return bool(_TESTS.search(path))


def is_prose(language: str) -> bool:
    """Whether a language is one of documents and settings, not of programs."""
    return language in _PROSE
