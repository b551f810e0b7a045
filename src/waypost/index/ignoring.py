"""Which paths are left out by name: `.gitignore` rules, `.waypostignore` rules, and files that hold secrets.

The pattern language is that of gitignore(5). Paths are relative to the root, with `/` between their parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

OWN_RULES = ".waypostignore"
GIT_RULES = ".gitignore"
STATE_FOLDERS = frozenset({".git", ".waypost", ".hg", ".svn", ".jj"})
"""What belongs to tools that keep history, and to Waypost."""
DERIVED_FOLDERS = frozenset({"__pycache__", "node_modules", ".venv", ".tox", ".nox", ".mypy_cache", ".pytest_cache"})
"""Left out of folders that no git looks after: nobody writes these by hand."""

_EXAMPLES = r"(?!.*\.(?:example|sample|template|dist|defaults?)$)"
SECRETS = re.compile(
    r"(?:" + _EXAMPLES + r"\.env(?:\..+)?|.+\.env|\.envrc"
    r"|.*\.(?:pem|key|p12|pfx|pkcs12|jks|keystore|kdbx?|ppk|asc|gpg|ovpn|tfvars|tfstate(?:\..+)?)"
    r"|id_(?:rsa|dsa|ecdsa|ed25519|ed25519_sk|ecdsa_sk)(?:[._-].*)?"
    r"|\.?netrc|_netrc|\.pgpass|\.my\.cnf|\.htpasswd|\.npmrc|\.pypirc|\.git-credentials|\.dockercfg|\.s3cfg|\.boto"
    r"|credentials(?:\.(?:json|ya?ml|toml|ini|csv|xml|txt))?|client_secrets?.*\.json|service[-_]account.*\.json"
    r"|secrets?\.(?:json|ya?ml|toml|ini|env|txt)|\.vault[-_]pass(?:word)?)",
    re.IGNORECASE | re.DOTALL,
)
"""Names of files that usually hold keys or passwords; templates of `.env` are not among them."""


def is_secret(path: str) -> bool:
    """Whether the file is one that usually holds keys or passwords, by its name alone."""
    return SECRETS.fullmatch(path.rpartition("/")[2]) is not None


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of an ignore file. `pattern` is matched against the whole path below the file's folder."""

    pattern: re.Pattern[str]
    is_exception: bool
    only_folders: bool


def read_rules(text: str) -> tuple[Rule, ...]:
    """The rules of an ignore file; lines that are no pattern are passed over, as git does."""
    return tuple(rule for line in text.split("\n") if (rule := _read_rule(line)) is not None)


def _read_rule(line: str) -> Rule | None:
    line = line.removesuffix("\r").removeprefix("\ufeff")
    line = re.sub(r"(?<!\\) +$", "", line)
    if not line or line.startswith("#"):
        return None
    is_exception = line.startswith("!")
    line = line[1:] if is_exception else line
    only_folders = line.endswith("/")
    line = line.rstrip("/") if only_folders else line
    if not line:
        return None
    is_anchored = "/" in line
    try:
        body = "".join(_translated(line.removeprefix("/"), is_anchored=is_anchored))
        pattern = re.compile(body if is_anchored else f"(?:.*/)?{body}", re.DOTALL)
    except re.error:
        return None
    return Rule(pattern, is_exception, only_folders)


def _translated(glob: str, *, is_anchored: bool) -> Iterator[str]:
    """The parts of a regular expression. As in git, two stars right behind the plain beginning count as bounded."""
    plain = re.match(r"[^*?\[\\]*", glob)
    fresh = plain.end() if plain and is_anchored else 0
    position = 0
    while position < len(glob):
        rest, character = glob[position:], glob[position]
        starts_part = position in {0, fresh} or glob[position - 1] == "/"
        if starts_part and (folders := re.match(r"(?:\*{2,}/)+", rest)):
            position += folders.end()
            yield "(?:.*/)?"
        elif starts_part and re.fullmatch(r"\*{2,}", rest):
            position = len(glob)
            yield ".*"
        elif character == "*":
            position += len(rest) - len(rest.lstrip("*"))
            yield "[^/]*"
        elif character == "[" and (found := re.match(r"\[([!^]?)(\]?+(?:\\.|\[:\w+:\]|[^\]\\])*)\]", rest)):
            position += found.end()
            yield _character_class(found[1], found[2])
        elif character == "[" or rest == "\\":
            raise re.error("never closed, so that git matches nothing with it", glob, position)
        elif character == "\\":
            position += 2
            yield re.escape(rest[1])
        else:
            position += 1
            yield "[^/]" if character == "?" else re.escape(character)


_NAMED = {
    "[:alpha:]": "a-zA-Z", "[:digit:]": "0-9", "[:alnum:]": "a-zA-Z0-9", "[:upper:]": "A-Z", "[:lower:]": "a-z",
    "[:space:]": r"\s", "[:xdigit:]": "0-9a-fA-F", "[:punct:]": r"!-/:-@\[-`{-~", "[:blank:]": r" \t",
}  # fmt: skip


def _character_class(negation: str, body: str) -> str:
    parts = re.split(r"(\[:\w+:\]|\\.)", body)
    inside = "".join(_NAMED.get(part, "") if part.startswith("[:") else _in_class(part) for part in parts)
    return f"(?!/)[{'^' if negation else ''}{inside}]"


def _in_class(part: str) -> str:
    if part.startswith("\\") and len(part) == 2:
        return re.escape(part[1])
    return re.sub(r"([\[\]\\^&|~])", r"\\\1", part)


@dataclass(slots=True)
class Ignoring:
    """Decides by the rules of the folders on the way to a path; the last rule that matches decides, deepest first."""

    _layers: dict[str, list[tuple[Rule, ...]]] = field(default_factory=dict)
    _folders: dict[str, bool] = field(default_factory=dict)

    def add(self, folder: str, rules: tuple[Rule, ...]) -> None:
        """Takes the rules of an ignore file in a folder; `""` is the root. Later ones of a folder weigh more."""
        if rules:
            self._layers.setdefault(folder, []).append(rules)
            self._folders.clear()

    def names(self, path: str, *, is_folder: bool) -> bool:
        """Whether a rule names the path itself; the folders around it are not looked at."""
        if not self._layers:
            return False
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            below = path[len(folder) + 1 :] if folder else path
            for rules in reversed(self._layers.get(folder, ())):
                for rule in reversed(rules):
                    if (is_folder or not rule.only_folders) and rule.pattern.fullmatch(below):
                        return not rule.is_exception
        return False

    def is_ignored(self, path: str) -> bool:
        """Whether a file is left out, by itself or by a folder around it."""
        return bool(self._layers) and (self._is_in_ignored(path) or self.names(path, is_folder=False))

    def _is_in_ignored(self, path: str) -> bool:
        folder = path.rpartition("/")[0]
        if not folder:
            return False
        known = self._folders.get(folder)
        if known is None:
            known = self._is_in_ignored(folder) or self.names(folder, is_folder=True)
            self._folders[folder] = known
        return known
