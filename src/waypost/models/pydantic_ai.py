"""`pydantic-ai:PROVIDER:MODEL`: any provider that pydantic-ai knows (Bedrock, Vertex, Cohere ...), an extra.

Importing pydantic-ai with a provider takes seconds and 100 MB; it is made when such a model is opened.
What only pydantic-ai understands (thinking signatures, details that belong to a call) travels in Reasoning
parts of the wire "pydantic-ai" and is given back as it came.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from waypost.models.clock import Clock
from waypost.models.codec import canonical, encode_request
from waypost.models.model import BadModel, ContextOverflow, ModelError, TransientFailure
from waypost.wires.conversation import (
    AssistantMessage,
    Delta,
    DeltaKind,
    Part,
    Reasoning,
    Request,
    Response,
    Stop,
    Text,
    ToolCall,
    ToolMessage,
    Usage,
    UserMessage,
)

WIRE = "pydantic-ai"
MEND = "pip install 'waypost[pydantic-ai]'"
OPAQUE = ("id", "signature", "provider_name", "provider_details")
TRANSIENT_STATUSES = (408, 409, 425, 429)
STOPS = {"stop": Stop.END, "tool_call": Stop.CALLS, "length": Stop.LENGTH, "content_filter": Stop.REFUSAL}


class PydanticAIModel:
    """Speaks through `pydantic_ai.direct`. `model` may be a pydantic-ai model object in place of its name."""

    def __init__(self, name: str, model: Any, clock: Clock) -> None:
        """Raises BadModel where the extra or the provider's package is missing, or the name unknown."""
        self._name = name
        self._clock = clock
        try:
            from pydantic_ai.exceptions import UserError
            from pydantic_ai.models import infer_model
        except ImportError as error:
            raise BadModel(f"{name}: pydantic-ai is not installed ({error}); {MEND}") from error
        try:
            self._model = infer_model(model)
        except (UserError, ImportError, ValueError, KeyError) as error:
            raise BadModel(f"{name}: pydantic-ai can't open this model: {error}") from error

    @property
    def name(self) -> str:
        """`pydantic-ai:PROVIDER:MODEL`."""
        return self._name

    def encode(self, request: Request) -> bytes:
        """The request as canonical JSON: what the provider's client makes of it, only pydantic-ai knows."""
        return encode_request(request)

    async def stream(self, request: Request) -> AsyncIterator[Delta | Response]:
        """Text, reasoning and calls as the provider's client tells them."""
        from pydantic_ai.direct import model_request_stream
        from pydantic_ai.models import ModelRequestParameters
        from pydantic_ai.settings import ModelSettings
        from pydantic_ai.tools import ToolDefinition

        began = self._clock.monotonic_ns()
        deltas: list[Delta] = []
        parameters = ModelRequestParameters(
            function_tools=[
                ToolDefinition(name=tool.name, description=tool.description, parameters_json_schema=tool.parameters)
                for tool in request.tools
            ]
        )
        settings = ModelSettings()
        if request.max_output_tokens is not None:
            settings["max_tokens"] = request.max_output_tokens
        try:
            async with model_request_stream(
                self._model,
                messages_of(request),
                model_settings=settings,
                model_request_parameters=parameters,
            ) as stream:
                async for event in stream:
                    at = self._clock.monotonic_ns() - began
                    for delta in _deltas(event, at):
                        deltas.append(delta)
                        yield delta
                answer = stream.get()
        except Exception as error:
            mapped = _error(self._name, error)
            if mapped is None:
                raise
            raise mapped from error
        yield _response(answer, tuple(deltas))

    async def close(self) -> None:
        """The provider's client closes its own connections."""


def messages_of(request: Request) -> list[Any]:
    """A request's messages as pydantic-ai's: neighbours of one side become one message."""
    from pydantic_ai.messages import (
        ModelRequest,
        ModelResponse,
        SystemPromptPart,
        ToolReturnPart,
        UserPromptPart,
    )

    messages: list[Any] = []
    asked: list[Any] = [SystemPromptPart(request.system)] if request.system else []
    tools: dict[str, str] = {}
    for message in request.messages:
        if isinstance(message, UserMessage):
            asked.append(UserPromptPart(message.text))
        elif isinstance(message, ToolMessage):
            name = tools.get(message.call_id, "unknown")
            asked.append(ToolReturnPart(name, message.text, message.call_id))
        else:
            if asked:
                messages.append(ModelRequest(parts=asked))
                asked = []
            tools |= {call.id: call.name for call in message.calls}
            messages.append(ModelResponse(parts=_parts_out(message.parts)))
    if asked:
        messages.append(ModelRequest(parts=asked))
    return messages


def _parts_out(parts: Sequence[Part]) -> list[Any]:
    from pydantic_ai.messages import TextPart, ThinkingPart, ToolCallPart

    found: list[Any] = []
    details: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, Text):
            found.append(TextPart(part.text))
        elif isinstance(part, ToolCall):
            opaque = details.pop(part.id, {})
            found.append(ToolCallPart(part.name, part.arguments, part.id, **opaque))
        elif part.wire == WIRE and "call" in part.payload:
            details[part.payload["call"]] = part.payload["details"]
        elif part.wire == WIRE:
            found.append(ThinkingPart(part.text, **part.payload))
    return found


def _response(answer: Any, deltas: tuple[Delta, ...]) -> Response:
    parts: list[Part] = []
    for part in answer.parts:
        parts += _part_in(part)
    message = AssistantMessage(tuple(parts))
    used = answer.usage
    reasoning = getattr(used, "output_reasoning_tokens", 0)
    stop = STOPS.get(answer.finish_reason or "", Stop.OTHER if answer.finish_reason else Stop.END)
    return Response(
        message=message,
        stop=Stop.CALLS if message.calls and stop is Stop.END else stop,
        usage=Usage(used.input_tokens, used.output_tokens, used.cache_read_tokens, used.cache_write_tokens, reasoning)
        if used.has_values()
        else None,
        id=answer.provider_response_id or "",
        model=answer.model_name or "",
        deltas=deltas,
    )


def _part_in(part: Any) -> list[Part]:
    opaque = {name: value for name in OPAQUE if (value := getattr(part, name, None)) is not None}
    if part.part_kind == "text":
        return [Text(part.content)]
    if part.part_kind == "thinking":
        return [Reasoning(WIRE, opaque, part.content)]
    if part.part_kind == "tool-call":
        call = ToolCall(part.tool_call_id, part.tool_name, _arguments(part.args))
        details = [Reasoning(WIRE, {"call": call.id, "details": opaque})] if opaque else []
        return [*details, call]
    return []  # files and the provider's own tools: nothing that a run can use


def _arguments(args: Any) -> str:
    return args if isinstance(args, str) else canonical(args or {}).decode()


def _deltas(event: Any, at: int) -> list[Delta]:
    """A stream's event as deltas; those of other kinds say nothing new."""
    if event.event_kind == "part_start":
        part = event.part
        if part.part_kind == "tool-call":
            begun = [Delta(DeltaKind.CALL, event.index, part.tool_name, at)]
            return begun + _pieces(DeltaKind.ARGUMENTS, event.index, part.args, at)
        kind = {"text": DeltaKind.TEXT, "thinking": DeltaKind.REASONING}.get(part.part_kind)
        return _pieces(kind, event.index, part.content, at) if kind else []
    if event.event_kind != "part_delta":
        return []
    delta = event.delta
    if delta.part_delta_kind == "tool_call":
        return _pieces(DeltaKind.ARGUMENTS, event.index, delta.args_delta, at)
    kind = {"text": DeltaKind.TEXT, "thinking": DeltaKind.REASONING}[delta.part_delta_kind]
    return _pieces(kind, event.index, delta.content_delta, at)


def _pieces(kind: DeltaKind, part: int, piece: Any, at: int) -> list[Delta]:
    text = _arguments(piece) if piece else ""
    return [Delta(kind, part, text, at)] if text else []


def _error(name: str, error: Exception) -> ModelError | None:
    """Ours for pydantic-ai's; None for what is no failure of the provider."""
    from pydantic_ai import exceptions

    overflow = getattr(exceptions, "ModelContextWindowExceededError", ())
    if isinstance(error, overflow):
        return ContextOverflow(f"{name}: {error}")
    retry_after = getattr(error, "retry_after", None)
    if isinstance(error, exceptions.ModelHTTPError):
        status = error.status_code
        if status >= 500 or status in TRANSIENT_STATUSES:
            return TransientFailure(f"{name}: {error}", status, retry_after)
        return BadModel(f"{name}: the provider refused the request with {status}: {error}")
    if isinstance(error, exceptions.ModelAPIError | exceptions.UnexpectedModelBehavior | OSError):
        return TransientFailure(f"{name}: {error}", None, retry_after)
    if isinstance(error, exceptions.UserError):
        return BadModel(f"{name}: {error}")
    return None


if TYPE_CHECKING:
    from waypost.models.model import Model

    def _is_a_model(model: PydanticAIModel) -> Model:
        return model
