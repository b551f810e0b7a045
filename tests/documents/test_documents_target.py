from __future__ import annotations

import pytest
from documents_cases import TARGET, target

from waypost.documents.model import AllowedHost, Deliverable, Environment

ENVIRONMENT = """\
# T

## Goals

x

## Done when

y

## Environment

Some words.

- Interpreter: `python3.12`
- Lock files: requirements.lock, `package-lock.json`
- Variable: TZ=UTC
- Variable: EMPTY=
- Network: packages.example
- Just so: prose

```bash setup timeout=10m
python -m pip install -r requirements.lock
npm ci
```

```json
{}
```

## Permissions

- Read files,
  all of them
- Run tests
"""


def test_deliverables_are_read_with_their_ids() -> None:
    read, found = target(TARGET)
    assert found == []
    assert read.title == "Copybooks"
    assert read.deliverables == (
        Deliverable("R-1", "The lexer"),
        Deliverable("R-2", "**The parser**, with positions"),
        Deliverable("R-3", "Decimals"),
    )
    assert read.environment == Environment()
    assert read.text == TARGET.rstrip("\n")


def test_the_environment_is_read_and_the_rest_is_prose() -> None:
    read, found = target(ENVIRONMENT)
    assert found == []
    assert read.environment == Environment(
        interpreter="python3.12",
        setup="python -m pip install -r requirements.lock\nnpm ci",
        setup_timeout=600.0,
        lock_files=("requirements.lock", "package-lock.json"),
        variables=(("TZ", "UTC"), ("EMPTY", "")),
        hosts=(AllowedHost("packages.example", line=19),),
    )
    assert read.permissions == ("Read files, all of them", "Run tests")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("## Enviroment\n", 'the section "Enviroment" is not known; did you mean "Environment"?'),
        ("## Deliverable\n", 'did you mean "Deliverables"?'),
        ("## Environment\n\n## Environment\n", 'the section "Environment" is there twice; join them'),
        ("## Environment\n\n- Interpretor: x\n", 'unknown field "Interpretor"; did you mean "Interpreter:"?'),
        ("## Environment\n\n- Variable: a b\n", 'the variable "a b" has the wrong form'),
        ("## Environment\n\n- Variable: A=1\n- Variable: A=2\n", "the variable A is there twice"),
        ("## Environment\n\n- Lock files: ../x\n", 'the lock file "../x" is outside'),
        ("## Environment\n\n```bash\nmake\n```\n", "the fence would never run; write ```bash setup"),
        ("## Environment\n\n```bash setup\n```\n", "the set-up fence is empty"),
        ("## Environment\n\n```bash setup x=1\nmake\n```\n", 'the set-up command has no option "x"'),
        ("## Environment\n\n```bash setup\na\n```\n\n```bash setup\nb\n```\n", "two set-up commands"),
        (
            "## Environment\n\n```bash setup\npip install -q -e .[dev]\n```\n",
            "warning: the set-up installs the project",
        ),
        ("## Deliverables\n\n- R-1 a\n- R-1 b\n", "deliverable R-1 is there twice"),
        ("## Deliverables\n\n- R-1 a\n- b\n", "a deliverable has no id"),
        ("## Deliverables\n\n- R1 a\n", "wrong form; write R-1"),
        ("## Deliverables\n\n- a\n", "warning: a deliverable has no id"),
        ("", 'warning: there is no section "Goals"'),
        ("---\n", "nothing"),
    ],
)
def test_a_broken_target_is_told_with_its_mend(text: str, message: str) -> None:
    _, found = target("# T\n\n" + text)
    assert message == "nothing" or any(message in one for one in found), found


def test_an_empty_target_is_an_error() -> None:
    _, found = target(" \n\n")
    assert found == ["PROMPT.md:1: the target is empty; write down what done means"]


@pytest.mark.parametrize(
    "front",
    ["a: [", "- a\n- b", '!!int ""', "!!bool x", "!!timestamp x", "? [a]\n: b", "&a [*a]", "2001-99-99", "\t- x: \ty"],
)
def test_front_matter_that_makes_no_sense_is_an_error_and_the_rest_is_read(front: str) -> None:
    read, found = target(f"---\n{front}\n---\n{TARGET}")
    assert len(found) == 1
    assert "the front matter" in found[0]
    assert len(read.deliverables) == 3


def test_front_matter_shifts_no_line() -> None:
    _, found = target("---\ntitle: x\n---\n" + TARGET.replace("R-3", "R-2"))
    assert found == ["PROMPT.md:15: deliverable R-2 is there twice; give it the next free number"]


@pytest.mark.parametrize(
    ("bullets", "hosts", "message"),
    [
        ("", None, "the set-up has this machine's whole network; write `- Network: HOST:PORT`"),
        ("- Network: any", None, ""),
        ("- Network: `any`.", None, ""),
        ("- Network: none", (), ""),
        ("- Network: packages.example\n- Network: any", None, "the set-up's network is named twice"),
        ("- Network: 10.0.0.1", (), "is a bare address"),
        ("- Netwrok: packages.example", None, 'did you mean "Network:"?'),
    ],
)
def test_what_a_set_up_may_reach_is_read_from_its_environment(
    bullets: str, hosts: tuple[AllowedHost, ...] | None, message: str
) -> None:
    read, found = target(ENVIRONMENT.replace("- Network: packages.example", bullets))
    assert read.environment.hosts == hosts
    assert [message in str(one) for one in found][:1] == [True] * bool(message)


def test_hosts_of_the_permissions_are_not_the_set_ups() -> None:
    silent = ENVIRONMENT.replace("- Network: packages.example\n", "")
    read, _ = target(silent.replace("- Run tests", "- Network: a.example"))
    assert read.environment.hosts is None
    assert [host.name for host in read.hosts] == ["a.example"]
