"""Service gates: started, asked, up while the checks run, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from gates_cases import free_port, gate, one, play
from hypothesis import given
from hypothesis import strategies as st

from waypost.documents.model import Gate, GateKind
from waypost.gates.probe import Address, BadAddress, address, ask
from waypost.sandbox.orphans import find_marked

UNTIL_READY = "python -c 'import urllib.request as u; print(u.urlopen(\"http://127.0.0.1:{port}/\").status)'"


def service(command: str, name: str = "dev", **options: object) -> Gate:
    return gate(command, name, GateKind.SERVICE, **options)


def server(port: int) -> str:
    return f"exec python -u -m http.server {port} --bind 127.0.0.1"


def test_a_service_is_up_while_the_checks_run_and_gone_afterwards(tmp_path: Path):
    port, told = free_port(), list[str]()
    gates = [
        gate(UNTIL_READY.format(port=port), "check"),
        service(server(port), ready=f"http://127.0.0.1:{port}", timeout=30),
    ]
    check, dev = play(gates, tmp_path, told=told)
    assert (check.verdict, check.output) == ("green", b"200\n")
    assert dev.verdict == "green"
    assert re.fullmatch(r"ready after [\d.]+ s, and up until the checks had ended", dev.reason)
    assert b"GET / HTTP/1.1" in dev.output
    assert dev.took_ms > 0
    assert told == ["dev started", "check started", "check green", "dev green"]
    assert find_marked(f"{tmp_path}/") == []


def test_a_service_can_be_asked_by_a_connection_alone(tmp_path: Path):
    port = free_port()
    (dev,) = play([service(server(port), ready=f"tcp:127.0.0.1:{port}", timeout=30)], tmp_path)
    assert dev.verdict == "green"


def test_a_service_that_is_not_ready_in_time_is_red_with_its_output(tmp_path: Path):
    ready = f"http://127.0.0.1:{free_port()}"
    dev, check = play([service("echo warming up; sleep 94", ready=ready, timeout=0.4), gate(name="check")], tmp_path)
    assert (dev.verdict, dev.reason) == ("red", f"not ready after 0.4 s: {ready} (connection refused)")
    assert dev.essence == "The whole output:\nwarming up"
    assert check.verdict == "green"
    assert find_marked(f"{tmp_path}/") == []


def test_a_service_that_ends_by_itself_is_red(tmp_path: Path):
    ready = f"http://127.0.0.1:{free_port()}"
    (dev,) = play([service("echo no port left; exit 1", ready=ready)], tmp_path)
    assert dev.verdict == "red"
    assert re.fullmatch(r"the service ended by itself after [\d.]+ s \(exit 1\)", dev.reason)
    assert "no port left" in dev.essence


def test_a_service_that_goes_into_the_background_is_told_to_stay(tmp_path: Path):
    (dev,) = play([service("sleep 95 & disown", ready=f"tcp:127.0.0.1:{free_port()}")], tmp_path)
    assert dev.verdict == "red"
    assert dev.reason.endswith("(exit 0); it must stay in the foreground")
    assert find_marked(f"{tmp_path}/") == []


def test_a_service_that_dies_under_the_checks_is_red(tmp_path: Path):
    port = free_port()
    gates = [
        service(f"echo $$ > pid; {server(port)}", ready=f"tcp:127.0.0.1:{port}", timeout=30),
        gate("kill -9 $(cat pid); sleep 0.2", "kills"),
    ]
    dev, _ = play(gates, tmp_path)
    assert dev.verdict == "red"
    assert re.fullmatch(r"the service ended .* before the checks had ended \(signal 9\)", dev.reason)


@pytest.mark.slow
def test_a_service_that_stops_badly_is_green_if_it_was_up(tmp_path: Path):
    (dev,) = play([service("trap '' TERM; echo stubborn; while :; do sleep 1; done")], tmp_path)
    assert dev.verdict == "green"
    assert dev.reason.startswith("still up after 3 s")
    assert (dev.exit, dev.output[:9]) == (None, b"stubborn\n")
    assert find_marked(f"{tmp_path}/") == []


def test_a_service_without_an_address_that_ends_at_once_is_red(tmp_path: Path):
    (dev,) = play([service("true")], tmp_path)
    assert dev.verdict == "red"


def test_a_port_that_somebody_else_uses_is_red_and_the_command_is_not_run(tmp_path: Path):
    with Answering(200) as (ready, _):
        (dev,) = play([service("touch ran; sleep 96", ready=ready)], tmp_path)
    assert (dev.verdict, dev.reason) == ("red", f"something else already answers at {ready}")
    assert not (tmp_path / "ran").exists()


def test_an_address_that_can_not_be_asked_is_red(tmp_path: Path):
    (dev,) = play([service("sleep 97", ready="ws://localhost")], tmp_path)
    assert (dev.verdict, dev.reason[:30]) == ("red", 'ready="ws://localhost" can\'t b')


def test_a_check_that_finds_its_port_in_use_is_red(tmp_path: Path):
    with Answering(200) as (_, port):
        verdict = one(f"python -m http.server {port} --bind 127.0.0.1", tmp_path)
    assert verdict.verdict == "red"
    assert "Address already in use" in verdict.essence


@pytest.mark.slow
@pytest.mark.parametrize(("status", "ready"), [(200, True), (302, True), (404, True), (500, False), (503, False)])
def test_every_status_below_500_is_ready(status: int, ready: bool):
    with Answering(status) as (url, _):
        answer = asyncio.run(ask(address(url), 5.0))
    assert (answer.ready, answer.detail) == (ready, f"status {status}")


def test_something_that_speaks_no_http_is_not_ready():
    async def asked(reply: bytes) -> str:
        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(reply)
            writer.close()

        listener = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        try:
            return (await ask(Address("http", "127.0.0.1", port, "/"), 5.0)).detail
        finally:
            listener.close()

    assert asyncio.run(asked(b"SSH-2.0-OpenSSH\r\n")) == "no HTTP answer"
    assert asyncio.run(asked(b"x" * 200_000)) in {"no HTTP answer", "Connection reset by peer"}
    assert asyncio.run(asked(b"")) in {"no HTTP answer", "Connection reset by peer"}


def test_addresses_are_read():
    assert address("http://127.0.0.1:5173") == Address("http", "127.0.0.1", 5173, "/")
    assert address("https://localhost/health?deep=1") == Address("https", "localhost", 443, "/health?deep=1")
    assert address("tcp:127.0.0.1:5432") == Address("tcp", "127.0.0.1", 5432, "/")
    assert address("http://[::1]:80/x") == Address("http", "::1", 80, "/x")


@given(st.text() | st.from_regex(r"(http|https|tcp|ftp)(://|:)[\w\[\]:./ -]*", fullmatch=True))
def test_no_address_raises_anything_else(text: str):
    with contextlib.suppress(BadAddress):
        assert address(text).port > 0


class Answering:
    """A server on loopback that answers every request with one status."""

    def __init__(self, status: int) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> tuple[str, int]:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        port = int(self._server.server_address[1])
        return f"http://127.0.0.1:{port}", port

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
