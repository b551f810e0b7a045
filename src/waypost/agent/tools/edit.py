"""The tool `edit`: exact replacement in one file, or a patch over many."""

from __future__ import annotations

from waypost.agent.tools.bench import Bench, offer, text_property
from waypost.agent.tools.result import Result
from waypost.wires.conversation import Json


async def _work(arguments: Json, bench: Bench) -> Result:
    # Loaded when first used: a run's first request must not wait for it.
    from waypost.agent.tools.editing import edit

    return edit(arguments, bench)


EDIT = offer(
    "edit",
    "Change files. Either path, old, new: old is replaced by new and must stand there exactly once "
    "(all=true: everywhere). Or patch alone, over any number of files, all or nothing:\n"
    "*** Begin Patch\n*** Update File: a.py\n@@ def name\n kept\n-removed\n+added\n"
    "*** Add File: b.py\n+line\n*** Delete File: c.py\n*** End Patch\n"
    "(*** Move to: after Update File renames.)",
    {
        "path": text_property(),
        "old": text_property(),
        "new": text_property(),
        "all": {"type": "boolean"},
        "patch": text_property(),
    },
    required=(),
    example={"path": "src/app.py", "old": "return a - b", "new": "return a + b"},
    work=_work,
    changes_tree=True,
)
