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
from studio.preflight.setup import FREE_LOSS, Setup, setup_of
from studio.preflight.wording import size

WORTH = 200_000_000
"""Bytes that a kernel must save before a writer is told of it."""


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
        better = {"compute.attention": "flash_attention_2"}
        yield from _about("flash-attn", "FlashAttention", saved, better, facts)
    if setup.loss != "liger" and spec.objective.kind in FREE_LOSS:
        saved = _saved(facts, setup, loss="liger")
        yield from _about("liger-kernel", "Liger", saved, {"compute.loss": "liger"}, facts)


def _saved(facts: Facts, setup: Setup, **better: str) -> int:
    assert facts.model
    shape = shape_of_facts(facts.model)
    setup = setup.model_copy(update={"measured_logits": 0})
    return (
        estimate(shape, setup).total - estimate(shape, setup.model_copy(update=dict(better))).total
    )


def _about(
    package: str, name: str, saved: int, better: dict[str, str], facts: Facts
) -> Iterator[Finding]:
    """Nothing where it would save nothing that counts; a button where it is installed."""
    assert facts.device
    if saved < WORTH:
        return
    installed = package in facts.device.libraries
    yield finding(
        "kernels",
        "tells",
        _("{name} is installed, and not used.").format(name=name)
        if installed
        else _("{name} is not installed.").format(name=name),
        _("It would save {saved} of memory here.").format(saved=size(saved)),
        remedy(_("Use {name}").format(name=name), 0, **better)
        if installed
        else remedy(_("Install {package} on the trainer's machine").format(package=package)),
    )


plugin = Check("kernels", "Faster kernels", find, needs=("model", "device"))
