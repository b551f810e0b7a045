"""PLAN.md in the plain form: `Scope:`, `Acceptance criteria:`, `Verification commands:` with backticked commands.

Such plans were written for a reader, not for a runtime. They are read as they stand: each command becomes a gate,
each criterion is bound to all gates of its milestone, and `Manual:` lines go to a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from waypost.documents.body import Body, Item, read_body
from waypost.documents.errors import Report
from waypost.documents.fence import SHELLS, leaves_tree
from waypost.documents.headings import PLAIN, looks_like_milestone, mend
from waypost.documents.model import Budget, Criterion, Gate, GateKind, Milestone
from waypost.documents.source import Fence, Heading, Section, Source, Text
from waypost.documents.strict import ITEM, NOTHING, checklists, read_budget
from waypost.documents.unending import never_ends

SYNONYMS = {
    "Status": ("status",),
    "Depends on": ("depends on", "dependencies", "depends"),
    "Covers": ("covers",),
    "Scope": ("scope",),
    "Budget": ("budget",),
    "Acceptance criteria": ("acceptance criteria", "acceptance", "success criteria", "done when"),
    "Verification commands": (
        "verification commands", "verification", "verification steps", "validation", "validation commands",
        "verify", "test commands", "checks",
    ),
    "Manual": ("manual", "manual check", "manual checks", "manual verification"),
}  # fmt: skip
VOCABULARY = {word: label for label, words in SYNONYMS.items() for word in words}
VERIFICATIONS = {*SYNONYMS["Verification commands"], *SYNONYMS["Manual"]}
MANUAL = re.compile(r"[*_]{0,2}manual(?:ly)?(?: checks?| verification)?[*_]{0,2}:[*_]{0,2}[ \t]*(.*)", re.IGNORECASE)
# A command, or several joined by "and", at the start of an item; what comes after is prose.
COMMAND = re.compile(
    r"(?:(?:run|execute|then|and|also)[ \t]+)*`([^`]+)`[ \t]*(?:[,;+/]|&&|\band\b|\bthen\b)?[ \t]*", re.IGNORECASE
)
REFERENCE = re.compile(r"(?:milestones?[ \t]+)?\bM?([0-9]{1,6})\b", re.IGNORECASE)


@dataclass(slots=True)
class _Reading:
    """What is gathered for one milestone while its entries are read."""

    id: str
    gates: list[Gate] = field(default_factory=list)
    manual: list[Item] = field(default_factory=list)


def is_plain(source: Source) -> bool:
    """Whether a plan without a single `gate=` uses plain labels for its verification."""
    for block in source.blocks:
        if isinstance(block, Text) and not block.quoted:
            word = block.text.partition(":")[0] if ":" in block.text else ""
            if word.strip(" \t*_").casefold() in VERIFICATIONS:
                return True
    return any(
        section.heading.level > 2 and section.heading.text.strip(" \t*_:").casefold() in VERIFICATIONS
        for section in source.sections()
    )


def read_milestones(source: Source, checklist: tuple[Gate, ...], report: Report) -> tuple[Milestone, ...]:
    """Every milestone of a plain plan, with ids M01, M02 … by their own numbers."""
    found: list[Milestone] = []
    for section in source.sections():
        heading = section.heading
        match = _match(heading)
        if match:
            found.append(_milestone(source, _without_nested(section), match, checklist, report))
        elif looks_like_milestone(heading):
            report.error(heading.line, f'"{heading.text}" names no milestone', mend(heading.text))
    return tuple(found)


def read_checklist(source: Source, report: Report) -> tuple[Gate, ...]:
    """The backticked commands under `Verification checklist`, as gates c1, c2 …"""
    gates: list[Gate] = []
    for section in checklists(source):
        for block in section.blocks:
            if isinstance(block, Text) and block.bullet and not block.quoted:
                text = ITEM.sub("", block.text, count=1)
                gates += [_gate(f"c{len(gates) + n}", command, block.line, report)
                          for n, command in enumerate(_commands(text), 1)]  # fmt: skip
            elif isinstance(block, Fence) and _is_command(block):
                gates.append(_gate(f"c{len(gates) + 1}", block.body, block.line, report))
    return tuple(gates)


def _match(heading: Heading) -> re.Match[str] | None:
    match = PLAIN.fullmatch(heading.text.strip(" \t*_")) if 2 <= heading.level <= 4 else None
    return match if match and match[2].strip() else None


def _without_nested(section: Section) -> Section:
    """The section up to a milestone inside it, which is one of its own."""
    for place, block in enumerate(section.blocks):
        if isinstance(block, Heading) and _match(block):
            return Section(section.heading, section.blocks[:place], block.line - 1)
    return section


def _milestone(
    source: Source, section: Section, match: re.Match[str], checklist: tuple[Gate, ...], report: Report
) -> Milestone:
    heading = section.heading
    body = read_body(section.blocks, VOCABULARY, plain=True)
    reading = _Reading(f"M{int(match[1]):02d}")
    for stranger in body.strangers:
        hint = f'did you mean "{VOCABULARY[(stranger.guess or "scope").casefold()]}:"?'
        report.error(stranger.line, f'{reading.id} has the unknown label "{stranger.label}"', hint)
    _read_verification(body, reading, report)
    budgets, status = body.values("Budget"), body.values("Status")
    box = heading.text.rstrip(" \t*_").rfind("[") + 1 if match[3] else 0
    return Milestone(
        id=reading.id,
        title=match[2].strip(" \t*_"),
        line=heading.line,
        ticked=match[3] is not None and match[3] in "xX",
        box=source.offset(heading.line, heading.column + box) if box else None,
        status=status[0][1] if status else None,
        depends=_depends(body),
        covers=tuple(re.findall(r"\bR-[0-9]+\b", " ".join(text for _, text in body.values("Covers")))),
        scope=_scope(body),
        budget=read_budget(budgets[0][0], " ".join(text for _, text in budgets), report) if budgets else Budget(),
        criteria=_criteria(source, body, reading, checklist, report),
        gates=tuple(reading.gates),
        text=source.text(heading.line, section.last).rstrip("\n"),
    )


def _read_verification(body: Body, reading: _Reading, report: Report) -> None:
    for entry in body.named("Verification commands"):
        values = [Item(entry.line, 0, 0, entry.value)] if entry.value else []
        for item in values + entry.items:
            _read_command(item, reading, report)
        for fence in entry.fences:
            if _is_command(fence):
                reading.gates.append(_gate(f"v{len(reading.gates) + 1}", fence.body, fence.line, report))
    for line, text in body.values("Manual"):
        reading.manual.append(Item(line, 0, 0, text))


def _read_command(item: Item, reading: _Reading, report: Report) -> None:
    text = ITEM.sub("", item.text, count=1)
    if manual := MANUAL.match(text):
        reading.manual.append(Item(item.line, 0, 0, manual[1]))
        return
    commands = _commands(text)
    for command in commands:
        reading.gates.append(_gate(f"v{len(reading.gates) + 1}", command, item.line, report))
    if not commands:
        hint = 'put a command in backticks first, or write "Manual:" before it'
        report.warn(item.line, f"the verification of {reading.id} names no command and is read as prose", hint)


def _commands(text: str) -> list[str]:
    commands: list[str] = []
    at = 0
    while match := COMMAND.match(text, at):
        commands.append(match[1].strip())
        at = match.end()
    return [command for command in commands if command]


def _is_command(fence: Fence) -> bool:
    language = fence.info.split(maxsplit=1)[0] if fence.info.strip() else ""
    return (not language or language in SHELLS) and bool(fence.body.strip()) and not fence.quoted


def _gate(name: str, command: str, line: int, report: Report) -> Gate:
    if never_ends(command):
        mend = 'it is started and must stay up for 3 s; write "Manual:" before it if a person should look'
        report.warn(line, f"`{command}` never ends", mend)
        return Gate(name, GateKind.SERVICE, command, line)
    return Gate(name, GateKind.CHECK, command, line)


def _criteria(
    source: Source, body: Body, reading: _Reading, checklist: tuple[Gate, ...], report: Report
) -> tuple[Criterion, ...]:
    gates = tuple(gate.name for gate in reading.gates or checklist)
    items = [(item, False) for entry in body.named("Acceptance criteria") for item in entry.items]
    items += [(Item(entry.line, 0, 0, entry.value), False)
              for entry in body.named("Acceptance criteria") if entry.value]  # fmt: skip
    items += [(item, True) for item in reading.manual]
    criteria: list[Criterion] = []
    for number, (item, by_hand) in enumerate(items, 1):
        box = ITEM.match(item.text) if item.column else None
        valid = box is not None and box[1] in (" ", "x", "X")
        text = item.text[box.end() :] if box and valid else item.text
        said = MANUAL.match(text)
        manual = by_hand or said is not None or not gates
        place = source.offset(item.line, item.column + 1) if valid else None
        ticked = valid and box is not None and box[1] in ("x", "X")
        name = f"{reading.id}.A{number}"
        words = said[1] if said else text
        criteria.append(Criterion(name, words, () if manual else gates, manual, ticked, item.line, place))
    if not gates and criteria:
        mend = "add `Verification commands:` with a command in backticks; until then a person decides"
        report.warn(criteria[0].line, f"no command verifies {reading.id}", mend)
    return tuple(criteria)


def _depends(body: Body) -> tuple[str, ...]:
    text = " ".join(value for _, value in body.values("Depends on"))
    if text.strip().casefold() in NOTHING:
        return ()
    return tuple(dict.fromkeys(f"M{int(number):02d}" for number in REFERENCE.findall(text)))


def _scope(body: Body) -> tuple[str, ...]:
    """Path patterns, where the whole scope is nothing else; a scope told in prose restricts nothing."""
    paths: list[str] = []
    for _, text in body.values("Scope"):
        spans = re.findall(r"`([^`]+)`", text)
        rest = re.sub(r"`[^`]+`|[,;]|\band\b", "", text).strip()
        if rest or not all(_is_path(span) for span in spans):
            return ()
        paths += spans
    return tuple(dict.fromkeys(paths))


def _is_path(text: str) -> bool:
    return " " not in text and ("/" in text or "*" in text or "." in text) and not leaves_tree(text)
