"""What can go wrong on a wire, and which kind of trouble a provider's error is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Json = dict[str, Any]
EXCERPT_BYTES = 200


class WireError(Exception):
    """The root of this room's errors."""


class CutStream(WireError):
    """The stream ended before the answer did; nothing of it may be taken for a whole answer."""


class MalformedStream(WireError):
    """The bytes are not of this protocol; the text shows an excerpt of them."""

    @classmethod
    def at(cls, what: str, data: bytes | str) -> MalformedStream:
        """The error that `what` went wrong, with an excerpt of the data."""
        raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
        excerpt = raw[:EXCERPT_BYTES].decode("utf-8", "replace")
        return cls(f"{what}: {excerpt!r}{'…' if len(raw) > EXCERPT_BYTES else ''}")


class MalformedRequest(WireError):
    """A client's request is not of this protocol; the text says what is wrong and where."""


class ProviderError(WireError):
    """The provider reported an error in place of an answer."""

    def __init__(self, detail: ErrorDetail) -> None:
        super().__init__(detail.message)
        self.detail = detail


class ErrorKind(StrEnum):
    """What a provider's error means for the one who asked."""

    RATE_LIMIT = "rate_limit"
    QUOTA = "quota"  # no credit left: unlike a rate limit, waiting does not help
    OVERLOADED = "overloaded"
    CONTEXT_OVERFLOW = "context_overflow"
    AUTHENTICATION = "authentication"
    NOT_FOUND = "not_found"
    INVALID = "invalid"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """A provider's error in our terms; `retry_after` is in seconds, where the message names it."""

    kind: ErrorKind
    message: str
    retry_after: float | None = None


def classify(status: int | None, error: Json, fallback: str = "") -> ErrorDetail:
    """The kind of an error object of any provider; `status` is None inside a stream.

    `error` is the innermost object, with `message`, `type` and `code` where the provider gives them.
    """
    code = error.get("code")
    if status is None and isinstance(code, int) and 100 <= code <= 599:
        status = code
    names = {str(error[key]).lower() for key in ("code", "type", "status") if error.get(key)}
    message = _message(error, fallback)
    return ErrorDetail(_kind(status, names, message), message, _retry_after(message))


def _message(error: Json, fallback: str) -> str:
    message = error.get("message")
    if not isinstance(message, str) or not message.strip():
        message = fallback or ", ".join(str(error[key]) for key in ("type", "code") if error.get(key))
    return message.strip() or "the provider gave no reason"


def _kind(status: int | None, names: set[str], message: str) -> ErrorKind:
    if _is_overflow(status, names, message):
        return ErrorKind.CONTEXT_OVERFLOW
    for kind, known in _NAMES:
        if names & known:
            return kind
    if status is None:
        return ErrorKind.SERVER
    return _STATUSES.get(status, ErrorKind.SERVER if status >= 500 else ErrorKind.INVALID)


def _is_overflow(status: int | None, names: set[str], message: str) -> bool:
    if names & _OVERFLOW_NAMES or status == 413:
        return True
    # A rate limit counted in tokens speaks of "too large" requests as well, and does pass.
    return status != 429 and not names & _RATE_NAMES and bool(_OVERFLOW_TEXT.search(message))


def _retry_after(message: str) -> float | None:
    found = _RETRY_TEXT.search(message)
    if not found:
        return None
    return float(found[1]) / (1000 if found[2].lower() == "ms" else 1)


_OVERFLOW_NAMES = {"context_length_exceeded", "exceed_context_size_error", "request_too_large"}
_OVERFLOW_TEXT = re.compile(
    r"maximum context length|context window|context length|context size|context limit|prompt is too long"
    r"|input token count.{0,40}exceeds|too many input tokens|prompt contains \d+ tokens.{0,40}too large",
    re.IGNORECASE,
)
_RETRY_TEXT = re.compile(r"try again in (\d{1,6}(?:\.\d{1,6})?) ?(ms|s)\b", re.IGNORECASE)
_RATE_NAMES = {"rate_limit_error", "rate_limit_exceeded", "resource_exhausted", "too_many_requests"}
# In order: OpenAI says "insufficient_quota" beside a type that would be a rate limit elsewhere.
_NAMES: tuple[tuple[ErrorKind, set[str]], ...] = (
    (ErrorKind.QUOTA, {"insufficient_quota", "billing_error", "billing_hard_limit_reached"}),
    (
        ErrorKind.OVERLOADED,
        {"overloaded_error", "server_is_overloaded", "overloaded", "slow_down", "unavailable"},
    ),
    (ErrorKind.RATE_LIMIT, _RATE_NAMES),
    (
        ErrorKind.AUTHENTICATION,
        {
            "authentication_error",
            "permission_error",
            "invalid_api_key",
            "unauthenticated",
            "permission_denied",
        },
    ),
    (ErrorKind.NOT_FOUND, {"not_found_error", "model_not_found", "not_found"}),
    (ErrorKind.SERVER, {"api_error", "server_error", "internal_server_error", "timeout_error"}),
    (ErrorKind.INVALID, {"invalid_request_error", "invalid_prompt", "invalid_argument"}),
)
_STATUSES = {
    401: ErrorKind.AUTHENTICATION,
    402: ErrorKind.QUOTA,
    403: ErrorKind.AUTHENTICATION,
    404: ErrorKind.NOT_FOUND,
    408: ErrorKind.SERVER,
    409: ErrorKind.SERVER,
    425: ErrorKind.RATE_LIMIT,
    429: ErrorKind.RATE_LIMIT,
    503: ErrorKind.OVERLOADED,
    529: ErrorKind.OVERLOADED,
}
