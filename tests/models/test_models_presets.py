from __future__ import annotations

import pytest

from waypost.models.model import BadModel
from waypost.models.presets import PRESETS, resolve

LOCAL = ["ollama", "vllm", "lmstudio", "llamacpp"]
KEYS = {preset.key_variable: "secret" for preset in PRESETS.values()}


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "azure"])
def test_every_preset_resolves_to_an_address_below_its_own(name: str) -> None:
    endpoint = resolve(f"{name}:some-model", None, KEYS)
    preset = PRESETS[name]
    assert endpoint.url == preset.base_url + preset.wire().path
    assert (endpoint.name, endpoint.model) == (f"{name}:some-model", "some-model")
    assert "secret" in " ".join(endpoint.headers.values())
    assert "secret" not in repr(endpoint)


def test_a_model_may_hold_colons_and_slashes() -> None:
    assert resolve("ollama:qwen3:8b", None, {}).model == "qwen3:8b"
    assert resolve("openrouter:z-ai/glm-4.6:free", None, KEYS).model == "z-ai/glm-4.6:free"


def test_an_unknown_preset_is_answered_with_the_closest_and_all_known_ones() -> None:
    with pytest.raises(BadModel, match=r'did you mean "anthropic"\?') as refused:
        resolve("antropic:claude", None, {})
    assert all(name in str(refused.value) for name in PRESETS)


@pytest.mark.parametrize("spec", ["openai", "", "gpt-5", "openai:", "openai: "])
def test_a_spec_without_provider_or_model_says_how_to_write_one(spec: str) -> None:
    with pytest.raises(BadModel, match="MODEL"):
        resolve(spec, None, KEYS)


@pytest.mark.parametrize("name", [name for name in PRESETS if name not in {*LOCAL, "azure"}])
def test_a_missing_key_names_its_variable(name: str) -> None:
    for environ in ({}, {PRESETS[name].key_variable: " \n"}):
        with pytest.raises(BadModel, match=PRESETS[name].key_variable):
            resolve(f"{name}:m", None, environ)


@pytest.mark.parametrize("name", PRESETS)
def test_with_a_base_url_a_key_may_be_missing(name: str) -> None:
    endpoint = resolve(f"{name}:m", "http://127.0.0.1:9/v1/", {})
    assert endpoint.url.startswith("http://127.0.0.1:9/v1/")
    assert endpoint.key == ""
    assert "authorization" not in endpoint.headers


@pytest.mark.parametrize("name", LOCAL)
def test_local_servers_need_no_key(name: str) -> None:
    assert resolve(f"{name}:m", None, {}).headers == {}


@pytest.mark.parametrize("base", ["http://127.0.0.1:1234", "http://127.0.0.1:1234/", "http://127.0.0.1:1234/v1"])
def test_anthropics_address_works_with_and_without_its_version(base: str) -> None:
    assert resolve("anthropic:m", base, {}).url == "http://127.0.0.1:1234/v1/messages"


def test_azure_takes_its_address_from_either_place_and_its_own_header() -> None:
    key = {"AZURE_OPENAI_API_KEY": "secret"}
    with pytest.raises(BadModel, match="AZURE_OPENAI_ENDPOINT"):
        resolve("azure:gpt", None, key)
    named = resolve("azure:gpt", None, {**key, "AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com/"})
    given = resolve("azure:gpt", "https://x.openai.azure.com/openai/v1", key)
    assert named.url == given.url == "https://x.openai.azure.com/openai/v1/responses"
    assert named.headers == {"api-key": "secret"}


@pytest.mark.parametrize("base", ["127.0.0.1:80", "ftp://host", "http://", "http://host:99999", "http://[::1"])
def test_a_base_url_that_is_none_is_refused(base: str) -> None:
    with pytest.raises(BadModel, match="no address"):
        resolve("openai:m", base, {})


def test_a_key_that_can_not_stand_in_a_header_is_refused_without_being_shown() -> None:
    with pytest.raises(BadModel, match="OPENAI_API_KEY") as refused:
        resolve("openai:m", None, {"OPENAI_API_KEY": "sk-a b\u00e9"})
    assert "sk-a" not in str(refused.value)
