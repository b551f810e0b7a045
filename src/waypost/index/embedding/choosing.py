"""An embedder by its name, as `--embedder` takes it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from waypost.index.embedding.embedder import BadEmbedder, Embedder

if TYPE_CHECKING:
    from waypost.index.embedding.likeness import Choice

KEY = "WAYPOST_EMBEDDER_KEY"
NAMES = "off, fitted, static:FOLDER, https://HOST/v1#MODEL, transformer:MODEL, scripted, chaos:FAULT"


def chosen(name: str) -> Choice | None:
    """What makes the embedder of a name; None for `off`. Raises BadEmbedder for a name or model that there is not."""
    if name == "off":
        return None
    if name == "fitted":
        from waypost.index.embedding.fitting import fitted

        return fitted
    embedder = _made(name)
    return lambda *_: embedder


def _made(name: str) -> Embedder:
    kind, _, rest = name.partition(":")
    if kind in {"http", "https"}:
        from waypost.index.embedding.endpoint import EndpointEmbedder

        return EndpointEmbedder(name, os.environ.get(KEY, ""))
    if kind == "static" and rest:
        from waypost.index.embedding.static import StaticEmbedder

        return StaticEmbedder(Path(rest).expanduser())
    if kind == "transformer" and rest:
        from waypost.index.embedding.transformer import TransformerEmbedder

        return TransformerEmbedder(rest)
    from waypost.index.embedding.twins import FAULTS, ChaosEmbedder, ScriptedEmbedder

    if name == "scripted":
        return ScriptedEmbedder()
    for fault in FAULTS:
        if name == f"chaos:{fault}":
            return ChaosEmbedder(fault)
    raise BadEmbedder(f"no embedder {name!r}; there are: {NAMES}; faults are {', '.join(FAULTS)}")
