"""The environment that commands get: this program's own, without secrets and without things that wait."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SECRET = re.compile(
    r"(?:^|_)(?:API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|KEY_ID|TOKENS?|SECRETS?|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|AUTH)"
    r"(?:$|_)",
    re.IGNORECASE,
)
_NOBODY_LOOKS = {
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "true",
    "GIT_TERMINAL_PROMPT": "0",
    "TERM": "dumb",
    "DEBIAN_FRONTEND": "noninteractive",
}


def looks_secret(name: str) -> bool:
    """Whether a variable's name says that its value is a credential."""
    return _SECRET.search(name) is not None


def command_variables(environ: Mapping[str, str], kept: frozenset[str] = frozenset()) -> dict[str, str]:
    """The variables for commands: no credentials but the `kept` ones, no pager, editor or prompt."""
    open_ones = {name: value for name, value in environ.items() if name in kept or not looks_secret(name)}
    return {**open_ones, **_NOBODY_LOOKS}
