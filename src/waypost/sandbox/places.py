"""The machine's places that commands must not see: homes, temporary folders, secrets; and the tools that they may."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_SYSTEM = ("/usr", "/bin", "/sbin", "/etc", "/lib", "/lib64", "/proc", "/sys", "/dev", "/boot", "/nix", "/System")
_WHOLE = frozenset({"/", "/var", "/var/lib", "/opt", "/srv", "/mnt", "/Library", "/Applications"})
_SECRETS_OF_MACHINES = (
    "/etc/shadow*",
    "/etc/gshadow*",
    "/etc/ssh/ssh_host_*_key",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/ssl/private",
    "/etc/pki/tls/private",
    "/etc/letsencrypt",
    "/etc/wireguard",
    "/etc/krb5.keytab",
    "/etc/NetworkManager/system-connections",
    "/etc/apt/auth.conf*",
    "/etc/docker",
    "/etc/kubernetes",
    "/etc/rancher",
    "/var/lib/cloud",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/lib/rancher",
    "/var/spool/cron",
    "/var/mail",
    "/var/backups",
)
_SECRETS_OF_HOMES = (
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".pgpass",
    ".vault-token",
    ".password-store",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".config/gcloud",
    ".config/gh",
    ".config/op",
    ".config/git/credentials",
    ".local/share/keyrings",
    ".mozilla",
    ".claude",
    ".codex",
    ".gemini",
    ".bash_history",
    ".zsh_history",
    ".python_history",
)
_OF_PROGRAMS = frozenset({"bin", "sbin", "shims", "libexec", "condabin", "Scripts"})
_SHARED = ("", ".local", ".local/share", ".local/state", ".local/opt", ".config", ".cache", ".cargo", "Library", "opt")
"""Folders of a home that hold many programs' things: never shown as a whole."""
_MOST_LINKS = 2000


def temporary() -> tuple[str, ...]:
    """Folders that every command gets empty, for itself."""
    return ("/tmp", "/var/tmp", "/run")


def homes(home: str = "") -> tuple[str, ...]:
    """The folders that hold people's files: /root, /home, this user's, and `home` unless it is the system's."""
    import pwd

    try:
        own = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # an id without a name, as in containers
        own = ""
    named = ("/root", "/home", "/Users", "/var/root", own, os.environ.get("HOME", ""), home)
    found = (os.path.realpath(name) for name in named if name.startswith("/"))
    return tuple(dict.fromkeys(path for path in found if not _is_the_systems(path)))


def _is_the_systems(path: str) -> bool:
    return path in _WHOLE or any(is_within(path, system) for system in _SYSTEM)


def is_within(path: str, folder: str) -> bool:
    """Whether a path is the folder or lies below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


@cache
def machine_secrets() -> tuple[str, ...]:
    """What this user could read of the machine's secrets. Looked up once: it is the same for all commands."""
    found = [path for pattern in _SECRETS_OF_MACHINES for path in _matching(pattern)]
    return tuple(os.path.realpath(path) for path in found if os.access(path, os.R_OK) and not _is_empty(path))


def _matching(pattern: str) -> Iterator[str]:
    """What is there of a path whose last part may hold one star; `glob` takes longer to import than all to be found."""
    folder, _, name = pattern.rpartition("/")
    begin, star, end = name.partition("*")
    if not star:
        yield from (pattern,) if os.path.lexists(pattern) else ()
        return
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for one in names:
        if len(one) >= len(begin + end) and one.startswith(begin) and one.endswith(end) and (begin or one[0] != "."):
            yield f"{folder}/{one}"


def _is_empty(path: str) -> bool:
    return os.path.isdir(path) and not os.listdir(path)


def home_secrets(folders: tuple[str, ...]) -> tuple[str, ...]:
    """The places in homes where credentials are known to lie; `/home` stands for all homes in it."""
    each: list[str] = []
    for folder in folders:
        each.append(folder)
        if folder in {"/home", "/Users"}:
            each += _matching(f"{folder}/*")
    named = (f"{home}/{name}" for home in each for name in _SECRETS_OF_HOMES)
    return tuple(path for path in named if os.path.lexists(path))


@cache
def toolchains(path: str, folders: tuple[str, ...]) -> tuple[str, ...]:
    """What programs on PATH (`path`) and this interpreter need of the homes `folders`: tools' own folders alone."""
    wanted: dict[str, None] = {}
    waiting = [*path.split(os.pathsep), sys.prefix, sys.base_prefix, os.path.dirname(os.path.realpath(sys.executable))]
    seen = set[str]()
    while waiting:
        place = os.path.realpath(waiting.pop())
        if place in seen or not os.path.isdir(place):
            continue
        seen.add(place)
        waiting += _bases(place)
        home = _home_of(place, folders)
        if home is None:
            continue
        for shown in _shown(place, home):
            wanted[shown] = None
        waiting += _linked(place)
    return tuple(one for one in wanted if not any(one != other and is_within(one, other) for other in wanted))


def _bases(place: str) -> Iterator[str]:
    """The interpreter that a virtual environment's programs run in."""
    for folder in (place, os.path.dirname(place)):
        try:
            lines = Path(folder, "pyvenv.cfg").read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        yield from (line.partition("=")[2].strip() for line in lines if line.partition("=")[0].strip() == "home")


def _home_of(place: str, folders: tuple[str, ...]) -> str | None:
    for folder in folders:
        if folder in {"/home", "/Users"} and is_within(place, folder) and place != folder:
            return "/".join(place.split("/")[:3])
    return next((folder for folder in folders if is_within(place, folder)), None)


def _shown(place: str, home: str) -> Iterator[str]:
    """A folder of programs, and the tool that it belongs to if that has a folder of its own."""
    inner = os.path.relpath(place, home)
    if _is_private(inner):
        return
    if inner.split("/")[0] in {".pyenv", ".rbenv", ".nodenv", ".asdf", ".volta", ".nvm", ".sdkman", ".rustup"}:
        yield f"{home}/{inner.split('/')[0]}"  # they find their versions from there
        return
    above, _, name = inner.rpartition("/")
    if name in _OF_PROGRAMS and above not in _SHARED:
        yield f"{home}/{above}"
    elif inner not in _SHARED and inner != ".":
        yield place
    if inner == ".cargo/bin":
        for beside in (".cargo/registry", ".cargo/git", ".rustup"):
            if os.path.isdir(f"{home}/{beside}"):
                yield f"{home}/{beside}"


def _is_private(inner: str) -> bool:
    return any(is_within(f"/{inner}", f"/{name}") for name in _SECRETS_OF_HOMES)


def _linked(place: str) -> Iterator[str]:
    """Where the links in a folder of programs lead: pipx, uv and their like keep the programs elsewhere."""
    if os.path.basename(place) not in _OF_PROGRAMS:
        return
    with os.scandir(place) as entries:
        for _, entry in zip(range(_MOST_LINKS), entries, strict=False):
            if entry.is_symlink():
                yield os.path.dirname(os.path.realpath(entry.path))
