"""Which keys are there? Only whether, never what they are."""

from __future__ import annotations

from collections.abc import Iterator

from studio.domain.facts import Facts
from studio.domain.findings import Finding
from studio.domain.specs import TrainSpec
from studio.language import _
from studio.preflight.check import Check, finding


def find(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    if facts.access is None:
        return
    yield finding(
        "keys",
        "tells",
        _("A key of the Hub is set.") if facts.access.hub else _("No key of the Hub is set."),
        _("Only models behind consent and publishing a voice need one; this training does not."),
    )
    yield finding(
        "keys",
        "tells",
        _("A key of Weights & Biases is set.")
        if facts.access.wandb
        else _("No key of Weights & Biases is set."),
        _("The training keeps its own curves and goes on without."),
    )


plugin = Check("keys", "Keys", find)
