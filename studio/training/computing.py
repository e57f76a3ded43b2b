"""The way a training is computed on one device: as asked for, or as suits the device best."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

from studio.domain.facts import DeviceFacts
from studio.domain.learning import Compute
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.training.model import recomputes

Kind = Literal["cpu", "cuda"]
Precision = Literal["bf16", "fp16", "fp32"]
Loss = Literal["plain", "chunked", "liger"]

LOSSES: dict[str, tuple[Loss, ...]] = {
    "sft": ("chunked", "plain", "liger"),
    "pretrain": ("chunked", "plain", "liger"),
    "dpo": ("chunked",),
    "kto": ("chunked",),
    "orpo": ("plain",),
    "cpo": ("plain",),
    "simpo": ("plain",),
}
"""What each objective's trl trainer can compute its loss with (trl 1.16), the usual way first."""
PACKABLE = ("sft", "pretrain")
OPTIMISERS = {
    "adamw": "adamw_torch_fused",
    "adamw-8bit": "adamw_bnb_8bit",
    "paged-adamw-8bit": "paged_adamw_8bit",
}
"""The names that transformers has for them."""
KERNELS = {
    "flash_attention_2": "flash-attn",
    "flash_attention_3": "flash-attn-3",
    "liger": "liger-kernel",
}
"""The package that each faster way needs."""
MODULES = {
    "flash-attn": "flash_attn",
    "flash-attn-3": "flash_attn_interface",
    "liger-kernel": "liger_kernel",
}
"""What is imported of it."""
BFLOAT16 = 8.0
"""Compute capability from which a card computes in bfloat16 itself."""


@dataclass(frozen=True)
class Powers:
    """What a device and the libraries beside it can do."""

    kind: Kind
    bf16: bool = True
    """Computes in bfloat16 itself, not in a detour."""
    packages: frozenset[str] = frozenset()
    """Of ``KERNELS``, those that are installed."""
    compiler: bool = True
    """A C compiler is there, as torch.compile needs."""
    cards: int = 1
    """Graphics cards; without one, processes share the processor."""


@dataclass(frozen=True)
class Computing:
    """One definite way. ``attention`` None is what transformers takes for the model by itself."""

    kind: Kind
    precision: Precision
    attention: str | None
    loss: Loss
    own_loss: Loss
    """What the objective's trainer does by itself."""
    optimiser: str
    recompute: bool
    compile: bool

    @property
    def replaces_loss(self) -> bool:
        return self.loss != self.own_loss

    @property
    def dtype(self) -> Any:
        """Of the frozen weights, in torch's words."""
        import torch

        return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[
            self.precision
        ]


def powers(device: str) -> Powers:
    """Of this process on ``device`` (cpu or cuda)."""
    import torch

    cuda = device == "cuda"
    return Powers(
        kind="cuda" if cuda else "cpu",
        bf16=not cuda or torch.cuda.is_bf16_supported(including_emulation=False),
        packages=frozenset(name for name, module in MODULES.items() if find_spec(module)),
        compiler=any(map(shutil.which, ("cc", "gcc", "clang", "cl"))),
        cards=torch.cuda.device_count() if cuda else 1,
    )


def powers_of(device: DeviceFacts) -> Powers:
    """Of another machine, by what its worker told of itself; what is not known is hoped for."""
    return Powers(
        kind=device.kind,
        bf16=device.capability is None or device.capability >= BFLOAT16,
        packages=frozenset(MODULES.keys() & device.libraries.keys()),
        cards=device.cards,
    )


def computing(spec: TrainSpec, facts: ModelFacts, able: Powers) -> Computing:
    """How ``spec`` is computed on a device that is ``able`` to do so much.

    Raises:
        StudioError: something was asked for that the device, its libraries or the objective
            cannot do.
    """
    asked = spec.compute
    if asked.processes > 1:
        _need_several(spec, able)
    precision = _precision(asked, able)
    if spec.packing and spec.objective.kind not in PACKABLE:
        raise StudioError(
            _("Pairs of texts cannot be packed."),
            _("The objective {name} reads each example in a row of its own.").format(
                name=spec.objective.kind
            ),
            _("Switch packing off."),
        )
    return Computing(
        kind=able.kind,
        precision=precision,
        attention=_attention(asked, precision, able, spec.packing),
        loss=_loss(spec, able),
        own_loss=LOSSES[spec.objective.kind][0],
        optimiser=_optimiser(asked, able),
        recompute=recomputing(asked, facts),
        compile=_compile(asked, able),
    )


def _need_several(spec: TrainSpec, able: Powers) -> None:
    """On a processor any number of processes can share it, if to no good."""
    asked = spec.compute
    if able.kind == "cuda" and asked.processes > able.cards:
        raise StudioError(
            _("There are not so many graphics cards."),
            _("{asked} processes need a card each, and the trainer's machine has {cards}.").format(
                asked=asked.processes, cards=able.cards
            ),
            _("Set the number of processes to {cards}.").format(cards=able.cards),
        )
    if asked.sharding == "fsdp" and spec.quantisation != "none":
        raise StudioError(
            _("A compressed model cannot be shared out."),
            _("FSDP divides whole weights, and would tear the blocks of compressed ones apart."),
            _("Give each process the whole model (ddp), or teach it without compression."),
        )


def recomputing(asked: Compute, facts: ModelFacts) -> bool:
    """Whether activations are computed twice (gradient checkpointing)."""
    return recomputes(facts) if asked.checkpointing == "auto" else asked.checkpointing == "on"


def _precision(asked: Compute, able: Powers) -> Precision:
    """bfloat16 on a GPU that has it, half precision on one that has not, float32 elsewhere: on
    a processor fewer bits are slow and coarse."""
    if asked.precision == "auto":
        return "fp32" if able.kind == "cpu" else "bf16" if able.bf16 else "fp16"
    if asked.precision == "fp16" and able.kind == "cpu":
        raise StudioError(
            _("A processor cannot train in half precision (fp16)."),
            _("Its small numbers fall out of range, and it has no fast way to compute in them."),
            _("Choose bf16 or fp32, or leave the precision to the studio."),
        )
    if asked.precision == "bf16" and not able.bf16:
        raise StudioError(
            _("This graphics card cannot compute in bfloat16."),
            _("Only cards from 2020 on (compute capability 8.0) do so themselves."),
            _("Choose fp16, or leave the precision to the studio."),
        )
    return asked.precision


def _attention(asked: Compute, precision: Precision, able: Powers, packing: bool) -> str | None:
    if asked.attention == "auto":
        # Packed rows in torch's own attention need a mask, which rules its fastest kernel out.
        flash = packing and able.kind == "cuda" and able.bf16 and precision != "fp32"
        return "flash_attention_2" if flash and "flash-attn" in able.packages else None
    if asked.attention.startswith("flash"):
        if precision == "fp32" and able.kind == "cuda":
            raise StudioError(
                _("FlashAttention cannot compute in float32."),
                _("It works on numbers of 16 bits only."),
                _("Choose bf16 or fp16, or sdpa for the attention."),
            )
        if able.kind == "cuda" and not able.bf16:
            raise StudioError(
                _("FlashAttention does not run on this graphics card."),
                _("It needs a card from 2020 or later (compute capability 8.0)."),
                _("Leave the attention to the studio."),
            )
        _need_kernel("FlashAttention", KERNELS[asked.attention], able)
    return asked.attention


def _loss(spec: TrainSpec, able: Powers) -> Loss:
    possible = LOSSES[spec.objective.kind]
    asked = spec.compute.loss
    if asked == "auto":
        return possible[0]
    if asked not in possible:
        raise StudioError(
            _("The objective {name} cannot compute its loss the way “{loss}”.").format(
                name=spec.objective.kind, loss=asked
            ),
            _("Its trainer knows only: {names}.").format(names=", ".join(possible)),
            _("Leave the loss to the studio."),
        )
    if asked == "liger":
        _need_kernel("Liger", KERNELS["liger"], able)
    return asked


def _optimiser(asked: Compute, able: Powers) -> str:
    if asked.optimiser == "paged-adamw-8bit" and able.kind == "cpu":
        raise StudioError(
            _("There is nothing to page without a graphics card."),
            _("The paged optimiser moves its states between the card and the machine's memory."),
            _("Choose adamw-8bit, which saves the same memory here."),
        )
    return OPTIMISERS[asked.optimiser]


def _compile(asked: Compute, able: Powers) -> bool:
    if asked.compile and able.kind == "cpu":
        raise StudioError(
            _("Compiling the model does not pay on a processor."),
            _("It takes longer there than a training of the usual length, and saves little."),
            _("Switch compiling off."),
        )
    if asked.compile and not able.compiler:
        raise StudioError(
            _("The model cannot be compiled here."),
            _("torch.compile needs a C compiler, and there is none on the trainer's machine."),
            _("Switch compiling off, or install gcc or clang on that machine."),
        )
    return asked.compile


def _need_kernel(name: str, package: str, able: Powers) -> None:
    if able.kind == "cpu":
        raise StudioError(
            _("{name} needs a graphics card.").format(name=name),
            _("The trainer computes on the processor."),
            _("Leave the choice to the studio, or train on a machine with a graphics card."),
        )
    if package not in able.packages:
        raise StudioError(
            _("{name} is not installed.").format(name=name),
            _("The trainer's machine has no package {package}.").format(package=package),
            _("Leave the choice to the studio, or install {package} there.").format(
                package=package
            ),
        )
