"""Are the numbers in a range that leads somewhere?"""

from __future__ import annotations

import math
from collections.abc import Iterator

from studio.domain.facts import Facts
from studio.domain.findings import Finding
from studio.domain.specs import TrainSpec
from studio.language import _
from studio.preflight.check import Check, finding, remedy
from studio.preflight.duration import rows_of
from studio.preflight.setup import trained_numbers
from studio.training.arguments import examples_a_step, steps_of
from studio.training.presets import learning_rate

MANY_PASSES = 30
FEW_STEPS = 10
LONG_WARMUP = 0.3
LEAST_SCALE, MOST_SCALE = 0.25, 8.0
"""Of alpha over rank."""
MOST_PLUS = 32.0
"""Of LoRA+: twice the ratio that its authors settled on (Hayou et al. 2024, section 5)."""
MOST_NOISE = 15.0
"""Of NEFTune: the largest its authors tried (Jain et al. 2023, table 1)."""
ALONE: dict[str, tuple[str, ...]] = {"modules_to_save": ()}
"""The matrices without what is trained whole: only those follow the rank."""
STEPS_A_PASS = 4
"""Steps a pass under which single steps average too much of the text away."""
REFERRING = ("dpo", "kto")
"""Objectives that hold the model against itself without its adapter."""


def find(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    assert facts.model
    assert facts.dataset
    yield from _rate(spec, learning_rate(facts.model, spec.objective.kind))
    yield from _rank(spec, facts)
    yield from _scale(spec)
    yield from _methods(spec)
    rows = rows_of(spec, facts.dataset)
    yield from _together(spec, rows)
    yield from _length(spec, rows)
    yield from _comparing(spec)


def _rate(spec: TrainSpec, usual: float) -> Iterator[Finding]:
    scale = _weight(spec)
    if not LEAST_SCALE <= scale <= MOST_SCALE:
        return  # that comes first
    # The step of an adapter grows with alpha over rank, so the two are judged together.
    rate = spec.learning_rate * scale / 2
    advice = remedy(_("Use the usual learning rate"), 0, learning_rate=_for(spec, usual))
    if rate > 5 * usual:
        yield finding(
            "hyperparameters",
            "warns",
            _("The learning rate is high for this model."),
            _(
                "{rate:g} is more than five times the usual {usual:g}; the training may go astray."
            ).format(rate=rate, usual=usual),
            advice,
        )
    elif rate < usual / 20:
        yield finding(
            "hyperparameters",
            "warns",
            _("The learning rate is low for this model."),
            _(
                "{rate:g} is less than a twentieth of the usual {usual:g}; little will be learned."
            ).format(rate=rate, usual=usual),
            advice,
        )


def _for(spec: TrainSpec, usual: float) -> float:
    """The rate that has the effect of ``usual`` where alpha is twice the rank."""
    return float(f"{min(1.0, usual * 2 / _weight(spec)):.2g}")


def _weight(spec: TrainSpec) -> float:
    """What the adapter's output is multiplied with: alpha over the rank, or over its root."""
    rank = spec.lora.rank
    return spec.lora.alpha / (math.sqrt(rank) if spec.lora.rslora else rank)


def _rank(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    assert facts.model
    rank, most = spec.lora.rank, max(1, facts.model.hidden_size // 2)
    matrices = spec.model_copy(update={"lora": spec.lora.model_copy(update=ALONE)})
    trained = trained_numbers(matrices, facts.model)
    if rank <= most and trained <= 0.25 * facts.model.parameters:
        return
    smaller = max(1, min(16, facts.model.hidden_size // 8))
    yield finding(
        "hyperparameters",
        "warns",
        _("The adapter is large for this model."),
        _(
            "At rank {rank} it learns {trained:,} numbers, where the model has {all:,}; it will"
            " rather learn your text by heart than your voice."
        ).format(rank=rank, trained=trained, all=facts.model.parameters),
        remedy(
            _("Use rank {rank}").format(rank=smaller),
            0,
            **{"lora.rank": smaller, "lora.alpha": 2 * smaller},
        ),
    )


def _scale(spec: TrainSpec) -> Iterator[Finding]:
    scale, rank = _weight(spec), spec.lora.rank
    if LEAST_SCALE <= scale <= MOST_SCALE:
        return
    alpha = max(1, round(2 * (math.sqrt(rank) if spec.lora.rslora else rank)))
    yield finding(
        "hyperparameters",
        "warns",
        _("The adapter is weighed unusually."),
        _(
            "Alpha {alpha} over rank {rank} makes a factor of {scale:g}; one or two is usual."
        ).format(alpha=spec.lora.alpha, rank=rank, scale=scale),
        remedy(_("Weigh it by two"), 0, **{"lora.alpha": alpha}),
    )


def _methods(spec: TrainSpec) -> Iterator[Finding]:
    """Ways of learning that are turned up too far."""
    lora = spec.lora
    if lora.plus_ratio is not None and lora.plus_ratio > MOST_PLUS:
        yield finding(
            "hyperparameters",
            "warns",
            _("Half of the adapter learns very much faster than the other."),
            _("LoRA+ at a ratio of {ratio:g} tends to go astray; 16 is usual.").format(
                ratio=lora.plus_ratio
            ),
            remedy(_("Use a ratio of 16"), 0, **{"lora.plus_ratio": 16.0}),
        )
    if spec.neftune_alpha is not None and spec.neftune_alpha > MOST_NOISE:
        yield finding(
            "hyperparameters",
            "warns",
            _("There is much noise on what the model reads."),
            _("NEFTune was shown to help from 5 to 15; {noise:g} is more.").format(
                noise=spec.neftune_alpha
            ),
            remedy(_("Use a noise of 5"), 0, neftune_alpha=5.0),
        )


def _together(spec: TrainSpec, train: int) -> Iterator[Finding]:
    whole = examples_a_step(spec)
    most = max(1, train // STEPS_A_PASS)
    if whole <= most or train < STEPS_A_PASS or spec.batch_size > train:
        return
    processes = min(spec.compute.processes, most)
    batch = min(spec.batch_size, most // processes)
    fewer: dict[str, object] = {
        "batch_size": batch, "accumulation": max(1, most // (batch * processes)),
    }  # fmt: skip
    if processes != spec.compute.processes:
        fewer["compute.processes"] = processes
    yield finding(
        "hyperparameters",
        "warns",
        _("Each step averages over much of the text."),
        _("{whole} passages of {train} are read before anything is learned from them.").format(
            whole=whole, train=train
        ),
        remedy(_("Learn after fewer passages"), 0, **fewer),
    )


def _length(spec: TrainSpec, train: int) -> Iterator[Finding]:
    steps = steps_of(spec, train)
    if steps < FEW_STEPS:
        yield _short(spec, train, steps)
    elif spec.epochs > MANY_PASSES and spec.max_steps is None:
        yield finding(
            "hyperparameters",
            "warns",
            _("The manuscript is gone over very often."),
            _("After {passes:g} passes a model rather quotes than writes.").format(
                passes=spec.epochs
            ),
            remedy(_("Go over it ten times"), 0, epochs=10.0),
        )
    if spec.warmup_share > LONG_WARMUP:
        yield finding(
            "hyperparameters",
            "warns",
            _("The warm-up takes much of the training."),
            _("For {share:.0%} of the steps the learning rate is still rising.").format(
                share=spec.warmup_share
            ),
            remedy(_("Warm up over a twentieth of it"), 0, warmup_share=0.05),
        )
    if spec.evaluate_every > steps > 1:
        yield finding(
            "hyperparameters",
            "warns",
            _("Progress is measured only at the end."),
            _("The adapter of the last step is kept, even if an earlier one was better."),
            remedy(_("Measure eight times"), 0, evaluate_every=max(1, steps // 8)),
        )


def _comparing(spec: TrainSpec) -> Iterator[Finding]:
    kind = spec.objective.kind
    if kind in REFERRING and spec.neftune_alpha is not None:
        yield finding(
            "hyperparameters",
            "warns",
            _("Noise would blur what is compared."),
            _(
                "{name} compares two readings of a text, and each would have a noise of its own."
            ).format(name=kind.upper()),
            remedy(_("Learn without noise"), 0, neftune_alpha=None),
        )


def _short(spec: TrainSpec, train: int, steps: int) -> Finding:
    in_a_pass = math.ceil(train / examples_a_step(spec))
    passes = max(spec.epochs, math.ceil(FEW_STEPS / max(1, in_a_pass)))
    return finding(
        "hyperparameters",
        "warns",
        _("The training is very short."),
        _("{steps} steps are hardly enough to change the model.").format(steps=steps),
        remedy(_("Go over the manuscript more often"), 0, epochs=float(passes), max_steps=None),
    )


plugin = Check("hyperparameters", "Numbers", find, needs=("model", "dataset"))
