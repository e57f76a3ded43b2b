from __future__ import annotations

import pytest

from tests.ggufs import Shelf, shelf_in


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Models and voices converted once in a run; see tests/ggufs.py."""
    return shelf_in(tmp_path_factory.getbasetemp() / "ggufs")
