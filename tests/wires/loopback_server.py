"""A real HTTP server on loopback that speaks all three wires, for any test that needs a model.

    with LoopbackServer(lambda request: say("hello")) as server:
        endpoint = resolve("openai-chat:any", server.url, {})

`answer` is called with each request, one at a time, and gives a Response, or a Fault to serve in its place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from waypost.wires.chat import ChatWire
from waypost.wires.conversation import AssistantMessage, Request, Response, Stop, Text, ToolCall, Usage
from waypost.wires.errors import ErrorKind, MalformedRequest
from waypost.wires.messages import MessagesWire
from waypost.wires.responses import ResponsesWire
from waypost.wires.wire import Wire

WIRES: tuple[Wire, ...] = (ResponsesWire(), ChatWire(cache_key=True), MessagesWire())
KINDS = {
    401: ErrorKind.AUTHENTICATION,
    404: ErrorKind.NOT_FOUND,
    429: ErrorKind.RATE_LIMIT,
    503: ErrorKind.OVERLOADED,
    529: ErrorKind.OVERLOADED,
}


def say(text: str = "", *calls: ToolCall, usage: Usage | None = None) -> Response:
    """A short answer: words, and calls after them."""
    parts = (*((Text(text),) if text else ()), *calls)
    stop = Stop.CALLS if calls else Stop.END
    return Response(AssistantMessage(parts), stop, usage or Usage(10, 5), "answer-1", "loopback")


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong. `response` is what the other faults are done to.

    `status` and `retry_after` (seconds, or any header text) answer with an error of `kind`; `cut` ends the
    connection after that share of the bytes; `malformed` breaks every event; `empty` answers nothing;
    `delay` waits before the first byte and `drip` before every event (seconds); `is_whole` is not streamed;
    `body` is served as it stands; `has_end` is off for a stream whose last chunk never comes.
    """

    status: int = 0
    retry_after: float | str | None = None
    kind: ErrorKind | None = None
    message: str = "as the test wants it"
    cut: float | None = None
    malformed: bool = False
    empty: bool = False
    delay: float = 0.0
    drip: float = 0.0
    is_whole: bool = False
    body: bytes | None = None
    has_end: bool = True
    response: Response = field(default_factory=lambda: say("Hello from loopback."))


Answer = Callable[[Request], Response | Fault]


class LoopbackServer:
    """Serves in the background until it is closed; `requests` and `bodies` are what came, in order."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The base address, for any wire."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> LoopbackServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, owner: LoopbackServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is a part of many tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        with self.server.owner.lock:
            self.server.owner.connections += 1

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        wire = next((wire for wire in WIRES if self.path == f"/v1{wire.path}"), None)
        if wire is None:
            return self._send(404, b'{"error":{"message":"nothing here"}}')
        try:
            request = wire.decode_request(body)
        except MalformedRequest as problem:
            return self._send(400, wire.encode_error(400, ErrorKind.INVALID, str(problem)))
        owner = self.server.owner
        with owner.lock:
            owner.requests.append(request)
            owner.bodies.append(body)
            owner.headers.append({key.lower(): value for key, value in self.headers.items()})
            answer = owner.answer(request)
        fault = answer if isinstance(answer, Fault) else Fault(response=answer)
        return self._answer(wire, fault)

    def _answer(self, wire: Wire, fault: Fault) -> None:
        time.sleep(fault.delay)
        if fault.status:
            kind = fault.kind or KINDS.get(fault.status, ErrorKind.SERVER if fault.status >= 500 else ErrorKind.INVALID)
            wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            body = wire.encode_error(fault.status, kind, fault.message) if fault.body is None else fault.body
            return self._send(fault.status, body, wait)
        response = say() if fault.empty else fault.response
        if fault.is_whole:
            return self._send(200, wire.encode_document(response) if fault.body is None else fault.body)
        frames = wire.encode_stream(response) if fault.body is None else iter([fault.body])
        return self._stream(_damaged(list(frames), fault), fault)

    def _send(self, status: int, body: bytes, extra: dict[str, str] | None = None) -> None:
        self.send_response(status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(extra or {})}
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, frames: Iterator[bytes], fault: Fault) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for data in frames:
            time.sleep(fault.drip)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        if fault.cut is None and fault.has_end:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True


def _damaged(frames: list[bytes], fault: Fault) -> Iterator[bytes]:
    if fault.malformed:
        frames = [frame.replace(b"}\n\n", b"\n\n") for frame in frames]
    if fault.cut is not None:
        whole = b"".join(frames)
        frames = [whole[: int(len(whole) * fault.cut)]]
    return (frame for frame in frames if frame)
