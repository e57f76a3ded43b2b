"""Loads a base model for training or scoring, whole or compressed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from studio.errors import StudioError
from studio.language import _
from studio.models.source import validate

Quantisation = Literal["none", "nf4", "int8"]


@contextmanager
def uncollected() -> Iterator[None]:
    """Import large libraries in here: looking through their modules for garbage, of which there is
    none, takes a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def best_device() -> str:
    """ "cuda" when this process can compute on a GPU, else "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def best_dtype(device: str) -> Any:
    """bfloat16 on a GPU that computes in it itself, float16 on another one, else float32: fewer
    bits on a CPU are slow and coarse."""
    import torch

    if not device.startswith("cuda"):
        return torch.float32
    whole = torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if whole else torch.float16


def load_model(
    folder: Path,
    quantisation: Quantisation = "none",
    device: str | None = None,
    dtype: Any = None,
    attention: str | None = None,
) -> Any:
    """A causal language model in evaluation mode on ``device`` (the best one by default), with
    the ``attention`` of transformers' own choice unless one is named.

    Only safetensors are read and no code of the model is run.

    Raises:
        StudioError: the folder is not a whole, supported model, or memory does not suffice.
    """
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    validate(folder)
    device = device or best_device()
    dtype = dtype or best_dtype(device)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            str(folder),
            dtype=dtype,
            attn_implementation=attention,
            # By number: one of several processes has a card of its own.
            device_map={"": torch.cuda.current_device() if device == "cuda" else device},
            quantization_config=_quantisation_config(quantisation, dtype),
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
        )
    except MemoryError as error:
        raise StudioError(
            _("The model in {folder} does not fit into memory.").format(folder=folder),
            _("The machine ran out of memory while its weights were read."),
            _("Choose a smaller model or a stronger compression, or close other programs."),
        ) from error
    _keep_layout(model)
    return model.eval()


def _keep_layout(model: Any) -> None:
    """bitsandbytes packs four-bit weights anew at the first evaluation on some processors, and
    then computes no gradients through them: measuring would end all learning in silence."""
    for module in model.modules():
        if getattr(module, "support_avx512bf16_for_cpu", False):
            module.support_avx512bf16_for_cpu = False


def _quantisation_config(quantisation: Quantisation, dtype: Any) -> Any:
    from transformers import BitsAndBytesConfig

    if quantisation == "nf4":
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
    if quantisation == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return None
