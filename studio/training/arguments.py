"""The trainer's arguments that all objectives share, from one spec."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from studio.domain.specs import TrainSpec
from studio.training.computing import Computing


def examples_a_step(spec: TrainSpec) -> int:
    """Examples that all processes together read before something is learned from them."""
    return spec.batch_size * spec.accumulation * spec.compute.processes


def steps_of(spec: TrainSpec, rows: int) -> int:
    """Optimiser steps of the whole training on ``rows`` examples; one that extends another is
    told how many there are in all, with those that were done."""
    if spec.extends and spec.max_steps:
        return spec.max_steps
    # A batch for each process in turn, and the first ones again where the last turn is not full.
    batches = math.ceil(math.ceil(rows / spec.batch_size) / spec.compute.processes)
    each = max(1, math.ceil(batches / spec.accumulation))
    # A share of a pass that was reckoned from steps must give the same steps again.
    planned = max(1, math.ceil(each * spec.epochs - 0.01))
    return min(planned, spec.max_steps) if spec.max_steps else planned


def common(spec: TrainSpec, steps: int, folder: Path, way: Computing) -> dict[str, Any]:
    """Keyword arguments for any trl configuration, computed the given way.

    Saving and measuring are left to our own callbacks (their strategies are off), and the
    loss is logged at every step unfiltered, so that a loss of NaN is seen. Packed rows are
    read without padding, which only the configurations of packable objectives know.
    """
    on_gpu = way.kind == "cuda"
    return {
        **({"padding_free": True} if spec.packing else {}),
        "output_dir": str(folder),
        "max_steps": steps,
        "num_train_epochs": math.ceil(spec.epochs),
        "per_device_train_batch_size": spec.batch_size,
        "gradient_accumulation_steps": spec.accumulation,
        "learning_rate": spec.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": math.ceil(steps * spec.warmup_share),
        "weight_decay": spec.weight_decay,
        "optim": way.optimiser,
        "max_grad_norm": 1.0,
        "seed": spec.seed,
        "data_seed": spec.seed,
        "use_cpu": not on_gpu,
        "bf16": way.precision == "bf16",
        "fp16": way.precision == "fp16",
        "gradient_checkpointing": way.recompute,
        "torch_compile": way.compile,
        "neftune_noise_alpha": spec.neftune_alpha,
        "ddp_find_unused_parameters": False,
        "ddp_broadcast_buffers": False,
        "report_to": "none",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "no",
        "eval_strategy": "no",
        "disable_tqdm": True,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": on_gpu,
        "push_to_hub": False,
    }
