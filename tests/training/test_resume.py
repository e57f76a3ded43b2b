"""A training that was stopped or killed ends like one that was left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from studio.domain.specs import TrainSpec
from studio.domain.workroom import Stopped
from studio.settings import ROOT
from studio.training import engine
from tests.training.material import small, write_dataset
from tests.workroom import LocalRoom

pytestmark = pytest.mark.slow


class StopAt(LocalRoom):
    """Asks to stop once ``step`` is done."""

    def __init__(self, folder: Path, step: int, checkpoint: str | None = None) -> None:
        super().__init__(folder, checkpoint)
        self.step = step

    def stopped(self) -> bool:
        return any(e.step >= self.step for e in self.of_type("progressed"))


def spec_in(folder: Path, **changes: Any) -> TrainSpec:
    room = LocalRoom(folder)
    return small(room.put(write_dataset(room.folder / "dataset")), **changes)


def comparable(result: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in result.items() if k not in ("seconds", "adapter", "peak_memory")}


def losses_in(room: LocalRoom) -> dict[int, float]:
    return {e.step: e.values["loss"] for e in room.of_type("metric") if "loss" in e.values}


def weights(room: LocalRoom, result: dict[str, Any]) -> bytes:
    return (room.fetch(result["adapter"]) / "adapter_model.safetensors").read_bytes()


@pytest.mark.parametrize("accumulation", [1, 2])
def test_stopped_anywhere_and_resumed_it_ends_the_same(tmp_path: Path, accumulation: int) -> None:
    spec = spec_in(tmp_path, accumulation=accumulation, epochs=5.0)
    alone = LocalRoom(tmp_path)
    expected = engine.run(spec, alone)
    checkpoint: str | None = None
    losses: dict[int, float] = {}
    for step in (2, 4, 7, 8):
        room = StopAt(tmp_path, step, checkpoint)
        with pytest.raises(Stopped) as stop:
            engine.run(spec, room)
        assert stop.value.result["steps"] == step
        checkpoint = room.of_type("checkpoint")[-1].artifact
        losses |= losses_in(room)
    room = LocalRoom(tmp_path, checkpoint)
    result = engine.run(spec, room)
    assert comparable(result) == comparable(expected)
    assert weights(room, result) == weights(alone, expected)
    assert losses == losses_in(alone)


class StopWithin(LocalRoom):
    """Asks to stop between the micro-batches of the step after ``step``."""

    def __init__(self, folder: Path, step: int) -> None:
        super().__init__(folder)
        self.after = step
        self.asked = 0

    def stopped(self) -> bool:
        done = self.of_type("metric")
        if any(e.step >= self.after and "loss" in e.values for e in done):
            self.asked += 1
        return self.asked > 0


def test_a_stop_between_micro_batches_goes_back_to_the_whole_step(tmp_path: Path) -> None:
    spec = spec_in(tmp_path, accumulation=3, epochs=8.0, max_steps=6, evaluate_every=6)
    alone = LocalRoom(tmp_path)
    expected = engine.run(spec, alone)
    room = StopWithin(tmp_path, step=3)
    with pytest.raises(Stopped) as stop:
        engine.run(spec, room)
    assert stop.value.result["steps"] == 3
    again = LocalRoom(tmp_path, room.of_type("checkpoint")[-1].artifact)
    result = engine.run(spec, again)
    assert comparable(result) == comparable(expected)
    assert weights(again, result) == weights(alone, expected)


def test_stopped_before_the_first_step_nothing_is_kept(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    room.stop = True
    with pytest.raises(Stopped) as stop:
        engine.run(spec_in(tmp_path), room)
    assert stop.value.result["steps"] == 0
    assert not room.of_type("checkpoint")


CHILD = """
import sys
from pathlib import Path
from studio.domain.specs import TrainSpec
from studio.training import engine
from tests.workroom import LocalRoom

class Telling(LocalRoom):
    def emit(self, body):
        super().emit(body)
        if body.type == "checkpoint":
            print(body.step, body.artifact, flush=True)

engine.run(TrainSpec.model_validate_json(sys.argv[2]), Telling(Path(sys.argv[1])))
"""


def test_killed_and_resumed_it_ends_the_same(tmp_path: Path) -> None:
    spec = spec_in(tmp_path)
    alone = LocalRoom(tmp_path)
    expected = engine.run(spec, alone)
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), spec.model_dump_json()],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    step, artifact = process.stdout.readline().split()
    time.sleep(0.05)  # some way into the next step
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    room = LocalRoom(tmp_path, artifact)
    result = engine.run(spec, room)
    assert room.of_type("progressed")[0].step == int(step) + 1
    assert comparable(result) == comparable(expected)
    assert weights(room, result) == weights(alone, expected)
