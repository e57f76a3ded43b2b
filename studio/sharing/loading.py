"""Whether peft would load all of an adapter: asked of peft, on a model without numbers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.language import _
from studio.models.loading import uncollected


def check_loads(base: Path, config: dict[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Build the model as the description asks for, and lay the tensors in.

    Raises:
        StudioError: a tensor would be left over, or a place would stay empty.
    """
    with uncollected():
        import torch
        from peft import LoraConfig, get_peft_model, set_peft_model_state_dict
        from transformers import AutoConfig, AutoModelForCausalLM

    told = AutoConfig.from_pretrained(str(base), local_files_only=True)
    # How A and B begin has no part in where they are, and some beginnings read the base.
    plain = config | {"init_lora_weights": False, "task_type": "CAUSAL_LM"}
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            bare = AutoModelForCausalLM.from_config(told, trust_remote_code=False)
            model = get_peft_model(bare, LoraConfig(**plain))
            names = {name for name in model.state_dict() if is_of_adapter(name)}
            empty = {name: torch.empty(shape) for name, shape in shapes.items()}
            found = set_peft_model_state_dict(model, empty, low_cpu_mem_usage=True)
        except (ValueError, KeyError, RuntimeError, TypeError) as error:
            raise _not_loaded(str(error).splitlines()[0][:200] if str(error) else "") from error
    left = [*found.unexpected_keys, *sorted(names & set(found.missing_keys))]
    if left:
        raise _not_loaded(_("{name} has no counterpart.").format(name=left[0][:120]))


def is_of_adapter(name: str) -> bool:
    """Whether a place of the model with its adapter is filled by the adapter's file."""
    return ".lora_" in name or ".modules_to_save." in name


def _not_loaded(why: str) -> StudioError:
    return StudioError(
        _("Not all of this voice would be applied."),
        _("Its weights and its description do not fit together: {why}").format(why=why),
        _("Ask whoever made it for a copy that peft saved."),
    )
