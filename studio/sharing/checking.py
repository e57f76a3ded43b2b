"""Whether an adapter from elsewhere can be used, and whether it fits a base model."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from studio.conversion.folding import CONFIG, PREFIX, WEIGHTS, read_config
from studio.domain.models import ModelFacts
from studio.errors import StudioError
from studio.language import _
from studio.models.source import revision_of
from studio.models.weights import shards, tensors

KEPT = (
    "alpha_pattern", "bias", "exclude_modules", "fan_in_fan_out", "init_lora_weights",
    "layers_pattern", "layers_to_transform", "lora_alpha", "lora_bias", "lora_dropout",
    "modules_to_save", "peft_type", "peft_version", "r", "rank_pattern", "target_modules",
    "task_type", "use_dora", "use_rslora",
)  # fmt: skip
"""What of an adapter's description is understood here."""
HARMLESS = (
    "auto_mapping", "base_model_name_or_path", "inference_mode", "revision", "loftq_config",
    "megatron_core", "qalora_group_size", "runtime_config", "eva_config", "corda_config",
    "lora_ga_config", "ensure_weight_tying",
)  # fmt: skip
"""What is about its making, is written anew, or says nothing by itself."""
PART = re.compile(r"^(?P<module>.+)\.lora_(?P<side>A|B|magnitude_vector)(\.weight|\.bias)?$")
TIED = {"lm_head": "model.embed_tokens"}
"""Modules whose weights are another's in many models, and are in no file."""


def checked(folder: Path) -> dict[str, Any]:
    """The adapter's description, without what is nobody's business here.

    Raises:
        StudioError: it is no LoRA, or uses a variant of it that is not known here.
    """
    config = read_config(folder)
    if config.get("peft_type") != "LORA":
        raise StudioError(
            _("This kind of adapter cannot be used here."),
            _("Its {file} says peft_type {kind}; LORA is what the studio knows.").format(
                file=CONFIG, kind=str(config.get("peft_type"))[:40]
            ),
            _("Choose a LoRA adapter."),
        )
    foreign = sorted(n for n, v in config.items() if v and n not in (*KEPT, *HARMLESS))
    if foreign:
        raise StudioError(
            _("This adapter uses something that is not known here."),
            _("Its {file} sets {names}.").format(file=CONFIG, names=", ".join(foreign)[:200]),
            _("Choose an ordinary LoRA adapter, or one made with a variant such as DoRA."),
        )
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not isinstance(rank, int) or rank < 1 or not isinstance(alpha, int | float) or alpha <= 0:
        raise StudioError(
            _("The adapter's description cannot be right."),
            _("Its {file} says rank {rank} and alpha {alpha}.").format(
                file=CONFIG, rank=rank, alpha=alpha
            ),
            _("Copy or download the adapter again."),
        )
    return {name: config[name] for name in KEPT if name in config}


def check_fit(adapter: Path, base: Path, facts: ModelFacts) -> None:
    """Compare the adapter's tensors with those of the base model, by name and shape.

    Raises:
        StudioError: a file is damaged, a number is not finite, or it was made for another model.
    """
    theirs = {name: tuple(t["shape"]) for name, t in tensors(base, shards(base)).items()}
    for module, whole in TIED.items():
        if f"{whole}.weight" in theirs:
            theirs.setdefault(f"{module}.weight", theirs[f"{whole}.weight"])
    ours = {n: tuple(t["shape"]) for n, t in tensors(adapter, [adapter / WEIGHTS]).items()}
    for name, shape in ours.items():
        if not _fits(name.removeprefix(PREFIX), shape, theirs):
            raise _misfit(adapter, facts, name.removeprefix(PREFIX), shape)
    _check_numbers(adapter / WEIGHTS)


def described(adapter: Path, config: dict[str, Any], base: Path, facts: ModelFacts) -> None:
    """Write the description anew: it names the base model as it is called here, and its modules
    by their names, where it had a pattern that would be run over every name."""
    if isinstance(config.get("target_modules"), str) and config["target_modules"] != "all-linear":
        names = tensors(adapter, [adapter / WEIGHTS])
        found = {m["module"].removeprefix(PREFIX) for m in map(PART.match, names) if m}
        config = config | {"target_modules": sorted(found), "exclude_modules": None}
    config |= {"base_model_name_or_path": facts.name, "revision": revision_of(base)}
    text = json.dumps(config | {"inference_mode": True}, indent=2, sort_keys=True) + "\n"
    (adapter / CONFIG).write_text(text, encoding="utf-8")


def _fits(name: str, shape: tuple[int, ...], theirs: dict[str, tuple[int, ...]]) -> bool:
    found = PART.match(name)
    if not found:  # a module that was trained and kept whole
        return theirs.get(name) == shape
    weight = theirs.get(f"{found['module']}.weight", ())
    if len(weight) != 2:
        return False
    outputs, inputs = weight
    if found["side"] == "A":
        return len(shape) == 2 and shape[1] == inputs
    return shape[:1] == (outputs,)


def _check_numbers(path: Path) -> None:
    import torch
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        for name in file.keys():  # noqa: SIM118 (no dictionary)
            if not bool(torch.isfinite(file.get_tensor(name)).all()):
                raise StudioError(
                    _("The weights of this voice are spoilt."),
                    _("{name} holds something that is no number.").format(name=name),
                    _("Ask whoever made it for another copy."),
                )


def _misfit(adapter: Path, facts: ModelFacts, name: str, shape: tuple[int, ...]) -> StudioError:
    origin = read_config(adapter).get("base_model_name_or_path")
    return StudioError(
        _("The voice does not fit the base model {model}.").format(model=facts.name),
        _("It was taught to {origin}; its {part} of {shape} has no place in this one.").format(
            origin=str(origin)[:100] if origin else _("another"),
            part=name[:120],
            shape="×".join(map(str, shape)),
        ),
        _("Choose the base model that it was taught to; add or download it on Settings first."),
    )
