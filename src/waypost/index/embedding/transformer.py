"""A transformer through the library sentence_transformers, where somebody has installed it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from waypost.index.embedding.embedder import BadEmbedder

if TYPE_CHECKING:
    from waypost.index.embedding.embedder import Floats


class TransformerEmbedder:
    """A model by its folder, or by a name that the library finds among those it has kept; nothing is downloaded."""

    def __init__(self, model: str) -> None:
        """Raises BadEmbedder without the library, or for a model that is not on this machine."""
        try:
            import sentence_transformers  # type: ignore[import-not-found, unused-ignore]
        except ImportError as problem:
            raise BadEmbedder(
                f"transformer:{model}: the package sentence-transformers is not installed here; install it beside "
                "Waypost, or take --embedder fitted, which needs nothing"
            ) from problem
        try:
            self._model = sentence_transformers.SentenceTransformer(model, device="cpu", local_files_only=True)
        except (OSError, ValueError, RuntimeError) as problem:
            raise BadEmbedder(f"transformer:{model}: no such model on this machine: {problem}") from problem
        self.name = f"transformer:{model}"
        self.dimensions = int(self._model.get_sentence_embedding_dimension() or 0)

    def embed(self, texts: Sequence[str]) -> Floats:
        """See Embedder."""
        found: Floats = self._model.encode(list(texts), convert_to_numpy=True, show_progress_bar=False)
        return found
