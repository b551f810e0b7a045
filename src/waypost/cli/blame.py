"""`waypost blame`: which step, and which of a model's words, a line came from."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from waypost.cli import arguments
from waypost.cli.table import rows
from waypost.cli.words import count, moment, one_line

if TYPE_CHECKING:
    from waypost.events.event import Record
    from waypost.runs.project import Project
    from waypost.trace.blame import Blame, LineAnswer
    from waypost.trace.story import Prompt, Story

SHOWN = 4
"""Lines of a kind that are listed for a person."""


def blame(
    place: Annotated[
        str, typer.Argument(metavar="FILE:LINE[-LINE]", help="A line, lines, or a whole file, as it lies here.")
    ],
    rev: Annotated[str | None, typer.Option("--rev", metavar="REV", help="The file as it is in this commit.")] = None,
    as_json: arguments.AsJson = False,
) -> None:
    """Tell which step wrote a line: the edit, the model's words, what it saw, and who reviewed it.

    Lines that were merged, amended, rebased, squashed or moved since are followed, and each answer says how sure it
    is: certain, mapped, matched, or unknown. An unknown line is a person's, or nobody can tell.
    """
    from waypost.cli.errors import Exit
    from waypost.trace.place import answers, read_place

    with arguments.project_here(create=True) as project:
        asked = read_place(place, Path.cwd(), project.root)
        teller = Teller(project)
        found = answers(teller.blame, asked, rev)
        if as_json:
            told = {"file": asked.path, "revision": rev, "lines": [teller.as_json(one) for one in found]}
            sys.stdout.write(json.dumps(told) + "\n")
        elif len(found) == 1:
            sys.stdout.write("\n".join(teller.in_words(asked.path, found[0])) + "\n")
        else:
            sys.stdout.write("\n".join(_table(found)) + "\n")
    if not any(one.written for one in found):
        raise typer.Exit(Exit.NOT_SO)


def _table(found: list[LineAnswer]) -> list[str]:
    head = ("LINE", "SURE", "RUN", "FOR", "STEP", "EVENT", "TEXT")
    body = []
    for one in found:
        step = one.written.step if one.written else None
        call = one.written.call if one.written else None
        body.append((
            str(one.line), one.sure, step.run if step else "", step.milestone if step else "",
            str(step.ordinal) if step else "", str(call.called if call else step.responded) if step else "",
            one_line(one.text),
        ))  # fmt: skip
    return list(rows(head, body, right=(0, 4, 5), flexible=6))


@dataclasses.dataclass
class Teller:
    """Tells answers with all that the log knows around them; what it has read it keeps."""

    project: Project
    blame: Blame = dataclasses.field(init=False)
    _around: dict[tuple[str, int], list[Record]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """The repository's blame over the project's log."""
        from waypost.trace.blame import Blame

        self.blame = Blame(self.project.repository, self.project.log)

    def story(self, answer: LineAnswer) -> Story | None:
        """What stands around a written line; None for one that no step wrote."""
        from waypost.trace.story import around, tell

        if answer.written is None:
            return None
        history = self.blame.chain(answer.written.step.run, answer.written.checkpoint_seq).history
        key = history.run, history.until
        if key not in self._around:
            self._around[key] = around(history)
        return tell(history, answer.written, self._around[key])

    def as_json(self, answer: LineAnswer) -> dict[str, Any]:
        """The answer with every fact as a field; a fact that is not known is null."""
        told: dict[str, Any] = {
            "line": answer.line,
            "text": answer.text,
            "sure": answer.sure,
            "why": answer.why,
            "notes": list(answer.notes),
            "commit": answer.commit,
            "subject": answer.subject,
            "named": [dataclasses.asdict(one) for one in answer.named],
            "step": None,
        }
        story = self.story(answer)
        if story is None or answer.written is None:
            return told
        fields = dataclasses.asdict(story)
        fields["step"] = {**fields["step"], "attempt": fields.pop("attempt")}
        written = answer.written
        kept = {"number": written.checkpoint, "seq": written.checkpoint_seq}
        return {**told, **fields, "by_command": written.by_command, "checkpoint": kept}

    def in_words(self, path: str, answer: LineAnswer) -> list[str]:
        """The answer for a person, a fact a line."""
        lines = [f"{path}:{answer.line}  {one_line(answer.text, 100)}"]
        story = self.story(answer)
        if story is None or answer.written is None:
            lines.append(f"unknown    {one_line(answer.why)}")
        else:
            step, by = story.step, " · written by a command" if answer.written.by_command else ""
            where = f"step {step.ordinal} of {step.run}, {step.milestone}, attempt {story.attempt}"
            lines.append(f"{answer.sure:<10} {where}{by}")
        if answer.commit:
            lines.append(f"commit     {answer.commit[:12]} {one_line(answer.subject, 80)}")
        lines += [f"since      {one_line(note)}" for note in answer.notes]
        return lines + (self._around_it(story) if story else [])

    def _around_it(self, story: Story) -> list[str]:
        call, deltas, prompt = story.call, story.deltas, story.prompt
        if call is not None:
            within = f", in its `{story.argument}`" if story.argument else ""
            lines = [f"edit       event {call.called}: {call.tool} {one_line(call.about, 60)}{within}"]
        else:
            lines = ["edit       one of the calls of this step; which one can't be told"]
        when = moment(self._record(story.step.responded).at)
        lines.append(f"answer     event {story.step.responded}, {when}, {one_line(story.model)}")
        if deltas is not None:
            span = f"{deltas.began / 1e9:.3f} to {deltas.ended / 1e9:.3f} s"
            lines.append(f"deltas     {deltas.first} to {deltas.last} of {deltas.of}, {span} after the request")
        if prompt is not None:
            held = _held(prompt)
            size = f"{count(prompt.messages, 'message')}, about {prompt.estimate:,} tokens, {prompt.digest[:12]}…"
            lines += [f"prompt     event {prompt.seq}: {size}", f"           {held}"]
        for name, known in (("decision", story.decisions), ("finding", story.findings)):
            lines += [
                f"{name:<10} {one.milestone} {one_line(f'{one.title}: {one.text}', 90)}" for one in known[-SHOWN:]
            ]
        for review in story.reviews[-SHOWN:]:
            who = one_line(review.by) or "a person"
            lines.append(
                f"reviewed   {one_line(review.item)}: {one_line(review.verdict)} by {who} (event {review.seq})"
            )
        return [*lines, f"more       waypost trace {story.step.responded}"]

    def _record(self, seq: int) -> Record:
        return next(self.project.log.read(after=seq - 1, until=seq))


def _held(prompt: Prompt) -> str:
    """What a prompt was made of: the events that open it by their places, the steps since by their number."""
    opening = {part.seq: part.what for part in prompt.segments if part.what in {"briefing", "folded working set"}}
    counts = Counter(part.what for part in prompt.segments if part.what in {"answer", "result", "note"})
    parts = [
        *(f"{what} (event {seq})" for seq, what in opening.items()),
        *(count(n, what) for what, n in counts.items()),
    ]
    return ", ".join(["system and tools", *parts])
