"""A checkpoint: adapter, optimiser, schedule, random state, trainer state, course, best adapter."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from studio.domain.events import CheckpointSaved
from studio.domain.workroom import Workroom
from studio.training.course import Course

COURSE = "course.json"
BEST = "best"
ADAPTER = ("adapter_model.safetensors", "adapter_config.json")
KEPT = {
    *ADAPTER,
    "optimizer.pt",
    "scheduler.pt",
    "scaler.pt",
    "rng_state.pth",
    "trainer_state.json",
}
"""What going on needs. The trainer writes more: a tokenizer, a model card, pickled arguments."""


@dataclass(frozen=True)
class Resumed:
    folder: Path
    step: int
    course: Course


def publish(folder: Path, step: int, course: Course, best: Path, room: Workroom) -> str:
    """Store the checkpoint that the trainer left in ``folder``, and remove it there."""
    for path in folder.iterdir():
        if path.name not in KEPT:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / COURSE).write_text(course.model_dump_json(), encoding="utf-8")
    if best.is_dir():
        copy_adapter(best, folder / BEST)
    artifact = room.put(folder)
    room.emit(CheckpointSaved(step=step, artifact=artifact))
    shutil.rmtree(folder, ignore_errors=True)
    return artifact


def resume(room: Workroom, best: Path) -> Resumed | None:
    """The newest checkpoint of an earlier attempt, its best adapter copied to ``best``."""
    if room.checkpoint is None:
        return None
    folder = room.fetch(room.checkpoint)
    course = Course.model_validate_json((folder / COURSE).read_text(encoding="utf-8"))
    if (folder / BEST).is_dir():
        copy_adapter(folder / BEST, best)
    state = json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
    return Resumed(folder, int(state["global_step"]), course)


def copy_adapter(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in ADAPTER:
        shutil.copyfile(source / name, target / name)
