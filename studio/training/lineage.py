"""The finished adapter and where it came from."""

from __future__ import annotations

import json
import platform
import subprocess
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any

from studio import __version__
from studio.datasets import stored
from studio.datasets.formatting import formatter_of
from studio.domain.base import Language
from studio.domain.models import ModelFacts
from studio.domain.provenance import LINEAGE, Manner
from studio.domain.recipes import ContinuationSpec, PrepareSpec
from studio.domain.specs import TrainSpec
from studio.models.fingerprints import fingerprint
from studio.models.source import load_tokenizer, revision_of
from studio.settings import ROOT
from studio.text import languages
from studio.training.checkpoints import copy_adapter
from studio.training.model import accelerator_name

LIBRARIES = ("torch", "transformers", "peft", "trl", "accelerate", "bitsandbytes", "safetensors")
GIT = ("git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
FIRST = 100
"""Examples by which the language of a dataset without manuscripts is told."""


def write_adapter(
    best: Path,
    target: Path,
    base: Path,
    facts: ModelFacts,
    spec: TrainSpec,
    figures: dict[str, Any],
    dataset: Path,
) -> None:
    """Make the adapter's folder: the weights of ``best``, a clean config, ``lineage.json``."""
    copy_adapter(best, target)
    config_path = target / "adapter_config.json"
    config = json.loads(config_path.read_text(encoding="utf-8"))
    # The trainer writes the folder of its own machine here, which is nobody else's business.
    config["base_model_name_or_path"] = facts.name
    config["revision"] = revision_of(base)
    config_path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    lineage = {
        "studio": code(),
        "spec": spec.model_dump(mode="json"),
        "dataset": spec.dataset,
        "base": base_model(base, facts),
        "libraries": versions(),
        "device": _device(str(figures["device"])),
        "figures": figures,
        "language": language_of(dataset),
        "manner": manner(dataset, base, spec),
    }
    write(target, lineage)


def _device(kind: str) -> str:
    """The name of the graphics card, or what kind of processor it was."""
    return f"{platform.machine()} CPU" if kind == "cpu" else accelerator_name(kind)


def write(folder: Path, lineage: dict[str, Any]) -> None:
    """Put ``lineage.json`` into an adapter's folder."""
    text = json.dumps(lineage, indent=2, ensure_ascii=False) + "\n"
    (folder / LINEAGE).write_text(text, encoding="utf-8")


def manner(dataset: Path, base: Path, spec: TrainSpec) -> dict[str, Any]:
    """How a passage was asked for, with the very template: base models of the same weights may
    have others."""
    recipe = stored.recipe(dataset)
    known = PrepareSpec.model_validate(recipe["spec"]).builder if "spec" in recipe else None
    formatter = formatter_of(spec.formatter)
    raw = known is not None and known.kind == "raw"
    template = None if raw else formatter.plugin.template(load_tokenizer(base), spec.formatter)
    told = Manner(
        builder=known.kind if known else "continuation",
        shown_tokens=known.shown_tokens if known else None,
        formatter=spec.formatter,
        template=template,
        about=known.about if isinstance(known, ContinuationSpec) else "",
    )
    return told.model_dump(mode="json")


def language_of(dataset: Path) -> Language:
    """Of the longest manuscript; of rows, kept pages and topics, that of their first examples."""
    if manuscripts := stored.recipe(dataset).get("manuscripts"):
        longest: Language = max(manuscripts, key=lambda m: m["characters"])["language"]
        return longest
    first = islice(stored.read(dataset / "train.jsonl"), FIRST)
    return languages.language_of("\n".join(example.completion for example in first))


def base_model(base: Path, facts: ModelFacts) -> dict[str, Any]:
    """Which base model it was, so that another can be told from it."""
    identity = {"revision": revision_of(base), "sha256": fingerprint(base, facts)}
    return facts.model_dump(mode="json") | identity


def versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@lru_cache(maxsize=1)
def code() -> dict[str, str | None]:
    """The studio's ``version``, and git's ``commit`` where it runs from a clone."""
    return {"version": __version__, "commit": _commit()}


def _commit() -> str | None:
    if not (ROOT / ".git").exists():
        return None
    try:
        done = subprocess.run(
            GIT, cwd=ROOT, capture_output=True, text=True, timeout=10, check=False
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):  # a clone on a machine without git
        return None
    return done.stdout.strip() or None
