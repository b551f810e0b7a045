"""Vectors from an HTTP endpoint that speaks OpenAI's `POST …/embeddings`."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy

from waypost.index.embedding.embedder import BadEmbedder, EmbedderFailed

if TYPE_CHECKING:
    from waypost.index.embedding.embedder import Floats

SECONDS = 20.0
BATCH = 32
LARGEST_ANSWER = 64_000_000
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class EndpointEmbedder:
    """One model at one address, such as `https://host/v1#model`; `key` is sent as a bearer token if there is one."""

    def __init__(self, address: str, key: str = "", *, seconds: float = SECONDS, batch: int = BATCH) -> None:
        """Raises BadEmbedder for an address that is none."""
        parts = urlsplit(address)
        place, _, self.model = address.partition("#")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or not self.model:
            raise BadEmbedder(f"{address[:80]!r}: an embedder's address has the form https://HOST/v1#MODEL")
        if "@" in parts.netloc:
            raise BadEmbedder("an address with a name or a password in it: put the key into WAYPOST_EMBEDDER_KEY")
        if parts.scheme == "http" and key and parts.hostname not in _LOOPBACK:
            raise BadEmbedder(f"{place}: a key is only sent over https, or to this machine")
        self._place = f"{place.rstrip('/')}/embeddings"
        self._host = parts.hostname
        self._headers = {"authorization": f"Bearer {key}"} if key else {}
        self._seconds = seconds
        self._batch = batch
        self._dimensions = 0
        self.name = f"{place.rstrip('/')}#{self.model}"

    @property
    def dimensions(self) -> int:
        """As its first answer has them."""
        if not self._dimensions:
            self.embed(["dimensions"])
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> Floats:
        """See Embedder."""
        found = [self._embed(texts[at : at + self._batch]) for at in range(0, len(texts), self._batch)]
        return numpy.concatenate(found) if found else numpy.zeros((0, self.dimensions), dtype="f4")

    def _embed(self, texts: Sequence[str]) -> Floats:
        # Some servers refuse an empty text.
        body = {"model": self.model, "input": [text or " " for text in texts], "encoding_format": "float"}
        status, answer = self._post(json.dumps(body).encode())
        if status != 200:
            said = answer[:200].decode("utf-8", "replace")
            raise EmbedderFailed(f"{self._place}: HTTP {status}: {said!r}; {_mend(status)}")
        try:
            matrix = _matrix(json.loads(answer), len(texts))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as problem:
            raise EmbedderFailed(
                f"{self._place}: no vectors in its answer: {problem}; is it an address of embeddings?"
            ) from problem
        if self._dimensions not in {0, matrix.shape[1]}:
            raise EmbedderFailed(
                f"{self._place}: rows of {matrix.shape[1]} numbers after rows of {self._dimensions}; its model changed?"
            )
        self._dimensions = matrix.shape[1]
        return matrix

    def _post(self, body: bytes) -> tuple[int, bytes]:
        """Redirects are not followed, and no answer is read beyond its limits of size and time."""
        import httpx2

        until = time.monotonic() + self._seconds
        headers = {"user-agent": "waypost", "accept-encoding": "identity", "content-type": "application/json"}
        try:
            with (
                httpx2.Client(
                    headers=headers | self._headers, timeout=self._seconds, trust_env=self._host not in _LOOPBACK
                ) as client,
                client.stream("POST", self._place, content=body) as answer,
            ):
                found = bytearray()
                for part in answer.iter_raw():
                    found += part
                    if len(found) > LARGEST_ANSWER:
                        raise EmbedderFailed(f"{self._place}: its answer is longer than {LARGEST_ANSWER:,} bytes")
                    if time.monotonic() > until:
                        raise EmbedderFailed(f"{self._place}: no whole answer within {self._seconds:g} seconds")
                return answer.status_code, bytes(found)
        except httpx2.TimeoutException as problem:
            raise EmbedderFailed(f"{self._place}: no answer within {self._seconds:g} seconds") from problem
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError) as problem:
            said = problem or type(problem).__name__
            raise EmbedderFailed(f"{self._place}: can't be reached: {said}; is the server running?") from problem


def _mend(status: int) -> str:
    if status in {401, 403}:
        return "set WAYPOST_EMBEDDER_KEY to a key that it takes"
    return "check the address and the model's name" if status < 500 and status != 429 else "try again later"


def _matrix(answer: Any, count: int) -> Floats:
    rows = sorted(answer["data"], key=lambda one: int(one["index"]))
    if [int(one["index"]) for one in rows] != list(range(count)):
        raise ValueError(f"{len(rows)} vectors for {count} texts")
    matrix = numpy.array([one["embedding"] for one in rows], dtype="f4")
    if matrix.ndim != 2 or not matrix.shape[1]:
        raise ValueError("rows that are no vectors")
    return matrix
