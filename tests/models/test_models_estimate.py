from __future__ import annotations

import base64
import hashlib

import models_cases as cases
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.models.estimate import PIECE, Estimator, raw_estimate
from waypost.wires.conversation import AssistantMessage, Message, Request, Text, ToolCall, UserMessage

NOISE = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(100))
PROSE = "The runtime decides and the model proposes; a gate that is red ends neither milestone nor run. " * 40
CODE = "def total(values: list[int]) -> int:\n    return sum(value for value in values if value > 0)\n\n" * 40
KINDS = {  # characters a token, from published figures for current vocabularies, generously
    "prose": (PROSE, 3.8, 5.5),
    "code": (CODE, 2.8, 4.8),
    "json": ('{"id": 12, "name": "user", "tags": ["a", "b"], "ok": true}, ' * 40, 1.8, 3.6),
    "base64": (base64.b64encode(NOISE).decode(), 1.1, 1.9),
    "hexadecimal": (NOISE.hex(), 1.4, 2.6),
    "chinese": ("我们在这里测试一个中文句子看看估计值是多少" * 40, 0.6, 1.6),
    "russian": ("Мы проверяем здесь русское предложение " * 40, 1.8, 4.0),
    "indented": ("            x\n" * 200, 5.0, 14.0),
    "numbers": ("3.141592653589793 " * 100, 1.6, 3.2),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_text_has_its_own_length_of_a_token(kind: str) -> None:
    text, least, most = KINDS[kind]
    assert least <= len(text) / raw_estimate(text) <= most


@given(st.text(), st.text())
def test_more_text_is_never_much_fewer_tokens(one: str, other: str) -> None:
    together = raw_estimate(one + other)
    assert together >= 0
    assert together >= 0.5 * raw_estimate(one) - 2
    assert together <= raw_estimate(one) + raw_estimate(other) + 5


@given(st.text(max_size=200))
def test_a_token_is_at_least_one_byte(text: str) -> None:
    assert raw_estimate(text) <= len(text.encode("utf-8", "replace"))


def test_nothing_is_no_token_and_something_is_one() -> None:
    assert (Estimator().estimate(""), Estimator().estimate("a")) == (0, 1)


def test_an_image_in_the_middle_does_not_colour_the_rest() -> None:
    image = base64.b64encode(NOISE).decode()
    prose = (PROSE * 20)[: 8 * PIECE]
    both = raw_estimate(prose + image)
    assert both == pytest.approx(raw_estimate(prose) + raw_estimate(image), rel=0.02)


@given(cases.messages)
def test_every_message_has_an_estimate(message: Message) -> None:
    assert Estimator().estimate_message(message) >= 4


@given(cases.requests)
def test_a_request_is_at_least_its_messages(request_: Request) -> None:
    estimator = Estimator()
    whole = estimator.estimate_request(request_)
    assert whole >= sum(map(estimator.estimate_message, request_.messages)) - len(request_.messages)


def test_the_same_text_is_estimated_the_same_when_it_is_remembered() -> None:
    estimator = Estimator()
    message = AssistantMessage((Text(PROSE), ToolCall("c", "shell", CODE)))
    assert estimator.estimate_message(message) == estimator.estimate_message(message)
    assert estimator.estimate_message(UserMessage(PROSE)) == Estimator().estimate_message(UserMessage(PROSE))


def test_a_provider_that_counts_more_is_believed_within_some_requests() -> None:
    estimator = Estimator()
    for _ in range(15):
        guess = estimator.estimate(CODE)
        estimator.observe(guess, round(raw_estimate(CODE) * 1.4))
    assert estimator.calibration == pytest.approx(1.4, rel=0.03)


def test_one_odd_report_moves_the_factor_by_less_than_a_quarter() -> None:
    estimator = Estimator()
    estimator.observe(1000, 50_000)
    assert 1.0 < estimator.calibration < 1.25


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(-5, 10**7))))
def test_the_factor_stays_within_its_bounds_and_is_rebuilt_from_the_same_pairs(
    pairs: list[tuple[int, int]],
) -> None:
    one, other = Estimator(), Estimator()
    for estimated, reported in pairs:
        one.observe(estimated, reported)
        assert Estimator.LEAST <= one.calibration <= Estimator.MOST
        other = Estimator(other.calibration)
        other.observe(estimated, reported)
    assert one.calibration == other.calibration
