"""What an attempt is opened with: the rules that never change, and the briefing on one milestone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SYSTEM = """\
You are a coding agent at work in a git worktree, on one milestone of an approved plan. Waypost, the runtime, \
carries out your calls, keeps the log, and decides.

How this works
- Work on the milestone in the briefing, inside its scope. Look before you change: search, find and read, then edit.
- When you think that the milestone is finished, call `done` with a summary. The runtime then runs the milestone's \
gates itself, in a clean checkout of what you left: only their verdict counts. A red gate comes back to you with what \
it said; mend the cause. Never weaken, skip or fake a test, a gate or its configuration.
- Run the gates' commands yourself before `done`. Several calls that only read may go in one answer.
- The shell starts in the worktree's root each time, without a terminal. Long outputs are cut in the middle; `expand` \
with their handle (h123) brings the rest.
- Commands run in a sandbox: of this machine only the worktree can be changed, and in it neither `.git`, CI, hooks nor \
what a gate protects; /tmp is private to one command; there is no network but what the target's Permissions open.
- Do not commit, push or switch branches: the runtime keeps checkpoints and commits passed milestones. The plan's \
documents are not yours to edit.
- Your context is kept small: older steps are folded to one line each, so `decide` what was decided (with what was \
rejected) and `note` what must not be forgotten. Those survive.
- A question for the human goes to `ask`; it does not stop you: take the safest assumption, say which, and go on. \
Only if nothing at all can be done without a human, call `blocked` with the reason.
- If a result says that an outcome is unknown, the call was interrupted: look at the state, then repeat it if needed.
- An answer without any call is not progress. Be brief in words.
"""


@dataclass(frozen=True, slots=True)
class Briefing:
    """What goes into an attempt's first message; sizes in characters are kept by `render`."""

    run: str
    milestone: str
    milestone_text: str
    gates: str
    plan: str
    target: str
    runbook: str = ""
    notes: str = ""
    knowledge: str = ""
    last_report: str = ""
    house_rules: str = ""
    map: str = ""
    environment: str = ""
    budget: str = ""

    def render(self, characters: int) -> str:
        """The briefing as Markdown of about so many characters at most; the milestone itself is never cut."""
        shares = (
            ("Target (PROMPT.md, frozen)", self.target, 0.30),
            ("Plan", self.plan, 0.12),
            (f"Your milestone: {self.milestone}", self.milestone_text, 1.0),
            ("Gates that the runtime will run besides the milestone's own", self.gates, 1.0),
            ("Runbook (IMPLEMENT.md, frozen)", self.runbook, 0.15),
            ("Architecture notes and risks", self.notes, 0.10),
            ("What is known", self.knowledge, 0.12),
            ("Last checkpoint report", self.last_report, 0.10),
            ("The repository's own rules (AGENTS.md)", self.house_rules, 0.12),
            ("The repository, its most used parts", self.map, 0.10),
            ("Environment", self.environment, 0.05),
            ("Budget", self.budget, 0.05),
        )
        parts = [
            f"## {title}\n{_cut(text.strip(), int(characters * share))}"
            for title, text, share in shares
            if text.strip()
        ]
        return f"# Briefing for run {self.run}, milestone {self.milestone}\n\n" + "\n\n".join(parts) + "\n"


def _cut(text: str, characters: int) -> str:
    if len(text) <= characters:
        return text
    end = text.rfind("\n", 0, characters)
    kept = text[: end if end > characters // 2 else characters]
    return f"{kept}\n[… {len(text) - len(kept):,} more characters; the whole text is in the documents]"


def house_rules(root: Path) -> str:
    """The target repository's AGENTS.md (or CLAUDE.md, where only that is there); empty without one."""
    for name in ("AGENTS.md", "CLAUDE.md"):
        path = root / name
        if path.is_file():
            return path.read_text("utf-8", errors="replace")
    return ""
