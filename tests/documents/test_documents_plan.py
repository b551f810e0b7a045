from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from documents_cases import PLAN, milestone, plan, write

from waypost.documents.lint import lint, load
from waypost.documents.model import Budget, GateKind, Plan


def test_a_strict_plan_is_read_whole() -> None:
    read, found = plan(PLAN)
    assert found == []
    assert [one.id for one in read.milestones] == ["M01", "M03"]
    assert [gate.name for gate in read.checklist] == ["lint"]
    assert read.notes == "## Risks\n\n- Sizes.\n\n## Architecture notes\n\n- One table."
    parser = read.milestone("M03")
    assert (parser.title, parser.ticked, parser.status) == ("COBOL copybook parser", False, "active since 10:00")
    assert (parser.depends, parser.covers) == (("M01",), ("R-2", "R-3"))
    assert parser.scope == ("src/copybook/**", "tests/copybook/**")
    assert parser.budget == Budget(6, 200, 600_000, Decimal("2.50"), 5400.0, 1500)
    assert parser.text.startswith("### Milestone M03")
    assert parser.text.endswith("./probe\n```")


def test_criteria_keep_their_text_gates_and_the_place_of_their_box() -> None:
    read, _ = plan(PLAN)
    first, second, third = read.milestone("M03").criteria
    assert (first.id, first.text) == ("M03.A1", "parses PIC S9(7)V99 COMP-3 without loss")
    assert (first.gates, first.manual, first.ticked) == (("unit", "lex"), False, False)
    assert (second.gates, second.manual) == ((), True)
    assert third.ticked
    raw = PLAN.encode()
    for box, mark in [(first.box, b"[ ] M03.A1"), (third.box, b"[X] M03.A3"), (read.milestones[0].box, b"[x]\n")]:
        assert box is not None
        assert raw[box - 1 :].startswith(mark)


def test_gates_keep_their_exact_command_and_options() -> None:
    read, _ = plan(PLAN)
    unit, dev, cloud = read.milestone("M03").gates
    assert unit.command == "python -m pytest -q tests/copybook\n\necho done"
    assert (unit.kind, unit.timeout, unit.min_tests) == (GateKind.CHECK, 300.0, 12)
    assert (unit.protect, unit.junit) == (("tests/copybook/**",), "report.xml")
    assert (dev.kind, dev.ready, dev.timeout) == (GateKind.SERVICE, "http://127.0.0.1:5173", 60.0)
    assert (cloud.kind, cloud.variable) == (GateKind.ENV, "CLOUD_KEY")
    assert read.gate("M03", "lex").command == "pytest -q tests/lexer"


def test_crlf_and_a_byte_order_mark_move_boxes_but_change_nothing_that_is_read() -> None:
    raw = b"\xef\xbb\xbf" + PLAN.replace("\n", "\r\n").encode()
    read, found = plan(raw)
    assert found == []
    assert [one.criteria[0].text for one in read.milestones] == [
        "all tokens",
        "parses PIC S9(7)V99 COMP-3 without loss",
    ]
    assert read.milestone("M03").gates[0].command.count("\n") == 2
    box = read.milestone("M03").box
    assert box is not None
    assert raw[box - 1 : box + 2] == b"[ ]"


@pytest.mark.parametrize(
    ("heading", "mend"),
    [
        ("### Milestone 3: X", 'write "### Milestone M03 - X [ ]"'),
        ("### M3 - X", 'write "### Milestone M03 - X [ ]"'),
        ("### Milestone M03 X [ ]", 'write "### Milestone M03 - X [ ]"'),
        ("### Milestone M03 - X", 'write "### Milestone M03 - X [ ]"'),
        ("### Milestone M03 - X [x] done", 'write "### Milestone M03 - X [x] done [ ]"'),
        ("## Milestone M03 - X [x]", 'write "### Milestone M03 - X [x]"'),
        ("#### Milestone M03 - X [ ]", 'write "### Milestone M03 - X [ ]"'),
        ("### Mielstone M03 - X [ ]", 'write "### Milestone M03 - X [ ]"'),
        ("### Milestone - X [ ]", 'write "### Milestone M01 - X [ ]"'),
        ("### Parser [ ]", "### Milestone M01 - "),
        ("###Milestone M03 - X [ ]", 'write "### Milestone M03 - X [ ]"'),
        ("**Milestone M03 - X [ ]**", 'write "### Milestone M03 - X [ ]"'),
        ("Milestone M03 - X [ ]", 'write "### Milestone M03 - X [ ]"'),
        ("Milestone M03 - X [ ]\n---", 'write "### Milestone M03 - X [ ]"'),
    ],
)
def test_a_heading_that_nearly_opens_a_milestone_is_an_error_with_the_mend(heading: str, mend: str) -> None:
    text = PLAN + "\n" + heading + "\n\n```bash gate=more\ntrue\n```\n"
    _, found = plan(text)
    line = PLAN.count("\n") + 2
    assert found[0].startswith(f"PLAN.md:{line}: ")
    assert mend in found[0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Depend on: M00", 'unknown label "Depend on"; did you mean "Depends on:"?'),
        ("Dependson: M00", 'unknown label "Dependson"; did you mean "Depends on:"?'),
        ("Accept criteria:", 'unknown label "Accept criteria"; did you mean "Acceptance criteria:"?'),
        ("Acceptance criteria", 'unknown label "Acceptance criteria"; did you mean "Acceptance criteria:"?'),
        ("#### Scope", 'unknown label "Scope"; did you mean "Scope:"?'),
        ("Owner: me", 'unknown label "Owner"; known are Status, Depends on'),
        ("Budget: repair=6 token=3", 'unknown part "token=3"; did you mean "tokens="?'),
        ("Budget: wall=soon", 'budget\'s wall is "soon"'),
        ("Scope:\n- all the parser", '"all the parser", which is no path'),
        ("Scope: `../other/**`", "name a path inside the repository"),
        ("Acceptance criteria:\n- [ ] M01.A1 x", 'criterion M01.A1 names no gate; add "(gate: NAME)" or "(manual)"'),
        ("Acceptance criteria:\n- [ ] it works (gate: unit)", 'no id; write "- [ ] M01.A1 it works (gate: unit)"'),
        ("Acceptance criteria:\n- [ ] M02.A1 x (gate: unit)", "name it M01.A1, or move it"),
        ("Acceptance criteria:\n- M01.A1 x (gate: unit)", "criterion M01.A1 has no box"),
        ("Acceptance criteria:\n- [-] M01.A1 x (gate: unit)", "criterion M01.A1 has no box"),
        ("- [ ] M01.A1 x (gate: unit)", "a criterion outside its acceptance criteria"),
        ("Acceptance criteria:\n- [ ] M01.A1 x (manual)\n  - [ ] M01.A2 y", "criterion M01.A2 names no gate"),
        ("\n    - [ ] M01.A1 x (gate: unit)", "a criterion is hidden in code or HTML"),
        ("Covers: R-1\nCovers: R-2", 'the label "Covers" twice'),
        ("```bash\nmake\n```", "the fence names no gate and would never run; add gate=NAME"),
        ("```sh gate=x\nmake\n```", "start it with ```bash"),
        ("```bash gate=x timout=3\nmake\n```", 'unknown option "timout"; did you mean "timeout="?'),
        ("```bash gate=x timeout=never\nmake\n```", 'the time limit "never"; write 300, 90s, 5m or 1h'),
        ("```bash gate=x min_tests=few\nmake\n```", 'asks for "few" tests'),
        ("```bash gate=x kind=servise\nmake\n```", 'unknown kind "servise"'),
        ("```bash gate=x kind=env:\nmake\n```", "write kind=env:NAME"),
        ("```bash gate=x ready=http://x\nmake\n```", "add kind=service"),
        ('```bash gate=x protect="a\nmake\n```', "a quote that is never closed"),
        ("```bash gate=x\n```", "gate x has no command"),
        ("> ```bash gate=x\n> make\n> ```", "the gate stands in a quote and never runs"),
        ("<!-- all of this", "the HTML comment is never closed"),
    ],
)
def test_a_broken_line_is_told_with_its_place_and_mend(line: str, message: str) -> None:
    _, found = plan(milestone(line))
    assert any(message in one for one in found), found
    assert all(one.startswith("PLAN.md:") for one in found)


def test_an_open_fence_swallows_nothing_silently() -> None:
    _, found = plan(PLAN.removesuffix("```\n") + "\n```bash gate=last\ntrue\n")
    assert any("the fence is never closed" in one for one in found)


@pytest.mark.parametrize("following", ["---", "    code", "2. two", "[a]: b"])
def test_a_heading_under_which_no_status_line_fits_is_an_error(following: str) -> None:
    _, found = plan(milestone(following))
    assert "PLAN.md:1: no `Status:` line can be put under the heading; leave an empty line below it" in found
    _, found = plan(milestone("", following))
    assert not any("Status" in one for one in found)


def test_a_gate_outside_any_milestone_is_an_error() -> None:
    _, found = plan(PLAN + "\n```bash gate=stray\ntrue\n```\n")
    assert any("the gate belongs to no milestone" in one for one in found)


def test_prose_with_colons_and_quotes_is_left_alone() -> None:
    prose = "The parser reads this: and that.\nSee http://x for more\n\nNote: nothing here."
    _, found = plan(milestone("Acceptance criteria:\n- [ ] M01.A1 a (gate: unit)", "", prose))
    assert found == []


def _order(*milestones: str) -> Plan:
    texts = [
        milestone(f"Depends on: {depends}", f"Acceptance criteria:\n- [ ] {name}.A1 x (gate: unit)",
                  heading=f"### Milestone {name} - X [ ]")
        for name, depends in (one.split("<") for one in milestones)
    ]  # fmt: skip
    read, found = plan("\n".join(texts))
    assert found == []
    return read


def test_the_order_follows_what_milestones_depend_on_and_else_the_document() -> None:
    read = _order("M01<M03", "M02<none", "M03<", "M04<M02, M01")
    assert [one.id for one in read.order()] == ["M02", "M03", "M01", "M04"]


def _crossed(tmp_path: Path, text: str) -> list[str]:
    return [str(one) for one in lint(write(tmp_path, text, "# T\n\n## Goals\n\nx\n\n## Done when\n\ny\n"))]


def test_milestones_that_wait_for_each_other_are_an_error(tmp_path: Path) -> None:
    found = _crossed(
        tmp_path,
        milestone("Depends on: M02", "Acceptance criteria:\n- [ ] M01.A1 x (manual)")
        + milestone("Depends on: M01", "Acceptance criteria:\n- [ ] M02.A1 x (manual)",
                    heading="### Milestone M02 - Y [ ]"),
    )  # fmt: skip
    assert found == ["PLAN.md:1: no order exists for M01, M02; mend their `Depends on:` lines"]


def test_ids_that_are_there_twice_or_unknown_are_errors(tmp_path: Path) -> None:
    text = milestone("Depends on: M09", "Covers: R-7", "Acceptance criteria:\n- [ ] M01.A1 x (gate: unti)")
    text += milestone("Acceptance criteria:\n- [ ] M01.A1 x (gate: unit)")
    found = "\n".join(_crossed(tmp_path, text + "\n```bash gate=unit\ntrue\n```\n"))
    assert "milestone M01 depends on M09, which does not exist" in found
    assert "milestone M01 covers R-7, which PROMPT.md does not have" in found
    assert 'criterion M01.A1 names no known gate "unti"; add a fence ```bash gate=unti, or use unit' in found
    assert "milestone M01 is there twice" in found
    assert "criterion M01.A1 is there twice, first in line 5" in found
    assert "gate unit is there twice for milestone M01" in found


def test_what_is_not_wrong_but_risky_is_a_warning(tmp_path: Path) -> None:
    text = "### Milestone M01 - X [ ]\nAcceptance criteria:\n- [ ] M01.A1 x (manual)\n"
    target = "# T\n\n## Goals\n\nx\n\n## Deliverables\n\n- R-1 a\n\n## Done when\n\ny\n"
    folder = write(tmp_path, text, target)
    found = [str(one) for one in lint(folder)]
    assert [one.partition(";")[0] for one in found] == [
        "PROMPT.md:1: warning: no milestone covers deliverable R-1",
        "PLAN.md:1: warning: milestone M01 has no automatic gate",
    ]
    assert load(folder).plan.milestones[0].id == "M01"


def test_a_check_that_never_ends_is_a_warning(tmp_path: Path) -> None:
    text = milestone("Acceptance criteria:\n- [ ] M01.A1 x (gate: unit)").replace("true", "npm run dev")
    assert any("the command of gate unit never ends; add kind=service" in one for one in _crossed(tmp_path, text))
