"""Model folders for tests: copies of the starter, whole, split into shards, or spoiled."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from studio.settings import ROOT

STARTER = ROOT / "data" / "starter"
MARK = "<|fill|>"


def copied(target: Path) -> Path:
    return Path(shutil.copytree(STARTER, target))


def change_json(path: Path, **changes: Any) -> None:
    """Set keys of a JSON file; a value of None takes the key away."""
    content = json.loads(path.read_text(encoding="utf-8"))
    content.update({k: v for k, v in changes.items() if v is not None})
    for key in (k for k, v in changes.items() if v is None):
        content.pop(key, None)
    path.write_text(json.dumps(content), encoding="utf-8")


def sharded(target: Path) -> Path:
    """The starter with its weights in several files and an index."""
    from safetensors.torch import load_file, save_file

    folder = copied(target)
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names, weight_map = sorted(weights), {}
    for i in range(2):
        file = f"model-0000{i + 1}-of-00002.safetensors"
        part = {name: weights[name] for name in names[i::2]}
        save_file(part, folder / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(part, file)
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def cut_table(folder: Path, rows: int) -> Path:
    """Leave the model's table only so many rows, in its weights and its config."""
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    weights = load_file(path)
    for name in [n for n in weights if n.endswith(("embed_tokens.weight", "lm_head.weight"))]:
        weights[name] = weights[name][:rows].clone()
    save_file(weights, path, metadata={"format": "pt"})
    change_json(folder / "config.json", vocab_size=rows)
    return folder


def marked(folder: Path, **roles: str) -> Path:
    """Add a token, ``MARK``, that the model's table has no row for."""
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text("utf-8"))
    rows = json.loads((folder / "config.json").read_text("utf-8"))["vocab_size"]
    token = {"id": rows, "content": MARK, "special": True, "single_word": False}
    token |= {"lstrip": False, "rstrip": False, "normalized": False}
    content["added_tokens"].append(token)
    path.write_text(json.dumps(content), "utf-8")
    change_json(folder / "tokenizer_config.json", **roles)
    return folder
