"""Error bodies, as every provider writes its own and as two of the protocols write theirs."""

from __future__ import annotations

from waypost.wires.canonical import Json, canonical, parse, well_formed
from waypost.wires.errors import EXCERPT_BYTES, ErrorDetail, ErrorKind, classify


def decode_error_body(status: int, body: bytes) -> ErrorDetail:
    """Reads the body of an error status; one that is no JSON is quoted in part. Never raises."""
    excerpt = body[:EXCERPT_BYTES].decode("utf-8", "replace").strip()
    try:
        error = _innermost(well_formed(parse(body)))
    except (ValueError, RecursionError):
        error = {}
    return classify(status, error, f"{excerpt}" or f"status {status} with an empty body")


def _innermost(value: object) -> Json:
    """The object with `message`: providers wrap it in a list, in `error`, or write `detail`."""
    if isinstance(value, list):
        return _innermost(value[0]) if value else {}
    if not isinstance(value, dict):
        return {}
    inner = value.get("error")
    if isinstance(inner, dict | list):
        return _innermost(inner)
    if isinstance(inner, str):
        return {**value, "message": inner}
    if isinstance(value.get("detail"), str):
        return {**value, "message": value["detail"]}
    return value


def encode_openai_error(kind: ErrorKind, message: str) -> bytes:
    """The body of both of OpenAI's protocols."""
    kind_name, code = _OPENAI[kind]
    return canonical({"error": {"message": message, "type": kind_name, "param": None, "code": code}})


def encode_anthropic_error(kind: ErrorKind, message: str) -> bytes:
    """Anthropic's body. A full window has no name there, only a message, so that gets its usual words."""
    if kind is ErrorKind.CONTEXT_OVERFLOW and not message.startswith(_TOO_LONG):
        message = f"{_TOO_LONG}: {message}"
    return canonical({"type": "error", "error": {"type": _ANTHROPIC[kind], "message": message}})


_TOO_LONG = "prompt is too long"
_OPENAI: dict[ErrorKind, tuple[str, str | None]] = {
    ErrorKind.RATE_LIMIT: ("rate_limit_error", "rate_limit_exceeded"),
    ErrorKind.QUOTA: ("insufficient_quota", "insufficient_quota"),
    ErrorKind.OVERLOADED: ("server_error", "server_is_overloaded"),
    ErrorKind.CONTEXT_OVERFLOW: ("invalid_request_error", "context_length_exceeded"),
    ErrorKind.AUTHENTICATION: ("invalid_request_error", "invalid_api_key"),
    ErrorKind.NOT_FOUND: ("invalid_request_error", "model_not_found"),
    ErrorKind.INVALID: ("invalid_request_error", None),
    ErrorKind.SERVER: ("server_error", None),
}
_ANTHROPIC = {
    ErrorKind.RATE_LIMIT: "rate_limit_error",
    ErrorKind.QUOTA: "billing_error",
    ErrorKind.OVERLOADED: "overloaded_error",
    ErrorKind.CONTEXT_OVERFLOW: "invalid_request_error",
    ErrorKind.AUTHENTICATION: "authentication_error",
    ErrorKind.NOT_FOUND: "not_found_error",
    ErrorKind.INVALID: "invalid_request_error",
    ErrorKind.SERVER: "api_error",
}
