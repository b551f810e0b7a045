from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "wires"))

from loopback_server import Answer, Fault, LoopbackServer, say

from waypost.models.http import HttpModel
from waypost.models.model import BadModel, ContextOverflow, Model, TransientFailure
from waypost.models.presets import resolve
from waypost.wires.conversation import Delta, Request, Response, Tool, ToolCall, UserMessage
from waypost.wires.errors import ErrorKind

SPECS = ["openai:m", "openai-chat:m", "anthropic:m"]
each_wire = pytest.mark.parametrize("spec", SPECS)
SHELL = Tool("shell", "Runs a command.", {"type": "object", "properties": {"command": {"type": "string"}}})
REQUEST = Request("ignored", "Be careful.", (SHELL,), (UserMessage("Go."),), "talk")
HELLO = say("Hello é😀", ToolCall("call_1", "shell", '{"command":"ls"}'))


async def collect(model: Model, request: Request = REQUEST) -> list[Delta | Response]:
    return [item async for item in model.stream(request)]


def ask(spec: str, url: str, environ: dict[str, str] | None = None, read_timeout: float = 5) -> list[Delta | Response]:
    async def run() -> list[Delta | Response]:
        model = HttpModel(resolve(spec, url, environ or {}), read_timeout)
        try:
            return await collect(model)
        finally:
            await model.close()

    return asyncio.run(run())


def ask_server(spec: str, answer: Answer, environ: dict[str, str] | None = None) -> list[Delta | Response]:
    with LoopbackServer(answer) as server:
        return ask(spec, server.url, environ)


@each_wire
def test_deltas_come_first_and_one_response_holds_them_all(spec: str) -> None:
    *deltas, response = ask_server(spec, lambda _: HELLO)
    assert isinstance(response, Response)
    assert response.message == HELLO.message
    assert (response.stop, response.usage) == (HELLO.stop, HELLO.usage)
    assert list(response.deltas) == deltas
    times = [delta.at for delta in response.deltas]
    assert times == sorted(times)
    assert times[0] > 0


@each_wire
def test_a_server_that_does_not_stream_is_understood(spec: str) -> None:
    *deltas, response = ask_server(spec, lambda _: Fault(is_whole=True, response=HELLO))
    assert isinstance(response, Response)
    assert response.message == HELLO.message
    assert list(response.deltas) == deltas
    assert all(isinstance(delta, Delta) and delta.at > 0 for delta in deltas)


@each_wire
def test_the_request_that_arrives_is_the_one_that_encode_shows(spec: str) -> None:
    async def run(server: LoopbackServer) -> bytes:
        model = HttpModel(resolve(spec, server.url, {}))
        await collect(model)
        await model.close()
        return model.encode(REQUEST)

    with LoopbackServer(lambda _: HELLO) as server:
        assert asyncio.run(run(server)) == server.bodies[0]
        (request,) = server.requests
    assert (request.model, request.system, request.messages) == ("m", REQUEST.system, REQUEST.messages)


@each_wire
def test_one_connection_serves_many_requests(spec: str) -> None:
    async def run(server: LoopbackServer) -> None:
        model = HttpModel(resolve(spec, server.url, {}))
        for _ in range(5):
            await collect(model)
        await model.close()

    with LoopbackServer(lambda _: HELLO) as server:
        asyncio.run(run(server))
        assert (len(server.requests), server.connections) == (5, 1)


@each_wire
@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 529])
def test_a_status_that_passes_is_transient_and_says_when_to_come_back(spec: str, status: int) -> None:
    with pytest.raises(TransientFailure, match="as the test wants it") as failed:
        ask_server(spec, lambda _: Fault(status=status, retry_after=3))
    assert (failed.value.status, failed.value.retry_after) == (status, 3.0)


@each_wire
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 422])
def test_a_status_that_stays_names_model_and_address(spec: str, status: int) -> None:
    with pytest.raises(BadModel, match=f"{spec} at http://127.*answered {status}"):
        ask_server(spec, lambda _: Fault(status=status))


@each_wire
def test_a_refused_key_names_its_variable_and_is_not_shown(spec: str) -> None:
    variable = "ANTHROPIC_API_KEY" if "anthropic" in spec else "OPENAI_API_KEY"
    fault = Fault(status=401, message="no such key: sk-secret")
    with pytest.raises(BadModel, match=variable) as failed:
        ask_server(spec, lambda _: fault, {variable: "sk-secret"})
    assert "sk-secret" not in str(failed.value)


@each_wire
def test_a_full_window_is_told_apart(spec: str) -> None:
    fault = Fault(status=400, kind=ErrorKind.CONTEXT_OVERFLOW, message="too much")
    with pytest.raises(ContextOverflow):
        ask_server(spec, lambda _: fault)


@each_wire
def test_no_credit_is_not_waited_for(spec: str) -> None:
    fault = Fault(status=429, kind=ErrorKind.QUOTA, message="pay first")
    with pytest.raises(BadModel, match="no credit"):
        ask_server(spec, lambda _: fault)


@each_wire
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_a_cut_stream_is_transient(spec: str, share: float) -> None:
    with pytest.raises(TransientFailure):
        ask_server(spec, lambda _: Fault(cut=share, response=HELLO))


@each_wire
def test_an_answer_that_is_whole_stands_although_its_connection_breaks(spec: str) -> None:
    *_, response = ask_server(spec, lambda _: Fault(has_end=False, response=HELLO))
    assert isinstance(response, Response)
    assert response.message == HELLO.message


@each_wire
def test_a_malformed_stream_is_transient(spec: str) -> None:
    with pytest.raises(TransientFailure, match="unreadable"):
        ask_server(spec, lambda _: Fault(malformed=True, response=HELLO))


@each_wire
@pytest.mark.parametrize("body", [b"<html>busy</html>", b"", b"{}", b"null", b"{"])
def test_a_body_of_another_kind_is_transient(spec: str, body: bytes) -> None:
    with pytest.raises(TransientFailure):
        ask_server(spec, lambda _: Fault(is_whole=True, body=body))


@each_wire
def test_an_empty_answer_is_handed_on(spec: str) -> None:
    (response,) = ask_server(spec, lambda _: Fault(empty=True))
    assert isinstance(response, Response)
    assert response.message.is_empty


@each_wire
def test_a_silent_server_is_given_up(spec: str) -> None:
    with LoopbackServer(lambda _: Fault(delay=1, response=HELLO)) as server, pytest.raises(TransientFailure):
        ask(spec, server.url, read_timeout=0.1)


def test_a_server_that_is_not_there_is_transient_and_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(TransientFailure, match=f"127.0.0.1:{port}"):
        ask("openai:m", f"http://127.0.0.1:{port}/v1")


def test_a_wait_named_only_in_the_message_is_heard() -> None:
    fault = Fault(status=429, message="Rate limit reached. Please try again in 250ms.")
    with pytest.raises(TransientFailure) as failed:
        ask_server("openai:m", lambda _: fault)
    assert failed.value.retry_after == 0.25


def test_a_redirect_names_the_right_address() -> None:
    fault = Fault(status=308, body=b"")
    with pytest.raises(BadModel, match="redirects"):
        ask_server("openai:m", lambda _: fault)
