"""Asking a service in a network of its own, and over TLS."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from gates_cases import PATH, gate, needs

from waypost.documents.model import GateKind
from waypost.gates.judge import Scene
from waypost.gates.probe import Address, ask, is_taken
from waypost.gates.service import Service
from waypost.gates.verdict import Verdict
from waypost.sandbox.network import Network, open_network
from waypost.sandbox.plain import PlainSandbox
from waypost.sandbox.sandbox import Command, shell
from waypost.sandbox.walls import Level


def _service(network: Network, port: int, folder: Path) -> Service:
    text = f"exec python -u -m http.server {port} --bind 127.0.0.1"
    argv = (*network.enter, *shell(text))
    command = Command(argv, folder, {"PATH": PATH}, 30.0, mark=f"{folder}/dev")
    ready = gate(text, "dev", GateKind.SERVICE, ready=f"http://127.0.0.1:{port}", timeout=30)
    return Service(ready, command, PlainSandbox(), Scene(folder, "4b825dc", {}), network.connect)


@pytest.mark.skipif(
    sys.platform != "linux"
    or subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode != 0,
    reason="no network of one's own here",
)
def test_a_service_is_asked_inside_its_own_network_whoever_uses_its_port_outside(tmp_path: Path):
    async def play() -> tuple[list[Verdict | None], list[bool]]:
        outside = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = outside.sockets[0].getsockname()[1]
        async with open_network(Level.BUBBLEWRAP) as network:
            first, second = _service(network, port, tmp_path), _service(network, port, tmp_path)
            place = Address("http", "127.0.0.1", port, "/")
            started = await first.start()
            taken = [await is_taken(place), await is_taken(place, connect=network.connect)]
            verdicts = [started, await second.start(), await first.end()]
            await second.abandon()
        outside.close()
        return verdicts, taken

    (started, second, ended), taken = asyncio.run(play())
    assert started is None
    assert taken == [True, True]
    assert second is not None
    assert second.reason.startswith("something else already answers at http://127.0.0.1:")
    assert ended is not None
    assert ended.verdict == "green"
    assert b"GET / HTTP/1.1" in ended.output


def test_a_server_that_signed_its_own_certificate_is_ready(tmp_path: Path):
    needs("openssl")
    made = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=dev"
    subprocess.run([*made.split(), "-keyout", "key", "-out", "cert"], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async def play() -> tuple[str, str]:
        encrypted = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        plain = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        ports = [server.sockets[0].getsockname()[1] for server in (encrypted, plain)]
        answers = [await ask(Address("https", "127.0.0.1", port, "/"), 5.0) for port in ports]
        encrypted.close()
        plain.close()
        assert [one.ready for one in answers] == [True, False]
        return answers[0].detail, answers[1].detail

    ready, broken = asyncio.run(play())
    assert ready == "status 204"
    assert broken
