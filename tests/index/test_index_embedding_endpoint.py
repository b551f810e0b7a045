"""The endpoint for vectors, against a server on loopback."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from waypost.index.embedding.embedder import BadEmbedder, EmbedderFailed
from waypost.index.embedding.endpoint import EndpointEmbedder

Respond = Callable[[dict[str, Any]], tuple[int, bytes]]


class Server:
    """Answers as `respond` says; `requests` holds bodies and headers."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, Any], dict[str, str]]] = []
        self.respond: Respond = vectors
        self.drip = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.requests.append((body | {"path": self.path}, dict(self.headers)))
                status, data = outer.respond(body)
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                for at in range(0, len(data), 8 if outer.drip else max(1, len(data))):
                    try:
                        self.wfile.write(data[at : at + 8] if outer.drip else data)
                        self.wfile.flush()
                    except OSError:
                        return
                    time.sleep(outer.drip)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_address[1]}/v1#small"


def vectors(body: dict[str, Any]) -> tuple[int, bytes]:
    rows = [{"index": at, "embedding": [len(text), 1.0, -0.5]} for at, text in enumerate(body["input"])]
    return 200, json.dumps({"data": rows[::-1]}).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join()


def test_texts_go_in_batches_and_come_back_in_their_order(server: Server) -> None:
    embedder = EndpointEmbedder(server.address, "secret", batch=2)
    assert embedder.embed(["a", "", "ccc"]).tolist() == [[1, 1, -0.5], [1, 1, -0.5], [3, 1, -0.5]]
    assert embedder.dimensions == 3
    assert [body["input"] for body, _ in server.requests] == [["a", " "], ["ccc"]]
    body, headers = server.requests[0]
    assert (body["path"], body["model"]) == ("/v1/embeddings", "small")
    assert headers["authorization"] == "Bearer secret"
    assert "secret" not in embedder.name


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (401, b"no", "WAYPOST_EMBEDDER_KEY"),
        (404, b"no such model", "the model's name"),
        (503, b"", "try again later"),
        (302, b"", "HTTP 302"),
        (200, b"<html>", "no vectors"),
        (200, b"[]", "no vectors"),
        (200, b'{"data": []}', "0 vectors for 1 texts"),
        (200, b'{"data": [{"index": 0, "embedding": []}]}', "no vectors"),
        (200, b'{"data": [{"index": 0, "embedding": "AAAA"}]}', "no vectors"),
        (200, b'{"data": [{"index": "x", "embedding": [1]}]}', "no vectors"),
    ],
)
def test_another_answer_is_told_with_place_and_mend(server: Server, status: int, answer: bytes, said: str) -> None:
    server.respond = lambda _: (status, answer)
    with pytest.raises(EmbedderFailed, match=said) as problem:
        EndpointEmbedder(server.address).embed(["a"])
    assert "/v1/embeddings" in str(problem.value)


def test_rows_that_change_their_length_are_refused(server: Server) -> None:
    embedder = EndpointEmbedder(server.address)
    embedder.embed(["a"])
    server.respond = lambda _: (200, b'{"data": [{"index": 0, "embedding": [1, 2]}]}')
    with pytest.raises(EmbedderFailed, match="its model changed"):
        embedder.embed(["a"])


def test_a_server_that_drips_is_left_after_its_time(server: Server) -> None:
    server.drip = 0.05
    with pytest.raises(EmbedderFailed, match=r"within 0\.2 seconds"):
        EndpointEmbedder(server.address, seconds=0.2).embed(["a"] * 20)


def test_nobody_listening_is_told() -> None:
    with pytest.raises(EmbedderFailed, match="is the server running"):
        EndpointEmbedder("http://127.0.0.1:9/v1#m", seconds=2).embed(["a"])


@pytest.mark.parametrize("address", ["https://host/v1", "ftp://host/v1#m", "https://a:b@host/v1#m", "https:///v1#m"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(BadEmbedder):
        EndpointEmbedder(address)


def test_a_key_goes_over_no_open_line() -> None:
    with pytest.raises(BadEmbedder, match="over https"):
        EndpointEmbedder("http://example.invalid/v1#m", "secret")
