"""`## Permissions`: which bullets open a host, and which are free text."""

from __future__ import annotations

import re

import pytest
from documents_cases import target
from hypothesis import example, given
from hypothesis import strategies as st

from waypost.documents.errors import Report
from waypost.documents.model import AllowedHost
from waypost.documents.permissions import read_permissions


def permissions(*bullets: str) -> tuple[tuple[AllowedHost, ...], tuple[str, ...], list[str]]:
    report = Report("PROMPT.md")
    hosts, texts = read_permissions([(number, text) for number, text in enumerate(bullets, 1)], report)
    return hosts, texts, [str(one) for one in report.found]


def opened(bullet: str) -> AllowedHost:
    (host,), _, found = permissions(bullet)
    assert found == []
    return host


def test_hosts_are_read_from_the_target_and_the_rest_stays_free_text() -> None:
    read, found = target(
        "# T\n\n## Goals\n\nx\n\n## Done when\n\ny\n\n## Permissions\n\n- Read files,\n  all of them\n"
        "- Network: packages.example:443\n- Network: *.files.example:443\n- Note: nothing else\n"
    )
    assert found == []
    assert read.permissions == ("Read files, all of them", "Note: nothing else")
    assert read.hosts == (
        AllowedHost("packages.example", line=15),
        AllowedHost("*.files.example", line=16),
    )


@pytest.mark.parametrize(
    ("bullet", "host"),
    [
        ("Network: packages.example", AllowedHost("packages.example", 443)),
        ("host: `Packages.Example.:8443`", AllowedHost("packages.example", 8443)),
        ("**Network:** \\*.Example.COM:443", AllowedHost("*.example.com", 443)),
        ("Network:packages.example:80", AllowedHost("packages.example", 80)),
        ("Network: gitlab.corp:443 private", AllowedHost("gitlab.corp", private=True)),
        ("Network: registry:5000 private", AllowedHost("registry", 5000, private=True)),
        ("Network: bücher.example", AllowedHost("xn--bcher-kva.example")),
        ("Network: api.example.com secret EXAMPLE_KEY", AllowedHost("api.example.com", secret="EXAMPLE_KEY")),
        (
            "Network: api.example.com:443 secret EXAMPLE_KEY as “X-Api-Key:”",
            AllowedHost("api.example.com", secret="EXAMPLE_KEY", header="X-Api-Key", prefix=""),
        ),
        (
            'Network: git.corp:8443 secret KEY as "Authorization: token" private',
            AllowedHost("git.corp", 8443, private=True, secret="KEY", prefix="token"),
        ),
    ],
)
def test_a_host_is_read(bullet: str, host: AllowedHost) -> None:
    from dataclasses import replace

    assert replace(opened(bullet), line=0) == host


def test_no_network_can_be_said_too() -> None:
    assert permissions("Network: none", "Network: off.") == ((), (), [])


@pytest.mark.parametrize(
    ("bullet", "message"),
    [
        ("Network:", "names no host; write `- Network: HOST:PORT`"),
        ("Network: packages.example:", '"" is no port; write a number from 1 to 65535'),
        ("Network: packages.example:https", '"https" is no port'),
        ("Network: packages.example:0", '"0" is no port'),
        ("Network: packages.example:65536", '"65536" is no port'),
        ("Network: https://packages.example/all/", "whole hosts are opened; write `- Network: packages.example:443`"),
        ("Network: http://packages.example", "write `- Network: packages.example:80`"),
        ("Network: packages.example/simple", "write `- Network: packages.example:443`"),
        ("Network: 10.0.0.1:443", "bare address, and those are never opened; write the host's name"),
        ("Network: 127.1", "bare address"),
        ("Network: 2130706433:80", "bare address"),
        ("Network: 0x7f000001", "bare address"),
        ("Network: [::1]:80", "bare address"),
        ("Network: ::1", "bare address"),
        ("Network: *", "would open too much; name the hosts"),
        ("Network: *.com", "would open too much"),
        ("Network: *:443", "would open too much"),
        ("Network: a*.example.com", "would open too much"),
        ("Network: straße.example", "two different hosts; write it in its ASCII form"),
        ("Network: -x-.example", "is no host's name"),
        ("Network: a..b", "is no host's name"),
        ("Network: registry:5000", "local network; write `- Network: registry:5000 private`"),
        ("Network: a.example, b.example", "several hosts; give each a bullet of its own"),
        ("Network: a.example b.example", "several hosts"),
        ("Network: a.example privat", 'unknown word "privat"; did you mean "private"?'),
        ("Network: a.example whenever", 'unknown word "whenever"; known are `private`'),
        ("Network: a.example private private", '"private" is there twice; keep one'),
        ("Network: a.example secret", "names no variable for its secret; write `secret NAME`"),
        ("Network: a.example secret as x", "names no variable for its secret"),
        ("Network: a.example secret KEY as", "names no header for its secret"),
        ('Network: a.example secret KEY as "Host: x"', "names no header for its secret"),
        ('Network: a.example secret KEY as "X: a b"', "names no header for its secret"),
        ('Network: a.example secret KEY as "X: y', "a quote that is never closed"),
        ("Network: *.a.example secret KEY", "KEY would go to every host of *.a.example; name one host"),
        ("Network: a.example:80 secret KEY", "KEY would cross the network in the open; write a.example:443"),
        ("Netwrok: a.example", 'unknown field "Netwrok"; did you mean "Network:"?'),
        ("Hosts: a.example", 'unknown field "Hosts"; did you mean "Network:"?'),
        ("Network access: a.example", 'warning: "Network access:" opens no host; to open one'),
    ],
)
def test_a_near_miss_is_told_with_its_line_and_mend(bullet: str, message: str) -> None:
    hosts, _, (found,) = permissions("Read files", bullet)
    assert hosts == ()
    assert found.startswith("PROMPT.md:2: ")
    assert message in found


def test_a_host_that_is_opened_twice_is_told() -> None:
    hosts, _, found = permissions("Network: a.example", "Network: A.example:443 private", "Network: a.example:80")
    assert [host.port for host in hosts] == [443, 80]
    assert found == ["PROMPT.md:2: a.example:443 is opened twice; keep one"]


VALUES = st.text(max_size=40) | st.lists(
    st.sampled_from(
        ["a.example", "*.a.example", "*", ":443", ":", "private", "secret", "KEY", "as", '"X: y"', '"',
         "10.0.0.1", "0x1", "https://", "[::1]", ",", "é.example", "xn--a", "\\", "'", "localhost", ".", "none"]
    ),
    max_size=6,
).map(" ".join)  # fmt: skip


@given(st.sampled_from(["Network: ", "Host:", "", "Network", "**Network:** "]), VALUES)
@example("Network: ", "\ud7ff.example")
@example("Network: ", "xn--\u0131.a")
def test_no_bullet_raises_and_what_is_opened_is_narrow(field: str, value: str) -> None:
    hosts, texts, found = permissions(field + value)
    assert len(hosts) + len(texts) <= 1
    assert hosts or texts or found or value.strip(" .`").casefold() in {"none", "off", "no"}
    for host in hosts:
        assert re.fullmatch(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*", host.name)
        assert not re.fullmatch(r"[0-9]+|0x[0-9a-f]*", host.name.rpartition(".")[2])
        assert 0 < host.port < 65536
        assert host.private or "." in host.name
        assert host.secret is None or (host.port != 80 and "*" not in host.name)
