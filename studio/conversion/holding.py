"""Whether a converted adapter holds what peft computes with: each module's A, B and scale.

llama.cpp adds alpha ÷ rank · B·A. How that product is split between A, B and alpha is free, so it
is the product's factors that are compared, module by module; the rows of B of some modules stand
in another order there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.inference.gguf import Head, Tensor, read_head
from studio.language import _

LAYER = re.compile(r"(?:^|\.)layers\.(?P<layer>\d+)\.(?:\w+\.)?(?P<part>\w+)$")
PARTS = {
    "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "qkv_proj": "attn_qkv",
    "o_proj": "attn_output", "dense": "attn_output",
    "gate_proj": "ffn_gate", "up_proj": "ffn_up", "gate_up_proj": "ffn_up", "fc1": "ffn_up",
    "down_proj": "ffn_down", "fc2": "ffn_down",
}  # fmt: skip
"""llama.cpp's names for the modules of a layer."""
OUTSIDE = {"lm_head": "output"}
TURNED = ("attn_q", "attn_k")
"""Modules whose rows the converter puts in another order for some architectures."""
NUMBERS = {0: "<f4", 1: "<f2", 30: "<u2"}
"""How ggml's types 32, 16 and brain 16 bits are read."""
ROUNDING = 2e-3
"""‖error‖ ÷ ‖factor‖ that rounding to 16 bits may leave; 3e-4 is usual, 1.6e-3 that of bfloat16."""
STEP = 6e-8
"""The smallest step of a 16-bit number."""


@dataclass(frozen=True)
class Part:
    """A module's change: ``scale`` · b · a."""

    a: Any
    b: Any
    scale: float


def parts_of(model: Any, name: str = "default") -> dict[str, Part]:
    """What a model that peft has loaded an adapter into computes with, by module."""
    found = {}
    for module, layer in model.get_base_model().named_modules():
        if name in getattr(layer, "lora_A", {}):
            a, b = (
                side[name].weight.detach().float().numpy() for side in (layer.lora_A, layer.lora_B)
            )
            found[module] = Part(a, b, float(layer.scaling[name]))
    return found


def check_holds(gguf: Path, parts: dict[str, Part]) -> float:
    """Compare a converted adapter with its origin; the largest relative error of a module.

    Raises:
        StudioError: a module is missing, too many, or not what it was.
    """
    head = read_head(gguf)
    theirs = {name_of(module): part for module, part in parts.items()}
    ours = dict(_pairs(head))
    if set(ours) != set(theirs) or len(theirs) != len(parts):
        raise _not_whole(len(parts), len(set(ours) & set(theirs)), len(ours))
    alpha = float(head.facts.get("adapter.lora.alpha", 0.0))
    worst, wrong = 0.0, {}
    for module, part in parts.items():
        error, strength = _compared(*ours[name_of(module)], alpha, part, name_of(module))
        if not error <= 1:  # also where it is no number
            wrong[module] = strength
        worst = max(worst, error * ROUNDING)
    if wrong:
        raise _changed(wrong, len(parts))
    return worst


def name_of(module: str) -> str:
    """llama.cpp's name for a module; its own name where there is none."""
    if place := LAYER.search(module):
        return f"blk.{place['layer']}.{PARTS.get(place['part'], place['part'])}"
    return OUTSIDE.get(module, module)


def _pairs(head: Head) -> Iterator[tuple[str, tuple[Any, Any]]]:
    sides: dict[str, dict[str, Tensor]] = {}
    for tensor in head.tensors:
        name, _dot, side = tensor.name.rpartition(".weight.lora_")
        sides.setdefault(name or tensor.name, {})[side] = tensor
    for name, pair in sides.items():
        if set(pair) == {"a", "b"} and all(t.type in NUMBERS for t in pair.values()):
            yield name, (_read(head, pair["a"]), _read(head, pair["b"]))
        else:
            yield f"{name}?", (None, None)  # nothing that an adapter of ours has


def _read(head: Head, tensor: Tensor) -> Any:
    import numpy as np

    shape = tensor.shape[::-1]
    place = head.data + tensor.offset
    raw = np.memmap(head.path, NUMBERS[tensor.type], "r", offset=place, shape=shape)
    if tensor.type == 30:
        return (raw.astype("<u4") << 16).view("<f4")
    return raw.astype("<f4")


def _compared(a: Any, b: Any, alpha: float, part: Part, name: str) -> tuple[float, float]:
    """The error as a multiple of what is allowed, and how strong the module is (1 is right; no
    number where it is not the same at another strength)."""
    import numpy as np

    if a.shape != part.a.shape or b.shape != part.b.shape:
        return np.inf, np.nan
    split = _dot(a, part.a) / _dot(part.a, part.a) if part.a.any() else 1.0
    scale = alpha / b.shape[1] if alpha else 1.0
    if not split or not np.isfinite(split):
        return (np.inf, 0.0) if part.b.any() else (0.0, 1.0)
    wanted = part.b * np.float32(part.scale / scale / split)
    of_a = _error(a, part.a * np.float32(split))
    if name.rpartition(".")[2] in TURNED:
        wanted = max(_orders(wanted), key=lambda turned: abs(_dot(b, turned)))
    strength = _dot(b, wanted) / _dot(wanted, wanted) if wanted.any() else np.nan
    is_scaled = of_a <= 1 and _error(b, wanted * np.float32(strength)) <= 1
    return max(of_a, _error(b, wanted)), float(strength) if is_scaled else np.nan


def _orders(b: Any) -> Iterator[Any]:
    """The rows as they are, and paired anew within each head, whatever the number of heads."""
    yield b
    rows, rank = b.shape
    for heads in range(1, rows // 2 + 1):
        if rows % (2 * heads) == 0:
            turned = b.reshape(heads, 2, rows // heads // 2, rank).swapaxes(1, 2)
            yield turned.reshape(rows, rank)


def _error(found: Any, wanted: Any) -> float:
    """‖found − wanted‖ as a multiple of what rounding may leave; what is no number is too much."""
    import numpy as np

    limit = ROUNDING * _dot(wanted, wanted) ** 0.5 + STEP * wanted.size**0.5
    apart = _dot(found - wanted, found - wanted) ** 0.5 / limit
    return float(apart) if np.isfinite(apart) else float("inf")


def _dot(one: Any, other: Any) -> float:
    import numpy as np

    return float(np.vdot(one.astype(np.float64), other.astype(np.float64)))


def _not_whole(modules: int, common: int, there: int) -> StudioError:
    return StudioError(
        _("The converted voice does not write as it was taught."),
        _(
            "The trained voice changes {modules} parts of the model; of these {common} are in the "
            "converted file, which changes {there}."
        ).format(modules=modules, common=common, there=there),
        _("Convert the voice again from its own adapter, and try again."),
    )


def _changed(wrong: dict[str, float], modules: int) -> StudioError:
    name, strength = next(iter(wrong.items()))
    told = (
        _("{name} is applied {strength:.2f} times as strongly as it was learned")
        if strength == strength and abs(strength - 1) > ROUNDING
        else _("{name} holds other numbers than were learned")
    )
    return StudioError(
        _("The converted voice does not write as it was taught."),
        _("Of its {modules} parts {count} differ from what was taught: {first}.").format(
            modules=modules, count=len(wrong), first=told.format(name=name, strength=strength)
        ),
        _("Convert the voice again from its own adapter, and try again."),
    )
