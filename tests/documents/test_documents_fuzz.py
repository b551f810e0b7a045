"""Random documents: whatever they hold, they are read, and an edit changes what it says and nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from waypost.documents.approve import compare, pin
from waypost.documents.errors import DocumentsInvalid, Report, SpliceError
from waypost.documents.find import Folder
from waypost.documents.lint import check, load
from waypost.documents.model import Criterion, Document, Documents, Milestone, Plan, Target
from waypost.documents.plan import parse_plan
from waypost.documents.source import read, split_lines
from waypost.documents.splice import set_box, set_milestone_status
from waypost.documents.target import parse_target

IDS = st.sampled_from(["M01", "M02", "M03", "M1", "M10"])
BOXES = st.sampled_from(["[ ]", "[x]", "[X]"])
WORDS = st.text(
    st.sampled_from("ab [](){}`*_#->:|~\t\u2028\u2029\x0b\x0c\x1c\x85\ufeff\xa0\xe9\u6f22")
    | st.characters(codec="utf-8"),
    max_size=12,
)
NOISE = st.sampled_from(
    [
        "", "", "  ", "\t", "---", "===", "```", "~~~", "````", "```bash", "```bash gate=unit",
        "> quote", "> ```bash gate=q", "> - [ ] M01.A9 quoted (manual)", "- - nested",
        "  - [ ] M02.A4 deep (manual)", "1. one", "1) [x] M01.A7 n (manual)", "    code",
        "\t- [ ] M01.A8 code (manual)", "<!-- note -->", "<!--", "-->", "<div>", "</div>", "#",
        "## Risks", "####", "## Verification checklist", "Scope:", "Status: x", "Status:",
        "Budget: repair=x", "-", "-\t[ ] M01.A5 tab (manual)", "***", "#### Scope",
        "Verification commands:", "- `npm run dev`", "Manual: look", "lazy", "[a]: b", "...", "\\",
    ]
)  # fmt: skip
GOOD = st.one_of(
    st.builds("### Milestone {} - {} {}".format, IDS, WORDS, BOXES),
    st.builds("### Milestone {} - T {} ##".format, IDS, BOXES),
    st.builds("## Milestone {}: {} {}".format, st.integers(1, 4), WORDS, BOXES),
    st.builds("- {} {}.A1 {} (gate: unit)".format, BOXES, IDS, WORDS),
    st.builds("* {} {}.A2 {} (manual)".format, BOXES, IDS, WORDS),
    st.just("Acceptance criteria:"),
    st.builds("Depends on: {}".format, IDS),
    st.builds("Status: {}".format, WORDS),
    st.just("```bash gate=unit timeout=5m\necho [ ]\n```"),
    st.just("Verification commands:\n- `make test`"),
)
ENDS = st.sampled_from(["\n", "\n", "\r\n", "\r"])


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """A document of grammar, noise and free text, with any line ends and perhaps a byte order mark."""
    lines = draw(st.lists(st.one_of(GOOD, GOOD, NOISE, WORDS), max_size=25))
    end = draw(ENDS)
    ends = [draw(ENDS) for _ in lines] if draw(st.booleans()) else [end] * len(lines)
    text = "".join(line.replace("\n", end) + mark for line, mark in zip(lines, ends, strict=True))
    front = draw(st.sampled_from(["", "", f"---{end}a: 1{end}---{end}", f"---{end}a: [{end}---{end}"]))
    mark = b"\xef\xbb\xbf" if draw(st.booleans()) else b""
    body = (front + text).encode()
    return mark + (body.rstrip(b"\r\n") if draw(st.booleans()) else body)


def _plan(raw: bytes) -> Plan:
    return parse_plan(raw, Report("PLAN.md"))


def _boxes(plan: Plan) -> list[int]:
    found = [one.box for one in plan.milestones]
    found += [criterion.box for one in plan.milestones for criterion in one.criteria]
    return [box for box in found if box is not None]


def _with_box(plan: Plan, box: int, ticked: bool) -> Plan:
    """The plan as it should read once that box, and nothing else, is set."""

    def criterion(one: Criterion) -> Criterion:
        return dataclasses.replace(one, ticked=ticked) if one.box == box else one

    def milestone(one: Milestone) -> Milestone:
        own = ticked if one.box == box else one.ticked
        return dataclasses.replace(one, ticked=own, criteria=tuple(map(criterion, one.criteria)), text="")

    return dataclasses.replace(plan, milestones=tuple(map(milestone, plan.milestones)), notes="")


def _is_ticked(plan: Plan, box: int) -> bool:
    parts = [*plan.milestones, *(criterion for one in plan.milestones for criterion in one.criteria)]
    return next(part.ticked for part in parts if part.box == box)


@pytest.mark.slow
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), st.data())
def test_a_tick_changes_one_byte_and_one_box_and_can_be_taken_back(raw: bytes, data: st.DataObject) -> None:
    _tick_and_back(raw, data)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), st.data())
def test_a_tick_changes_one_byte_in_thousands_of_documents(raw: bytes, data: st.DataObject) -> None:
    _tick_and_back(raw, data)


def _tick_and_back(raw: bytes, data: st.DataObject) -> None:
    before = _plan(raw)
    boxes = _boxes(before)
    if not boxes:
        return
    box = data.draw(st.sampled_from(boxes))
    assert raw[box - 1 : box + 2] in {b"[ ]", b"[x]", b"[X]"}
    ticked = not _is_ticked(before, box)
    after = set_box(raw, box, ticked=ticked)
    assert [place for place in range(len(raw)) if raw[place] != after[place]] == [box]
    assert len(after) == len(raw)
    assert _with_box(_plan(after), box, ticked) == _with_box(before, box, ticked)
    assert _is_ticked(_plan(after), box) is ticked
    back = set_box(after, box, ticked=not ticked)
    assert back == raw or raw[box : box + 1] == b"X"
    target = Target("", (), parse_target(b"# T", Report("T")).environment, (), "")
    pins = pin(_documents(target, before, raw))
    assert compare(pins, _documents(target, before, after)) == ()


def _lines(raw: bytes) -> list[str]:
    return [line.text for line in split_lines(raw)]


def _documents(target: Target, plan: Plan, raw: bytes) -> Documents:
    path = Path("PLAN.md")
    files = (Document("target", path, b""), Document("plan", path, raw), Document("runbook", path, b""))
    return Documents(Path(), target, plan, files)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), WORDS)
def test_a_status_line_changes_one_line_and_nothing_that_is_read_but_it(raw: bytes, status: str) -> None:
    before = _plan(raw)
    if not before.milestones:
        return
    first = before.milestones[0]
    report = Report("PLAN.md")
    parse_plan(raw, report)
    if not status.split() or any("no `Status:` line" in one.message for one in report.found):
        return
    after = set_milestone_status(raw, first.id, status)
    lines, now = _lines(raw), _lines(after)
    place = next(n for n, line in enumerate(now) if n >= len(lines) or line != lines[n]) if now != lines else 0
    assert now == lines or now[place + 1 :] in (lines[place:], lines[place + 1 :])
    assert [one.id for one in _plan(after).milestones] == [one.id for one in before.milestones]
    assert [one.criteria and one.criteria[0].text for one in _plan(after).milestones] == [
        one.criteria and one.criteria[0].text for one in before.milestones
    ]
    assert set_milestone_status(after, first.id, status) == after
    target = Target("", (), parse_target(b"# T", Report("T")).environment, (), "")
    assert compare(pin(_documents(target, before, raw)), _documents(target, before, after)) == ()


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.one_of(documents(), st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_no_bytes_make_the_parser_raise(raw: bytes) -> None:
    plans, targets = Report("PLAN.md"), Report("PROMPT.md")
    plan, target = parse_plan(raw, plans), parse_target(raw, targets)
    check(target, plan, targets, plans)
    for found in plans.found + targets.found:
        assert found.line >= 1
        assert found.message
        assert found.mend


@settings(max_examples=200, deadline=None)
@given(documents())
def test_lines_and_offsets_are_those_of_the_raw_bytes(raw: bytes) -> None:
    source = read(raw, Report("x"))
    for line in source.lines:
        assert raw[line.start : line.end].decode() == line.text
        assert not set(line.text) & {"\n", "\r"}
    assert sum(len(line.text.encode()) for line in source.lines) == len(
        raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"").replace(b"\n", b"")
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents(), documents(), documents())
def test_loading_raises_nothing_but_documents_invalid(
    tmp_path: Path, plan: bytes, target: bytes, record: bytes
) -> None:
    names = ["PROMPT.md", "PLAN.md", "IMPLEMENT.md", "DOCUMENTATION.md"]
    for name, raw in zip(names, [target, plan, target, record], strict=True):
        (tmp_path / name).write_bytes(raw)
    folder = Folder(tmp_path, tmp_path, None, *(tmp_path / name for name in names))
    try:
        read_back = load(folder)
    except DocumentsInvalid:
        return
    assert read_back.plan.order()


@pytest.mark.parametrize("deep", [">" * 3000, "- " * 3000, "[" * 3000, "*" * 3000, "#" * 3000, "`" * 3001])
def test_deep_nesting_is_read_in_peace(deep: str) -> None:
    assert _plan((deep + "\n### Milestone M01 - X [ ]\n").encode()).title is not None


@pytest.mark.parametrize("box", [-1, 0, 1, 4, 5, 99])
def test_a_box_that_is_none_is_refused(box: int) -> None:
    with pytest.raises(SpliceError):
        set_box(b"a[ ]b", box, ticked=True)
    with pytest.raises(SpliceError):
        set_box(b"[y]", 1, ticked=True)
