"""The starter model's tokenizer, loaded once."""

from __future__ import annotations

from typing import Any

import pytest

from studio.models.source import load_tokenizer
from studio.settings import ROOT


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    return load_tokenizer(ROOT / "data" / "starter")
