"""An embedder by its name, as `--embedder` takes it."""

from __future__ import annotations

import os
from collections.abc import Callable
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
    embedder = _made(name)()
    return lambda *_: embedder


def _made(name: str) -> Callable[[], Embedder]:
    kind, _, rest = name.partition(":")
    found = {"static": _static, "transformer": _transformer, "chaos": _chaos}.get(kind)
    if found is not None and rest:
        return lambda: found(rest)
    if kind in {"http", "https"}:
        return lambda: _endpoint(name)
    if name == "scripted":
        return _scripted
    raise BadEmbedder(f"no embedder {name!r}; there are: {NAMES}")


def _static(folder: str) -> Embedder:
    from waypost.index.embedding.static import StaticEmbedder

    return StaticEmbedder(Path(folder).expanduser())


def _transformer(model: str) -> Embedder:
    from waypost.index.embedding.transformer import TransformerEmbedder

    return TransformerEmbedder(model)


def _endpoint(address: str) -> Embedder:
    from waypost.index.embedding.endpoint import EndpointEmbedder

    return EndpointEmbedder(address, os.environ.get(KEY, ""))


def _scripted() -> Embedder:
    from waypost.index.embedding.twins import ScriptedEmbedder

    return ScriptedEmbedder()


def _chaos(fault: str) -> Embedder:
    from waypost.index.embedding.twins import FAULTS, ChaosEmbedder

    for known in FAULTS:
        if known == fault:
            return ChaosEmbedder(known)
    raise BadEmbedder(f"no fault {fault!r}; there are: {', '.join(FAULTS)}")
