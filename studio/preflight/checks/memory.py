"""Do model, adapter and passages fit into memory together?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.domain.changes import applied
from studio.domain.facts import DatasetFacts, Facts, Probe, TrackRecord
from studio.domain.findings import Finding, Remedy
from studio.domain.shapes import Shape
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.models.shape import shape_of_facts
from studio.preflight.check import Check, finding, remedy
from studio.preflight.measured import probe_of
from studio.preflight.memory import Estimate, estimate
from studio.preflight.setup import FREE_LOSS, setup_of
from studio.preflight.wording import part, size

TIGHT = 0.85
"""Share of the memory above which it may fail, as an estimate is off by a tenth or so."""
MEASURED_TIGHT = 0.95
"""The same of a training that was tried: what is left is for a longer run's gaps."""
MOST = 4
"""Ways out that are offered: more would be no help to choose."""
SHORTEST = 256
"""Tokens under which passages are no longer cut to save memory."""


def find(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    assert facts.model
    assert facts.device
    try:
        shape = shape_of_facts(facts.model)
    except StudioError as problem:
        advice = remedy(problem.remedy)
        yield finding("memory", "warns", problem.what, problem.why, advice)
        return
    need, memory, probe = _need(spec, facts, shape), facts.device.memory, probe_of(spec, facts)
    if probe:
        yield _tried(spec, facts, need, probe)
        return
    if need.total <= TIGHT * memory:
        yield finding("memory", "tells", _("The training fits into memory."), _told(need, facts))
        return
    blocked = need.total > memory
    yield finding(
        "memory",
        "blocks" if blocked else "warns",
        _("The training does not fit into memory.")
        if blocked
        else _("The training may not fit into memory."),
        _("It needs {need} ({parts}), and there are {memory}. Most of it is for {most}.").format(
            need=size(need.total), parts=_parts(need), memory=size(memory), most=part(need.dominant)
        ),
        *_ways_out(spec, facts, 1.0),
    )


def _tried(spec: TrainSpec, facts: Facts, need: Estimate, probe: Probe) -> Finding:
    """What two steps really took, beside what had been reckoned."""
    assert facts.device
    memory, taken = facts.device.memory, probe.peak_memory
    told = _("Two steps on the longest passages took {taken} of {memory}; {need} was reckoned.")
    measured = told.format(taken=size(taken), memory=size(memory), need=size(need.total))
    if probe.fits and taken <= MEASURED_TIGHT * memory:
        return finding(
            "memory", "tells", _("The training fits into memory: it was tried."), measured
        )
    # What was reckoned too low for this training is too low for its neighbours, too.
    factor = max(1.0, (taken if probe.fits else max(taken, memory)) / need.total)
    if probe.fits:
        sentence = _("The training fitted into memory, with hardly any room left.")
        return finding("memory", "warns", sentence, measured, *_ways_out(spec, facts, factor))
    return finding(
        "memory",
        "blocks",
        _("The training was tried, and does not fit into memory."),
        _("It had taken {taken} of {memory} when it wanted more. Most of it is for {most}.").format(
            taken=size(taken), memory=size(memory), most=part(need.dominant)
        ),
        *_ways_out(spec, facts, factor),
    )


def _told(need: Estimate, facts: Facts) -> str:
    assert facts.device
    told = _("It takes {need} of {memory}, most of it for {most}.").format(
        need=size(need.total), memory=size(facts.device.memory), most=part(need.dominant)
    )
    return f"{told} {_past(facts.record)}".strip()


def _past(record: TrackRecord | None) -> str:
    if record is None:
        return ""
    return _("Estimates of {runs} trainings here were off by {error:.0%} in the middle.").format(
        runs=record.runs, error=record.typical_error
    )


def _need(spec: TrainSpec, facts: Facts, shape: Shape) -> Estimate:
    assert facts.model
    assert facts.device
    held_out = facts.dataset.validation if facts.dataset else None
    longest = _longest(spec, facts.dataset)
    return estimate(shape, setup_of(spec, facts.model, facts.device.kind, longest, held_out))


def _longest(spec: TrainSpec, dataset: DatasetFacts | None) -> int:
    return min(spec.max_length, dataset.longest) if dataset else spec.max_length


def _parts(need: Estimate) -> str:
    return _("weights {weights}, learning {learning}, passages {passages}").format(
        weights=size(need.weights + need.quantisation),
        learning=size(need.adapter + need.gradients + need.optimiser),
        passages=size(need.activations + need.logits),
    )


def lighter(spec: TrainSpec, facts: Facts, usable: float) -> list[Remedy]:
    """The changes after which the training should take at most ``usable`` bytes, what costs no
    quality first.

    Raises:
        StudioError: it is not known how the model is built.
    """
    assert facts.model
    shape = shape_of_facts(facts.model)
    return [
        found
        for found in _candidates(spec, facts)
        if _need(applied(spec, found), facts, shape).total <= usable
    ]


def _ways_out(spec: TrainSpec, facts: Facts, factor: float) -> list[Remedy]:
    """Only changes that make it fit, where everything takes ``factor`` of what is reckoned."""
    assert facts.device
    found = lighter(spec, facts, TIGHT * facts.device.memory / factor)
    return found[:MOST] or [remedy(_("Choose a smaller model, or a machine with more memory"))]


def _candidates(spec: TrainSpec, facts: Facts) -> Iterator[Remedy]:
    """In the order of what they cost, alone before together."""
    free = _free(spec, facts)
    for label, changes in free:
        yield remedy(label, 0, **changes)
    every = {name: value for _label, changes in free for name, value in changes.items()}
    if len(free) > 1:
        yield remedy(_("Save memory in every way that leaves the result the same"), 0, **every)
    if spec.lora.modules_to_save:
        label = _("Teach no part of the model whole")
        yield remedy(label, 1, **{"lora.modules_to_save": ()})
        label = _("Teach no part whole, and save wherever it costs nothing")
        yield remedy(label, 1, **{"lora.modules_to_save": (), **every})
    if spec.quantisation == "none":
        label = _("Compress the model to eight bits while training")
        yield remedy(label, 1, **{"quantisation": "int8", **every})
    if spec.quantisation != "nf4":
        label = _("Compress the model to four bits while training")
        yield remedy(label, 1, quantisation="nf4")
        if every:
            label = _("Compress the model to four bits, and save wherever it costs nothing")
            yield remedy(label, 1, **{"quantisation": "nf4", **every})
    yield from _smaller(spec, _longest(spec, facts.dataset), every)


def _free(spec: TrainSpec, facts: Facts) -> list[tuple[str, dict[str, Any]]]:
    """Ways of computing that give the same adapter in less memory; some take longer."""
    assert facts.model
    assert facts.device
    now = setup_of(spec, facts.model, facts.device.kind, spec.max_length)
    found: list[tuple[str, dict[str, Any]]] = []
    whole = spec.batch_size * spec.accumulation
    if spec.batch_size > 1:
        batch = max(1, spec.batch_size // 4)
        changes = {"batch_size": batch, "accumulation": max(1, whole // batch)}
        found.append((_("Read fewer passages at a time; the result stays the same"), changes))
    if spec.batch_size >= 4:
        changes = {"batch_size": 1, "accumulation": whole}
        found.append((_("Read one passage at a time; the result stays the same"), changes))
    if now.loss == "plain" and spec.objective.kind in FREE_LOSS:
        label = _("Weigh the next words in pieces (chunked loss); the result stays the same")
        found.append((label, {"compute.loss": "chunked"}))
    if now.attention == "eager" and facts.model.model_type != "gemma2":
        label = _("Use the attention that holds less (SDPA); the result stays the same")
        found.append((label, {"compute.attention": "sdpa"}))
    if not now.checkpointing:
        label = _("Work passages out twice instead of keeping them (checkpointing); slower")
        found.append((label, {"compute.checkpointing": "on"}))
    if now.optimiser == "adamw":
        label = _("Keep the optimiser's notes in eight bits; the result hardly changes")
        kind = "paged-adamw-8bit" if now.kind == "cuda" else "adamw-8bit"
        found.append((label, {"compute.optimiser": kind}))
    return found


def _smaller(spec: TrainSpec, longest: int, every: dict[str, Any]) -> Iterator[Remedy]:
    """What is heard in the result."""
    half = min(spec.max_length, longest) // 2
    if half >= SHORTEST:
        yield remedy(_("Read shorter passages"), 2, max_length=half)
        label = _("Compress the model to four bits and read shorter passages, one at a time")
        least = {**every, "quantisation": "nf4", "max_length": half}
        yield remedy(label, 3, **{**least, "lora.modules_to_save": ()})


plugin = Check("memory", "Memory", find, needs=("model", "device"))
