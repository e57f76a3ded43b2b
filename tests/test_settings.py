"""What an operator sets, and what of it is kept to itself."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from studio.settings import Settings

KEYS = "API.example.org=sk-one, localhost:8000=sk-two\nlocalhost=sk-three"


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("https://api.example.org/v1", "sk-one"),
        ("https://API.EXAMPLE.ORG:443/v1", "sk-one"),
        ("http://localhost:8000/v1", "sk-two"),
        ("http://localhost:8001/v1", "sk-three"),
        ("https://api.example.org.evil.net/v1", None),
        ("https://evil.net/api.example.org", None),
        ("https://example.org/v1", None),
    ],
)
def test_a_key_belongs_to_its_host(
    address: str, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOREWRIGHT_ENDPOINT_KEYS", KEYS)
    found = Settings().key_for(address)
    assert (found and found.get_secret_value()) == key


def test_keys_are_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOREWRIGHT_ENDPOINT_KEYS", KEYS)
    values = Settings()
    assert "sk-" not in repr(values) + str(values.model_dump()) + values.model_dump_json()


@pytest.mark.parametrize("wrong", ["sk-lonely", "https://a.org/v1=sk-lonely", "a.org="])
def test_a_key_without_its_host_is_refused_unseen(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOREWRIGHT_ENDPOINT_KEYS", wrong)
    with pytest.raises(ValidationError, match="host=key") as caught:
        Settings()
    assert "sk-lonely" not in str(caught.value)
