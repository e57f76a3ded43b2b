"""A LoRA adapter rewritten so that llama.cpp's one scale for all modules is right for each.

llama.cpp multiplies every module by alpha / rank. What peft does differently (rank-stabilised
scaling, an alpha of a module's own) it ignores without a word, so the difference is multiplied
into the weights first.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from studio.conversion.holding import Part
from studio.errors import StudioError
from studio.language import _
from studio.models import patterns

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
MERGE = "Merge the adapter into its model and convert the whole model instead."
PREFIX = "base_model.model."
SIDES = re.compile(r"^(?P<module>.+)\.lora_(?P<side>[AB])\.weight$")
PEFTS_ALPHA = 8
"""What alpha is where a description names none."""
CHANGES_BASE = ("pissa", "olora", "corda")
"""Ways of starting that put a part of the base model's weights into the adapter."""


def read_config(folder: Path) -> dict[str, Any]:
    """The adapter's own description.

    Raises:
        StudioError: it is not there, or not JSON.
    """
    path = folder / CONFIG
    try:
        found = json.loads(path.read_bytes())  # in any UTF, with a byte order mark or none
    except (OSError, ValueError, RecursionError) as error:
        raise _no_description() from error
    if not isinstance(found, dict):
        raise _no_description()
    return found


def _no_description() -> StudioError:
    return StudioError(
        _("The adapter's description cannot be read."),
        _("Its file {name} is missing or damaged.").format(name=CONFIG),
        _("Train the voice again, or copy the adapter's folder again."),
    )


def peculiarities(config: dict[str, Any]) -> list[str]:
    """What of this adapter a GGUF adapter cannot hold, in the field's words; empty when all can."""
    found = {
        "DoRA (use_dora)": config.get("use_dora"),
        "modules_to_save": config.get("modules_to_save"),
        "lora_bias": config.get("lora_bias"),
        f"bias “{config.get('bias')}”": config.get("bias") not in (None, "none"),
        "trainable_token_indices": config.get("trainable_token_indices"),
        "target_parameters": config.get("target_parameters"),
        "layer_replication": config.get("layer_replication"),
        f"peft_type {config.get('peft_type')}": config.get("peft_type", "LORA") != "LORA",
        f"init_lora_weights “{config.get('init_lora_weights')}”": str(
            config.get("init_lora_weights")
        ).startswith(CHANGES_BASE),
    }
    return [name for name, present in found.items() if present]


def scaling(config: dict[str, Any], module: str, rank: int) -> float:
    """peft's factor for one module.

    Raises:
        StudioError: the description names no alpha, or one that is no number above 0.
    """
    usual = config.get("lora_alpha", PEFTS_ALPHA)
    alpha = patterns.of_module(config.get("alpha_pattern"), module, usual)
    if not is_strength(alpha) or rank < 1:
        raise StudioError(
            _("The adapter's description cannot be right."),
            _("Its {name} says alpha {alpha} and rank {rank} for {module}.").format(
                name=CONFIG, alpha=str(alpha)[:40], rank=rank, module=module
            ),
            _("Train the voice again, or copy the adapter's folder again."),
        )
    return float(alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / rank)


def is_strength(alpha: Any) -> bool:
    """Whether an alpha can be meant: a number above 0 that 32 bits hold."""
    return isinstance(alpha, int | float) and not isinstance(alpha, bool) and 0 < alpha <= 1e9


def module_shapes(folder: Path) -> dict[str, tuple[int, int]]:
    """(outputs, inputs) of each module that the adapter changes, by its name in the model.

    Raises:
        StudioError: the weights are missing, damaged, or hold something else than LoRA pairs.
    """
    return {module: (b.shape[0], a.shape[1]) for module, (a, b) in _pairs(folder).items()}


def parts(folder: Path) -> dict[str, Part]:
    """What the adapter adds to each module, by its name in the model.

    Raises:
        StudioError: the weights are no whole LoRA pairs of finite numbers, or the description
            is wrong.
    """
    config = read_config(folder)
    return {
        module: Part(a, b, scaling(config, module, len(a)))
        for module, (a, b) in _pairs(folder).items()
    }


def fold(source: Path, target: Path) -> None:
    """Write a copy of the adapter ``source`` that llama.cpp's scale is right for, and whose
    largest numbers are near 1, so that 16 bits hold them as well as they can.

    Raises:
        StudioError: the adapter cannot be read.
    """
    import numpy as np
    from safetensors.numpy import save_file

    found = parts(source)
    widest = _power(np.abs(part.a).max() for part in found.values())
    strongest = _power(np.abs(p.b).max() * p.scale * len(p.a) for p in found.values())
    tensors = {}
    for module, part in found.items():
        factor = part.scale * len(part.a) / strongest
        tensors[f"{PREFIX}{module}.lora_A.weight"] = part.a / np.float32(widest)
        tensors[f"{PREFIX}{module}.lora_B.weight"] = part.b * np.float32(factor)
    plain = {"use_rslora": False, "alpha_pattern": {}, "lora_alpha": widest * strongest}
    target.mkdir(parents=True)
    save_file(tensors, target / WEIGHTS)
    text = json.dumps(read_config(source) | plain, sort_keys=True)
    (target / CONFIG).write_text(text, "utf-8")


def _power(sizes: Iterable[float]) -> float:
    """The power of 2 at or above the largest; 1 where all are 0."""
    largest = float(max(sizes))
    return 2.0 ** math.ceil(math.log2(largest)) if largest else 1.0


def _pairs(folder: Path) -> dict[str, tuple[Any, Any]]:
    """A and B of each module."""
    import numpy as np

    sides: dict[str, dict[str, Any]] = {}
    for name, tensor in _load(folder).items():
        found = SIDES.match(name)
        if not found:
            raise _not_lora(name)
        if not tensor.size or tensor.ndim != 2 or not np.isfinite(tensor).all():
            raise _not_numbers(name)
        sides.setdefault(found["module"].removeprefix(PREFIX), {})[found["side"]] = tensor
    for module, pair in sides.items():
        if len(pair) != 2 or len(pair["A"]) != pair["B"].shape[1]:
            raise _not_lora(module)
    return {module: (pair["A"], pair["B"]) for module, pair in sides.items()}


def _load(folder: Path) -> dict[str, Any]:
    """The adapter's weights as float32 numpy arrays by name."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / WEIGHTS
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise StudioError(
            _("The adapter's weights {name} cannot be read.").format(name=path.name),
            _("The file is missing or damaged."),
            _("Train the voice again, or copy the adapter's folder again."),
        ) from error
    return {name: tensors[name].float().numpy() for name in sorted(tensors)}


def _not_numbers(name: str) -> StudioError:
    return StudioError(
        _("The adapter cannot become a voice for llama.cpp."),
        _("Its {name} is empty, or holds something that is no number.").format(name=name),
        _("Train the voice again at a smaller rate, or copy the adapter's folder again."),
    )


def _not_lora(name: str) -> StudioError:
    return StudioError(
        _("The adapter cannot become a voice for llama.cpp."),
        _("It holds {name}, which is no pair of LoRA weights.").format(name=name),
        _(MERGE),
    )
