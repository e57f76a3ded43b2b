"""Can the device compute the way that is asked for?"""

from __future__ import annotations

from collections.abc import Iterator

from studio.domain.changes import changed
from studio.domain.facts import Facts
from studio.domain.findings import Finding
from studio.domain.learning import Compute
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.preflight.check import Check, finding, remedy
from studio.training.computing import computing, powers_of


def find(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    assert facts.model
    assert facts.device
    try:
        way = computing(spec, facts.model, powers_of(facts.device))
    except StudioError as problem:
        changes = _cure(spec, facts)
        label = _("Leave it to the studio") if changes else problem.remedy
        yield finding("computing", "blocks", problem.what, problem.why, remedy(label, 0, **changes))
        return
    if spec.packing and facts.device.kind == "cuda" and way.attention is None:
        yield finding(
            "computing",
            "tells",
            _("Packed rows are kept apart by a mask."),
            _("The result is the same; with FlashAttention (package flash-attn) it is faster."),
        )


def _cure(spec: TrainSpec, facts: Facts) -> dict[str, object]:
    """The first single field that, left as it usually is, makes it possible."""
    assert facts.model
    assert facts.device
    usual = {f"compute.{name}": value for name, value in Compute().model_dump().items()}
    usual["compute.processes"] = min(spec.compute.processes, facts.device.cards)
    for name, value in ({"packing": False} | usual).items():
        try:
            computing(changed(spec, {name: value}), facts.model, powers_of(facts.device))
        except StudioError:
            continue
        return {name: value}
    return {}


plugin = Check("computing", "Way of computing", find, needs=("model", "device"))
