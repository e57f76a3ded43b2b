"""One training in two processes over gloo, as on a machine with several cards over NCCL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.domain.learning import Compute, LoraSpec
from studio.domain.specs import ProbeSpec, TrainSpec
from studio.domain.workroom import Stopped
from studio.errors import StudioError
from studio.settings import ROOT
from studio.training import engine, probe
from tests.training.material import pairs, small, write_dataset
from tests.training.test_resume import StopAt, losses_in
from tests.waiting import until
from tests.workroom import LocalRoom

pytestmark = pytest.mark.slow
STEADY = {"lora": LoraSpec(rank=4, alpha=8), "batch_size": 1, "max_steps": 5, "epochs": 5.0}
"""Without dropout, whose masks each process draws for itself."""
DDP, FSDP = Compute(processes=2), Compute(processes=2, sharding="fsdp", checkpointing="on")


def spec_in(folder: Path, **changes: Any) -> TrainSpec:
    room = LocalRoom(folder)
    return small(room.put(write_dataset(room.folder / "dataset")), **(STEADY | changes))


def figures(result: dict[str, Any]) -> dict[str, Any]:
    apart = ("seconds", "adapter", "peak_memory")
    return {k: v for k, v in result.items() if k not in apart and v is not None}


def samples_in(room: LocalRoom) -> set[tuple[int, str]]:
    return {(sample.step, sample.text) for sample in room.of_type("sample")}


def ranks() -> list[psutil.Process]:
    """The processes that learn together under this one, in the order of their ranks."""
    found = {}
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended since
            said = process.cmdline()
            if said[1:3] == ["-u", "-m"] and "studio.training.rank" in said:
                found[process.environ()["RANK"]] = process
    return [found[rank] for rank in sorted(found)]


def test_two_that_stop_and_go_on_learn_what_one_does_from_two_passages_at_a_time(
    tmp_path: Path,
) -> None:
    alone = LocalRoom(tmp_path)
    expected = engine.run(spec_in(tmp_path, batch_size=2), alone)
    spec = spec_in(tmp_path, compute=FSDP)
    room = StopAt(tmp_path, 2)
    with pytest.raises(Stopped) as stop:
        engine.run(spec, room)
    assert stop.value.result["steps"] >= 2
    stopped = room.of_type("checkpoint")[-1]
    names = {path.name for path in room.fetch(stopped.artifact).iterdir()}
    assert {"rng_state_0.pth", "rng_state_1.pth"} <= names
    again = LocalRoom(tmp_path, stopped.artifact)
    result = engine.run(spec, again)
    assert figures(result) == pytest.approx(figures(expected), abs=1e-5)
    assert losses_in(room) | losses_in(again) == pytest.approx(losses_in(alone), abs=1e-5)
    assert samples_in(again) == {s for s in samples_in(alone) if s[0] > stopped.step}
    assert min(losses_in(again)) == stopped.step + 1
    assert result["peak_memory"] > 10**9  # of both, libraries included


class Striking(LocalRoom):
    """Ends one of the processes with SIGKILL once ``step`` is done."""

    def __init__(self, folder: Path, step: int) -> None:
        super().__init__(folder)
        self.step: int | None = step

    def emit(self, body: Any) -> None:
        super().emit(body)
        if body.type == "progressed" and body.step == self.step:
            self.step = None
            ranks()[1].kill()


def test_when_one_of_them_is_killed_all_go_on_from_the_last_checkpoint(tmp_path: Path) -> None:
    """And learn what one process does that nobody disturbs."""
    alone = LocalRoom(tmp_path)
    expected = engine.run(spec_in(tmp_path, batch_size=2, max_steps=9), alone)
    room = Striking(tmp_path, 4)
    result = engine.run(spec_in(tmp_path, compute=DDP, max_steps=9), room)
    assert losses_in(room) == pytest.approx(losses_in(alone), abs=1e-5)
    assert figures(result) == pytest.approx(figures(expected), abs=1e-5)
    assert samples_in(room) == samples_in(alone)
    assert result["peak_memory"] > 10**9  # of both, libraries included
    assert not ranks()
    [told] = [e for e in room.of_type("log") if e.level == "warning"]
    assert "ended from outside" in told.text
    place = room.events.index(told)
    before, after = room.events[:place], room.events[place:]
    kept = max(e.step for e in before if e.type == "checkpoint")
    assert next(e.step for e in after if e.type == "progressed") == kept + 1


CHILD = """
import sys
from pathlib import Path
from studio.domain.specs import TrainSpec
from studio.training import engine
from tests.workroom import LocalRoom

class Telling(LocalRoom):
    def emit(self, body):
        super().emit(body)
        print(body.type, flush=True)

engine.run(TrainSpec.model_validate_json(sys.argv[2]), Telling(Path(sys.argv[1])))
"""


def test_they_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    spec = spec_in(tmp_path, compute=DDP, max_steps=5_000, epochs=5_000.0)
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), spec.model_dump_json()],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() != "metric":
            assert process.poll() is None
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
    assert len(family) >= 3
    until(lambda: not any(p.is_running() and p.status() != "zombie" for p in family))


def test_what_goes_wrong_in_them_is_told_as_in_one(tmp_path: Path) -> None:
    wild = spec_in(tmp_path, compute=DDP, learning_rate=0.9, max_steps=12, epochs=12.0)
    with pytest.raises(StudioError, match="went astray") as problem:
        engine.run(wild, LocalRoom(tmp_path))
    assert problem.value.cause == "diverged"
    assert "studio/training/rank.py" in str(problem.value.__cause__)
    assert not ranks()


def test_pairs_are_tried_out_in_two_processes(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    folder = write_dataset(tmp_path / "pairs", pairs(8, seed=1), pairs(3, seed=2))
    spec = small(room.put(folder), objective="orpo", compute=FSDP, batch_size=1)
    found = probe.run(ProbeSpec.of(spec), room)
    assert found["fits"]
    assert found["peak_memory"] > 10**9
    assert found["tokens_a_second"] > 0
