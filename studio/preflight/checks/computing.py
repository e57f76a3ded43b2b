"""Can the device, its libraries and the objective compute the way that was asked for?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.domain.facts import DeviceFacts, Facts
from studio.domain.findings import Finding
from studio.domain.specs import TrainSpec
from studio.language import _
from studio.preflight.check import Check, finding, remedy
from studio.preflight.checks.device import BFLOAT16
from studio.preflight.setup import FREE_LOSS, WHOLE_LOGITS

PACKAGES = {
    "flash_attention_2": "flash-attn",
    "flash_attention_3": "flash-attn-3",
    "liger": "liger-kernel",
}


def find(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    assert facts.device
    device = facts.device
    card = device.kind == "cuda"
    modern = card and (device.capability or BFLOAT16) >= BFLOAT16
    yield from _kernels(spec, device, card, modern)
    yield from _precision(spec, card, modern)
    yield from _without_a_card(spec, card)
    if spec.compute.processes > 1:
        yield _refused(
            _("A training runs in one process."),
            _("Several devices at once are not supported yet."),
            _("Use one process"),
            processes=1,
        )


def _kernels(spec: TrainSpec, device: DeviceFacts, card: bool, modern: bool) -> Iterator[Finding]:
    attention, loss = spec.compute.attention, spec.compute.loss
    if attention.startswith("flash"):
        if spec.compute.precision == "fp32":
            sentence = _("FlashAttention cannot compute in float32.")
            why = _("It works on numbers of 16 bits only.")
            yield _refused(sentence, why, _("Leave the choice to the studio"), attention="auto")
        else:
            yield from _installed("FlashAttention", attention, "attention", modern, device)
    possible = _losses(spec.objective.kind)
    if loss != "auto" and loss not in possible:
        yield _refused(
            _("This way of learning cannot weigh the next words the way that was asked for."),
            _("“{objective}” knows only {possible}, not {asked}.").format(
                objective=spec.objective.kind, possible=", ".join(possible), asked=loss
            ),
            _("Leave the choice to the studio"),
            loss="auto",
        )
    elif loss == "liger":
        yield from _installed("Liger", loss, "loss", card, device)


def _losses(objective: str) -> tuple[str, ...]:
    """What the objective's trainer can compute its loss with (trl 1.16)."""
    if objective in FREE_LOSS:
        return ("plain", "chunked", "liger")
    return ("plain",) if objective in WHOLE_LOGITS else ("chunked",)


def _installed(
    name: str, way: str, field: str, able: bool, device: DeviceFacts
) -> Iterator[Finding]:
    package = PACKAGES[way]
    if able and package in device.libraries:
        return
    where = device.name or _("the processor")
    why = (
        _("The package {package} is not installed where {device} is.")
        if able
        else _("It needs a graphics card of compute capability {needs:g}; there is {device}.")
    )
    found = _refused(
        _("{name} cannot be used here.").format(name=name),
        why.format(package=package, device=where, needs=BFLOAT16),
        _("Leave the choice to the studio"),
        **{field: "auto"},
    )
    advice = remedy(_("Install {package} there").format(package=package))
    yield found.model_copy(update={"remedies": (*found.remedies, advice)}) if able else found


def _precision(spec: TrainSpec, card: bool, modern: bool) -> Iterator[Finding]:
    asked = spec.compute.precision
    if asked == "fp16" and not card:
        why = _("Its small numbers fall out of range, and it has no fast way to compute in them.")
        sentence = _("A processor cannot train in half precision (fp16).")
    elif asked == "bf16" and card and not modern:
        sentence = _("This graphics card cannot compute in bfloat16.")
        why = _("Only cards from 2020 on (compute capability 8.0) do so themselves.")
    else:
        return
    yield _refused(sentence, why, _("Leave the choice to the studio"), precision="auto")


def _without_a_card(spec: TrainSpec, card: bool) -> Iterator[Finding]:
    if not card and spec.compute.optimiser == "paged-adamw-8bit":
        yield _refused(
            _("There is nothing to page without a graphics card."),
            _("The paged optimiser moves its states between the card and the machine's memory."),
            _("Keep the optimiser's notes in eight bits; it saves the same memory here"),
            optimiser="adamw-8bit",
        )
    if not card and spec.compute.compile:
        yield _refused(
            _("Compiling the model does not pay on a processor."),
            _("It takes longer there than a training of the usual length, and saves little."),
            _("Do not compile it"),
            compile=False,
        )


def _refused(sentence: str, why: str, label: str, **compute: Any) -> Finding:
    changes = {f"compute.{name}": value for name, value in compute.items()}
    return finding("computing", "blocks", sentence, why, remedy(label, 0, **changes))


plugin = Check("computing", "Way of computing", find, needs=("device",))
