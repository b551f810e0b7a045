"""Milestone headings: the strict form, the plain ones, and lines that were meant to be one."""

from __future__ import annotations

import difflib
import re

from waypost.documents.errors import Report
from waypost.documents.source import Heading, Hidden, Source, Text

FORM = '"### Milestone M03 - Title [ ]"'
BOX = re.compile(r"\[([^\[\]]*)\][ \t]*$")
STRICT = re.compile(r"Milestone[ \t]+(M[0-9]{1,6})[ \t]+[-–—][ \t]+(.*?)[ \t]*\[([ xX])\]")
PLAIN = re.compile(
    r"(?:Milestone[ \t]+M?|M)([0-9]{1,6})(?:[ \t]*[-–—:.)][ \t]*|[ \t]+|$)(.*?)(?:[ \t]*\[([ xX])\])?",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"(?:milestone[ \t:#-]*M?|M[ \t-]?)[0-9]+\b", re.IGNORECASE)
# A line of prose that would be a milestone heading, were it not for its first characters.
DISGUISED = re.compile(r"(#{1,}|[*_]{1,3})?[ \t]*(milestone[ \t]+M?[0-9]+\b.*)", re.IGNORECASE)
CRITERION = re.compile(r"[ \t]*[-*+][ \t]+(?:\[.?\][ \t]*)?M[0-9]+\.[A-Za-z]+[0-9]+\b")


def looks_like_milestone(heading: Heading) -> bool:
    """Whether a heading was meant to open a milestone, whatever its form."""
    text = heading.text.strip(" \t*_")
    if NUMBERED.match(text):
        return heading.level <= 4
    word = re.split(r"[ \t:]", text, maxsplit=1)[0].casefold()
    close = word != "milestones" and difflib.SequenceMatcher(None, word, "milestone").ratio() > 0.75
    return heading.level == 3 and (close or BOX.search(text) is not None)


def mend(text: str) -> str:
    """What the heading should read, as far as its own words tell."""
    number = re.search(r"[0-9]+", text)
    box = BOX.search(text)
    ticked = box is not None and box[1].strip().casefold() == "x"
    title = text[: box.start()] if box else text
    title = title[number.end() :] if number else re.sub(r"^[*_ \t]*\w*", "", title)
    title = title.strip(" \t*_-–—:.#)(") or "Title"
    name = f"M{int(number[0][:6]):02d}" if number else "M01"
    return f'write "### Milestone {name} - {title} [{"x" if ticked else " "}]"'


def report_disguised(source: Source, report: Report) -> None:
    """Reports lines that hold a milestone heading or a criterion and that Markdown reads as something else."""
    for block in source.blocks:
        if isinstance(block, Text) and not block.quoted:
            _report_text(block, report)
        elif isinstance(block, Hidden) and not block.comment:
            line = block.text.strip()
            if line.startswith("#") and DISGUISED.match(line):
                report.error(block.line, "a milestone heading is hidden in code or HTML", "give it its own line")
            elif CRITERION.match(line):
                report.error(block.line, "a criterion is hidden in code or HTML", "indent it less")


def _report_text(block: Text, report: Report) -> None:
    match = DISGUISED.match(block.text)
    if match is None:
        return
    marks, words = match[1] or "", match[2].strip("*_ \t")
    if marks.startswith("#"):
        report.error(block.line, "the line is no heading", mend(words))
    elif BOX.search(words):
        report.error(block.line, "the line reads like a milestone but is no heading", mend(words))
