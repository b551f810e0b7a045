"""From what a person wrote after `--model` to a model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from waypost.models.model import BadModel, Model

if TYPE_CHECKING:
    from waypost.models.clock import Clock

ENTRY_POINTS = "waypost.models"
KINDS = """\
  PROVIDER:MODEL            openai:, anthropic:, openrouter:, ollama: ... as docs/models.md lists them
  pydantic-ai:PROVIDER:MODEL  any provider of pydantic-ai, an extra
  scripted:FILE             turns from a JSON file
  recorded:FILE             an earlier run's answers; recorded(speed=1):FILE waits as long as they took
  mailbox:DIR               requests and answers as files: a person or a program is the model
  chaos(seed=1,cut=0.1):MODEL  any of these with faults; docs/models.md lists them"""

_SPEC = re.compile(r"(?P<kind>[\w.-]+)(?:\((?P<options>[^()]*)\))?:(?P<rest>.+)", re.DOTALL)
Value = TypeVar("Value", int, float)


@dataclass(frozen=True, slots=True)
class Spec:
    """`kind(options):rest`, taken apart; `text` is all of it."""

    text: str
    kind: str
    options: Mapping[str, str]
    rest: str


def open_model(spec: str, *, base_url: str | None, environ: Mapping[str, str], clock: Clock) -> Model:
    """Opens the model that a specification names; real ones connect when they are first asked.

    Models from elsewhere register a callable under the entry point group `waypost.models`, by their kind; it
    is called as `make(rest, base_url=..., environ=..., clock=...)`. Raises BadModel.
    """
    parsed = parse_spec(spec)
    own = _OWN.get(parsed.kind)
    if own is not None:
        return own(parsed, base_url, environ, clock)
    from waypost.models.presets import PRESETS, resolve

    if parsed.kind in PRESETS:  # looking for entry points takes time, so the presets come first
        from waypost.models.http import HttpModel

        _options(parsed)
        return HttpModel(resolve(parsed.text, base_url, environ))
    elsewhere = _from_entry_point(parsed, base_url, environ, clock)
    if elsewhere is not None:
        return elsewhere
    close = _closest(parsed.kind, [*_OWN, *PRESETS])
    mend = f"did you mean {close}:?" if close else "there are:"
    raise BadModel(f"{spec}: no such kind of model; {mend}\n{KINDS}\nProviders: {', '.join(PRESETS)}")


def check_model(spec: str, *, base_url: str | None, environ: Mapping[str, str]) -> None:
    """Raises BadModel where `open_model` would, without opening a client."""
    from waypost.models.clock import SystemClock
    from waypost.models.presets import PRESETS, resolve

    if parse_spec(spec).kind in PRESETS:
        resolve(spec.strip(), base_url, environ)
    else:
        open_model(spec, base_url=base_url, environ=environ, clock=SystemClock())


def parse_spec(spec: str) -> Spec:
    """Takes a specification apart. Raises BadModel that lists what there is."""
    if not spec.strip():
        raise BadModel(f"no model was named; give --model:\n{KINDS}")
    matched = _SPEC.fullmatch(spec.strip())
    if matched is None:
        raise BadModel(f"{spec!r} names no model; give --model KIND:NAME:\n{KINDS}")
    options: dict[str, str] = {}
    for option in filter(None, (matched["options"] or "").split(",")):
        name, equals, value = option.partition("=")
        if not equals:
            raise BadModel(f"{spec}: the option {option!r} has no value; write {option.strip()}=VALUE")
        options[name.strip()] = value.strip()
    return Spec(spec.strip(), matched["kind"], options, matched["rest"])


Maker = Callable[[Spec, str | None, Mapping[str, str], "Clock"], Model]


def _scripted(spec: Spec, _base_url: str | None, _environ: Mapping[str, str], _clock: Clock) -> Model:
    from waypost.models.scripted import ScriptedModel, read_script

    _options(spec)
    return ScriptedModel(spec.text, read_script(_path(spec)))


def _recorded(spec: Spec, _base_url: str | None, _environ: Mapping[str, str], clock: Clock) -> Model:
    from waypost.models.recorded import RecordedModel, read_recording

    options = _options(spec, "speed")
    speed = _number(spec, options, "speed", 0.0)
    return RecordedModel(spec.text, read_recording(_path(spec)), speed=speed, clock=clock)


def _mailbox(spec: Spec, _base_url: str | None, _environ: Mapping[str, str], clock: Clock) -> Model:
    from waypost.models.mailbox import MailboxModel

    _options(spec)
    return MailboxModel(spec.text, _path(spec), clock)


def _pydantic_ai(spec: Spec, base_url: str | None, _environ: Mapping[str, str], clock: Clock) -> Model:
    from waypost.models.pydantic_ai import PydanticAIModel

    _options(spec)
    if base_url is not None:
        raise BadModel(f"{spec.text}: --base-url is not for pydantic-ai models; set the provider's own variable")
    return PydanticAIModel(spec.text, spec.rest, clock)


def _chaos(spec: Spec, base_url: str | None, environ: Mapping[str, str], clock: Clock) -> Model:
    from waypost.models.chaos import ChaosModel, Faults

    names = [field.name for field in fields(Faults)]
    options = _options(spec, "seed", "hours", *names)
    try:
        faults = Faults(**{name: _number(spec, options, name, 0.0) for name in names})
    except ValueError as error:
        raise BadModel(f"{spec.text}: {error}") from error
    seed, hours = _number(spec, options, "seed", 0), _number(spec, options, "hours", 3.0)
    inner = open_model(spec.rest, base_url=base_url, environ=environ, clock=clock)
    return ChaosModel(inner, faults, clock, seed=seed, hours=hours, name=spec.text)


_OWN: Mapping[str, Maker] = {
    "scripted": _scripted,
    "recorded": _recorded,
    "mailbox": _mailbox,
    "pydantic-ai": _pydantic_ai,
    "chaos": _chaos,
}


def _from_entry_point(spec: Spec, base_url: str | None, environ: Mapping[str, str], clock: Clock) -> Model | None:
    from importlib.metadata import entry_points

    for found in entry_points(group=ENTRY_POINTS, name=spec.kind):
        try:
            make = found.load()
        except (ImportError, AttributeError) as error:
            where = f"{found.value}, entry point {spec.kind} of {ENTRY_POINTS}"
            raise BadModel(f"{spec.text}: can't load {where}: {error}") from error
        model: Model = make(spec.rest, base_url=base_url, environ=environ, clock=clock)
        return model
    return None


def _path(spec: Spec) -> Path:
    return Path(spec.rest).expanduser()


def _options(spec: Spec, *names: str) -> Mapping[str, str]:
    for name in spec.options:
        if name not in names:
            close = _closest(name, names)
            known = f"there are {', '.join(names)}" if names else "there are none"
            mend = f"did you mean {close}?" if close else known
            raise BadModel(f"{spec.text}: {spec.kind} has no option {name!r}; {mend}")
    return spec.options


def _closest(name: str, names: Iterable[str]) -> str:
    import difflib

    return next(iter(difflib.get_close_matches(name, list(names), 1)), "")


def _number(spec: Spec, options: Mapping[str, str], name: str, default: Value) -> Value:
    text = options.get(name)
    if text is None:
        return default
    try:
        number = type(default)(text)
    except ValueError as error:
        raise BadModel(f"{spec.text}: {name} must be a number, not {text!r}") from error
    if not 0 <= number < 1e9:
        raise BadModel(f"{spec.text}: {name} must be 0 or more, not {text!r}")
    return number
