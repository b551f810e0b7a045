from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from cli_cases import HOSTILE, RUN, repository, told, waypost

from waypost.cli.report_page.facts import gather
from waypost.cli.report_page.page import page
from waypost.cli.report_page.verdict import headline
from waypost.events import kinds

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=2000",
)  # fmt: skip


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_hostile_text_stays_text_in_the_page(tmp_path: Path) -> None:
    story = told(tmp_path, HOSTILE + '" onload="x\' --> ]]> &lt;b&gt; </style></title>')
    text = page(gather(story.log, RUN), "0")
    found = Elements()
    found.feed(text)
    assert not {"script", "img", "b", "a", "link", "iframe", "object"} & set(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on") or name in {"style", "src", "href"}]
    assert found.tags.count("style") == found.tags.count("title") - text.count("<svg") * 0 - _titles_in_svg(text) == 1
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in text
    assert not any(character in text for character in "\x1b\x07\u202e")


def _titles_in_svg(text: str) -> int:
    return sum(part.count("<title>") for part in re.findall(r"<svg.*?</svg>", text, re.DOTALL))


def test_the_page_asks_for_nothing_and_its_policy_allows_nothing(tmp_path: Path) -> None:
    text = page(gather(told(tmp_path).log, RUN), "0")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert html.unescape(policy[1]).startswith("default-src 'none'; style-src 'sha256-")
    assert not re.findall(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", text)


def test_what_a_human_waived_is_never_left_out_of_the_headline(tmp_path: Path) -> None:
    story = told(tmp_path, outcome="")
    story.tell(
        kinds.MilestoneMoved("M02", "waived", "active"), kinds.MilestoneMoved("M03", "skipped", "planned"),
        kinds.RunEnded("complete"),
    )  # fmt: skip
    assert headline(gather(story.log, RUN)) == "Complete, with 1 waived and 1 skipped"


def test_a_run_out_of_budget_is_never_called_complete(tmp_path: Path) -> None:
    story = told(tmp_path, outcome="")
    story.tell(kinds.BudgetCrossed("run", "cost", 5_100_000, 5_000_000), kinds.RunEnded("budget", "cost"))
    said = waypost(tmp_path, "report").stdout
    assert "**Out of budget, not complete.**" in said
    assert "--max-cost" in waypost(tmp_path, "status").stdout


def test_the_facts_agree_in_page_markdown_and_json(tmp_path: Path) -> None:
    told(tmp_path)
    answer = json.loads(waypost(tmp_path, "report", "--json", "-o", "report.html").stdout)
    text = (tmp_path / "report.html").read_text("utf-8")
    markdown = waypost(tmp_path, "report").stdout
    unit = answer["gates"][0]
    assert unit["verdicts"] == ["red", "green"]
    assert unit["command"] == "python -m pytest -q tests/unit"
    assert [file["path"] for file in answer["files"]] == [
        "src/copybook/comp3.py",
        "src/copybook/pic.py",
        "tests/test_pic.py",
    ]
    assert answer["files"][1] == {
        "path": "src/copybook/pic.py",
        "status": "A",
        "added": 126,
        "removed": 2,
        "binary": False,
    }
    assert [phase["state"] for phase in answer["phases"] if phase["milestone"] == "M01"] == [
        "active", "verifying", "repairing", "verifying",
    ]  # fmt: skip
    for words in ("1 of 3 milestones passed", "+246 −2", "M02.A2"):
        assert words in text
        assert words in markdown


def test_a_run_that_has_only_begun_has_a_report(tmp_path: Path) -> None:
    log = told(repository(tmp_path), outcome="").log
    log.append("empty-0001", None, [kinds.RunOpened("t", "f", 1, "b", "br", "p", "m")])
    done = waypost(tmp_path, "report", "empty", "-o", "empty.html")
    assert done.returncode == 0, done.stderr
    assert "Not started" in (tmp_path / "empty.html").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("WAYPOST_REQUIRE_ALL"), reason="no chromium to open the page in"
)
def test_a_real_browser_shows_the_page_and_runs_nothing_in_it(tmp_path: Path) -> None:
    assert CHROMIUM is not None, "chromium is wanted for this test: install it"
    told(tmp_path, HOSTILE)
    assert waypost(tmp_path, "report", "-o", "report.html").returncode == 0
    profile = tmp_path / "profile"
    profile.mkdir()
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--dump-dom", (tmp_path / "report.html").as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = Elements()
    found.feed(shown)
    assert not {"script", "img"} & set(found.tags)
    assert found.tags.count("svg") >= 2
    assert "&lt;script&gt;alert('x')&lt;/script&gt;" in shown
    assert "M02 is blocked" in shown
