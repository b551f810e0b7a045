"""PLAN.md in the strict form: `### Milestone M03 - Title [ ]`, labels, criteria with gates, fences that run."""

from __future__ import annotations

import re
from decimal import Decimal

from waypost.documents import quantity
from waypost.documents.body import Body, Entry, Item, read_body
from waypost.documents.errors import Report
from waypost.documents.fence import claims_gate, leaves_tree, near, read_gate
from waypost.documents.headings import FORM, STRICT, looks_like_milestone, mend
from waypost.documents.model import Budget, Criterion, Gate, Milestone
from waypost.documents.source import Fence, Section, Source

LABELS = ("Status", "Depends on", "Covers", "Scope", "Budget", "Acceptance criteria")
VOCABULARY = {label.casefold(): label for label in LABELS}
NOTHING = {"", "none", "nothing", "-", "–", "—", "n/a"}
ITEM = re.compile(r"\[([^\[\]]*)\](?:[ \t]+|$)")
IDENTIFIER = re.compile(r"[*_]{0,2}(M[0-9]{1,6}\.[A-Za-z]+[0-9]{1,6})\b[*_]{0,2}:?[ \t]*")
BINDING = re.compile(r"[ \t]*\((?:(manual)|gate:([^()]*))\)[ \t]*\.?[ \t]*$", re.IGNORECASE)
BUDGETS = ("repair", "steps", "tokens", "cost", "wall", "diff")


def read_milestones(source: Source, report: Report) -> tuple[Milestone, ...]:
    """Every milestone of the plan, as far as it can be read; what can't is reported."""
    found: list[Milestone] = []
    for section in source.sections():
        heading = section.heading
        match = STRICT.fullmatch(heading.text) if heading.level == 3 else None
        if match and match[2]:
            found.append(_milestone(source, section, match, report))
        elif looks_like_milestone(heading):
            message = f'"{"#" * heading.level} {heading.text}" is not the form of a milestone, {FORM}'
            report.error(heading.line, message, mend(heading.text))
    return tuple(found)


def read_checklist(source: Source, report: Report) -> tuple[Gate, ...]:
    """The gates under `Verification checklist`, which run at every milestone."""
    gates: list[Gate] = []
    for section in checklists(source):
        gates += _gates(section, report)
    return tuple(gates)


def checklists(source: Source) -> tuple[Section, ...]:
    """The sections that are headed `Verification checklist`."""
    return tuple(
        section
        for section in source.sections()
        if section.heading.level <= 3
        and section.heading.text.strip("*_ \t").casefold().startswith("verification checklist")
    )


def read_budget(line: int, text: str, report: Report) -> Budget:
    """`repair=6 tokens=600k wall=90m diff=1500 cost=$2.50 steps=200`, in any order."""
    counts: dict[str, int] = {}
    cost: Decimal | None = None
    wall: float | None = None
    for part in text.replace(",", " ").replace("`", " ").split():
        name, mark, value = part.partition("=")
        read: object = None
        if name not in BUDGETS or not mark:
            guess = near(name, BUDGETS)
            hint = f'did you mean "{guess}="?' if guess else f"known are {', '.join(BUDGETS)}, as NAME=NUMBER"
            report.error(line, f'the budget has an unknown part "{part}"', hint)
            continue
        if name == "cost":
            read = cost = quantity.dollars(value)
        elif name == "wall":
            read = wall = quantity.seconds(value)
        elif (number := quantity.count(value)) is not None:
            read = counts[name] = number
        if read is None:
            report.error(line, f'the budget\'s {name} is "{value}"', "write numbers as 6, 600k, 90m or $2.50")
    return Budget(cost=cost, wall=wall, **counts)


def read_names(body: Body, label: str) -> tuple[str, ...]:
    """The ids behind `Depends on:` or `Covers:`, each once."""
    words = " ".join(value for _, value in body.values(label)).replace(",", " ").replace("`", " ").split()
    return tuple(dict.fromkeys(w.strip(".;") for w in words if w.casefold() not in NOTHING and w != "and"))


def _milestone(source: Source, section: Section, match: re.Match[str], report: Report) -> Milestone:
    heading = section.heading
    body = read_body(section.blocks, VOCABULARY, plain=False)
    _report_strangers(body, match[1], report)
    criteria = [
        _criterion(source, item, match[1], report)
        for entry in body.named("Acceptance criteria")
        for item in entry.items
    ]
    if not criteria:
        report.warn(heading.line, f"milestone {match[1]} has no criteria", "add `Acceptance criteria:` bullets")
    budgets = body.values("Budget")
    status = body.values("Status")
    return Milestone(
        id=match[1],
        title=match[2],
        line=heading.line,
        ticked=match[3] in "xX",
        box=source.offset(heading.line, heading.column + match.start(3)),
        status=status[0][1] if status else None,
        depends=read_names(body, "Depends on"),
        covers=read_names(body, "Covers"),
        scope=_scope(body, match[1], report),
        budget=read_budget(budgets[0][0], " ".join(text for _, text in budgets), report) if budgets else Budget(),
        criteria=tuple(one for one in criteria if one),
        gates=tuple(_gates(section, report)),
        text=source.text(heading.line, section.last).rstrip("\n"),
    )


def _report_strangers(body: Body, milestone: str, report: Report) -> None:
    for stranger in body.strangers:
        guess = VOCABULARY.get(stranger.guess.casefold()) if stranger.guess else None
        hint = f'did you mean "{guess}:"?' if guess else f"known are {', '.join(LABELS)}"
        report.error(stranger.line, f'{milestone} has the unknown label "{stranger.label}"', hint)
    for item in body.loose:
        if ITEM.match(item.text) or IDENTIFIER.match(item.text):
            hint = 'put it under a line "Acceptance criteria:"'
            report.error(item.line, f"{milestone} has a criterion outside its acceptance criteria", hint)
    seen = dict[str, Entry]()
    for entry in body.entries:
        if entry.label in seen:
            hint = f"join it with the one in line {seen[entry.label].line}"
            report.error(entry.line, f'{milestone} has the label "{entry.label}" twice', hint)
        seen.setdefault(entry.label, entry)


def _criterion(source: Source, item: Item, milestone: str, report: Report) -> Criterion | None:
    box = ITEM.match(item.text)
    rest = item.text[box.end() :] if box else item.text
    name = IDENTIFIER.match(rest)
    if name is None:
        hint = f'write "- [ ] {milestone}.A1 {_excerpt(rest)}"'
        report.error(item.line, f"a criterion of {milestone} has no id", hint)
        return None
    where = f"criterion {name[1]}"
    if box is None or box[1] not in (" ", "x", "X"):
        report.error(item.line, f"{where} has no box", f'write "- [ ] {_excerpt(rest)}"')
    if name[1].partition(".")[0] != milestone:
        hint = f"name it {milestone}.{name[1].partition('.')[2]}, or move it"
        report.error(item.line, f"{where} stands in {milestone}", hint)
    text, gates, manual = _bindings(rest[name.end() :])
    if not gates and not manual:
        report.error(item.line, f"{where} names no gate", 'add "(gate: NAME)" or "(manual)"')
    if not text:
        report.error(item.line, f"{where} says nothing", "write what must be so")
    place = source.offset(item.line, item.column + 1) if box and box[1] in (" ", "x", "X") else None
    ticked = box is not None and box[1] in ("x", "X")
    return Criterion(name[1], text, gates, manual, ticked, item.line, place)


def _bindings(text: str) -> tuple[str, tuple[str, ...], bool]:
    gates: list[str] = []
    manual = False
    while match := BINDING.search(text):
        text = text[: match.start()]
        manual = manual or match[1] is not None
        gates[:0] = (match[2] or "").replace(",", " ").replace("`", " ").split()
    return text.strip(), tuple(dict.fromkeys(gates)), manual


def _scope(body: Body, milestone: str, report: Report) -> tuple[str, ...]:
    paths: list[str] = []
    for line, text in body.values("Scope"):
        spans = re.findall(r"`([^`]+)`", text)
        parts = spans or [part.strip() for part in text.split(",")]
        for part in parts:
            if not spans and " " in part:
                hint = "write paths in backticks, such as `src/**`"
                report.error(line, f'the scope of {milestone} holds "{_excerpt(part)}", which is no path', hint)
            elif leaves_tree(part.strip()):
                report.error(line, f'the scope of {milestone} holds "{part}"', "name a path inside the repository")
            elif part.strip():
                paths.append(part.strip())
    return tuple(dict.fromkeys(paths))


def _gates(section: Section, report: Report) -> list[Gate]:
    gates: list[Gate] = []
    for block in section.blocks:
        if not isinstance(block, Fence):
            continue
        if block.quoted:
            if claims_gate(block):
                report.warn(block.line, "the gate stands in a quote and never runs", "take it out of the quote")
            continue
        gate = read_gate(block, report)
        gates += [gate] if gate else []
    return gates


def _excerpt(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
