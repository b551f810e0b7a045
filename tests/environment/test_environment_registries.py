from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.environment.registries import NPM, furnish, local_sources

LINES = [
    *("registry=https://a/", "fund=false", "cafile=/etc/ca"),
    *("//a/:_authToken=KEY", "_auth = KEY", "key=KEY", "//a/:_password=KEY", "//a/:username=KEY", "email=KEY"),
]


@given(st.lists(st.sampled_from(LINES)))
def test_no_key_of_npms_is_copied_and_all_else_is(lines: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        user, home = Path(folder, "user"), Path(folder, "home")
        for one in (user, home):
            one.mkdir()
        (user / ".npmrc").write_text("\n".join(lines))
        variables = furnish(home, user)
        assert variables["npm_config_userconfig"] == str(home / NPM)
        kept = (home / NPM).read_text().splitlines()
        assert kept == [line for line in lines if "KEY" not in line]


def test_a_home_without_configuration_stays_empty(tmp_path: Path) -> None:
    for name in ("user", "home"):
        (tmp_path / name).mkdir()
    (tmp_path / "user/.netrc").write_text("machine a password b\n")
    assert furnish(tmp_path / "home", tmp_path / "user") == {"HOME": str(tmp_path / "home")}
    assert not list((tmp_path / "home").iterdir())


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("{0}/wheels", ["wheels"]),
        ("file://{0}/wheels https://a.example/simple", ["wheels"]),
        ("~/wheels", ["user/wheels"]),
        ("{0}/wheels {0}/more", ["wheels", "more"]),
        ("https://a.example{0}/wheels", []),
        ("{0}/absent", []),
        ("{0}/user", []),
        ("{0}", []),
        ("/ /etc /home", []),
        ("~/", []),
        ("", []),
    ],
)
def test_paths_of_this_machine_are_found_and_no_home_nor_what_lies_above_it(
    tmp_path: Path, value: str, found: list[str]
) -> None:
    for name in ("wheels", "more", "user/wheels"):
        (tmp_path / name).mkdir(parents=True)
    text = value.format(tmp_path)
    expected = tuple(tmp_path / name for name in found)
    assert local_sources(tmp_path / "user", {"PIP_FIND_LINKS": text, "OTHER": str(tmp_path / "more")}) == expected
    assert local_sources(tmp_path / "user", {}, [text]) == expected
    (tmp_path / "user/.config/pip").mkdir(parents=True)
    (tmp_path / "user/.config/pip/pip.conf").write_text(f"[global]\nfind-links = {text}\n")
    assert local_sources(tmp_path / "user", {}) == expected
