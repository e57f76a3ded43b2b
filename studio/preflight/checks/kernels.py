"""Which faster ways of computing are there, and what would they save?"""

from __future__ import annotations

from collections.abc import Iterator

from studio.domain.facts import Facts
from studio.domain.findings import Finding
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.models.shape import shape_of_facts
from studio.preflight.check import Check, finding, remedy
from studio.preflight.memory import estimate
from studio.preflight.setup import Setup, setup_of
from studio.preflight.wording import size

WORTH = 200_000_000
"""Bytes that a kernel must save before a writer is told to install it."""


def find(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    assert facts.model
    assert facts.device
    if facts.device.kind != "cuda":
        return
    try:
        shape_of_facts(facts.model)
    except StudioError:
        return  # the memory check has said so
    longest = min(spec.max_length, facts.dataset.longest) if facts.dataset else spec.max_length
    setup = setup_of(spec, facts.model, "cuda", longest)
    if setup.attention == "eager":
        saved = _saved(facts, setup, attention="fused")
        yield _about("flash-attn", "FlashAttention", saved, facts)
    if setup.loss == "plain":
        saved = _saved(facts, setup, loss="liger")
        yield _about("liger-kernel", "Liger", saved, facts)


def _saved(facts: Facts, setup: Setup, **better: str) -> int:
    assert facts.model
    shape = shape_of_facts(facts.model)
    setup = setup.model_copy(update={"measured_logits": 0})
    return (
        estimate(shape, setup).total - estimate(shape, setup.model_copy(update=dict(better))).total
    )


def _about(package: str, name: str, saved: int, facts: Facts) -> Finding:
    assert facts.device
    if package in facts.device.libraries:
        sentence = _("{name} is installed.").format(name=name)
        return finding("kernels", "tells", sentence, _("It could save {saved}.").format(
            saved=size(saved)))  # fmt: skip
    advice = remedy(_("Install {package} on the trainer's machine").format(package=package))
    return finding(
        "kernels",
        "tells",
        _("{name} is not installed.").format(name=name),
        _("It would save {saved} of memory here.").format(saved=size(saved)),
        *([advice] if saved > WORTH else []),
    )


plugin = Check("kernels", "Faster kernels", find, needs=("model", "device"))
