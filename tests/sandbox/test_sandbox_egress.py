"""The proxy: what it opens, what it refuses and how it says so, and secrets that only it knows."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from network_cases import LOOPBACK, Certificates, certificates, here, proxying, serving

from waypost.documents.model import AllowedHost
from waypost.sandbox.allow import host_name, listed, refused_address
from waypost.sandbox.egress import MOST_AT_ONCE, Asked
from waypost.sandbox.egress_request import LONGEST_HEAD, BadRequest, read_request

FETCH = """
import sys, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1]).read())
except OSError as error:
    print(error)
"""
GET = b"GET / HTTP/1.1\r\nHost: api.example\r\n\r\n"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates"))


def first_line(answer: bytes) -> str:
    return answer.split(b"\r\n")[0].decode()


def test_a_tunnel_to_a_listed_host_is_opened_and_told_with_its_bytes() -> None:
    async def play() -> None:
        async with serving() as server, proxying(here("api.example", server.port)) as proxy:
            answer = await proxy.connect(f"API.example.:{server.port}", GET)
            assert answer.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK")
            received = len(answer.partition(b"\r\n\r\n")[2])
            assert server.heads == [GET.decode()]
            await proxy.told(1)
        assert proxy.asked == [Asked("api.example", server.port, "opened", "", len(GET), received)]

    asyncio.run(play())


def test_a_host_or_port_that_is_not_listed_is_refused_with_the_line_that_opens_it() -> None:
    async def play() -> None:
        async with proxying(AllowedHost("api.example")) as proxy:
            other = await proxy.connect("other.example:443")
            port = await proxy.connect("api.example:22")
            below = await proxy.connect("x.api.example:443")
            plain = await proxy.get("http://api.example/")
        assert first_line(other).startswith("HTTP/1.1 403 other.example:443 is not opened by PROMPT.md; ")
        assert b"a person can add `- Network: other.example:443` under Permissions in PROMPT.md\n" in other
        assert b"`- Network: api.example:22`" in port
        assert b"`- Network: x.api.example:443`" in below
        assert b"`- Network: api.example:80`" in plain
        assert [(one.host, one.port, one.verdict) for one in proxy.asked] == [
            ("other.example", 443, "refused"),
            ("api.example", 22, "refused"),
            ("x.api.example", 443, "refused"),
            ("api.example", 80, "refused"),
        ]
        assert proxy.resolved == []  # the name of what is refused is never asked for: it could carry data out

    asyncio.run(play())


@pytest.mark.parametrize(
    "place",
    ["127.0.0.1:80", "2130706433:80", "0x7f000001:80", "017700000001:80", "127.1:80", "[::1]:80", "::1", "1.1.1.1:443",
     "0x7f.0.0.0x1:80", "1.1.1.1.:443", "[::ffff:7f00:1]:443"],
)  # fmt: skip
def test_a_bare_address_is_refused_in_every_form(place: str) -> None:
    async def play() -> None:
        async with proxying(here("*.example", 443), here("127.0.0.1", 80)) as proxy:
            answers = [await proxy.connect(place), await proxy.get(f"http://{place}/")]
        for answer in answers:
            assert first_line(answer).startswith("HTTP/1.1 400 ")
        assert b"bare address; only hosts are opened, by their names" in answers[0]
        assert [one.verdict for one in proxy.asked] == ["refused", "refused"]
        assert proxy.asked[0].host == place

    asyncio.run(play())


def test_a_listed_name_at_a_private_address_is_refused_unless_a_human_said_private() -> None:
    async def play() -> None:
        async with serving() as server:
            names: dict[str, Sequence[str]] = {"both.example": ["93.184.216.34", "127.0.0.1"]}
            hosts = (AllowedHost("api.example", server.port), AllowedHost("both.example", server.port))
            async with proxying(*hosts, names=names) as proxy:
                answer = await proxy.connect(f"api.example:{server.port}", GET)
                both = await proxy.connect(f"both.example:{server.port}", GET)
            assert first_line(answer).startswith("HTTP/1.1 403 api.example: 127.0.0.1 is in a private network")
            assert f"`- Network: api.example:{server.port} private`".encode() in answer
            assert first_line(both).startswith("HTTP/1.1 403 both.example: 127.0.0.1")
            assert server.connections == 0

    asyncio.run(play())


def test_a_name_is_resolved_once_so_that_it_can_not_point_elsewhere_after_the_check() -> None:
    async def play() -> None:
        async with serving() as server, proxying(here("no-such-name.invalid", server.port)) as proxy:
            # The machine's resolver does not know that name: only the checked address can have been used.
            answer = await proxy.connect(f"no-such-name.invalid:{server.port}", GET)
        assert b"hello" in answer
        assert proxy.resolved == ["no-such-name.invalid"]

    asyncio.run(play())


LOCAL = ["10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "127.9.9.9", "::1", "fd12::1",
         "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::10.0.0.1", "2002:0a00:0001::", "::10.0.0.1"]  # fmt: skip
NEVER = ["0.0.0.0", "::", "169.254.169.254", "fe80::1", "fe80::1%eth0", "100.100.100.200", "168.63.129.16",
         "224.0.0.1", "ff02::1", "255.255.255.255", "192.0.0.192", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
         "fd00:ec2::254", "2002:a9fe:a9fe::", "2001::1", "198.18.0.1", "240.0.0.1"]  # fmt: skip


def test_addresses_are_sorted_into_outside_local_and_never() -> None:
    for address in ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"]:
        assert refused_address([address], private=False) == ""
    for address in LOCAL:
        assert "private network" in refused_address([address], private=False), address
        assert refused_address([address], private=True) == "", address
    for address in NEVER:
        assert "never opened" in refused_address([address], private=True), address
    assert refused_address(["93.184.216.34", "10.0.0.1"], private=False).startswith("10.0.0.1 ")


def test_patterns_cover_all_below_and_a_whole_name_comes_first() -> None:
    hosts = [AllowedHost("*.example.com"), AllowedHost("a.example.com", secret="KEY"), AllowedHost("*.b.example.com")]
    assert listed(hosts, "a.example.com", 443) == hosts[1]
    assert listed(hosts, "x.y.example.com", 443) == hosts[0]
    assert listed(hosts, "x.b.example.com", 443) == hosts[2]
    assert listed(hosts, "example.com", 443) is None
    assert listed(hosts, "evilexample.com", 443) is None
    assert listed(hosts, "a.example.com", 80) is None


def test_a_secret_is_added_over_tls_and_the_agents_own_header_is_dropped(own: Certificates) -> None:
    async def play() -> None:
        async with serving(own.server) as server:
            host = here("api.example", server.port, secret="EXAMPLE_KEY", header="X-Api-Key", prefix="")
            async with proxying(host, secrets={"EXAMPLE_KEY": "s3cret\n"}, tls=own.client) as proxy:
                url = f"http://api.example:{server.port}/v1?q=1"
                answer = await proxy.get(url, "x-api-key: mine", "Connection: X-Drop", "X-Drop: 1", "Accept: a/b")
        assert answer.endswith(b"hello")
        assert b"s3cret" not in answer
        (head,) = server.heads
        assert head.split("\r\n") == [
            "GET /v1?q=1 HTTP/1.1", f"Host: api.example:{server.port}", "Accept: a/b", "X-Api-Key: s3cret",
            "Connection: close", "", "",
        ]  # fmt: skip
        assert [(one.host, one.port, one.verdict) for one in proxy.asked] == [("api.example", server.port, "opened")]

    asyncio.run(play())


def test_a_secret_is_for_port_443_though_it_is_asked_at_80() -> None:
    async def play() -> None:
        hosts = (AllowedHost("api.example", 443, secret="KEY"), AllowedHost("api.example", 80))
        async with proxying(*hosts, secrets={"KEY": "x"}) as proxy:
            await proxy.get("http://api.example/")
            await proxy.get("http://api.example:80/")
        assert [one.port for one in proxy.asked] == [443, 443]

    asyncio.run(play())


def test_a_secret_never_goes_into_a_tunnel() -> None:
    async def play() -> None:
        async with serving() as server:
            host = here("api.example", server.port, secret="KEY")
            async with proxying(host, secrets={"KEY": "s3cret"}) as proxy:
                await proxy.connect(f"api.example:{server.port}", GET)
        assert server.heads == [GET.decode()]

    asyncio.run(play())


def test_a_server_with_an_unknown_certificate_never_gets_the_secret(own: Certificates) -> None:
    async def play() -> None:
        async with serving(own.server) as server:
            wrong = here("other.example", server.port, secret="KEY")
            right = here("api.example", server.port, secret="KEY")
            async with proxying(wrong, secrets={"KEY": "s3cret"}, tls=own.client) as proxy:
                name = await proxy.get(f"http://other.example:{server.port}/")
            async with proxying(right, secrets={"KEY": "s3cret"}) as proxy:
                authority = await proxy.get(f"http://api.example:{server.port}/")
        for answer in (name, authority):
            assert first_line(answer).startswith("HTTP/1.1 502 ")
            assert b"CERTIFICATE_VERIFY_FAILED" in answer
        assert server.heads == []

    asyncio.run(play())


@pytest.mark.parametrize(
    ("secrets", "told"),
    [({}, b"KEY, the secret for api.example, is not set; set it"), ({"KEY": "a\r\nb"}, b"KEY holds characters")],
)
def test_a_secret_that_is_missing_or_broken_is_told(secrets: dict[str, str], told: bytes) -> None:
    async def play() -> None:
        async with proxying(here("api.example", 443, secret="KEY"), secrets=secrets) as proxy:
            assert told in await proxy.get("http://api.example/")
        assert proxy.asked[0].verdict == "refused"

    asyncio.run(play())


def test_a_plain_request_is_sent_on_with_its_body_and_a_second_one_behind_it_is_not() -> None:
    async def play() -> None:
        async with serving() as server, proxying(here("api.example", server.port)) as proxy:
            second = f"GET http://api.example:{server.port}/second HTTP/1.1\r\n\r\n"
            head = f"POST http://api.example:{server.port}/x HTTP/1.1\r\nHost: evil\r\nContent-Length: 4\r\n\r\n"
            answer = await proxy.send((head + "body" + second).encode())
        assert answer.endswith(b"hello")
        assert server.bodies == [b"body"]
        assert server.heads[0].startswith(f"POST /x HTTP/1.1\r\nHost: api.example:{server.port}\r\n")
        assert proxy.asked[0].sent == 4

    asyncio.run(play())


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"CONNECT api.example:99999 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT user@api.example:443 HTTP/1.1\r\n\r\n", 400),
        (b"GET https://api.example/ HTTP/1.1\r\n\r\n", 400),
        (b"GET http://user:x@api.example/ HTTP/1.1\r\n\r\n", 400),
        (b"GET http://api.example/ HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400),
        (b"GET http://api.example/ HTTP/1.1\r\nA : b\r\n\r\n", 400),
        (b"GET http://api.example/ HTTP/1.1\r\nA: b\nC: d\r\n\r\n", 400),
        (b"POST http://api.example/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST http://api.example/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST http://api.example/ HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST http://api.example/ HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400),
        (b"GET http://api.example/" + b"a" * (LONGEST_HEAD + 1) + b" HTTP/1.1\r\n\r\n", 400),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_and_nothing_is_opened(data: bytes, status: int) -> None:
    async def play() -> None:
        async with proxying(here("api.example", 80), here("api.example", 443)) as proxy:
            assert first_line(await proxy.send(data)).startswith(f"HTTP/1.1 {status} ")
        assert [one.verdict for one in proxy.asked] == ["refused"]
        assert proxy.resolved == []

    asyncio.run(play())


def test_a_host_that_is_not_there_or_not_known_is_told() -> None:
    async def play() -> None:
        async with proxying(here("api.example", 1), here("none.example", 1), names={"none.example": []}) as proxy:
            gone = await proxy.connect("api.example:1")
            none = await proxy.connect("none.example:1")
        assert first_line(gone).startswith("HTTP/1.1 502 api.example:1 can't be connected to: ")
        assert first_line(none).startswith("HTTP/1.1 502 none.example:1 can't be connected to: it has no address")

    asyncio.run(play())


def test_more_connections_than_allowed_are_refused_and_the_others_live() -> None:
    async def play() -> None:
        async with serving() as server, proxying(here("api.example", server.port)) as proxy:
            idle = [await asyncio.open_connection(LOOPBACK, proxy.port) for _ in range(MOST_AT_ONCE)]
            await asyncio.sleep(0)
            assert first_line(await proxy.connect(f"api.example:{server.port}", GET)).startswith("HTTP/1.1 503 ")
            for _, writer in idle:
                writer.close()
            await proxy.told(MOST_AT_ONCE + 1)
            assert b"hello" in await proxy.connect(f"api.example:{server.port}", GET)

    asyncio.run(play())


def test_closing_ends_what_is_open_and_tells_it() -> None:
    async def play() -> None:
        async with serving() as server, proxying(here("api.example", server.port)) as proxy:
            reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
            writer.write(f"CONNECT api.example:{server.port} HTTP/1.1\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
        assert proxy.asked == [Asked("api.example", server.port, "opened", "ended with the network")]
        writer.close()

    asyncio.run(play())


def test_where_others_could_reach_it_the_proxy_asks_for_its_password() -> None:
    async def play() -> None:
        async with serving() as server, proxying(here("localhost", server.port), token="t0ken") as proxy:
            refused = await proxy.connect(f"localhost:{server.port}", GET)
            place = f"http://localhost:{server.port}/"
            for password, answer in (("t0ken", "hello"), ("wrong", "407")):
                told = await run("curl", "-sS", "-x", f"http://waypost:{password}@{LOOPBACK}:{proxy.port}",
                                 "--noproxy", "", "-w", "%{http_code}", place)  # fmt: skip
                assert answer in told
        assert first_line(refused).startswith("HTTP/1.1 407 ")
        assert "roxy-" not in server.heads[0]

    asyncio.run(play())


async def run(*argv: str, **variables: str) -> str:
    """A program's output, with nothing in its environment but what is given and PATH."""
    import os

    made = await asyncio.create_subprocess_exec(
        *argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={"PATH": os.environ["PATH"], **variables}
    )
    return (await made.communicate())[0].decode()


def test_curl_and_python_reach_a_tls_server_through_the_proxy_and_are_told_of_refusals(own: Certificates) -> None:
    async def play() -> None:
        async with serving(own.server) as server, proxying(here("api.example", server.port)) as proxy:
            address = f"http://{LOOPBACK}:{proxy.port}"
            certificate = str(own.authority)
            for place, told in (("api.example", "hello"), ("other.example", "403")):
                url = f"https://{place}:{server.port}/"
                assert told in await run("curl", "-sS", "--cacert", certificate, url, https_proxy=address)
                variables = {"https_proxy": address, "SSL_CERT_FILE": certificate}
                assert told in await run(sys.executable, "-c", FETCH, url, **variables)

    asyncio.run(play())


def test_git_clones_over_http_through_the_proxy(tmp_path: Path) -> None:
    async def play() -> None:
        for words in (["init", "-q", "work"], ["-C", "work", "commit", "-q", "--allow-empty", "-m", "x"],
                      ["clone", "-q", "--bare", "work", "bare.git"],
                      ["-C", "bare.git", "update-server-info"]):  # fmt: skip
            identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
            subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)
        server = await asyncio.create_subprocess_exec(
            sys.executable, "-u", "-m", "http.server", "0", "--bind", LOOPBACK,
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            assert server.stdout is not None
            port = int((await server.stdout.readline()).split()[5])
            async with proxying(here("git.example", port)) as proxy:
                variables = {"http_proxy": f"http://{LOOPBACK}:{proxy.port}", "HOME": str(tmp_path)}
                url = f"http://git.example:{port}/bare.git"
                told = await run("git", "clone", "-q", url, str(tmp_path / "clone"), **variables)
                assert (tmp_path / "clone" / ".git" / "HEAD").exists(), told
                assert "403" in await run("git", "ls-remote", "http://other.example/x.git", **variables)
        finally:
            server.terminate()
            await server.wait()

    asyncio.run(play())


PIECES = st.sampled_from(
    [b"GET", b"CONNECT", b"POST", b" ", b" HTTP/1.1", b"\r\n", b"\n", b"http://", b"api.example", b":443", b"/",
     b"?a=b", b"Host: x", b"Content-Length: 3", b"Transfer-Encoding: chunked", b"Connection: host", b"@", b"[::1]",
     b"\xff", b"\x00",
     b"Proxy-Authorization: Basic eDp5", b"%0d%0a", b"#", b"//", b"\\", b"127.1"]
)  # fmt: skip


@given(st.lists(PIECES | st.binary(max_size=6), max_size=14).map(b"".join))
@example(b"GET http://api.example/\xc3\xa9 HTTP/1.1")
@example("CONNECT b\u00fccher.example:443 HTTP/1.1".encode())
def test_no_head_raises_anything_else_and_what_is_read_can_not_break_lines(head: bytes) -> None:
    with suppress(BadRequest):
        request = read_request(head + b"\r\n\r\n")
        assert host_name(request.host) == request.host
        written = request.for_server("authority", ("X-Key", "value"))
        first, *lines, end, rest = written.split(b"\r\n")
        assert (end, rest) == (b"", b"")
        assert first.count(b" ") == 2
        assert lines[0] == b"Host: authority"
        assert sum(line.lower().startswith((b"host:", b"x-key:")) for line in lines) == 2
        assert b"\n" not in written.replace(b"\r\n", b"")


@given(st.text(max_size=80))
@example("xn--a.example")
@example("a" * 300)
def test_no_text_makes_a_name_raise_and_names_stay_as_they_are(text: str) -> None:
    name = host_name(text)
    assert name is None or (name.isascii() and host_name(name) == name)
