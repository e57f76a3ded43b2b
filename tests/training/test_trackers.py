"""Trackers get numbers, and whatever becomes of them the training goes on."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.domain.events import LogLine, MetricLogged, SampleWritten
from studio.settings import ROOT, settings
from studio.training import engine, trackers
from studio.training.trackers import tracked
from tests.training.material import small, write_dataset
from tests.waiting import PATIENCE, until
from tests.workroom import LocalRoom

SECRET = "the drowned bell of Saltmere"
TRAINING = """
import sys, time
from pathlib import Path
from queue import SimpleQueue
from studio.domain.events import MetricLogged
from studio.training import trackers
from studio.training.trackers import tracked
from tests.training.material import small
from tests.waiting import PATIENCE, until
from tests.workroom import LocalRoom
class Lines(SimpleQueue):
    asked = 0
    def get(self):
        self.asked += 1
        return super().get()
trackers.OPENING, trackers.SimpleQueue = PATIENCE, Lines
room = LocalRoom(Path(sys.argv[1]))
with tracked(small("a" * 64, trackers=("tensorboard",)), room) as listening:
    step = 0
    while not room.of_type("log"):
        listening.emit(MetricLogged(step=step, values={"loss": 4.0}))
        step += 1
        time.sleep(0.05)
    [tracker] = listening._trackers
    until(lambda: tracker._lines.asked == step + 2, "all steps to be sent")
    print(step, flush=True)
    time.sleep(600)
"""
"""A training that tells when all its steps, and what opens the tracker before them, are sent: as
its sender asks for one more line."""


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "OPENING", PATIENCE)
    monkeypatch.setattr(trackers, "CLOSING", PATIENCE)


def logged(room: LocalRoom) -> str:
    return "\n".join(e.text for e in room.of_type("log"))


def follow(room: LocalRoom, *kinds: str) -> None:
    """A training's events without the training."""
    with tracked(small("a" * 64, trackers=kinds), room) as listening:
        for step in range(3):
            listening.emit(MetricLogged(step=step, values={"loss": 4.0 - step}))
            listening.emit(SampleWritten(step=step, prompt="", text=SECRET))


def scalars(folder: Path) -> list[tuple[int, str, float]]:
    """What stands in TensorBoard's files, read by their published form: a length, its checksum,
    an Event message and its checksum."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for path in sorted(folder.iterdir()):
        content, at = path.read_bytes(), 0
        while at < len(content):
            [length] = struct.unpack_from("<Q", content, at)
            event = Event.FromString(content[at + 12 : at + 12 + length])
            found += [(event.step, v.tag, v.simple_value) for v in event.summary.value]
            at += 16 + length
    return found


def test_the_files_of_tensorboard_hold_a_trainings_numbers(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    dataset = room.put(write_dataset(room.folder / "dataset"))
    engine.run(small(dataset, trackers=("tensorboard",), max_steps=2, samples=0), room)
    kept = room.fetch(logged(room).split("kept as artifact ")[1].split(".")[0])
    found = scalars(kept)
    losses = {e.step: e.values["loss"] for e in room.of_type("metric") if "loss" in e.values}
    assert {step: v for step, tag, v in found if tag == "loss"} == pytest.approx(losses)
    assert {tag for _step, tag, _v in found} >= {"eval_loss", "learning_rate"}


def test_no_text_is_told(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    follow(room, "tensorboard")
    kept = room.fetch(logged(room).split("kept as artifact ")[1].split(".")[0])
    assert [v for _step, _tag, v in scalars(kept)] == [4.0, 3.0, 2.0]
    assert not any(SECRET.encode() in path.read_bytes() for path in kept.iterdir())
    numbers = trackers._numbers(small("a" * 64, name=SECRET))
    assert SECRET not in str(numbers)
    assert "a" * 64 not in str(numbers)


def helpers() -> set[psutil.Process]:
    """The processes that belong to this one, those of other tests included."""
    return set(psutil.Process().children(recursive=True))


def test_nothing_is_started_where_nothing_is_asked(tmp_path: Path) -> None:
    room, before = LocalRoom(tmp_path), helpers()
    with tracked(small("a" * 64), room) as same:
        assert same is room
        assert helpers() <= before


def test_a_tracker_ends_with_a_training_that_is_killed(tmp_path: Path) -> None:
    """And what it was told by then stands in its files."""
    training = subprocess.Popen(
        [sys.executable, "-c", TRAINING, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert training.stdout
    with training.stdout:
        told = int(training.stdout.readline())
    tracker, *none = psutil.Process(training.pid).children(recursive=True)
    training.kill()
    training.wait()
    _gone, alive = psutil.wait_procs([tracker], PATIENCE)
    assert (none, alive) == ([], [])
    found = scalars(tmp_path / "scratch" / "trackers" / "tensorboard")
    assert [step for step, _tag, _value in found] == list(range(told))


def test_a_package_that_is_missing_is_said(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    follow(room, "trackio", "tensorboard")
    assert "package trackio is not installed" in logged(room)
    assert "kept as artifact" in logged(room)


@pytest.fixture
def wandb_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A W&B server of this machine, given its behaviour."""
    listener = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                held.append(listener.accept()[0])
            except OSError:
                return

    threading.Thread(target=accept, daemon=True).start()
    monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
    monkeypatch.setenv("HOME", str(tmp_path))
    settings.cache_clear()
    yield held
    listener.close()
    for connection in held:
        connection.close()
    settings.cache_clear()


def test_a_server_that_never_answers_holds_nothing_up(
    tmp_path: Path, wandb_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    room, before = LocalRoom(tmp_path / "room"), helpers()
    with tracked(small("a" * 64, trackers=("wandb",)), room) as listening:
        until(lambda: wandb_at, "the server to be asked")
        listening.emit(MetricLogged(step=0, values={"loss": 4.0}))
        assert "did not answer" not in logged(room)
        monkeypatch.setattr(trackers, "OPENING", 0.0)
        listening.emit(MetricLogged(step=1, values={"loss": 3.0}))
        assert "did not answer" in logged(room)
        listening.emit(MetricLogged(step=2, values={"loss": 2.0}))
    assert len(room.of_type("metric")) == 3
    assert helpers() <= before


def test_without_a_key_the_training_goes_on(
    tmp_path: Path, wandb_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    room = LocalRoom(tmp_path / "room")
    follow(room, "wandb")
    [told] = [e for e in room.of_type("log") if isinstance(e, LogLine)]
    assert told.level == "warning"
    assert "key" in told.text.lower()
