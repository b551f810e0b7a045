"""What ships with the demo: documents without a flaw, and a recording without a trace of where it was made."""

from __future__ import annotations

import re

from waypost.demo.stage import DOCUMENTS, RECORDING
from waypost.documents.find import find
from waypost.documents.lint import lint
from waypost.models.recorded import read_recording


def test_the_documents_have_nothing_to_complain_of() -> None:
    assert lint(find(DOCUMENTS.parent, str(DOCUMENTS))) == ()


def test_the_recording_says_when_it_was_made() -> None:
    assert re.match(r"20\d\d-\d\d-\d\d, ", read_recording(RECORDING).header.note)


def test_the_recording_names_no_path_of_a_machine() -> None:
    text = RECORDING.read_text("utf-8")
    assert not re.search(r"/(?:home|root|Users|tmp|work|var|opt)\b", text)


def test_every_answer_can_be_read() -> None:
    answers = list(read_recording(RECORDING))
    assert [answer.ordinal for answer in answers] == list(range(len(answers)))
    assert all(answer.response.message.calls for answer in answers)
