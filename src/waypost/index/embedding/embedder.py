"""What makes vectors out of texts, and how its answers are checked before anything believes them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, Protocol

import numpy

from waypost.index.errors import IndexProblem

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[numpy.float32]

SECONDS = 30.0
"""What one batch may take, unless told otherwise."""


class Embedder(Protocol):
    """Texts in, one row of numbers each; near rows mean texts about the same thing.

    The same texts give the same rows for as long as `name` is the same: vectors are kept by it.
    """

    @property
    def name(self) -> str:
        """What the vectors depend on beside the text: the kind, the model, its version."""

    @property
    def dimensions(self) -> int:
        """Columns of a row. Raises EmbedderFailed where it has to ask and gets no answer."""

    def embed(self, texts: Sequence[str]) -> Floats:
        """A matrix of a row a text; a row of zeros says nothing. Raises EmbedderFailed."""


class EmbedderFailed(IndexProblem):
    """An embedder did not answer, or not with vectors; search goes on without it."""


class BadEmbedder(IndexProblem):
    """No embedder of that name, or what it needs is not there."""


def vectors_of(embedder: Embedder, texts: Sequence[str], seconds: float = SECONDS) -> Floats:
    """The rows for texts, of the promised shape and finite, within a time. Raises EmbedderFailed."""
    found, dimensions = _within(seconds, embedder, texts)
    told = f"embedder {embedder.name}"
    if not isinstance(found, numpy.ndarray) or found.ndim != 2 or found.dtype.kind not in "fiu":
        raise EmbedderFailed(f"{told}: its answer is no matrix of numbers")
    if found.shape != (len(texts), dimensions):
        rows, columns = found.shape
        raise EmbedderFailed(
            f"{told}: {rows} rows of {columns} numbers for {len(texts)} texts, where {dimensions} a text were promised"
        )
    matrix: Floats = found.astype("f4")
    if not numpy.isfinite(matrix).all():
        raise EmbedderFailed(f"{told}: numbers that are none (NaN or infinite) in its answer")
    return matrix


def _within(seconds: float, embedder: Embedder, texts: Sequence[str]) -> tuple[object, int]:
    """Asks on a thread of its own, which is left behind where it hangs: nothing else can end foreign code here."""
    waiting: Future[tuple[object, int]] = Future()
    thread = Thread(target=_ask, args=(waiting, embedder, tuple(texts)), daemon=True, name="embedder")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise EmbedderFailed(f"embedder {embedder.name}: no answer within {seconds:g} seconds")
    if not waiting.done():
        raise EmbedderFailed(f"embedder {embedder.name}: it ended without an answer")
    return waiting.result()


def _ask(waiting: Future[tuple[object, int]], embedder: Embedder, texts: Sequence[str]) -> None:
    try:
        waiting.set_result((embedder.embed(texts), embedder.dimensions))
    except EmbedderFailed as problem:
        waiting.set_exception(problem)
    except (
        OSError,
        ValueError,
        TypeError,
        LookupError,
        ArithmeticError,
        RuntimeError,
        AttributeError,
        MemoryError,
    ) as e:
        told = EmbedderFailed(f"embedder {embedder.name}: {type(e).__name__}: {e}")
        told.__cause__ = e
        waiting.set_exception(told)
