"""Asking a model until it answers: waits, retries, and the point at which to give up."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from waypost.models.clock import NANOSECONDS, Clock
from waypost.models.model import Model, ModelError, TransientFailure
from waypost.models.streams import closing
from waypost.wires.conversation import Delta, Request, Response, Usage


class NoAnswer(ModelError):
    """Asked as often and as long as the policy allows, the model gave no answer that can be used."""


class _Silence(TransientFailure):
    """No delta for too long; `overslept_ns` is how much later than the policy's limit that was seen."""

    def __init__(self, limit: float, overslept_ns: int = 0) -> None:
        super().__init__(f"the model was silent for more than {limit:g} s")
        self.overslept_ns = overslept_ns


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to ask and how long to wait, in seconds.

    The wait before try n is anything from 0 to `first` * 2^(n-2), at most `longest` (exponential back-off
    with full jitter), and at least the server's Retry-After as far as `longest` allows. No wait begins that
    would end later than `patience` after the first try began. `empties` is how often an empty answer is asked
    for again; `silence` is how long a stream may bring nothing.
    """

    tries: int = 8
    patience: float = 3600.0
    first: float = 1.0
    longest: float = 300.0
    empties: int = 3
    silence: float = 300.0


@dataclass(frozen=True, slots=True)
class Retry:
    """Told before each further try: why, the HTTP status if any, which try failed (from 1), and the wait.

    `usage` is what a rejected empty answer cost all the same.
    """

    reason: str
    status: int | None
    attempt: int
    wait_seconds: float
    usage: Usage | None = None


DEFAULT_POLICY = RetryPolicy()
OnDelta = Callable[[Delta], None]
OnRetry = Callable[[Retry], Awaitable[None] | None]


async def ask(
    model: Model,
    request: Request,
    *,
    clock: Clock,
    policy: RetryPolicy = DEFAULT_POLICY,
    on_delta: OnDelta | None = None,
    on_retry: OnRetry | None = None,
    chance: Callable[[], float] | None = None,
) -> Response:
    """The model's answer, which is never empty.

    `on_delta` sees the deltas of failed tries too; `on_retry` tells where a new try begins. `chance` gives
    numbers from 0 to 1 for the jitter (`random.Random(7).random` in tests).
    Raises NoAnswer when the policy is used up; ContextOverflow and BadModel as they come.
    """
    began = clock.monotonic_ns()
    failed = empty = 0
    while True:
        try:
            response = await _one_try(model, request, clock, policy, on_delta)
        except TransientFailure as failure:
            failed += 1
            began += failure.overslept_ns if isinstance(failure, _Silence) else 0
            reason, cause, usage, last = failure.reason, failure, None, failed >= policy.tries
        else:
            if not response.message.is_empty:
                return response
            empty += 1
            reason = f"the answer was empty (stop: {response.stop.value})"
            cause, usage = TransientFailure(reason), response.usage
            last = empty > policy.empties
        wait = _wait(policy, failed + empty, cause.retry_after, chance)
        passed = (clock.monotonic_ns() - began) / NANOSECONDS
        if last or passed + wait > policy.patience:
            raise NoAnswer(
                f"{model.name}: no answer after {failed + empty} tries in {passed:.0f} s; "
                f"the last: {reason}; the run can go on from here once the model answers again"
            ) from cause
        told = on_retry and on_retry(Retry(reason, cause.status, failed + empty, wait, usage))
        if inspect.isawaitable(told):
            await told
        await clock.sleep(wait)


async def _one_try(
    model: Model, request: Request, clock: Clock, policy: RetryPolicy, on_delta: OnDelta | None
) -> Response:
    """Reads one stream to its end. Raises TransientFailure on silence, too.

    The event loop's time ends a stream that brings nothing; the injected clock is looked at as well, so that
    a silence which passed on a fake clock alone is seen.
    """
    silence = math.inf if getattr(model, "unhurried", False) else policy.silence
    loop = asyncio.get_running_loop()
    heard = clock.monotonic_ns()
    try:
        async with asyncio.timeout(None if silence == math.inf else silence) as limit:
            async with closing(model.stream(request)) as stream:
                async for item in stream:
                    now = clock.monotonic_ns()
                    if now - heard > silence * NANOSECONDS:
                        raise _Silence(silence, now - heard - round(silence * NANOSECONDS))
                    if isinstance(item, Response):
                        return item
                    heard = now
                    if silence != math.inf:
                        limit.reschedule(loop.time() + silence)
                    if on_delta is not None:
                        on_delta(item)
    except TimeoutError as error:
        if limit.expired():
            raise _Silence(silence) from error
        raise TransientFailure(f"the model's connection timed out: {error}") from error
    raise TransientFailure("the stream ended without an answer")


def _wait(policy: RetryPolicy, tries: int, retry_after: float | None, chance: Callable[[], float] | None) -> float:
    if chance is None:
        import random

        chance = random.SystemRandom().random
    ceiling = min(policy.longest, policy.first * 2.0 ** min(tries - 1, 60))
    wait = chance() * ceiling
    if retry_after is None or math.isnan(retry_after):
        return wait
    return max(wait, min(policy.longest, retry_after))
