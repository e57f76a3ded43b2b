"""Is there room for the checkpoints and the adapter, and for the model that some voices become?"""

from __future__ import annotations

from collections.abc import Iterator

from studio.domain.changes import applied
from studio.domain.facts import Facts
from studio.domain.findings import Finding, Remedy
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.language import _
from studio.preflight.check import Check, finding, remedy
from studio.preflight.setup import trained_numbers
from studio.preflight.standalone import plain, standalone
from studio.preflight.wording import on, size

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
                needed=size(needed), free=size(free), place=on(facts.device)
            ),
            *_smaller(spec, facts.model, free),
            remedy(_("Free some space on the disk of the trainer")),
        )
    elif short := _for_the_model(spec, facts, needed):
        yield short
    elif free < needed + SPARE:
        yield finding(
            "disk",
            "warns",
            _("The disk is nearly full."),
            _("{free} are free{place}, and this training takes {needed} of them.").format(
                needed=size(needed), free=size(free), place=on(facts.device)
            ),
            *_smaller(spec, facts.model, free - SPARE),
            remedy(_("Free some space on the disk of the trainer")),
        )


def _for_the_model(spec: TrainSpec, facts: Facts, training: int) -> Finding | None:
    """Where there is no room for the model that the voice becomes. The training can be done all
    the same, and what follows it once there is room."""
    assert facts.model
    assert facts.device
    place = facts.device
    if not spec.lora.beyond_gguf:
        return None
    needed = standalone(spec, facts.model).most + training
    if place.disk >= needed:
        return None
    return finding(
        "disk",
        "warns",
        _("The disk has no room for the model that this voice becomes."),
        _("With all that is made on the way it takes {needed}; {free} are free{place}.").format(
            needed=size(needed), free=size(place.disk), place=on(place)
        ),
        remedy(_("Learn what a GGUF adapter can hold"), 1, **plain(spec.lora)),
        remedy(_("Free some space before the training ends; until then the voice is kept")),
    )


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
