"""From four documents to a verified branch, through the real command line, over each of the three wires."""

from __future__ import annotations

import json
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from loopback_server import LoopbackServer
from runs_cases import WIRES, Aim, Place, Stateless, commit, git, make_place, tree_of, write, write_documents

EXISTING_TEST = """\
import unittest

import mdurl


class Decoding(unittest.TestCase):
    def test_percent_encoded_words_are_decoded(self):
        self.assertEqual(mdurl.decode("hello%20world"), "hello world")

    def test_reserved_characters_stay(self):
        self.assertEqual(mdurl.decode("%26"), "%26")
"""
FIRST_TRY = '''

def host_of(address):
    """The host of an address."""
    return mdurl.parse(address).host
'''
WIDER_TEST = """\
import unittest

from mdurl.hosts import host_of, same_host


class Hosts(unittest.TestCase):
    def test_the_same_host_in_other_letters(self):
        self.assertTrue(same_host("http://A.example/x", "http://a.example/y"))

    def test_another_host(self):
        self.assertFalse(same_host("http://a.example", "http://b.example"))
"""
HOSTS_TEST = """\
import unittest

from mdurl.hosts import host_of


class Host(unittest.TestCase):
    def test_the_host_of_an_address(self):
        self.assertEqual(host_of("http://example.org/a"), "example.org")
"""
SCRIPTS = {
    "M01": [
        [("read", {"path": "mdurl/_url.py"}), ("find", {"pattern": "def parse"})],
        [("write", {"path": "mdurl/hosts.py", "text": f"from mdurl import parse{FIRST_TRY}"})],
        [("write", {"path": "tests/test_hosts.py", "text": HOSTS_TEST})],
        [("decide", {"title": "host", "decision": "take it as it is parsed", "because": "no second parser"})],
        [("done", {"summary": "host_of is there"})],
        # the gate is red: a name is wrong
        [("edit", {"path": "mdurl/hosts.py", "old": "mdurl.parse(address).host", "new": "parse(address).hostname"})],
        [("shell", {"command": "python3 -m unittest -q tests.test_hosts"})],
        [("done", {"summary": "host_of is mended"})],
    ],
    "M02": [
        [
            (
                "shell",
                {
                    "command": "cat >> mdurl/hosts.py <<'END'\n\n\ndef same_host(one, other):\n"
                    '    """Whether two addresses have one host."""\n'
                    "    return (host_of(one) or '').lower() == (host_of(other) or '').lower()\nEND"
                },
            )
        ],
        [("write", {"path": "tests/test_same_host.py", "text": WIDER_TEST})],
        [("done", {"summary": "same_host is there"})],
    ],
}


@pytest.fixture
def package(tmp_path: Path) -> Place:
    """The source of a real package, with tests, in a repository; documents committed with it."""
    place = make_place(tmp_path, {"README.md": "mdurl\n", "tests/__init__.py": ""})
    spec = find_spec("mdurl")
    assert spec is not None
    assert spec.origin is not None
    shutil.copytree(Path(spec.origin).parent, place.root / "mdurl", ignore=shutil.ignore_patterns("__pycache__"))
    write(place.root / "tests/test_decode.py", EXISTING_TEST)
    write_documents(
        place.root,
        "hosts",
        [
            Aim("M01", "Hosts of addresses", {"hosts": "python3 -m unittest -q tests.test_hosts"}),
            Aim("M02", "Comparing hosts", {"same": "python3 -m unittest -q tests.test_same_host"}, depends="M01"),
        ],
        checklist={"all": "python3 -m unittest -q"},
    )
    commit(place.root)
    return place


@pytest.mark.parametrize("wire", [WIRES[0], *(pytest.param(wire, marks=pytest.mark.slow) for wire in WIRES[1:])])
def test_a_two_milestone_plan_is_completed_and_all_views_agree(package: Place, wire: str) -> None:
    root = package.root
    write(root / "mdurl/_url.py", (root / "mdurl/_url.py").read_text() + "\n# not committed\n")
    write(root / "staged.txt", "staged\n")
    git(root, "add", "staged.txt")
    before = tree_of(root, (".waypost", ".git")), git(root, "status", "--porcelain"), git(root, "rev-parse", "HEAD")
    with LoopbackServer(Stateless(SCRIPTS)) as server:
        model = ("--model", f"{wire}:any", "--base-url", server.url)
        ended = package.waypost("run", "hosts", *model, "--yes", "--json")
    assert ended.returncode == 0, ended.stderr
    after = tree_of(root, (".waypost", ".git")), git(root, "status", "--porcelain"), git(root, "rev-parse", "HEAD")
    assert after == before, "the user's checkout, index and HEAD are not touched"
    assert git(root, "symbolic-ref", "HEAD") == "refs/heads/main"

    told = [json.loads(line) for line in ended.stdout.splitlines()]
    run = told[0]["run"]
    logged = [json.loads(line) for line in package.waypost("log", run, "--json").stdout.splitlines()]
    assert told == logged, "what was told while it ran is what the log holds"
    assert told[-1]["kind"] == "run.ended"
    assert told[-1]["outcome"] == "complete"
    moves = [(event["milestone"], event["state"]) for event in told if event["kind"] == "milestone.moved"]
    first = ["active", "verifying", "repairing", "verifying", "passed"]
    assert moves == [("M01", s) for s in first] + [("M02", s) for s in ("active", "verifying", "passed")]
    verdicts = [(e["milestone"], e["gate"], e["verdict"]) for e in told if e["kind"] == "gate.ended"]
    assert ("M01", "hosts", "red") in verdicts
    assert verdicts[-1][2] == "green"
    assert any(e["kind"] == "decision.recorded" and e["title"] == "host" for e in told)

    branch = f"waypost/{run}"
    base = git(root, "rev-parse", "HEAD")
    commits = git(root, "rev-list", "--reverse", f"{base}..{branch}").split()
    recorded = [e["commit"] for e in told if e["kind"] == "milestone.committed"]
    assert commits == recorded
    for commit_id, milestone in zip(commits, ("M01", "M02"), strict=True):
        trailers = dict(
            line.split(": ", 1)
            for line in git(root, "show", "-s", "--format=%(trailers:only)", commit_id).splitlines()
            if line
        )
        assert trailers["Waypost-Run"] == run
        assert trailers["Waypost-Milestone"] == milestone
        found = re.fullmatch(r"(\d+)-(\d+)", trailers["Waypost-Log"])
        assert found is not None
        inside = [e for e in told if int(found[1]) <= e["seq"] <= int(found[2])]
        assert inside[0]["kind"] == "milestone.moved"
        assert inside[0]["state"] == "active"
        assert {e.get("milestone") for e in inside if e["kind"] == "milestone.moved"} == {milestone}
    assert_documents_agree(package, run, told[0]["notices"])


def assert_documents_agree(package: Place, run: str, notices: list[str]) -> None:
    """The branch's documents and files, and the record beside them, tell the same."""
    root, branch = package.root, f"waypost/{run}"
    plan = git(root, "show", f"{branch}:.agent/hosts/PLAN.md")
    assert "### Milestone M01 - Hosts of addresses [x]" in plan
    assert "### Milestone M02 - Comparing hosts [x]" in plan
    assert "- [x] M01.A1" in plan
    assert "- [x] M02.A1" in plan
    assert "[ ]" not in plan
    record = git(root, "show", f"{branch}:.agent/hosts/DOCUMENTATION.md")
    assert "A human's note." in record
    assert f"Run {run}: all milestones have ended." in record
    assert record.count("| passed |") == 2
    live = (package.worktree(run) / ".agent/hosts/DOCUMENTATION.md").read_text()
    assert f"Run {run}: complete" in live
    assert live.count("passed (attempt 1") == 2
    assert "take it as it is parsed" in live
    assert "def same_host" in git(root, "show", f"{branch}:mdurl/hosts.py")
    assert "# not committed" not in git(root, "show", f"{branch}:mdurl/_url.py")
    assert any("uncommitted" in notice for notice in notices)
