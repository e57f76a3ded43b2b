"""What a worker says of its machine, from what the driver's own tool prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers import roles

TOOL = """#!/bin/sh
case "$*" in
*--id=1*name,memory.total*) echo "Second Card, 16384" ;;
*name,memory.total*) printf 'First Card, 24576\\nSecond Card, 16384\\n' ;;
*--id=1*) echo "7.5, 580.65.06, 250.00" ;;
*) printf '8.6, 580.65.06, 350.00\\n7.5, 580.65.06, 250.00\\n' ;;
esac
"""


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prints what nvidia-smi printed on a machine with two cards."""
    path = tmp_path / "nvidia-smi"
    path.write_text(TOOL, encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.usefixtures("tool")
def test_of_several_cards_the_memory_of_the_smallest_counts() -> None:
    found = roles.device()
    assert (found.name, found.cards, found.memory) == ("First Card", 2, 16384 << 20)
    assert (found.capability, found.watts) == (8.6, 350.0)


@pytest.mark.usefixtures("tool")
def test_only_cards_that_the_worker_may_use_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    found = roles.device()
    assert (found.name, found.cards, found.capability) == ("Second Card", 1, 7.5)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert roles.device().name == "cpu"
