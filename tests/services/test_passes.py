"""A pass opens the studio that gave it out, for a while, under the same password."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.services import passes
from studio.settings import settings

NOW = 1_800_000_000.0


@pytest.fixture(autouse=True)
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LOREWRIGHT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LOREWRIGHT_PASSWORD", "Mondlicht 月光")
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_a_pass_is_good_until_it_lapses() -> None:
    given = passes.issued(NOW)
    assert passes.is_good(given, NOW + passes.LASTS - 1)
    assert not passes.is_good(given, NOW + passes.LASTS)
    assert stat.S_IMODE((settings().run / "passes.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("forged", [None, "", "1800043200.", "1800043200.é", "²." + "a" * 64, 7])
def test_what_this_studio_did_not_give_out_opens_nothing(forged: object) -> None:
    assert not passes.is_good(forged, NOW)
    until, _dot, seal = passes.issued(NOW).partition(".")
    assert not passes.is_good(f"{int(until) + 1}.{seal}", NOW)


def test_another_password_or_another_studio_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = passes.issued(NOW)
    monkeypatch.setenv("LOREWRIGHT_PASSWORD", "sunlight")
    settings.cache_clear()
    assert not passes.is_good(given, NOW)
    monkeypatch.setenv("LOREWRIGHT_PASSWORD", "Mondlicht 月光")
    monkeypatch.setenv("LOREWRIGHT_DATA", str(tmp_path / "other"))
    settings.cache_clear()
    assert not passes.is_good(given, NOW)


def test_where_no_key_can_be_kept_nothing_is_let_in() -> None:
    settings().run.parent.mkdir(parents=True)
    settings().run.write_text("no folder")
    with pytest.raises(FileExistsError):
        passes.issued(NOW)
    assert not passes.is_good(f"{int(NOW + 60)}.{'0' * 64}", NOW)
