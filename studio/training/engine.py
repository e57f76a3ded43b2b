"""Teaches a base model the voice of a dataset: a LoRA adapter and the figures of its making."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from studio.datasets.formatting import formatter_of
from studio.domain.events import LogLine
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.domain.workroom import Stopped, Workroom
from studio.errors import StudioError
from studio.language import _
from studio.models.loading import best_device
from studio.models.source import folder_of, load_tokenizer, validate
from studio.plugins import discover
from studio.training import checkpoints, peak
from studio.training.arguments import common, steps_of
from studio.training.callbacks import Lesson, Watch, callback
from studio.training.computing import Computing, computing, powers
from studio.training.course import Course
from studio.training.examples import Account, Row, rows_of, spread
from studio.training.failures import explained, no_numbers
from studio.training.heads import prepare
from studio.training.likelihood import Interrupted
from studio.training.lineage import write_adapter
from studio.training.model import build
from studio.training.packing import Packing, pack
from studio.training.trackers import tracked


def run(spec: TrainSpec, room: Workroom) -> dict[str, Any]:
    """Train, and keep the adapter that foretold the held-out chapters best.

    The result has ``adapter`` (artifact id), ``steps``, ``best_step``, ``seconds`` (over all
    attempts), ``loss`` (nats a token, mean of the last steps), ``eval_loss`` (nats a token),
    ``nll_before`` and ``nll_after`` (nats a character on the held-out completions), ``tokens``
    (read in all), and the token account of one pass: ``train_tokens``, ``learned_tokens``,
    ``dropped_tokens``; with packing also ``packed_rows``, ``packed_tokens`` (as many as
    ``train_tokens``) and ``filled`` (the share of the packed rows' places that hold a token).
    ``peak_memory`` is the most that was taken and ``foreseen_memory`` what
    preflight had reckoned, both in bytes, on ``device`` (cpu or cuda).

    Raises:
        StudioError: the dataset or the model is of no use, memory does not suffice, or the
            loss is no longer a number.
        Stopped: on request, after a checkpoint was stored.
    """
    with explained(spec), tracked(spec, room) as room:
        base = folder_of(spec.model, room)
        facts = validate(base)
        way = computing(spec, facts, powers(best_device()))
        tokenizer = load_tokenizer(base)
        for note in formatter_of(spec.formatter).check(tokenizer):
            room.emit(LogLine(level="warning", text=note))
        rows, held_out, account = _read(spec, room.fetch(spec.dataset), tokenizer, facts)
        peak.begin(best_device())
        packing = None
        if spec.packing:
            rows, packing = pack(rows, min(spec.max_length, facts.context_length))
        lesson = _lesson(spec, room, base, tokenizer, rows, held_out, way, packing)
        course = _study(lesson, facts, rows, account)
        return _finish(lesson, course, base, facts, account)


def _read(
    spec: TrainSpec, dataset: Path, tokenizer: Any, facts: ModelFacts
) -> tuple[list[Row], list[Row], Account]:
    longest = min(spec.max_length, facts.context_length)
    rows, account = rows_of(dataset / "train.jsonl", tokenizer, spec.formatter, longest)
    held_out, _account = rows_of(dataset / "validation.jsonl", tokenizer, spec.formatter, longest)
    objective = discover("studio.training.objectives")[spec.objective.kind]
    objective.check(rows)
    if not any(row.learned for row in held_out):
        raise StudioError(
            _("The dataset has no held-out passages."),
            _("Without text that is not trained on nobody can tell what was learned."),
            _("Prepare the dataset again from a longer manuscript, or with shorter passages."),
        )
    return rows, held_out, account


def _lesson(
    spec: TrainSpec,
    room: Workroom,
    base: Path,
    tokenizer: Any,
    rows: list[Row],
    held_out: list[Row],
    way: Computing,
    packing: Packing | None,
) -> Lesson:
    return Lesson(
        spec=spec,
        room=room,
        model=build(base, spec, way.kind, way.dtype, way.attention),
        tokenizer=tokenizer,
        held_out=spread(held_out, spec.held_out_passages),
        steps=steps_of(spec, len(rows)),
        best_folder=room.folder / "best",
        way=way,
        packing=packing,
    )


def _study(lesson: Lesson, facts: ModelFacts, rows: list[Row], account: Account) -> Course:
    """Run the trainer from the newest checkpoint, or from the start, to its end."""
    resumed = checkpoints.resume(lesson.room, lesson.best_folder)
    _announce(lesson, account, resumed)
    watch = Watch(
        lesson,
        resumed.course if resumed else _begin(lesson),
        resumed.step if resumed else 0,
    )
    trainer = _trainer(lesson, rows, watch)
    if resumed and watch.owes:
        trainer._load_from_checkpoint(str(resumed.folder))
        _or_stop(lesson, lambda: watch.assess(watch.start))
    if watch.start < lesson.steps:
        trainer.train(resume_from_checkpoint=str(resumed.folder) if resumed else None)
    watch.count_time()
    if lesson.halted:
        raise Stopped({"steps": trainer.state.global_step, "seconds": round(lesson.seconds(), 1)})
    return watch.course


def _begin(lesson: Lesson) -> Course:
    """What the base model itself can do, before anything is learned."""
    lesson.tell_step(0, note=_("Reading the held-out chapters with the untaught model"))
    found = _or_stop(lesson, lesson.measured)
    if not math.isfinite(found.nll):
        raise no_numbers(lesson.spec)
    lesson.tell_measure(0, found)
    lesson.write_samples(0)
    return Course(before=found)


def _or_stop(lesson: Lesson, work: Any) -> Any:
    try:
        return work()
    except Interrupted:
        raise Stopped({"steps": 0, "seconds": round(lesson.seconds(), 1)}) from None


def _announce(lesson: Lesson, account: Account, resumed: checkpoints.Resumed | None) -> None:
    text = _("{rows} passages of {tokens} tokens in all, {steps} steps on {device}.").format(
        rows=account.rows,
        tokens=account.tokens,
        steps=lesson.steps,
        device=lesson.model.device.type,
    )
    if account.dropped_tokens:
        text += " " + _(
            "{dropped} tokens do not fit: {shortened} passages lose their beginning,"
            " {left_out} are left out."
        ).format(
            dropped=account.dropped_tokens,
            shortened=account.shortened,
            left_out=account.left_out,
        )
    if resumed:
        text += " " + _("Going on after step {step}.").format(step=resumed.step)
    lesson.room.emit(LogLine(text=text))


def _trainer(lesson: Lesson, rows: list[Row], watch: Watch) -> Any:
    objective = discover("studio.training.objectives")[lesson.spec.objective.kind]
    arguments = common(lesson.spec, lesson.steps, lesson.room.folder / "trainer", lesson.way)
    trainer = objective.run(lesson.model, lesson.tokenizer, rows, arguments, [callback(watch)])
    prepare(trainer, lesson.way)
    return trainer


def _finish(
    lesson: Lesson, course: Course, base: Path, facts: ModelFacts, account: Account
) -> dict[str, Any]:
    assert course.best is not None  # the last step is always measured
    figures = {
        "steps": lesson.steps,
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
        **(lesson.packing.figures() if lesson.packing else {}),
        "device": lesson.model.device.type,
        "peak_memory": peak.taken(lesson.model.device.type),
        "foreseen_memory": lesson.spec.foreseen_memory,
    }
    spec, room = lesson.spec, lesson.room
    folder = room.folder / "adapter"
    write_adapter(lesson.best_folder, folder, base, facts, spec, figures)
    identity = {
        "model": spec.model.model_dump(),
        "base": facts.name,
        "dataset": spec.dataset,
        "objective": spec.objective.kind,
        "rank": spec.lora.rank,
        "quantisation": spec.quantisation,
        "preset": spec.preset,
        "language": _language(room.fetch(spec.dataset)),
    }
    adapter = room.produce("adapter", folder, spec.name, identity | figures)
    return {"adapter": adapter, **figures}


def _language(dataset: Path) -> str | None:
    """Of the longest manuscript."""
    path = dataset / "recipe.json"
    recipe = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    manuscripts = recipe.get("manuscripts", [])
    longest: dict[str, Any] = max(manuscripts, key=lambda m: m["characters"], default={})
    found: str | None = longest.get("language")
    return found
