"""What is tried in a network of its own, with the real bubblewrap; as a script it prints what came out, as JSON.

A script too, so that it can be run as another user than the one who runs the tests.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from waypost.documents.model import AllowedHost
from waypost.sandbox.egress import Asked
from waypost.sandbox.network import Network, open_network
from waypost.sandbox.walls import Level

PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
WALLS = ("bwrap", "--unshare-all", "--share-net", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev",
         "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--")  # fmt: skip
SERVICE_PORT = 8765
THROUGH_PROXY = 'exec 3<>/dev/tcp/127.0.0.1/3128; printf "GET http://{}/ HTTP/1.1\\r\\n\\r\\n" >&3; cat <&3'


class Hello(BaseHTTPRequestHandler):
    """Answers everything with one word."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None: ...


async def inside(network: Network, script: str) -> str:
    """What a script prints behind bubblewrap's walls, in the network; `exit N` where it prints nothing."""
    made = await asyncio.create_subprocess_exec(
        *network.enter, *WALLS, "bash", "-c", script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    told = (await made.communicate())[0].decode().strip()
    return told or f"exit {made.returncode}"


def keeper() -> int:
    """The id of the network's keeper among this process' children; other tests may have left theirs."""
    children = map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
    (found,) = (child for child in children if b"network_keeper" in Path(f"/proc/{child}/cmdline").read_bytes())
    return found


async def tried() -> dict[str, str]:
    """Each thing that was tried, and what came of it."""
    outside = ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    threading.Thread(target=outside.serve_forever, daemon=True).start()
    port, asked, found = int(outside.server_address[1]), list[Asked](), dict[str, str]()
    hosts = (AllowedHost("localhost", port, private=True),)
    async with open_network(Level.BUBBLEWRAP, hosts=hosts, on_asked=asked.append) as network:
        of_keeper = keeper()
        spaces = " ".join(word for word in network.enter if "=" in word)
        found["user"] = await inside(network, "id -u")
        found["other loopback"] = await inside(network, f"(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null")
        found["outside"] = await inside(
            network, "(exec 3<>/dev/tcp/93.184.216.34/80) 2>&1 | grep -om1 unreachable | head -1"
        )
        found["allowed"] = await inside(network, THROUGH_PROXY.format(f"localhost:{port}"))
        found["refused"] = await inside(network, THROUGH_PROXY.format("other.example"))
        found["out by id"] = await inside(network, f"nsenter -n -t {os.getpid()} true 2>/dev/null")
        found["out by descriptor"] = await inside(network, f"nsenter {spaces} true 2>/dev/null")
        found["another network"] = await inside(network, "unshare -n true 2>/dev/null")
        found["loopback down"] = await inside(network, "unshare -r ip link set lo down 2>/dev/null || echo no")
        found["the keeper"] = await inside(
            network, f"kill -0 {of_keeper} 2>/dev/null || ls -d /proc/{of_keeper} 2>/dev/null"
        )
        found.update(await _service(network))
        found["machine"] = await _answer(asyncio.open_connection("127.0.0.1", SERVICE_PORT))
    found["told"] = " ".join(f"{one.host}:{one.verdict}" for one in asked)
    found["keeper gone"] = str(not Path(f"/proc/{of_keeper}").exists())
    closed = await asyncio.create_subprocess_exec(*network.enter, "true", stderr=subprocess.DEVNULL)
    found["entered after the end"] = f"exit {await closed.wait()}"
    outside.shutdown()
    return found


async def _service(network: Network) -> dict[str, str]:
    """A service inside, asked by the runtime and by another command."""
    service = await asyncio.create_subprocess_exec(
        *network.enter, *WALLS, PYTHON, "-m", "http.server", str(SERVICE_PORT), stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while (asked := await _answer(network.connect("localhost", SERVICE_PORT))) == "ConnectionRefusedError":
            await asyncio.sleep(0.02)
        other = await inside(network, f"(exec 3<>/dev/tcp/127.0.0.1/{SERVICE_PORT}) && echo connected")
        return {"runtime asks": asked, "command asks": other}
    finally:
        service.kill()
        await service.wait()


async def _answer(connecting: object) -> str:
    try:
        _, writer = await connecting  # type: ignore[misc]
    except OSError as error:
        return type(error).__name__
    writer.close()
    return "connected"


async def _stay() -> None:
    async with open_network(Level.BUBBLEWRAP):
        sys.stdout.write(f"{keeper()}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["stay"]:
        asyncio.run(_stay())
    else:
        sys.stdout.write(json.dumps(asyncio.run(tried())))
