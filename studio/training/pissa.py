"""An adapter that began at principal components, made into one for the base model as it is.

PiSSA (Meng et al. 2024) takes the principal part out of the weights, W_rest = W - s B0 A0, and
learns on from it: W_rest + s B A. Against the base that everybody has, the change is
s (B A - B0 A0) = s [B, -B0] [A; A0], an ordinary adapter of twice the rank.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

INITIAL = "initial"
"""Where the adapter before learning is kept, as the base was changed to make room for it."""
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"


def convert(folder: Path, initial: Path) -> None:
    """Rewrite the adapter in ``folder``; ``initial`` holds it as it was before learning."""
    import torch
    from safetensors.torch import load_file, save_file

    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    learned, began = load_file(folder / WEIGHTS), load_file(initial / WEIGHTS)
    # peft divides alpha by the rank, or by its root; either is larger now.
    factor = math.sqrt(2) if config["use_rslora"] else 2.0
    for name, tensor in learned.items():
        if ".lora_A." in name:
            learned[name] = torch.cat([tensor, began[name]], dim=0).contiguous()
        elif ".lora_B." in name:
            learned[name] = (factor * torch.cat([tensor, -began[name]], dim=1)).contiguous()
    config["r"] *= 2
    config["rank_pattern"] = {name: 2 * rank for name, rank in config["rank_pattern"].items()}
    save_file(learned, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True), encoding="utf-8")
