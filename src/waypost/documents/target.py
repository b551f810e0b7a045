"""PROMPT.md: deliverables, environment and permissions."""

from __future__ import annotations

import re

from waypost.documents.errors import Report
from waypost.documents.fence import VARIABLE, leaves_tree, near, read_setup
from waypost.documents.model import AllowedHost, Deliverable, Environment, Target
from waypost.documents.permissions import read_permissions
from waypost.documents.source import Fence, Section, Source, Text, read

DELIVERABLE = re.compile(
    r"(?:\[[ xX]\][ \t]+)?[*_`]{0,2}(R-[0-9]{1,6})\b[*_`]{0,2}[:.)]?[*_`]{0,2}(?:[ \t]+[–—-])?(?:[ \t]+(.*)|$)"
)
NEAR_DELIVERABLE = re.compile(r"(?:\[[ xX]\][ \t]+)?[*_`]{0,2}[rR][ \t_-]?([0-9]+)\b")
FIELD = re.compile(r"[*_]{0,2}([A-Za-z][A-Za-z -]{0,30}?)[*_]{0,2}:[*_]{0,2}[ \t]*(.*)")
SECTIONS = ("deliverables", "environment", "permissions")
FIELDS = ("interpreter", "lock files", "variable", "tools", "network")
ANY_NETWORK = ("any", "yes", "open")
NETWORK = re.compile(r"[*_]{0,2}network[*_]{0,2}:[*_]{0,2}(.*)", re.IGNORECASE | re.DOTALL)
TOOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
EXPECTED = ("goals", "done when")
# `pip install -e .` binds the environment to one checkout, and gates run in another.
EDITABLE = re.compile(
    r"(?:pip3?|uv pip) install\b.*(?:-e|--editable)[ =]*[\"']?\."
    r"|(?:setup\.py|pip3?) develop\b"
    r"|uv sync(?!.*--no-(?:editable|install-project))"
)


def parse_target(raw: bytes, report: Report) -> Target:
    """Reads PROMPT.md; what can't be read is reported with its line and the mend."""
    source = read(raw, report)
    sections = source.sections()
    if is_blank(source) and not report.found:
        report.error(1, "the target is empty", "write down what done means")
    _report_headings(sections, report)
    hosts, permissions = read_permissions(_bullets(_find(sections, "permissions")), report)
    return Target(
        title=sections[0].heading.text if sections else "",
        deliverables=_deliverables(_find(sections, "deliverables"), report),
        environment=_environment(_find(sections, "environment"), report),
        permissions=permissions,
        text=source.text(1, len(source.lines)),
        hosts=hosts,
    )


def _word(section: Section) -> str:
    return section.heading.text.strip(" \t*_:").casefold()


def _find(sections: tuple[Section, ...], word: str) -> Section | None:
    return next((section for section in sections if _word(section) == word), None)


def _report_headings(sections: tuple[Section, ...], report: Report) -> None:
    words = [_word(section) for section in sections]
    for section, word in zip(sections, words, strict=True):
        guess = near(word, SECTIONS, 0.85)
        if word not in SECTIONS and guess:
            report.error(section.heading.line, f'the section "{section.heading.text}" is not known',
                         f'did you mean "{guess.capitalize()}"?')  # fmt: skip
        elif word in SECTIONS and section is not _find(sections, word):
            report.error(section.heading.line, f'the section "{section.heading.text}" is there twice', "join them")
    for word in EXPECTED:
        if sections and word not in words:
            report.warn(1, f'there is no section "{word.capitalize()}"', f'add "## {word.capitalize()}"')


def _bullets(section: Section | None) -> list[tuple[int, str]]:
    """The outermost bullets of a section with their lines; continued lines are joined."""
    found: list[tuple[int, str]] = []
    texts = [b for b in section.blocks if isinstance(b, Text) and not b.quoted and b.depth] if section else []
    for block in texts:
        if block.bullet and block.depth == 1:
            found.append((block.line, block.text))
        elif found:
            found[-1] = (found[-1][0], f"{found[-1][1]} {block.text}")
    return found


def _deliverables(section: Section | None, report: Report) -> tuple[Deliverable, ...]:
    bullets = _bullets(section)
    has_ids = any(DELIVERABLE.match(text) for _, text in bullets)
    found: dict[str, Deliverable] = {}
    for line, text in bullets:
        match = DELIVERABLE.match(text)
        if match is None:
            _report_nameless(line, text, has_ids, report)
        elif match[1] in found:
            report.error(line, f"deliverable {match[1]} is there twice", "give it the next free number")
        else:
            found[match[1]] = Deliverable(match[1], (match[2] or "").strip())
    return tuple(found.values())


def _report_nameless(line: int, text: str, has_ids: bool, report: Report) -> None:
    close = NEAR_DELIVERABLE.match(text)
    if close:
        report.error(line, "a deliverable's id has the wrong form", f"write R-{close[1]}")
    elif has_ids:
        report.error(line, "a deliverable has no id", 'start it with the next free one, such as "R-7"')
    else:
        report.warn(line, "a deliverable has no id, so no milestone can cover it", 'start it with "R-1"')


def _environment(section: Section | None, report: Report) -> Environment:
    interpreter: str | None = None
    lock_files: list[str] = []
    variables: dict[str, str] = {}
    tools: list[str] = []
    for line, text in _bullets(section):
        name, value = _field(line, text, report)
        if name == "interpreter":
            interpreter = value.strip("`") or None
        elif name in {"lock files", "lock file"}:
            lock_files += _lock_files(line, value, report)
        elif name == "variable":
            _read_variable(line, value, variables, report)
        elif name in {"tools", "tool"}:
            tools += _tools(line, value, report)
    setup = _setup(section, report)
    command, timeout = setup or (None, Environment().setup_timeout)
    hosts = _network(section, report, has_setup=setup is not None)
    return Environment(interpreter, command, timeout, tuple(lock_files), tuple(variables.items()), tuple(tools), hosts)


def _network(section: Section | None, report: Report, *, has_setup: bool) -> tuple[AllowedHost, ...] | None:
    """What the set-up may reach: listed hosts, perhaps none; None for all that the machine reaches."""
    bullets = [(line, text) for line, text in _bullets(section) if NETWORK.match(text)]
    words = [match[1].strip(" .`").casefold() for _, text in bullets if (match := NETWORK.match(text))]
    if any(word in ANY_NETWORK for word in words):
        if len(bullets) > 1:
            report.error(bullets[0][0], "the set-up's network is named twice", "name its hosts, or any of them")
        return None
    if section is not None and has_setup and not bullets:
        mend = "write `- Network: HOST:PORT` for each host that it needs, `- Network: none` or `- Network: any`"
        report.warn(section.heading.line, "the set-up has this machine's whole network", mend)
    return read_permissions(bullets, report)[0] if bullets else None


def _field(line: int, text: str, report: Report) -> tuple[str, str]:
    match = FIELD.match(text)
    if match is None:
        return "", ""
    name = match[1].strip().casefold()
    guess = near(name, FIELDS, 0.8)
    if name not in (*FIELDS, "lock file", "tool") and guess:
        mend = f'did you mean "{guess.capitalize()}:"?'
        report.error(line, f'the environment has the unknown field "{match[1]}"', mend)
    return name, match[2].strip()


def _lock_files(line: int, value: str, report: Report) -> list[str]:
    paths = [part.strip(" \t`") for part in value.split(",")]
    for path in paths:
        if leaves_tree(path):
            report.error(line, f'the lock file "{path}" is outside', "name a path inside the repository")
    return [path for path in paths if path]


def _tools(line: int, value: str, report: Report) -> list[str]:
    names = [name for part in value.split(",") if (name := part.strip(" \t`"))]
    for name in names:
        if not TOOL.fullmatch(name):
            report.error(line, f'the tool "{name}" is no program\'s name', "write `- Tools: node, cargo`")
    return list(dict.fromkeys(name for name in names if TOOL.fullmatch(name)))


def _read_variable(line: int, value: str, variables: dict[str, str], report: Report) -> None:
    name, mark, content = value.strip("`").partition("=")
    if not mark or not VARIABLE.fullmatch(name.strip()):
        report.error(line, f'the variable "{value}" has the wrong form', "write `- Variable: NAME=value`")
    elif name.strip() in variables:
        report.error(line, f"the variable {name.strip()} is there twice", "keep one")
    else:
        variables[name.strip()] = content


def _setup(section: Section | None, report: Report) -> tuple[str, float] | None:
    found: tuple[str, float] | None = None
    for block in section.blocks if section else ():
        if not isinstance(block, Fence) or block.quoted:
            continue
        setup = read_setup(block, report)
        if setup and found:
            report.error(block.line, "there are two set-up commands", "join them in one fence")
        found = found or setup
        if setup and EDITABLE.search(setup[0]):
            mend = "install only what it needs; gates run in another checkout than the one that was set up"
            report.warn(block.line, "the set-up installs the project itself in editable form", mend)
    return found


def is_blank(source: Source) -> bool:
    """Whether a file says nothing at all."""
    return not any(line.text.strip() for line in source.lines)
