from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import models_cases as cases
import pytest

from waypost.models.chaos import ChaosModel
from waypost.models.clock import FakeClock
from waypost.models.mailbox import MailboxModel
from waypost.models.model import BadModel, Model
from waypost.models.recorded import Header, write_recording
from waypost.models.registry import open_model, parse_spec
from waypost.models.scripted import ScriptedModel

SOURCE = Path(__file__).parents[2] / "src"


def opened(spec: str) -> Model:
    return open_model(spec, base_url=None, environ={}, clock=FakeClock())


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "a script (1).json"
    file.write_text('{"turns": [{"text": "Hello."}]}')
    return file


def test_a_scripted_model_is_opened_and_keeps_its_name(script: Path) -> None:
    model = opened(f"scripted:{script}")
    assert isinstance(model, ScriptedModel)
    assert model.name == f"scripted:{script}"


def test_a_mailbox_is_opened(tmp_path: Path) -> None:
    assert isinstance(opened(f"mailbox:{tmp_path / 'box'}"), MailboxModel)


def test_a_recording_is_opened_with_its_speed(tmp_path: Path) -> None:
    write_recording(tmp_path / "r.jsonl", Header("m"), [])
    assert opened(f"recorded(speed=2.5):{tmp_path / 'r.jsonl'}").name.startswith("recorded(speed=2.5):")


def test_chaos_wraps_any_model(script: Path) -> None:
    model = opened(f"chaos(seed=7, cut=0.1,malformed=0.05):scripted:{script}")
    assert isinstance(model, ChaosModel)
    assert model.encode(cases.request()) == opened(f"scripted:{script}").encode(cases.request())


def test_chaos_within_chaos_is_possible(script: Path) -> None:
    model = opened(f"chaos(cut=0):chaos:scripted:{script}")
    assert asyncio.run(cases.answer(model, cases.request())).message.text == "Hello."


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("", "no model was named"),
        ("gpt-5", "names no model"),
        ("scripted:", "names no model"),
        ("chaos(cut):scripted:x", "has no value"),
        ("chaos(cud=0.1):scripted:x", "did you mean cut"),
        ("chaos(cut=lots):scripted:x", "cut must be a number"),
        ("chaos(cut=2):scripted:x", "at most 1"),
        ("chaos(seed=-1):scripted:x", "0 or more"),
        ("scripted(speed=1):x", "no option 'speed'; there are none"),
        ("recorded(speed=nan):x", "speed must be 0 or more"),
        ("chaos(cut=0.1):scripted:/no/such/file", "can't read the script"),
    ],
)
def test_a_bad_specification_is_refused_with_the_mend(spec: str, told: str) -> None:
    with pytest.raises(BadModel, match=told):
        opened(spec)


def test_without_a_model_all_kinds_are_listed() -> None:
    with pytest.raises(BadModel) as caught:
        opened(" ")
    for kind in ("scripted:", "recorded:", "mailbox:", "chaos(", "pydantic-ai:", "openai:"):
        assert kind in str(caught.value)


def test_a_model_name_may_hold_colons_and_slashes() -> None:
    spec = parse_spec("openrouter:meta/llama:free")
    assert (spec.kind, spec.rest) == ("openrouter", "meta/llama:free")


def test_opening_a_script_imports_nothing_heavy(script: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from waypost.models.registry import open_model\n"
        "from waypost.models.clock import SystemClock\n"
        "open_model('scripted:' + sys.argv[2], base_url=None, environ={}, clock=SystemClock())\n"
        "heavy = {'httpx2', 'pydantic', 'genai_prices', 'asyncio', 'yaml', 'importlib.metadata'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(SOURCE), str(script)], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[]\n"


def test_a_preset_is_opened_over_its_wire() -> None:
    pytest.importorskip("waypost.models.presets")
    model = open_model("openai-chat:m", base_url="http://127.0.0.1:9/v1", environ={}, clock=FakeClock())
    assert model.name == "openai-chat:m"
    assert b'"m"' in model.encode(cases.request())
    asyncio.run(model.close())


@pytest.mark.parametrize(("spec", "close"), [("scriptd:x", "scripted:"), ("opnai:x", "openai:")])
def test_an_unknown_kind_is_refused_with_the_closest_and_with_all(spec: str, close: str) -> None:
    pytest.importorskip("waypost.models.presets")
    with pytest.raises(BadModel, match=f"did you mean {close}") as caught:
        opened(spec)
    for kind in ("mailbox:DIR", "openrouter", "llamacpp"):
        assert kind in str(caught.value)


def test_a_model_from_another_package_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("waypost.models.presets")
    (tmp_path / "elsewhere_models.py").write_text(
        "from models_cases import ListModel, said\n"
        "def make(rest, *, base_url, environ, clock):\n"
        "    return ListModel(said(f'I am {rest} at {base_url}.'))\n"
    )
    installed = tmp_path / "elsewhere-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(
        "[waypost.models]\nelsewhere = elsewhere_models:make\nbroken = elsewhere_models:nothing\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    model = open_model("elsewhere:big", base_url="b", environ={}, clock=FakeClock())
    assert asyncio.run(cases.answer(model, cases.request())).message.text == "I am big at b."
    with pytest.raises(BadModel, match="can't load elsewhere_models:nothing"):
        opened("broken:x")
