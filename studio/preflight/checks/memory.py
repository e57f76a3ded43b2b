"""Do model, adapter and passages fit into memory together?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.domain.changes import applied
from studio.domain.facts import DatasetFacts, Facts, TrackRecord
from studio.domain.findings import Finding, Remedy
from studio.domain.shapes import Shape
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.models.shape import shape_of_facts
from studio.preflight.check import Check, finding, remedy
from studio.preflight.memory import Estimate, estimate
from studio.preflight.setup import setup_of
from studio.preflight.wording import part, size

TIGHT = 0.85
"""Share of the memory above which it may fail, as an estimate is off by a tenth or so."""
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
    need = _need(spec, facts, shape)
    memory = facts.device.memory
    if need.total <= TIGHT * memory:
        yield finding("memory", "tells", _("The training fits into memory."), _told(need, facts))
        return
    blocked = need.total > memory
    remedies = lighter(spec, facts, TIGHT * memory)
    yield finding(
        "memory",
        "blocks" if blocked else "warns",
        _("The training does not fit into memory.")
        if blocked
        else _("The training may not fit into memory."),
        _("It needs {need} ({parts}), and there are {memory}. Most of it is for {most}.").format(
            need=size(need.total), parts=_parts(need), memory=size(memory), most=part(need.dominant)
        ),
        *(remedies or [remedy(_("Choose a smaller model, or a machine with more memory"))]),
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
    """The changes after which the training should take at most ``usable`` bytes, the one that
    costs least in quality first.

    Raises:
        StudioError: it is not known how the model is built.
    """
    assert facts.model
    shape = shape_of_facts(facts.model)
    fitting = [
        found
        for found in _candidates(spec, _longest(spec, facts.dataset))
        if _need(applied(spec, found), facts, shape).total <= usable
    ]
    return sorted(fitting, key=lambda found: found.cost)


def _candidates(spec: TrainSpec, longest: int) -> Iterator[Remedy]:
    whole = spec.batch_size * spec.accumulation
    one = {"batch_size": 1, "accumulation": whole}
    if spec.batch_size > 1:
        batch = max(1, spec.batch_size // 4)
        changes: dict[str, Any] = {"batch_size": batch, "accumulation": max(1, whole // batch)}
        yield remedy(_("Read fewer passages at a time; the result stays the same"), 0, **changes)
        yield remedy(_("Read one passage at a time; the result stays the same"), 0, **one)
    if spec.quantisation == "none":
        label = _("Compress the model to eight bits while training")
        yield remedy(label, 1, quantisation="int8", **one)
    if spec.quantisation != "nf4":
        label = _("Compress the model to four bits while training")
        yield remedy(label, 1, quantisation="nf4")
        label = _("Compress the model to four bits and read one passage at a time")
        yield remedy(label, 1, quantisation="nf4", **one)
    half = min(spec.max_length, longest) // 2
    if half >= SHORTEST:
        yield remedy(_("Read shorter passages"), 2, max_length=half)
        label = _("Compress the model to four bits and read shorter passages, one at a time")
        yield remedy(label, 3, quantisation="nf4", max_length=half, **one)


plugin = Check("memory", "Memory", find, needs=("model", "device"))
