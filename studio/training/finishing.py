"""The end of a training: its figures, and the adapter that goes on the shelf."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.domain.events import LogLine
from studio.domain.models import ModelFacts
from studio.domain.provenance import manner_of
from studio.language import _
from studio.training import peak, pissa, ranks
from studio.training.callbacks import Lesson
from studio.training.course import Course
from studio.training.examples import Account
from studio.training.failures import lowered
from studio.training.lineage import language_of, write_adapter
from studio.training.model import changes_base


def finish(
    lesson: Lesson, course: Course, base: Path, facts: ModelFacts, account: Account
) -> dict[str, Any]:
    """Store the best adapter with its lineage and figures; the result of the training."""
    assert course.best is not None  # the last step is always measured
    if course.best.nll >= course.before.nll:
        text = _(
            "It foretells the chapters it has not read no better than the untaught model did."
            " Try a learning rate of {rate:g}, or more of your writing."
        )
        rate = lowered(lesson.spec.learning_rate)
        lesson.room.emit(LogLine(level="warning", text=text.format(rate=rate)))
    figures = _figures(lesson, course, account)
    if not ranks.first():
        return figures
    spec, room = lesson.spec, lesson.room
    folder = room.folder / "adapter"
    dataset = room.fetch(spec.dataset)
    write_adapter(lesson.best_folder, folder, base, facts, spec, figures, dataset)
    if changes_base(lesson.model):
        pissa.convert(folder, room.folder / pissa.INITIAL)
    if beyond := spec.lora.beyond_gguf:
        text = _(
            "No GGUF adapter can hold {names}; for the desk the voice goes into its base model."
        )
        room.emit(LogLine(text=text.format(names=", ".join(beyond))))
    told = manner_of(folder)
    identity = {
        "model": spec.model.model_dump(),
        "base": facts.name,
        "dataset": spec.dataset,
        "objective": spec.objective.kind,
        "rank": spec.lora.rank,
        "quantisation": spec.quantisation,
        "preset": spec.preset,
        "parents": [spec.parent] if spec.parent else [],
        "language": language_of(dataset),
        "manner": told.model_dump(mode="json") if told else None,
    }
    adapter = room.produce("adapter", folder, spec.name, identity | figures)
    return {"adapter": adapter, **figures}


def _figures(lesson: Lesson, course: Course, account: Account) -> dict[str, Any]:
    assert course.best is not None
    return {
        "steps": course.step,
        "best_step": course.best_step,
        "seconds": round(course.seconds, 2),
        "loss": course.loss,
        "eval_loss": course.best.loss,
        "nll_before": course.before.per_character,
        "nll_after": course.best.per_character,
        "tokens": course.tokens,
        "train_tokens": account.tokens,
        "learned_tokens": account.learned_tokens,
        "dropped_tokens": account.dropped_tokens,
        **{f"{name}_before": value for name, value in course.before.preference().items()},
        **{f"{name}_after": value for name, value in course.best.preference().items()},
        **(lesson.packing.figures() if lesson.packing else {}),
        "device": lesson.model.device.type,
        "peak_memory": _peak(lesson.model.device.type),
        "foreseen_memory": lesson.spec.foreseen_memory,
    }


def _peak(device: str) -> int:
    """Bytes: of the graphics card that took most, or of all processes on one machine together."""
    taken = ranks.each(peak.taken(device))
    return max(taken) if device == "cuda" else sum(taken)
