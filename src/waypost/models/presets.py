"""The providers and local servers that are known by name, and how `PRESET:MODEL` becomes an address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from waypost.models.model import BadModel

if TYPE_CHECKING:
    from waypost.wires.wire import Wire


@dataclass(frozen=True, slots=True)
class Preset:
    """A provider: its protocol, its address, and the variable that holds the key.

    `wire` makes the codec, so that only the one in use is imported: each costs start-up time.
    `base_variable` names a variable that may hold the address where `base_url` is empty;
    `key_header` is the header that takes the key in place of the protocol's own.
    """

    wire: Callable[[], Wire]
    base_url: str
    key_variable: str = ""
    needs_key: bool = True
    base_variable: str = ""
    base_suffix: str = ""
    key_header: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how one model is asked; `name` is the spec as given, `key_variable` is where the key was."""

    name: str
    wire: Wire
    model: str
    url: str
    key_variable: str = ""
    key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def _responses() -> Wire:
    from waypost.wires.responses import ResponsesWire

    return ResponsesWire()


def _messages() -> Wire:
    from waypost.wires.messages import MessagesWire

    return MessagesWire()


def _chat(cache_key: bool = False, limit: str = "max_tokens", asks_for_usage: bool = True) -> Callable[[], Wire]:
    """Makes codecs for one dialect of Chat Completions; see `ChatWire` for the options."""

    def make() -> Wire:
        from waypost.wires.chat import ChatWire

        return ChatWire(cache_key=cache_key, limit=limit, asks_for_usage=asks_for_usage)

    return make


_COMPATIBLE = _chat()
_AZURE = Preset(
    _responses,
    "",
    "AZURE_OPENAI_API_KEY",
    base_variable="AZURE_OPENAI_ENDPOINT",
    base_suffix="/openai/v1",
    key_header="api-key",
)

PRESETS: Mapping[str, Preset] = {
    "openai": Preset(_responses, "https://api.openai.com/v1", "OPENAI_API_KEY"),
    "openai-chat": Preset(
        _chat(cache_key=True, limit="max_completion_tokens"), "https://api.openai.com/v1", "OPENAI_API_KEY"
    ),
    "anthropic": Preset(_messages, "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", base_suffix="/v1"),
    "openrouter": Preset(_COMPATIBLE, "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "gemini": Preset(_COMPATIBLE, "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY"),
    "mistral": Preset(_chat(asks_for_usage=False), "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "groq": Preset(_chat(limit="max_completion_tokens"), "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "deepseek": Preset(_COMPATIBLE, "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "xai": Preset(_COMPATIBLE, "https://api.x.ai/v1", "XAI_API_KEY"),
    "azure": _AZURE,
    "ollama": Preset(_COMPATIBLE, "http://127.0.0.1:11434/v1", "OLLAMA_API_KEY", needs_key=False),
    "vllm": Preset(_COMPATIBLE, "http://127.0.0.1:8000/v1", "VLLM_API_KEY", needs_key=False),
    "lmstudio": Preset(_COMPATIBLE, "http://127.0.0.1:1234/v1", "LM_API_TOKEN", needs_key=False),
    "llamacpp": Preset(_COMPATIBLE, "http://127.0.0.1:8080/v1", "LLAMA_API_KEY", needs_key=False),
}


def resolve(spec: str, base_url: str | None, environ: Mapping[str, str]) -> Endpoint:
    """The endpoint of `PRESET:MODEL`; a `base_url` replaces the preset's address.

    Raises BadModel for an unknown preset, a missing model, key or address, and an address that is none.
    """
    name, separator, model = spec.partition(":")
    preset = PRESETS.get(name)
    if preset is None:
        raise BadModel(_unknown(spec, name, bool(separator)))
    if not model.strip():
        raise BadModel(f'"{spec}" names no model; write {name}:MODEL')
    key = _key(spec, preset, environ, may_lack=base_url is not None)
    wire = preset.wire()
    headers = {preset.key_header: key} if preset.key_header and key else wire.headers(key)
    return Endpoint(
        name=spec,
        wire=wire,
        model=model.strip(),
        url=_base(spec, preset, base_url, environ) + wire.path,
        key_variable=preset.key_variable,
        key=key,
        headers=headers,
    )


def _unknown(spec: str, name: str, has_model: bool) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, PRESETS, 1)
    hint = f'; did you mean "{close[0]}"?' if close else ""
    if not has_model:
        return f'"{spec}" names no provider; write PRESET:MODEL, with one of {", ".join(PRESETS)}{hint}'
    return f'"{name}" in "{spec}" is not a known provider{hint}. Known are {", ".join(PRESETS)}'


def _key(spec: str, preset: Preset, environ: Mapping[str, str], *, may_lack: bool) -> str:
    key = environ.get(preset.key_variable, "").strip()
    if not key and preset.needs_key and not may_lack:
        raise BadModel(f"{spec} needs a key; put it into the variable {preset.key_variable}")
    if not all("!" <= letter <= "~" for letter in key):
        raise BadModel(f"the variable {preset.key_variable} holds something that is no key: look for spaces in it")
    return key


def _base(spec: str, preset: Preset, base_url: str | None, environ: Mapping[str, str]) -> str:
    """The address without a slash at its end; a bare one gets the suffix that the provider wants."""
    base = base_url or preset.base_url or environ.get(preset.base_variable, "")
    if not base:
        where = f" or the variable {preset.base_variable}" if preset.base_variable else ""
        raise BadModel(f"{spec} has no fixed address; give it with --base-url{where}")
    base = base.strip().rstrip("/")
    try:
        parts = urlsplit(base)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise BadModel(f'"{base}" is no address; write --base-url http://HOST:PORT/v1')
    return base if base.endswith(preset.base_suffix) else base + preset.base_suffix
