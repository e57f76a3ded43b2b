"""Whether an adapter from elsewhere can be used, and whether it fits a base model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from studio.conversion.folding import (
    CONFIG,
    PEFTS_ALPHA,
    PREFIX,
    WEIGHTS,
    is_strength,
    read_config,
)
from studio.domain.models import ModelFacts
from studio.errors import StudioError
from studio.language import _
from studio.models.patterns import plain
from studio.models.source import revision_of
from studio.models.weights import shards, tensors
from studio.sharing import loading, mending
from studio.sharing.copies import TIED, leave_out
from studio.sharing.mending import INNER, PART
from studio.sharing.portable import without_paths

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
MOST_PATTERNS = 2000
STARTS = ("gaussian", "orthogonal", "eva", "pissa", "olora")
"""Ways of starting that peft goes without, or repeats, when it loads an adapter."""
CHANGED_BASE = ("loftq", "corda", "lora_ga")
"""Ways of starting that changed the base model, and that nothing repeats."""
EMBEDDING = re.compile(r"^(?P<module>.+)\.lora_embedding_[AB]")


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
    _check_values(config)
    patterns = {
        name: _patterns(config, name, is_right)
        for name, is_right in (("rank_pattern", _is_rank), ("alpha_pattern", is_strength))
    }
    return {name: config[name] for name in KEPT if name in config} | patterns


def mended(
    adapter: Path, config: dict[str, Any], base: Path, facts: ModelFacts
) -> tuple[dict[str, Any], list[str]]:
    """Bring the adapter into the form that peft loads whole onto the base model: names in its
    file, and the description, which is returned with what had to be mended, in words.

    Raises:
        StudioError: a file is damaged, a number is not finite, it was made for another model, or
            what it is cannot be known for certain.
    """
    _check_numbers(adapter / WEIGHTS)
    theirs = shapes_of(base)
    notes = [*mending.mend_names(adapter, theirs), *leave_out(adapter, base, config)]
    ours = {n: tuple(t["shape"]) for n, t in tensors(adapter, [adapter / WEIGHTS]).items()}
    for name, shape in ours.items():
        if found := EMBEDDING.match(name):
            raise _of_embeddings(found["module"].removeprefix(PREFIX))
        if not _fits(name.removeprefix(PREFIX), shape, theirs):
            raise _misfit(adapter, facts, name.removeprefix(PREFIX), shape)
    config, more = mending.mend_description(config, ours, theirs)
    _check_biases(config, ours, theirs)
    loading.check_loads(base, config, ours)
    return config, [*notes, *more]


def shapes_of(base: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of a base model's weights by name, those of a tied module included."""
    theirs = {name: tuple(t["shape"]) for name, t in tensors(base, shards(base)).items()}
    for name, owner in TIED.items():
        if owner in theirs:
            theirs.setdefault(name, theirs[owner])
    return theirs


def described(adapter: Path, config: dict[str, Any], base: Path, facts: ModelFacts) -> None:
    """Write the description anew: it names the base model as it is called here."""
    named = {"base_model_name_or_path": facts.name, "revision": revision_of(base)}
    text = json.dumps(config | named | {"inference_mode": True}, indent=2, sort_keys=True) + "\n"
    (adapter / CONFIG).write_text(text, encoding="utf-8")


def _check_values(config: dict[str, Any]) -> None:
    """Raises StudioError for values that cannot be meant."""
    rank, alpha = config.get("r"), config.get("lora_alpha", PEFTS_ALPHA)
    if not (rank is None or _is_rank(rank)) or not is_strength(alpha):
        raise _cannot_be(
            _("rank {rank} and alpha {alpha}").format(rank=str(rank)[:40], alpha=str(alpha)[:40])
        )
    for name in ("use_dora", "use_rslora", "lora_bias", "fan_in_fan_out"):
        if config.get(name) not in (None, True, False):
            raise _cannot_be(f"{name} {str(config[name])[:40]}")
    start = config.get("init_lora_weights")
    if str(start).startswith(CHANGED_BASE):
        raise _of_another_base(str(start))
    if not (start in (None, True, False) or str(start).startswith(STARTS)):
        raise _cannot_be(f"init_lora_weights {str(start)[:40]}")
    for name in ("target_modules", "modules_to_save", "exclude_modules"):
        value = config.get(name)
        if not isinstance(value, str | None) and not _is_names(value):
            raise _cannot_be(f"{name} {str(value)[:40]}")


def _patterns(config: dict[str, Any], name: str, is_right: Callable[[Any], bool]) -> dict[str, Any]:
    """The patterns of a description as ones that can be run. A rank's that cannot is left out, as
    the tensors tell the ranks.

    Raises:
        StudioError: a value cannot be meant, or an alpha has a pattern that cannot be run.
    """
    told = config.get(name) or {}
    if not isinstance(told, dict) or len(told) > MOST_PATTERNS:
        raise _cannot_be(f"{name} {str(told)[:40]}")
    found: dict[str, Any] = {}
    for pattern, value in told.items():
        meant = plain(pattern)
        if not is_right(value):
            raise _cannot_be(f"{name} {pattern[:80]}: {str(value)[:40]}")
        if not meant and name == "alpha_pattern":
            raise StudioError(
                _("How strong the parts of this voice are cannot be known."),
                _(
                    "Its {file} gives {name} by “{pattern}”, and no such pattern is run here."
                ).format(file=CONFIG, name=name, pattern=pattern[:80]),
                _("Ask whoever made it to name these parts one by one."),
            )
        for each in meant:
            found.setdefault(each, value)
        if len(found) > MOST_PATTERNS:
            raise _cannot_be(f"{name} {str(told)[:40]}")
    return found


def _is_rank(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65536


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _of_another_base(start: str) -> StudioError:
    return StudioError(
        _("This voice belongs to a base model that was changed for it."),
        _(
            "It began with {start}, which changes the base model's weights as well; with the base"
            " model as it is published it would write otherwise."
        ).format(start=start[:40]),
        _(
            "Ask whoever made it for a copy that was converted to an ordinary LoRA; or, if you have"
            " the changed base model, write true for init_lora_weights in the adapter's {file}, and"
            " choose that model."
        ).format(file=CONFIG),
    )


def _cannot_be(said: str) -> StudioError:
    return StudioError(
        _("The adapter's description cannot be right."),
        _("Its {file} says {said}.").format(file=CONFIG, said=said),
        _("Copy or download the adapter again."),
    )


def _of_embeddings(module: str) -> StudioError:
    return StudioError(
        _("This adapter uses something that cannot be applied here."),
        _(
            "It has factors for {module}, the table of the words, which llama.cpp cannot take."
        ).format(module=module[:120]),
        _("Choose an adapter that leaves this table as it is, or merge it into its model."),
    )


def _check_biases(
    config: dict[str, Any], ours: dict[str, Any], theirs: dict[str, tuple[int, ...]]
) -> None:
    """A bias beside B has a place only where the base model's module has one."""
    if not config["lora_bias"]:
        return
    modules = {n.removeprefix(PREFIX).partition(".lora_")[0] for n in ours if ".lora_B" in n}
    bare = sorted(m for m in modules if f"{m}.bias" not in theirs)
    if bare:
        raise StudioError(
            _("This adapter uses something that cannot be applied here."),
            _("It has a bias (lora_bias) for {module}, which has none in the base model.").format(
                module=bare[0]
            ),
            _("Choose an adapter that was made without lora_bias."),
        )


def _fits(name: str, shape: tuple[int, ...], theirs: dict[str, tuple[int, ...]]) -> bool:
    found = PART.match(name)
    if not found:  # a module that was trained and kept whole, or a bias
        return theirs.get(name.replace(f".{INNER}.bias", ".bias")) == shape
    weight = theirs.get(f"{found['module']}.weight", ())
    if len(weight) != 2 or 0 in shape:
        return False
    outputs, inputs = weight
    if found["side"] == "A":
        return len(shape) == 2 and shape[1] == inputs and found["kind"] != ".bias"
    if found["side"] == "B" and found["kind"] == ".weight":
        return len(shape) == 2 and shape[0] == outputs
    return shape == (outputs,)


def _check_numbers(path: Path) -> None:
    tensors(path.parent, [path])  # says in words which part of a file is missing
    try:
        spoilt = _spoilt(path)
    except (SafetensorError, OSError, ValueError, TypeError, RuntimeError) as error:
        raise StudioError(
            _("The weight file {name} is damaged.").format(name=path.name),
            _("It cannot be read: {why}").format(why=str(error)[:200]),
            _("Download or copy this file again."),
        ) from error
    if spoilt:
        raise StudioError(
            _("The weights of this voice are spoilt."),
            _("{name} holds something that is no number.").format(name=spoilt[:120]),
            _("Ask whoever made it for another copy."),
        )


def _spoilt(path: Path) -> str:
    """The first tensor that holds something else than finite numbers; empty where none does."""
    import torch
    from safetensors import safe_open

    kinds = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
    with safe_open(path, framework="pt") as file:
        for name in file.keys():  # noqa: SIM118 (no dictionary)
            numbers = file.get_tensor(name)
            # Nothing but these is a weight; the widest must be finite in 32 bits, too.
            if numbers.dtype not in kinds or not bool(torch.isfinite(numbers.float()).all()):
                return str(name)
    return ""


def _misfit(adapter: Path, facts: ModelFacts, name: str, shape: tuple[int, ...]) -> StudioError:
    origin = without_paths(read_config(adapter).get("base_model_name_or_path"))
    return StudioError(
        _("The voice does not fit the base model {model}.").format(model=facts.name),
        _("It was taught to {origin}; its {part} of {shape} has no place in this one.").format(
            origin=str(origin)[:100] if origin else _("another"),
            part=name[:120],
            shape="×".join(map(str, shape)),
        ),
        _("Choose the base model that it was taught to; add or download it on Settings first."),
    )
