"""A set-up runs what an agent may have written: it reaches its environment, its checkout, and packages."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from runs_cases import git, write
from setting_up_cases import PLAN, built, place_with, said

from waypost.environment.errors import SetupFailed

LEVELS = ("bubblewrap", "landlock")


@pytest.mark.parametrize("level", LEVELS)
def test_a_set_up_writes_into_its_environment_and_checkout_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    home, outside = tmp_path / "people" / "me", tmp_path / "outside"
    outside.mkdir()
    write(home / ".ssh/id_ed25519", "a private key\n")
    write(home / "notes.txt", "a diary\n")
    monkeypatch.setenv("HOME", str(home))
    root = tmp_path / "repository"
    writes = (
        "/$AT/people/me/planted",
        "/$AT/outside/planted",
        "/$AT/repository/planted",
        "/$AT/repository/.agent/thing/PLAN.md",
        "/$AT/repository/.waypost/state.db",
        "/$AT/repository/.git/hooks/planted",
        "$WAYPOST_ENVIRONMENT/../waypost-environment.json",
    )
    reads = (
        "/$AT/people/me/.ssh/id_ed25519",
        "/$AT/people/me/notes.txt",
        "/$AT/repository/.agent/thing/PLAN.md",
        "/$AT/repository/.waypost/state.db",
        "/$AT/home/x/environments/other/secret",
    )
    honest = (
        "echo built > ./here",
        'cp a.txt "$WAYPOST_ENVIRONMENT/copy"',
        'echo x > "$HOME/own"',
        "mktemp > /dev/null",
        "echo x > .git",
    )
    plants = [f'( echo x >> "{path}" ) 2>/dev/null || true' for path in writes]
    looks = [f'! cat "{path}" 2>/dev/null || echo "{path}"' for path in reads]
    setup = "\n".join([*honest, "{", *looks, 'echo done; } > "$WAYPOST_ENVIRONMENT/said"', *plants])
    place = place_with(tmp_path, setup)
    write(tmp_path / "home/x/environments/other/secret", "x")
    assert said(place, level=level) == "done\n"
    assert said(place, "copy", level) == "one\n"
    assert not list(outside.iterdir())
    assert not list(tmp_path.rglob("planted"))
    assert (root / ".agent/thing/PLAN.md").read_text() == PLAN
    assert not git(root, "status", "--porcelain").replace("?? .waypost/", "")
    assert not list(tmp_path.rglob("scratch")), "what it wrote beside its environment is gone"
    assert not list((tmp_path / "home").glob("*/checkouts/clean-*"))


def test_without_a_sandbox_a_set_up_runs_plainly(tmp_path: Path) -> None:
    place = place_with(tmp_path, "echo x > /$AT/outside")
    assert built(place, "none", unsafe=True).built
    assert (tmp_path / "outside").exists()


def test_pips_configuration_reaches_the_set_up_and_npms_keys_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "people" / "me"
    write(home / "wheels/tiny.whl", "a wheel\n")
    write(home / ".config/pip/pip.conf", "[global]\nfind-links = ~/wheels\n")
    write(home / ".npmrc", "registry=https://npm.corp/\n//npm.corp/:_authToken=hunter2\n_auth=hunter2\n")
    monkeypatch.setenv("HOME", str(home))
    setup = (
        'cat "$npm_config_userconfig" ~/.config/p?p/*.conf "$(sed -n s/find-links.=.//p ~/.config/p?p/*.conf)/tiny.whl"'
    )
    told = said(place_with(tmp_path, f'{setup} > "$WAYPOST_ENVIRONMENT/said"'))
    assert told == f"registry=https://npm.corp/\n[global]\nfind-links = {home}/wheels\na wheel\n"


def test_a_key_in_gits_configuration_is_hidden_and_the_history_is_not(tmp_path: Path) -> None:
    setup = 'git log --format=%s -1 > "$WAYPOST_ENVIRONMENT/said"; cat "$(git rev-parse --git-common-dir)/config" >&2'
    place = place_with(tmp_path, setup)
    git(place.root, "remote", "add", "origin", "https://me:hunter2@localhost/x.git")
    environment = built(place)
    assert environment.folder
    assert environment.log_path
    assert (environment.folder / "said").read_text() == "documents\n"
    assert "hunter2" not in environment.log_path.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("bullets", "reaches"), [("", True), ("- Network: any\n", True), ("- Network: none\n", False)])
def test_a_set_up_has_the_machines_network_unless_the_target_says_otherwise(
    tmp_path: Path, level: str, bullets: str, reaches: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ask = f"( : < /dev/tcp/127.0.0.1/{server.getsockname()[1]} ) 2>/dev/null"
        place = place_with(tmp_path, f'if {ask}; then echo 1; else echo 0; fi > "$WAYPOST_ENVIRONMENT/said"', bullets)
        assert said(place, level=level) == f"{int(reaches)}\n"


ASK = """\
"$PYTHON" - > "$WAYPOST_ENVIRONMENT/said" <<'END'
import os, urllib.request
for port in ({listed}, {other}):
    try:
        print(urllib.request.urlopen(f"http://localhost:{{port}}/", timeout=10).read().decode())
    except OSError as problem:
        print(type(problem).__name__)
END
"""


def test_listed_hosts_are_reached_through_the_proxy_and_each_connection_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as other:
        listed, refused = server.getsockname()[1], other.getsockname()[1]
        threading.Thread(target=_answer_once, args=(server,), daemon=True).start()
        setup = "unset no_proxy NO_PROXY\n" + ASK.format(listed=listed, other=refused)
        place = place_with(
            tmp_path, setup, f"- Network: localhost:{listed} private\n- Variable: PYTHON=/usr/bin/python3\n"
        )
        environment = built(place)
    assert environment.folder
    assert environment.log_path
    assert (environment.folder / "said").read_text() == "hello\nHTTPError\n"
    log = environment.log_path.read_text()
    assert f"waypost: network: localhost:{listed} opened" in log
    assert f"waypost: network: localhost:{refused} refused" in log


def _answer_once(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")


def test_where_hosts_can_not_be_held_a_set_up_has_no_network_and_its_log_says_so(tmp_path: Path) -> None:
    place = place_with(tmp_path, 'echo hi; : > "$WAYPOST_ENVIRONMENT/said"', "- Network: packages.example:443\n")
    environment = built(place, "landlock")
    assert environment.log_path
    assert "can't be held at this level of sandbox" in environment.log_path.read_text()


@pytest.mark.parametrize(
    ("setup", "message"),
    [
        ("echo broken; exit 3", "failed with exit code 3"),
        ("kill -9 $$", "signal 9"),
        ("ulimit -f 1; head -c 9000 /dev/zero > x", "file size"),
    ],
)
def test_a_set_up_that_fails_is_told_with_what_it_wrote(tmp_path: Path, setup: str, message: str) -> None:
    with pytest.raises(SetupFailed, match=message):
        built(place_with(tmp_path, setup))


def test_what_a_set_up_leaves_running_is_ended_with_it(tmp_path: Path) -> None:
    place = place_with(tmp_path, 'setsid bash -c "sleep 3; echo late > $WAYPOST_ENVIRONMENT/late" & true')
    folder = built(place).folder
    assert folder
    assert not list(folder.iterdir())


def test_a_path_that_the_target_names_in_a_variable_is_shown_and_stays_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "wheels/a.whl", "a wheel\n")
    setup = 'cat "$WHEELS/a.whl" > "$WAYPOST_ENVIRONMENT/said"; ! echo x > "$WHEELS/a.whl"'
    assert said(place_with(tmp_path, setup, f"- Variable: WHEELS={tmp_path}/wheels\n")) == "a wheel\n"
    assert (tmp_path / "wheels/a.whl").read_text() == "a wheel\n"
