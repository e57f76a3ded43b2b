from __future__ import annotations

from pathlib import Path

import pytest

from tests.sharing import voices


@pytest.fixture(scope="session")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter's folder that tests only read."""
    return voices.shared(tmp_path_factory.getbasetemp() / "voice")
