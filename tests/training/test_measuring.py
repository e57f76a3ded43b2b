"""A voice is measured as a training would measure it; what cannot be is refused, nothing stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.domain.merges import MeasureSpec
from studio.domain.workroom import Stopped
from studio.errors import StudioError
from studio.settings import settings
from studio.training import engine, measuring
from tests.ggufs import make_adapter
from tests.training.material import small, write_dataset
from tests.workroom import LocalRoom


@pytest.fixture
def room(tmp_path: Path) -> LocalRoom:
    return LocalRoom(tmp_path / "room")


def test_the_figures_are_those_of_its_training(room: LocalRoom, tmp_path: Path) -> None:
    dataset = room.put(write_dataset(tmp_path / "dataset"))
    taught = engine.run(small(dataset, max_steps=2, samples=0), room)
    spec = MeasureSpec(adapter=taught["adapter"], dataset=dataset)
    found = measuring.run(spec, room)
    for name in ("nll_before", "nll_after"):
        assert found[name] == pytest.approx(taught[name], abs=1e-5)
    produced = room.of_type("artifact")[-1]
    assert produced.kind == "measurement"
    assert produced.facts == {"adapter": taught["adapter"], "dataset": dataset, **found}


def test_nothing_to_measure_on_and_a_stop_leave_nothing(room: LocalRoom, tmp_path: Path) -> None:
    make_adapter(tmp_path / "adapter", settings().starter)
    adapter = room.put(tmp_path / "adapter")
    empty = write_dataset(tmp_path / "empty", validation=[])
    with pytest.raises(StudioError, match="nothing to measure"):
        measuring.run(MeasureSpec(adapter=adapter, dataset=room.put(empty)), room)
    (empty / "validation.jsonl").unlink()
    with pytest.raises(StudioError, match="damaged"):
        measuring.run(MeasureSpec(adapter=adapter, dataset=room.put(empty)), room)
    room.stop_after(1)
    dataset = room.put(write_dataset(tmp_path / "dataset"))
    with pytest.raises(Stopped):
        measuring.run(MeasureSpec(adapter=adapter, dataset=dataset), room)
    assert not room.of_type("artifact")
