"""An answer's tokens are the same when it came and when it is read back from where it is stored."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.events.blob import Blob
from waypost.events.kinds import ModelResponded, Spent
from waypost.ledger.errors import BadProof
from waypost.models.codec import response_to_json
from waypost.models.tokens import committed, leaves_of, stored_leaves, stored_texts, tokens_of
from waypost.wires.conversation import (
    AssistantMessage,
    Delta,
    DeltaKind,
    Part,
    Reasoning,
    Response,
    Stop,
    Text,
    ToolCall,
)

SEED, LEFT = bytes(range(16)), 1_700_000_000_000_000_000


@st.composite
def responses(draw: st.DrawFn) -> Response:
    """Answers of all kinds of parts, cut into deltas anywhere; some deltas are none of the answer's text."""
    parts: list[Part] = []
    deltas: list[Delta] = []
    for number in range(draw(st.integers(0, 4))):
        kind, text = draw(st.sampled_from(["text", "reasoning", "call"])), draw(st.text())
        if kind == "call":
            parts.append(ToolCall(f"c{number}", "shell", text))
            deltas.append(Delta(DeltaKind.CALL, number, "shell", draw(st.integers(0, 9))))
        else:
            parts.append(Text(text) if kind == "text" else Reasoning("openai", {}, text))
        of = {"call": DeltaKind.ARGUMENTS, "text": DeltaKind.TEXT, "reasoning": DeltaKind.REASONING}[kind]
        cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=5)))
        for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
            deltas.append(Delta(of, number, text[start:end], draw(st.integers(0, 2**50))))
        if draw(st.booleans()):
            deltas.append(Delta(of, number, draw(st.text()), 7))
    return Response(AssistantMessage(tuple(parts)), Stop.END, deltas=tuple(deltas))


def responded(**more: str) -> ModelResponded:
    fields = {"left": str(LEFT), "seed": SEED.hex(), **more}
    return ModelResponded("M01", 0, Blob.of("x"), "end", Spent(1, 1), left=fields["left"], seed=fields["seed"])


@given(responses())
def test_what_is_read_back_are_the_leaves_that_were_made(response: Response) -> None:
    stored = json.dumps(response_to_json(response), ensure_ascii=False).encode(errors="replace")
    leaves = stored_leaves(responded(), stored)
    assert leaves == leaves_of(response.deltas, LEFT, SEED)
    assert stored_texts(stored) == [delta.text.encode(errors="replace") for delta in response.deltas]
    made = tokens_of(response.deltas, LEFT, SEED)
    assert committed(made.unit, leaves) == made


@pytest.mark.parametrize(
    "answer",
    [b"", b"[]", b"{}", b'{"parts":[{}]}', b'{"parts":[],"deltas":[["text",0,3,1]]}',
     b'{"parts":[{"text":"ab"}],"deltas":[["text",0,9,1]]}', b'{"parts":[{"text":"ab"}],"deltas":[["x",0,"a",1]]}',
     b'{"parts":[{"text":"ab"}],"deltas":[["text",0,"a",-1]]}', b'{"parts":[],"deltas":[["text",70000,"a",1]]}'],
)  # fmt: skip
def test_a_stored_answer_that_is_none_proves_nothing(answer: bytes) -> None:
    with pytest.raises(BadProof):
        stored_leaves(responded(), answer)


def test_an_unknown_unit_is_no_commitment() -> None:
    with pytest.raises(BadProof, match="unknown unit"):
        committed("word", [])
    with pytest.raises(BadProof):
        stored_leaves(responded(seed="zz"), b'{"parts":[]}')
