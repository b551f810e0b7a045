from __future__ import annotations

from pathlib import Path

import pytest
from documents_cases import PLAN, RUNBOOK, TARGET, errors, write

from waypost.documents.errors import DocumentsInvalid, DocumentsNotFound
from waypost.documents.find import find
from waypost.documents.lint import lint, load


def test_the_only_folder_under_agent_is_found(tmp_path: Path) -> None:
    write(tmp_path / ".agent" / "export")
    folder = find(tmp_path, None)
    assert (folder.name, folder.path) == ("export", tmp_path / ".agent" / "export")
    assert folder.shown("plan") == ".agent/export/PLAN.md"
    assert find(tmp_path, "export") == find(tmp_path, ".agent/export") == folder


def test_several_folders_under_agent_must_be_told_apart(tmp_path: Path) -> None:
    write(tmp_path / ".agent" / "one")
    write(tmp_path / ".agent" / "two")
    with pytest.raises(DocumentsNotFound, match="name one of one, two"):
        find(tmp_path, None)
    assert find(tmp_path, "two").name == "two"


def test_names_are_found_in_any_case_and_by_their_other_words(tmp_path: Path) -> None:
    for name, text in [("Target.md", TARGET), ("plans.md", PLAN), ("Runbook.MD", RUNBOOK), ("record.md", "# R\n")]:
        (tmp_path / name).write_text(text, "utf-8")
    folder = find(tmp_path, None)
    assert [path.name for path in (folder.target, folder.plan, folder.runbook, folder.record)] == [
        "Target.md", "plans.md", "Runbook.MD", "record.md",
    ]  # fmt: skip
    assert folder.name is None
    assert load(folder).document("record").raw == b"# R\n"


def test_a_missing_document_is_told_with_what_was_found(tmp_path: Path) -> None:
    (tmp_path / "PLAN.md").write_text(PLAN, "utf-8")
    with pytest.raises(DocumentsNotFound, match=r"PROMPT.md and IMPLEMENT.md is missing, PLAN.md is there"):
        find(tmp_path, None)


def test_no_documents_at_all_name_the_way_to_begin(tmp_path: Path) -> None:
    with pytest.raises(DocumentsNotFound, match="waypost init"):
        find(tmp_path, None)
    with pytest.raises(DocumentsNotFound, match='no folder "nowhere"'):
        find(tmp_path, "nowhere")


def test_two_files_for_one_role_are_an_error(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (tmp_path / "plans.md").write_text(PLAN, "utf-8")
    with pytest.raises(DocumentsNotFound, match=r"PLAN.md and plans.md both claim to be the plan"):
        find(folder.root, None)


def test_a_missing_record_is_no_error_and_has_no_bytes(tmp_path: Path) -> None:
    folder = write(tmp_path)
    assert folder.record == tmp_path / "DOCUMENTATION.md"
    assert load(folder).document("record").raw == b""


def test_a_file_that_is_not_utf8_is_a_diagnostic_with_its_line(tmp_path: Path) -> None:
    folder = write(tmp_path, PLAN.encode() + b"caf\xe9\n")
    line = PLAN.count("\n") + 1
    found = [str(one) for one in errors(folder)]
    assert found[0].startswith(f"PLAN.md:{line}: byte {len(PLAN.encode()) + 3} is not UTF-8")
    with pytest.raises(DocumentsInvalid) as problem:
        load(folder)
    assert problem.value.diagnostics == lint(folder)


def test_an_empty_runbook_and_an_open_block_are_errors(tmp_path: Path) -> None:
    folder = write(tmp_path, record="# R\n\n<!-- waypost:status -->\nx\n")
    folder.runbook.write_bytes(b"\n")
    assert [str(one) for one in errors(folder)] == [
        "IMPLEMENT.md:1: the runbook is empty; write how the work goes, or see `waypost init`",
        "DOCUMENTATION.md:3: the generated block status has no end; add <!-- /waypost:status --> on a line of its own",
    ]


def test_a_path_with_spaces_and_other_letters_is_shown_as_it_is(tmp_path: Path) -> None:
    folder = write(tmp_path / "mein Größtes" / ".agent" / "häuser bauen")
    assert find(tmp_path / "mein Größtes", None).shown("target") == ".agent/häuser bauen/PROMPT.md"
    assert not errors(folder)
