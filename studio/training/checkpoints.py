"""A checkpoint: adapter, optimiser, schedule, random state, trainer state, course, best adapter."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from studio.domain.events import CheckpointSaved, LogLine
from studio.domain.workroom import Workroom
from studio.errors import Damaged
from studio.language import _
from studio.training import ranks, soundness
from studio.training.course import Course
from studio.training.soundness import ADAPTER, OPTIMISER, RANDOM, SCHEDULE, STATE, damaged

COURSE = "course.json"
BEST = "best"
KEPT = {*ADAPTER, OPTIMISER, SCHEDULE, "scaler.pt", STATE}
"""What is kept of it. The trainer writes more: a tokenizer, a model card, pickled arguments."""
NEEDED = KEPT - {"scaler.pt"}
"""What going on needs; the scaler is there with fp16 alone."""


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
    """Every part is read before anything is begun with it."""
    folder = room.fetch(artifact)
    _complete(folder, NEEDED | {COURSE})
    course, step = soundness.course(folder / COURSE), soundness.step(folder)
    if course.step not in (0, step):  # 0: from before the course counted them
        raise damaged(
            _("Its parts are of step {one} and of step {other}.").format(
                one=course.step, other=step
            )
        )
    learned = soundness.adapter(folder)
    soundness.check_states(folder, learned)
    if (folder / BEST).is_dir():
        _complete(folder / BEST, set(ADAPTER))
        if soundness.adapter(folder / BEST) != learned:
            raise damaged(_("Its best adapter is not of the same parts as its newest."))
        if ranks.first():
            copy_adapter(folder / BEST, best)
    return Resumed(artifact, folder, step, course)


def _kept(name: str) -> bool:
    return name in KEPT or name.startswith(RANDOM)


def _complete(folder: Path, needed: set[str]) -> None:
    """The trainer would go on without a random state or an optimiser, and say nothing."""
    names = {path.name for path in folder.iterdir()}
    missing = sorted(needed - names)
    if OPTIMISER in needed and not any(name.startswith(RANDOM) for name in names):
        missing.append(f"{RANDOM}.pth")
    if missing:
        raise damaged(_("It has no {names}.").format(names=", ".join(missing)))


def _passed_over(artifact: str, problem: Damaged) -> str:
    return _("The checkpoint {id} is passed over for the one before it. {why}").format(
        id=artifact[:12], why=problem.why
    )


def copy_adapter(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in ADAPTER:
        shutil.copyfile(source / name, target / name)
