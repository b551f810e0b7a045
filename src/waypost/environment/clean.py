"""The variables that an agent's shell and the gates see: few, fixed, and without anybody's keys."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

SYSTEM_PATH: tuple[str, ...] = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
FIXED: Mapping[str, str] = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "TERM": "dumb",
    "NO_COLOR": "1",
    "CI": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "true",
    "EDITOR": "true",
    "GIT_TERMINAL_PROMPT": "0",
    # a user's aliases, hooks and helpers are no part of what was approved
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "DEBIAN_FRONTEND": "noninteractive",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    # 1980-01-01: the oldest day that a zip archive, and so a wheel, can hold
    "SOURCE_DATE_EPOCH": "315532800",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "npm_config_fund": "false",
    "npm_config_audit": "false",
    "npm_config_update_notifier": "false",
}
SOURCES: tuple[str, ...] = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "PIP_CONFIG_FILE",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "npm_config_cafile",
    "GOPROXY",
)
"""Variables that say where packages come from, and by which certificates; their values may hold paths."""
# What a set-up needs to reach its packages from where it is. A password in such an address is the user's choice to
# give to the set-up; what runs later, in the agent's hands, gets the address without it.
ALLOWED: tuple[str, ...] = (
    "USER",
    "LOGNAME",
    "TMPDIR",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    *SOURCES,
    "PIP_NO_INDEX",
    "PIP_TRUSTED_HOST",
    "npm_config_registry",
    "GOSUMDB",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "JAVA_HOME",
)
PASSWORD = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/@\s]+@")


def base_variables(
    home: Path | None = None,
    extra: Mapping[str, str] | None = None,
    caller: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """A whole environment, made from an allow-list; `caller` is the environment of this process if None.

    `home` replaces the user's home folder (None keeps it); `extra` comes last and wins.
    """
    given = os.environ if caller is None else caller
    kept = {name: given[name] for name in ALLOWED if given.get(name)}
    folder = str(home) if home else given.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir
    named = {"HOME": folder, "PATH": search_path(given.get("PATH", ""))}
    return {**kept, **FIXED, **named, **(extra or {})}


def without_passwords(variables: Mapping[str, str], kept: Iterable[str] = ()) -> dict[str, str]:
    """The variables with no user and password in any address, but in those `kept`."""
    spared = set(kept)
    return {name: value if name in spared else PASSWORD.sub(r"\1", value) for name, value in variables.items()}


def search_path(given: str) -> str:
    """The absolute folders of a PATH that exist, in their order, and the system's own after them."""
    folders = (*given.split(os.pathsep), *SYSTEM_PATH)
    real = (folder for folder in folders if folder.startswith("/") and Path(folder).is_dir())
    return os.pathsep.join(dict.fromkeys(real))
