"""A network of its own for commands: loopback alone, shared by those that are put into it, and listed hosts."""

from __future__ import annotations

import asyncio
import os
import secrets as randomness
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from waypost.sandbox.allow import Host
from waypost.sandbox.egress import Asked, Egress
from waypost.sandbox.egress_request import LONGEST_HEAD
from waypost.sandbox.network_keeper import PROXY_PORT
from waypost.sandbox.sandbox import SandboxError
from waypost.sandbox.variables import command_variables
from waypost.sandbox.walls import Level, SharedNetwork

_START_SECONDS = 20.0
_ANSWER_SECONDS = 5.0
_CONNECT_SECONDS = 10.0
_PROXY_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_NOT_BY_PROXY = "127.0.0.1,localhost,::1"


class NetworkError(SandboxError):
    """The network could not be made; the text says what happened and the mend."""


class Network:
    """A network while it is open. At levels without namespaces it is the machine's own."""

    def __init__(self, keeper: Keeper | None, enter: tuple[str, ...], proxy: str) -> None:
        """`proxy` is the address of the proxy as commands see it; empty without one."""
        self._keeper = keeper
        self._enter = enter
        self._proxy = proxy

    @property
    def enter(self) -> tuple[str, ...]:
        """See SharedNetwork.enter."""
        return self._enter

    @property
    def variables(self) -> dict[str, str]:
        """See SharedNetwork.variables. In both cases: some programs read only one of them."""
        if not self._proxy:
            return {}
        values = {**dict.fromkeys(_PROXY_NAMES, self._proxy), "NO_PROXY": _NOT_BY_PROXY}
        return {**values, **{name.lower(): value for name, value in values.items()}}

    async def connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection from inside the network. Raises OSError, if nobody answers or the network has ended."""
        if self._keeper is None:
            return await asyncio.open_connection(host, port)
        loop = asyncio.get_running_loop()
        last: OSError = OSError(f"{host} has no address")
        for family, _, _, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            made = self._keeper.socket(b"6" if family == socket.AF_INET6 else b"4")
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await loop.sock_connect(made, address)
                return await asyncio.open_connection(sock=made)
            except OSError as error:  # TimeoutError is one
                made.close()
                last = error
            except BaseException:
                made.close()
                raise
        raise last


@asynccontextmanager
async def open_network(
    level: Level,
    *,
    hosts: Sequence[Host] = (),
    secrets: Mapping[str, str] | None = None,
    on_asked: Callable[[Asked], None] | None = None,
) -> AsyncIterator[Network]:
    """A network for commands held at `level`, with a proxy if `hosts` are opened; leaving it ends all connections.

    `secrets` are the credentials that hosts name, by their names. Raises NetworkError.
    """
    async with AsyncExitStack() as stack:
        keeper: Keeper | None = None
        enter: tuple[str, ...] = ()
        if level is Level.BUBBLEWRAP:
            keeper = Keeper()
            stack.callback(keeper.close)
            await keeper.stands()
            enter = keeper.enter
        proxy = ""
        if hosts:
            token = "" if keeper else randomness.token_urlsafe(24)  # without walls others could reach it too
            egress = Egress(hosts, secrets=secrets, on_asked=on_asked, token=token)
            listener = keeper.socket(b"proxy") if keeper else socket.create_server(("127.0.0.1", 0))
            server = await asyncio.start_server(egress.serve, sock=listener, limit=LONGEST_HEAD, backlog=128)
            stack.push_async_callback(egress.close)
            stack.callback(server.close)
            port = PROXY_PORT if keeper else listener.getsockname()[1]
            proxy = f"http://{f'waypost:{token}@' if token else ''}127.0.0.1:{port}"
        yield Network(keeper, enter, proxy)


class Keeper:
    """The process that holds a network namespace open; see network_keeper.py for what is said between the two."""

    def __init__(self) -> None:
        """Starts it. Raises NetworkError."""
        self._nsenter = which("nsenter")
        if self._nsenter is None:
            raise NetworkError("no nsenter on PATH; install util-linux (Debian: apt install util-linux)")
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                (sys.executable, "-I", "-S", str(Path(__file__).with_name("network_keeper.py")), str(theirs.fileno())),
                env=command_variables(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=(theirs.fileno(),),
            )
        self._held: list[int] = []

    async def stands(self) -> None:
        """Waits until the network is there. Raises NetworkError."""
        arrived, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(self._control, arrived.set)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await arrived.wait()
            self._control.settimeout(_ANSWER_SECONDS)
            told, self._held = self._receive(2)
        except OSError as error:
            raise NetworkError(f"no network for commands: its keeper does not answer ({error})") from error
        finally:
            loop.remove_reader(self._control)
        if told != b"ready":
            why = told.decode(errors="replace") or "its keeper ended at once"
            mend = "allow user namespaces (sysctl user.max_user_namespaces)"
            raise NetworkError(f"no network for commands: {why}; {mend}")

    @property
    def enter(self) -> tuple[str, ...]:
        """See SharedNetwork.enter.

        By our own descriptors and not by the keeper's id: an id may be somebody else's by then, and what
        follows would run in the machine's own network.
        """
        ours = f"/proc/{os.getpid()}/fd"
        spaces = [f"--net={ours}/{self._held[0]}", *(f"--user={ours}/{number}" for number in self._held[1:])]
        return (str(self._nsenter), "--preserve-credentials", *spaces, "--")

    def socket(self, kind: bytes) -> socket.socket:
        """A TCP socket of the network which does not block: of kind `4`, `6` or `proxy`. Raises OSError.

        The call itself blocks, for some microseconds: the keeper does nothing but wait for it.
        """
        try:
            self._control.send(kind)
            told, descriptors = self._receive(1)
        except OSError as error:
            raise ConnectionError(f"the network's keeper does not answer: {error}") from error
        if not descriptors:
            raise ConnectionError(told.decode(errors="replace") or "the network's keeper has ended")
        made = socket.socket(fileno=descriptors[0])
        made.setblocking(False)
        return made

    def close(self) -> None:
        """Ends the keeper; the namespace goes with the last process in it."""
        self._control.close()
        for descriptor in self._held:
            os.close(descriptor)
        self._held = []
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_ANSWER_SECONDS)
            return
        self._process.kill()
        self._process.wait()

    def _receive(self, most: int) -> tuple[bytes, list[int]]:
        told, descriptors, _, _ = socket.recv_fds(self._control, 512, most)
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        return told, descriptors


if TYPE_CHECKING:

    def _is_shared_network(network: Network) -> SharedNetwork:
        return network
