"""Is there room for the checkpoints and the adapter?"""

from __future__ import annotations

from collections.abc import Iterator

from studio.domain.changes import applied
from studio.domain.facts import DeviceFacts, Facts
from studio.domain.findings import Finding, Remedy
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.language import _
from studio.preflight.check import Check, finding, remedy
from studio.preflight.setup import trained_numbers
from studio.preflight.wording import size

BYTES = 16
"""A trained number in a checkpoint: itself, twice in the optimiser, and in the best adapter."""
ADAPTERS = 2
"""The finished adapter, in the work folder and in the artifact store."""
SPARE = 500_000_000


def find(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    assert facts.model
    assert facts.device
    needed, free = _needed(spec, facts.model), facts.device.disk
    if free < needed:
        yield finding(
            "disk",
            "blocks",
            _("The disk is too full for this training."),
            _("It needs {needed} for checkpoints and the adapter; {free} are free{place}.").format(
                needed=size(needed), free=size(free), place=_place(facts.device)
            ),
            *_smaller(spec, facts.model, free),
            remedy(_("Free some space on the disk of the trainer")),
        )
    elif free < needed + SPARE:
        yield finding(
            "disk",
            "warns",
            _("The disk is nearly full."),
            _("{free} are free{place}, and this training takes {needed} of them.").format(
                needed=size(needed), free=size(free), place=_place(facts.device)
            ),
            *_smaller(spec, facts.model, free - SPARE),
            remedy(_("Free some space on the disk of the trainer")),
        )


def _place(device: DeviceFacts) -> str:
    """Whose disk it is, where a worker told."""
    return _(" on {host}").format(host=device.host) if device.host else ""


def _needed(spec: TrainSpec, model: ModelFacts) -> int:
    """Bytes of the adapter with its artifact, and of one checkpoint more than are kept: the new
    one is whole before the oldest goes."""
    trained = trained_numbers(spec, model)
    return ADAPTERS * trained * 4 + (spec.keep_checkpoints + 1) * trained * BYTES


def _smaller(spec: TrainSpec, model: ModelFacts, free: int) -> Iterator[Remedy]:
    """Only what leaves enough."""
    few = remedy(_("Keep one checkpoint only"), 0, keep_checkpoints=1)
    rank = max(1, spec.lora.rank // 4)
    small = remedy(
        _("Keep one checkpoint, and learn at rank {rank}").format(rank=rank),
        2,
        **{"keep_checkpoints": 1, "lora.rank": rank, "lora.alpha": max(1, spec.lora.alpha // 4)},
    )
    for found in (few, small):
        if found.changes and _needed(applied(spec, found), model) <= free:
            yield found


plugin = Check("disk", "Disk", find, needs=("model", "device"))
