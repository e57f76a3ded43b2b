"""Fixtures shared by all tests: a private data folder, and the public-domain novels."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from studio.models.loading import uncollected
from studio.settings import Settings, settings

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"

hypothesis.settings.register_profile(
    "calm", deadline=None, derandomize=True, database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)  # fmt: skip
hypothesis.settings.load_profile("calm")

LONG = {"slow", "whole_way", "faults", "browser"}
SHARED = {
    "tests/e2e/test_cold.py": "studio",
    "tests/e2e/test_comparing.py": "studio",
    "tests/e2e/test_editor.py": "studio",
    "tests/e2e/test_preparing.py": "studio",
    "tests/e2e/test_voices.py": "studio",
    "tests/e2e/test_preflight.py": "prepared",
    "tests/e2e/test_restart.py": "prepared",
    "tests/e2e/test_resume.py": "prepared",
}
"""Modules that use one studio, by the name of its fixture."""


class ByModule(LoadScopeScheduling):
    """Gives each process a module at a time, or all those that share a studio."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return SHARED.get(module, module)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule:
    return ByModule(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is loaded now stays for the whole run: looking through it for garbage again and again
    would take a tenth of each process's time."""
    with uncollected():
        found = yield
    gc.freeze()
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long modules begin, so that at the end no process is left alone with one."""
    items.sort(key=lambda item: LONG.isdisjoint(mark.name for mark in item.iter_markers()))


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
