"""The finished adapter and where it came from."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.models.fingerprints import fingerprint
from studio.training.checkpoints import copy_adapter

LIBRARIES = ("torch", "transformers", "peft", "trl", "accelerate", "bitsandbytes")
LINEAGE = "lineage.json"


def write_adapter(
    best: Path,
    target: Path,
    base: Path,
    facts: ModelFacts,
    spec: TrainSpec,
    figures: dict[str, Any],
) -> None:
    """Make the adapter's folder: the weights of ``best``, a clean config, ``lineage.json``."""
    copy_adapter(best, target)
    config_path = target / "adapter_config.json"
    config = json.loads(config_path.read_text(encoding="utf-8"))
    # The trainer writes the folder of its own machine here, which is nobody else's business.
    config["base_model_name_or_path"] = facts.name
    config_path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    lineage = {
        "spec": spec.model_dump(mode="json"),
        "dataset": spec.dataset,
        "base": facts.model_dump(mode="json") | {"sha256": fingerprint(base, facts)},
        "libraries": versions(),
        "figures": figures,
    }
    text = json.dumps(lineage, indent=2, ensure_ascii=False) + "\n"
    (target / LINEAGE).write_text(text, encoding="utf-8")


def versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
