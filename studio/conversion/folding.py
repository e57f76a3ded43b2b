"""A LoRA adapter rewritten so that llama.cpp's one scale for all modules is right for each.

llama.cpp multiplies every module by alpha / rank. What peft does differently (rank-stabilised
scaling, an alpha of a module's own) it ignores without a word, so the difference is multiplied
into the weights first.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.language import _

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
MERGE = "Merge the adapter into its model and convert the whole model instead."
PREFIX = "base_model.model."
SIDES = re.compile(r"^(?P<module>.+)\.lora_(?P<side>[AB])\.weight$")
CHANGES_BASE = ("pissa", "olora", "corda")
"""Ways of starting that put a part of the base model's weights into the adapter."""


def read_config(folder: Path) -> dict[str, Any]:
    """The adapter's own description.

    Raises:
        StudioError: it is not there, or not JSON.
    """
    path = folder / CONFIG
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise StudioError(
            _("The adapter in {folder} cannot be read.").format(folder=folder),
            _("Its file {name} is missing or damaged.").format(name=CONFIG),
            _("Train the voice again, or copy the adapter's folder again."),
        ) from error


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
    """peft's factor for one module."""
    alpha = config["lora_alpha"]
    for pattern, own in (config.get("alpha_pattern") or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", module):
            alpha = own
            break
    return float(alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / rank)


def module_shapes(folder: Path) -> dict[str, tuple[int, int]]:
    """(outputs, inputs) of each module that the adapter changes, by its name in the model.

    Raises:
        StudioError: the weights are missing, damaged, or hold something else than LoRA pairs.
    """
    sides: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, tensor in _load(folder).items():
        found = SIDES.match(name)
        if not found:
            raise _not_lora(folder, name)
        sides.setdefault(found["module"].removeprefix(PREFIX), {})[found["side"]] = tensor.shape
    for module, pair in sides.items():
        if len(pair) != 2:
            raise _not_lora(folder, module)
    return {module: (pair["B"][0], pair["A"][1]) for module, pair in sides.items()}


def fold(source: Path, target: Path) -> None:
    """Write a copy of the adapter ``source`` that llama.cpp's scale is right for.

    Raises:
        StudioError: the adapter cannot be read.
    """
    from safetensors.numpy import save_file

    config = read_config(source)
    tensors = _load(source)
    for name, tensor in tensors.items():
        found = SIDES.match(name)
        if not found:
            raise _not_lora(source, name)
        if found["side"] == "B":
            rank = tensor.shape[1]
            module = found["module"].removeprefix(PREFIX)
            factor = scaling(config, module, rank) * rank / config["lora_alpha"]
            tensors[name] = tensor * tensor.dtype.type(factor)
    plain = config | {"use_rslora": False, "alpha_pattern": {}}
    target.mkdir(parents=True)
    save_file(tensors, target / WEIGHTS)
    (target / CONFIG).write_text(json.dumps(plain, sort_keys=True), "utf-8")


def _load(folder: Path) -> dict[str, Any]:
    """The adapter's weights as float32 numpy arrays by name."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / WEIGHTS
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise StudioError(
            _("The adapter's weights {path} cannot be read.").format(path=path),
            _("The file is missing or damaged."),
            _("Train the voice again, or copy the adapter's folder again."),
        ) from error
    return {name: tensors[name].float().numpy() for name in sorted(tensors)}


def _not_lora(folder: Path, name: str) -> StudioError:
    return StudioError(
        _("The adapter in {folder} cannot become a voice for llama.cpp.").format(folder=folder),
        _("It holds {name}, which is no pair of LoRA weights.").format(name=name),
        _(MERGE),
    )
