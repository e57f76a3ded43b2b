"""Teaches a base model the voice of a dataset: a LoRA adapter and the figures of its making."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from studio.datasets.formatting import formatter_of, unlearned_note
from studio.domain.events import Body, LogLine, MetricLogged
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.domain.workroom import Stopped, Workroom
from studio.errors import Damaged, StudioError
from studio.language import _
from studio.models.loading import best_device, uncollected
from studio.models.source import folder_of, load_tokenizer, validate
from studio.plugins import discover
from studio.training import checkpoints, peak, pissa, ranks, together
from studio.training.arguments import common, steps_of
from studio.training.callbacks import Lesson, Watch, callback
from studio.training.computing import Computing, computing, powers
from studio.training.course import Course
from studio.training.examples import Account, Row, openings, rows_of, spread
from studio.training.failures import Astray, diverged, explained, no_numbers
from studio.training.finishing import finish
from studio.training.heads import prepare
from studio.training.likelihood import Interrupted
from studio.training.lineage import versions
from studio.training.model import build, changes_base, quickened
from studio.training.origin import Origin, agree, origin_of
from studio.training.packing import Packing, pack
from studio.training.sharding import share
from studio.training.trackers import tracked


def run(spec: TrainSpec, room: Workroom) -> dict[str, Any]:
    """Train, and keep the adapter that foretold the held-out chapters best.

    The result has ``adapter`` (artifact id), ``steps``, ``best_step``, ``seconds`` (over all
    attempts), ``loss`` (nats a token, mean of the last steps), ``eval_loss`` (nats a token),
    ``nll_before`` and ``nll_after`` (nats a character on the held-out completions), ``tokens``
    (read in all), and the token account of one pass: ``train_tokens``, ``learned_tokens``,
    ``dropped_tokens``; with packing also ``packed_rows``, ``packed_tokens`` (as many as
    ``train_tokens``) and ``filled`` (the share of the packed rows' places that hold a token).
    Of pairs, ``margin_before`` and ``margin_after`` say by how many nats a
    token the chosen text of held-out pairs is likelier than the rejected one, and
    ``preference_accuracy_before`` and ``_after`` in which share of them. ``peak_memory`` is the
    most that was taken and ``foreseen_memory`` what preflight had reckoned, both in bytes, on
    ``device`` (cpu or cuda).

    Raises:
        StudioError: the dataset or the model is of no use, memory does not suffice, or the
            loss is no longer a number.
        Stopped: on request, after a checkpoint was stored.
    """
    with explained(spec, lambda: tell_peak(room.emit)), tracked(spec, room) as room:
        if spec.compute.processes > 1:
            # Fetched once for all, and looked at before they start.
            base = folder_of(spec.model, room.fetch)
            computing(spec, validate(base), powers(best_device()))
            return together.run(spec, room)
        return teach(spec, room)


def teach(spec: TrainSpec, room: Workroom) -> dict[str, Any]:
    """``run`` in this very process, alone or with others that do the same (see ``ranks``)."""
    with uncollected():
        import_module("trl.trainer.sft_trainer")  # with it torch, transformers and peft
    base = folder_of(spec.model, room.fetch)
    facts = validate(base)
    way = computing(spec, facts, powers(best_device()))
    tokenizer = load_tokenizer(base)
    for note in formatter_of(spec.formatter).check(tokenizer):
        room.emit(LogLine(level="warning", text=note))
    rows, held_out, account = _read(spec, _dataset(spec, room), tokenizer, facts)
    peak.begin(best_device())
    packing = None
    if spec.packing:
        rows, packing = pack(rows, min(spec.max_length, facts.context_length))
    lesson = _lesson(spec, room, base, tokenizer, rows, held_out, way, packing)
    course = _study(lesson, facts, rows, account, base)
    return finish(lesson, course, base, facts, account)


def _dataset(spec: TrainSpec, room: Workroom) -> Path:
    try:
        return room.fetch(spec.dataset)
    except Damaged as problem:
        raise StudioError(
            _("The dataset of this lesson is gone."),
            problem.why,
            _("Prepare it again on the Datasets page, then start a new lesson."),
            "dataset",
        ) from problem


def _read(
    spec: TrainSpec, dataset: Path, tokenizer: Any, facts: ModelFacts
) -> tuple[list[Row], list[Row], Account]:
    longest = min(spec.max_length, facts.context_length)
    objective = discover("studio.training.objectives")[spec.objective.kind]

    def read(split: str) -> tuple[list[Row], Account]:
        path = dataset / f"{split}.jsonl"
        return rows_of(path, tokenizer, spec.formatter, longest, objective.reads)

    rows, account = read("train")
    objective.check(rows, account)
    # How likely an unwanted text is says nothing on what was learned of the author.
    known, unread = read("validation")
    held_out = [row for row in known if row.wanted]
    if not known and unread.equal:
        raise StudioError(
            _("In every held-out pair the chosen and the rejected text are one and the same text."),
            _("Nobody could tell by {count} such pairs what was learned.").format(
                count=unread.equal
            ),
            _("Prepare the dataset again with two different texts in each pair."),
        )
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
    shared = ranks.several() and spec.compute.sharding == "fsdp"
    model = build(base, spec, "cpu" if shared else way.kind, way.dtype, way.attention)
    if changes_base(model) and ranks.first():
        model.save_pretrained(str(room.folder / pissa.INITIAL))
    if shared:
        model = share(model, way.kind)
    return Lesson(
        spec=spec,
        room=room,
        model=model,
        tokenizer=tokenizer,
        held_out=spread(held_out, spec.held_out_passages),
        openings=openings(held_out, spec.samples),
        steps=steps_of(spec, len(rows)),
        best_folder=room.folder / "best",
        way=way,
        packing=packing,
    )


def _study(
    lesson: Lesson, facts: ModelFacts, rows: list[Row], account: Account, base: Path
) -> Course:
    """Run the trainer from the newest whole checkpoint, or from the start, to its end."""
    spec, device = lesson.spec, lesson.model.device.type
    resumed = checkpoints.resume(lesson.room, lesson.best_folder, spec.extends)
    origin = origin_of(spec, base, facts, rows, device, versions())
    factor = _rate_factor(lesson, resumed, origin) if resumed else None
    _announce(lesson, account, resumed)
    watch = Watch(
        lesson,
        resumed.course if resumed else _begin(lesson),
        resumed.step if resumed else 0,
        factor,
    )
    watch.course.origin, watch.course.step = origin, watch.start
    trainer = _trainer(lesson, rows, watch)
    if resumed and (watch.owes or resumed.extends):
        _catch_up(lesson, watch, trainer, resumed)
    if not watch.over:
        try:
            trainer.train(resume_from_checkpoint=str(resumed.folder) if resumed else None)
        except Astray as problem:
            raise _with_the_best(problem, lesson, watch.course, base, facts, account) from None
    watch.count_time()
    if lesson.halted:
        raise Stopped({"steps": trainer.state.global_step, "seconds": round(lesson.seconds(), 1)})
    return watch.course


def _rate_factor(lesson: Lesson, resumed: checkpoints.Resumed, now: Origin) -> float | None:
    """Look whether checkpoint and lesson belong together; for an extended lesson, the learning
    rate over that of the one before."""
    if resumed.extends and resumed.step >= lesson.steps:
        raise StudioError(
            _("There is nothing to extend."),
            _("{done} steps are done and {asked} are asked for in all.").format(
                done=resumed.step, asked=lesson.steps
            ),
            _("Ask for more steps than were done."),
        )
    then = resumed.course.origin
    for difference in agree(then, now) if then else ():
        lesson.room.emit(LogLine(level="warning", text=difference))
    if not resumed.extends:
        return None
    return now.learning_rate / then.learning_rate if then else 1.0


def _catch_up(lesson: Lesson, watch: Watch, trainer: Any, resumed: checkpoints.Resumed) -> Any:
    """Measure what an earlier attempt did not, or where an extended lesson begins."""
    if not resumed.extends:
        trainer._load_from_checkpoint(str(resumed.folder))
        return _or_stop(lesson, lambda: watch.assess(watch.start))
    lesson.tell_measure(0, watch.course.before)
    lesson.write_samples(0)
    trainer._load_from_checkpoint(str(resumed.folder))
    return lesson.tell_measure(watch.start, _or_stop(lesson, lesson.measured))


def _with_the_best(
    problem: Astray,
    lesson: Lesson,
    course: Course,
    base: Path,
    facts: ModelFacts,
    account: Account,
) -> StudioError:
    """The same problem, after the best adapter was put on the shelf, if it had learned at all."""
    if course.best is None or course.best.nll >= course.before.nll:
        return problem
    finish(lesson, course, base, facts, account)
    return diverged(lesson.spec, course.step, problem.shown, course.best_step)


def tell_peak(emit: Callable[[Body], None]) -> None:
    """What was taken when there was no more to be had."""
    taken = float(peak.taken(best_device()))
    emit(MetricLogged(step=0, values={"peak_memory": taken}))


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
    if account.equal:
        text += " " + _("{count} pairs of twice the same text are left out.").format(
            count=account.equal
        )
    if account.unlearned:
        text += " " + unlearned_note(account.unlearned)
    if resumed:
        text += " " + _("Going on after step {step}.").format(step=resumed.step)
    lesson.room.emit(LogLine(text=text))


def _trainer(lesson: Lesson, rows: list[Row], watch: Watch) -> Any:
    objective = discover("studio.training.objectives")[lesson.spec.objective.kind]
    arguments = common(lesson.spec, lesson.steps, lesson.room.folder / "trainer", lesson.way)
    trainer = objective.run(
        lesson.spec.objective,
        lesson.model,
        lesson.tokenizer,
        rows,
        arguments,
        [callback(watch)],
    )
    prepare(trainer, lesson.way)
    return quickened(trainer, lesson.spec.lora)
