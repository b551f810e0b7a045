from __future__ import annotations

import pytest

from waypost.sandbox.variables import command_variables, looks_secret


@pytest.mark.parametrize(
    "name",
    [
        *(
            "OPENAI_API_KEY",
            "ANTHROPIC_AUTH_TOKEN",
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
        ),
        *("DB_PASSWORD", "GOOGLE_APPLICATION_CREDENTIALS", "client_secret", "AZURE_APIKEY"),
    ],
)
def test_a_credential_is_known_by_its_name(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["PATH", "HOME", "KEYBOARD", "TOKENIZERS_PARALLELISM", "AUTHOR_NAME", "MONKEY"])
def test_other_names_are_let_through(name: str) -> None:
    assert not looks_secret(name)


def test_commands_get_no_credentials_but_those_kept_and_nothing_that_waits() -> None:
    got = command_variables({"A_TOKEN": "a", "B_TOKEN": "b", "PATH": "/bin", "PAGER": "less"}, frozenset({"B_TOKEN"}))
    assert (got.get("A_TOKEN"), got["B_TOKEN"], got["PATH"], got["PAGER"]) == (None, "b", "/bin", "cat")
