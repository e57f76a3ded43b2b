"""Fixtures shared by all tests: a private data folder, and the public-domain novels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.settings import Settings, settings

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings whose data folder is this test's own."""
    monkeypatch.setenv("LOREWRIGHT_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("REDIS_URL", raising=False)
    settings.cache_clear()
    yield settings()
    settings.cache_clear()


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of novels; tests that need it are skipped where it is missing."""
    if not CORPUS.is_dir():
        pytest.skip(f"The public-domain novels are not at {CORPUS}.")
    return CORPUS
