"""A checkpoint: adapter, optimiser, schedule, random state, trainer state, course, best adapter."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from studio.domain.events import CheckpointSaved, LogLine
from studio.domain.workroom import Workroom
from studio.errors import Damaged
from studio.language import _
from studio.training import ranks
from studio.training.course import Course

COURSE = "course.json"
BEST = "best"
ADAPTER = ("adapter_model.safetensors", "adapter_config.json")
KEPT = {
    *ADAPTER,
    "optimizer.pt",
    "scheduler.pt",
    "scaler.pt",
    "trainer_state.json",
}
"""What is kept of it. The trainer writes more: a tokenizer, a model card, pickled arguments."""
RANDOM = "rng_state"
"""How the names of the random states begin, one of each process."""
NEEDED = KEPT - {"scaler.pt"}
"""What going on needs; the scaler is there with fp16 alone."""
UNREADABLE = (
    OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, ImportError, EOFError,
    RuntimeError, pickle.UnpicklingError,
)  # fmt: skip
"""What torch, safetensors and json raise at a file that is not what its name says."""


@dataclass(frozen=True)
class Resumed:
    """Where to go on from. ``extends``: it is another lesson's, and a new one begins here."""

    artifact: str
    folder: Path
    step: int
    course: Course
    extends: bool = False


def publish(folder: Path, course: Course, best: Path, room: Workroom) -> str:
    """Store the checkpoint that the trainer left in ``folder``, and remove it there."""
    for path in folder.iterdir():
        if not _kept(path.name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    _complete(folder, NEEDED)
    (folder / COURSE).write_text(course.model_dump_json(), encoding="utf-8")
    if best.is_dir():
        copy_adapter(best, folder / BEST)
    artifact = room.put(folder)
    room.emit(CheckpointSaved(step=course.step, artifact=artifact))
    shutil.rmtree(folder, ignore_errors=True)
    return artifact


def resume(room: Workroom, best: Path, extends: str | None = None) -> Resumed | None:
    """The newest whole checkpoint of an earlier attempt, else the one that this lesson extends,
    its best adapter copied to ``best``. A damaged one is passed over for the one before it.

    Raises:
        Damaged: the checkpoint that this lesson extends is not whole.
    """
    own = [room.checkpoint, *room.earlier] if room.checkpoint else []
    for artifact in own:
        try:
            return _opened(artifact, room, best)
        except Damaged as problem:
            room.emit(LogLine(level="warning", text=_passed_over(artifact, problem)))
    if own:
        room.emit(
            LogLine(
                level="warning",
                text=_(
                    "No checkpoint of this lesson is whole: it starts over, nothing else is lost."
                ),
            )
        )
    if extends is None:
        return None
    found = _opened(extends, room, best)
    # What went before decides nothing about when this lesson has tried long enough.
    found.course.unimproved = 0
    return replace(found, extends=True)


def _opened(artifact: str, room: Workroom, best: Path) -> Resumed:
    """Every part is read before anything is begun with it: the trainer would end the training at
    the first one that cannot be."""
    folder = room.fetch(artifact)
    _complete(folder, NEEDED | {COURSE})
    course = _course(folder / COURSE)
    with _reading("trainer_state.json"):
        state = json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
        step = int(state["global_step"])
    if course.step not in (0, step):  # 0: from before the course counted them
        raise _damaged(
            _("Its parts are of step {one} and of step {other}.").format(
                one=course.step, other=step
            )
        )
    _read_states(folder, _adapter_shapes(folder))
    if (folder / BEST).is_dir():
        _complete(folder / BEST, set(ADAPTER))
        _adapter_shapes(folder / BEST)
        if ranks.first():
            copy_adapter(folder / BEST, best)
    return Resumed(artifact, folder, step, course)


def _course(path: Path) -> Course:
    try:
        return Course.model_validate_json(path.read_bytes())
    except ValidationError as problem:
        unknown = [".".join(map(str, e["loc"])) for e in problem.errors() if "extra" in e["type"]]
        if unknown:
            raise _damaged(
                _("Another version of the studio wrote it: its {file} holds {names}.").format(
                    file=path.name, names=", ".join(unknown)
                )
            ) from problem
        raise _damaged(_("Its {file} cannot be read.").format(file=path.name)) from problem


def _adapter_shapes(folder: Path) -> list[tuple[int, ...]]:
    """The shape of each tensor of the adapter in ``folder``, in order."""
    from safetensors import SafetensorError, safe_open

    with _reading(ADAPTER[1]):
        json.loads((folder / ADAPTER[1]).read_text(encoding="utf-8"))["peft_type"]
    with _reading(ADAPTER[0]):
        try:
            with safe_open(folder / ADAPTER[0], "pt") as adapter:
                names = adapter.keys()
                return sorted(tuple(adapter.get_slice(name).get_shape()) for name in names)
        except SafetensorError as problem:
            raise ValueError(problem) from problem


def _read_states(folder: Path, adapter: list[tuple[int, ...]]) -> None:
    """Read what torch has saved. The optimiser's state is held against the adapter's tensors,
    since one of another adapter would be refused only by the optimiser itself."""
    import torch
    from transformers.trainer_pt_utils import safe_globals

    states = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in (".pt", ".pth"):
            with _reading(path.name), safe_globals():
                states[path.name] = torch.load(path, map_location="cpu", weights_only=True)
                if not isinstance(states[path.name], dict) or not states[path.name]:
                    raise ValueError(path.name)
    with _reading("optimizer.pt"):
        optimiser = states["optimizer.pt"]
        learned = [number for group in optimiser["param_groups"] for number in group["params"]]
        moments = [_shape(optimiser["state"][number]) for number in optimiser["state"]]
        if len(learned) > len(adapter) or not set(optimiser["state"]) <= set(learned):
            raise ValueError(len(learned))
        if any(shape is not None and shape not in adapter for shape in moments):
            raise ValueError(moments)
    with _reading("scheduler.pt"):
        int(states["scheduler.pt"]["last_epoch"])


def _shape(state: dict[str, Any]) -> tuple[int, ...] | None:
    """Of the moments of one weight; None where an optimiser keeps them in a form of its own."""
    return tuple(state["exp_avg"].shape) if "exp_avg" in state else None


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as problem:
        raise _damaged(_("Its {file} cannot be read.").format(file=name)) from problem


def _kept(name: str) -> bool:
    return name in KEPT or name.startswith(RANDOM)


def _complete(folder: Path, needed: set[str]) -> None:
    """The trainer would go on without a random state or an optimiser, and say nothing."""
    names = {path.name for path in folder.iterdir()}
    missing = sorted(needed - names)
    if "optimizer.pt" in needed and not any(name.startswith(RANDOM) for name in names):
        missing.append(f"{RANDOM}.pth")
    if missing:
        raise _damaged(_("It has no {names}.").format(names=", ".join(missing)))


def _damaged(why: str) -> Damaged:
    return Damaged(
        _("The checkpoint is not whole."),
        why,
        _("Go on from an earlier one, or start the lesson again."),
        "checkpoint",
    )


def _passed_over(artifact: str, problem: Damaged) -> str:
    return _("The checkpoint {id} is passed over for the one before it. {why}").format(
        id=artifact[:12], why=problem.why
    )


def copy_adapter(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in ADAPTER:
        shutil.copyfile(source / name, target / name)
