"""The step loop: ask, carry out, checkpoint, again; until the model claims an end or a limit is reached."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from waypost.agent.budget import Meter
from waypost.agent.calls import Carried, Hands
from waypost.context.conversation import NUDGE, Conversation
from waypost.context.fold import Budget, Known, fold
from waypost.context.legal import broken_properties, with_own_ids
from waypost.context.prompt import Segments, digest_of, kept_of
from waypost.events import kinds
from waypost.events.blob import Blob
from waypost.events.canonical import sha256
from waypost.events.event import Event
from waypost.events.journal import Journal
from waypost.models.asking import NoAnswer, Retry, RetryPolicy, ask
from waypost.models.clock import Clock
from waypost.models.codec import response_to_json
from waypost.models.model import ContextOverflow, Model
from waypost.models.prices import Rates
from waypost.models.tokens import tokens_of
from waypost.wires.conversation import Delta, Request, Response, Tool, ToolCall, Usage

NUDGE_TEXT = (
    "That answer called nothing, so nothing happened. If the milestone is finished, call `done`; otherwise go on "
    "with the next call."
)
WRAP_UP = (
    "The budget is used up ({reason}). Nothing more will be carried out. In at most 200 words: what is finished, what "
    "is not, what you would do next, and what the next attempt must know."
)
REPEATED = (
    "You have made the same call with the same result {count} times. Doing it again will change nothing: try "
    "something else, or call `done` or `blocked`."
)
ERRORS_IN_A_ROW = 6
REPEATS_TOLD, REPEATS_ENDED = 5, 10
OVERFLOWS, SMALLEST_ROOM = 3, 2_000
TOOK = re.compile(r"\b\d+(\.\d+)? ?m?s\b")
"""A time in an output: it differs where nothing else does."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Why the loop ended: done, blocked, budget, paused, stopped, nonsense, no_answer or overflow."""

    outcome: str
    text: str = ""


@dataclass(slots=True)
class Agent:
    """One attempt at work."""

    journal: Journal
    conversation: Conversation
    model: Model
    model_name: str
    tools: tuple[Tool, ...]
    hands: Hands
    window: Budget
    meters: tuple[Meter, ...]
    clock: Clock
    find_rates: Callable[[], Awaitable[Rates | None]]
    checkpoint: Callable[[str], kinds.Checkpointed | None]
    known: Callable[[], Known]
    hear: Callable[[], list[Event] | Ended]
    """What humans said since the last step, as events for the model, or the end that they asked for."""
    on_delta: Callable[[Delta], None]
    on_fold: Callable[[], None]
    milestone: str
    ordinal: int
    policy: RetryPolicy
    rates: Rates | None = None
    is_priced: bool = False
    errors_in_a_row: int = 0
    sent: Segments = ()
    """The prompt of the last request."""
    repeats: Counter[str] = field(default_factory=Counter)
    """How often each step came since the tree last changed."""

    async def work(self) -> Ended:
        """Steps until something ends the attempt. Cancelling it is safe at any point."""
        if self.conversation.claim:
            return Ended(self.conversation.claim, self.conversation.claim_text)
        later: list[Event] = []
        while True:
            heard = self.hear()
            if isinstance(heard, Ended):
                self._flush(later)
                return heard
            self._flush([*later, *heard] if heard else [])
            later = [] if heard else later
            crossed = next((c for meter in self.meters if (c := meter.crossed())), None)
            if crossed is not None:
                self._flush(later)
                return await self._wrap_up(crossed)
            if self.conversation.tokens > self.window.trigger:
                self._fold("window")
            try:
                response = await self._ask(later)
            except NoAnswer as problem:
                return Ended("no_answer", str(problem))
            except ContextOverflow as problem:
                return Ended("overflow", str(problem))
            later = []
            ended = await self._act(response, later)
            if ended is not None:
                self._flush(later)
                return ended

    def _flush(self, events: list[Event]) -> None:
        if events:
            self.journal.write(*events)

    # --- asking ---

    async def _ask(self, first: list[Event], purpose: str = "step") -> Response:
        """Asks the model; a prompt that the provider finds too long is folded harder, a few times."""
        for _ in range(OVERFLOWS):
            try:
                return await self._ask_once(first, purpose)
            except ContextOverflow:
                self._narrow()
                self._fold("overflow")
                first = []
        return await self._ask_once(first, purpose)

    def _narrow(self) -> None:
        """A window well below what was just too long, but with room for a summary and the last step."""
        overhead = self.window.overhead
        known = min(self.window.window, self.conversation.tokens + overhead)
        self.window = Budget(max(int(known * 0.7), overhead + SMALLEST_ROOM), overhead)

    async def _ask_once(self, first: list[Event], purpose: str) -> Response:
        request = self._request()
        estimate = self.conversation.tokens + self.window.overhead
        self.journal.write(*first, self._requested(len(request.messages), estimate, purpose))
        response = await ask(
            self.model,
            request,
            clock=self.clock,
            policy=self.policy,
            on_delta=self.on_delta,
            on_retry=self._on_retry,
        )
        if not self.is_priced:  # looked up once, after the first answer: the tables take a while to load
            self.rates, self.is_priced = await self.find_rates(), True
        if response.usage is not None:
            self.conversation.estimator.observe(estimate, response.usage.input)
        return response

    def _requested(self, messages: int, estimate: int, purpose: str) -> kinds.ModelRequested:
        prompt = self.conversation.prompt(self.tools)
        kept = kept_of(self.sent, prompt)
        self.sent = prompt
        return kinds.ModelRequested(
            self.milestone, self.ordinal, digest_of(prompt), messages, estimate, purpose, kept, prompt[kept:]
        )

    def _request(self) -> Request:
        messages = self.conversation.messages
        broken = broken_properties(messages)
        if broken:
            raise AssertionError(f"illegal working set: {', '.join(broken)}")
        return Request(
            model=self.model_name,
            system=self.conversation.system,
            tools=self.tools,
            messages=messages,
            conversation=f"{self.journal.run}/{self.milestone}",
            breakpoints=tuple(range(1, self.conversation.fixed + 1)),
            ordinal=self.ordinal,
        )

    def _on_retry(self, retry: Retry) -> None:
        self.journal.write(
            kinds.ModelFailed(
                self.milestone, self.ordinal, retry.reason, retry.attempt, int(retry.wait_seconds * 1000), retry.status
            )
        )

    def _responded(self, response: Response, purpose: str) -> kinds.ModelResponded:
        usage, estimated = response.usage, response.usage is None
        if usage is None:
            estimate = self.conversation.estimator.estimate
            words = response.message.text + "".join(call.arguments for call in response.message.calls)
            usage = Usage(self.conversation.tokens + self.window.overhead, estimate(words))
        cost = None if self.rates is None else self.rates.price(usage).micro_dollars
        spent = kinds.Spent(usage.input, usage.output, usage.cached, usage.written, usage.reasoning, cost)
        for meter in self.meters:
            meter.add(spent)
        took = max((delta.at for delta in response.deltas), default=0)
        left, seed = (
            self.clock.now_ns() - took,
            os.urandom(16),
        )  # counted back from the last delta, whatever was retried
        answer = Blob.of(json.dumps(response_to_json(response), ensure_ascii=False, separators=(",", ":")))
        ordinal = self.ordinal
        self.ordinal += 1
        return kinds.ModelResponded(
            self.milestone,
            ordinal,
            answer,
            response.stop,
            spent,
            estimated,
            took // 1_000_000,
            purpose,
            left=str(left),
            seed=seed.hex(),
            tokens=tokens_of(response.deltas, left, seed),
        )

    def _fold(self, why: str) -> None:
        self.journal.write(fold(self.conversation, self.window, self.known(), self.milestone, why))
        self.on_fold()

    # --- acting ---

    async def _act(self, response: Response, later: list[Event]) -> Ended | None:
        own = with_own_ids(response.message, self.conversation.messages, self.ordinal)
        response = replace(response, message=own)
        calls = response.message.calls
        responded = self._responded(response, "step")
        if not calls:
            self.journal.write(responded)
            if self.conversation.plain >= 2:
                return Ended("done", response.message.text)
            self.journal.write(kinds.NoteTold(self.milestone, Blob.of(NUDGE_TEXT), NUDGE))
            return None
        carried = await self.hands.carry_out(calls, responded.ordinal, (responded,))
        return self._after(carried, calls, later)

    def _after(self, carried: Carried, calls: tuple[ToolCall, ...], later: list[Event]) -> Ended | None:
        if carried.changes_tree:
            taken = self.checkpoint(calls[-1].name)
            if taken is not None:
                later.append(taken)
                self.repeats.clear()
        if self.conversation.claim:
            return Ended(self.conversation.claim, self.conversation.claim_text)
        return self._nonsense(carried, calls)

    def _nonsense(self, carried: Carried, calls: tuple[ToolCall, ...]) -> Ended | None:
        """Errors only, or the same over and over: said once, then the attempt is over."""
        self.errors_in_a_row = self.errors_in_a_row + 1 if carried.errors == len(calls) else 0
        if self.errors_in_a_row >= ERRORS_IN_A_ROW:
            self.errors_in_a_row = 0
            return Ended("nonsense", f"{ERRORS_IN_A_ROW} answers in a row made only calls that failed")
        outputs = [TOOK.sub("", output) for output in carried.outputs]
        step = sha256(repr(([(c.name, c.arguments) for c in calls], outputs)).encode())
        self.repeats[step] += 1
        if self.repeats[step] == REPEATS_TOLD:
            text = REPEATED.format(count=REPEATS_TOLD)
            self.journal.write(kinds.NoteTold(self.milestone, Blob.of(text), "repeated"))
        if self.repeats[step] >= REPEATS_ENDED:
            self.repeats.clear()
            return Ended("nonsense", f"the same call with the same result {REPEATS_ENDED} times, and no file changed")
        return None

    async def _wrap_up(self, crossed: kinds.BudgetCrossed) -> Ended:
        """One last answer, of which only the words count."""
        reason = f"{crossed.scope}: {crossed.budget} {crossed.spent:,} of {crossed.limit:,}"
        self.journal.write(crossed, kinds.NoteTold(self.milestone, Blob.of(WRAP_UP.format(reason=reason)), "budget"))
        try:
            response = await self._ask([], "wrap-up")
        except (NoAnswer, ContextOverflow):
            return Ended("budget", reason)
        self.journal.write(self._responded(response, "wrap-up"))
        return Ended("budget", f"{reason}\n\n{response.message.text}".strip())
