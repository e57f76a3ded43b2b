"""Whether each part of a checkpoint can be gone on with: read as the trainer will read it.

The trainer would end the training at the first part that cannot be, or go on with what torch took
without a look.
"""

from __future__ import annotations

import json
import pickle
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from studio.errors import Damaged
from studio.language import _
from studio.training.course import Course

ADAPTER = ("adapter_model.safetensors", "adapter_config.json")
STATE, OPTIMISER, SCHEDULE = "trainer_state.json", "optimizer.pt", "scheduler.pt"
RANDOM = "rng_state"
"""How the names of the random states begin, one of each process."""
UNREADABLE = (
    OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, ImportError, EOFError,
    RuntimeError, pickle.UnpicklingError,
)  # fmt: skip
"""What torch, safetensors, json and random raise at what is not what its name says."""
Shapes = Mapping[str, tuple[int, ...]]


def damaged(why: str) -> Damaged:
    """What is said of a checkpoint that nothing can go on with."""
    return Damaged(
        _("The checkpoint is not whole."),
        why,
        _("Go on from an earlier one, or start the lesson again."),
        "checkpoint",
    )


def course(path: Path) -> Course:
    """Raises Damaged where it cannot be read, or another version of the studio wrote it."""
    try:
        return Course.model_validate_json(path.read_bytes())
    except ValidationError as problem:
        unknown = [".".join(map(str, e["loc"])) for e in problem.errors() if "extra" in e["type"]]
        if unknown:
            raise damaged(
                _("Another version of the studio wrote it: its {file} holds {names}.").format(
                    file=path.name, names=", ".join(unknown)
                )
            ) from problem
        raise damaged(_("Its {file} cannot be read.").format(file=path.name)) from problem


def step(folder: Path) -> int:
    """Steps that the trainer had done. Raises Damaged where its state cannot be read."""
    from transformers import TrainerState

    with _reading(STATE):
        state = TrainerState.load_from_json(str(folder / STATE))
        numbers = (state.global_step, state.train_batch_size, state.max_steps)
        if not all(isinstance(number, int) for number in numbers):
            raise ValueError(numbers)
        dict(state.stateful_callbacks)
        return int(state.global_step)


def adapter(folder: Path) -> Shapes:
    """The shapes of the adapter's tensors by name. Raises Damaged where it cannot be read, or
    holds what is no number."""
    from safetensors import SafetensorError, safe_open

    with _reading(ADAPTER[1]):
        json.loads((folder / ADAPTER[1]).read_text(encoding="utf-8"))["peft_type"]
    with _reading(ADAPTER[0]):
        try:
            with safe_open(folder / ADAPTER[0], "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except SafetensorError as problem:
            raise ValueError(problem) from problem
        if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
            raise ValueError(ADAPTER[0])
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def check_states(folder: Path, learned: Shapes) -> None:
    """Raises Damaged where what torch has saved cannot be read, or is of another adapter than the
    one of ``learned``."""
    states = {path.name: _state(path) for path in folder.iterdir() if _is_torchs(path)}
    groups = _check_optimiser(states[OPTIMISER], learned)
    _check_schedule(states[SCHEDULE], groups)
    for name, state in states.items():
        if name.startswith(RANDOM):
            _check_random(name, state)


def _is_torchs(path: Path) -> bool:
    return path.suffix in (".pt", ".pth")


def _state(path: Path) -> dict[str, Any]:
    import torch
    from transformers.trainer_pt_utils import safe_globals

    with _reading(path.name), safe_globals():
        state = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict) or not state:
            raise ValueError(path.name)
    return state


def _check_optimiser(optimiser: dict[str, Any], learned: Shapes) -> int:
    """How many groups of weights it has."""
    with _reading(OPTIMISER):
        numbers = [number for group in optimiser["param_groups"] for number in group["params"]]
        if len(numbers) > len(learned) or not set(optimiser["state"]) <= set(numbers):
            raise ValueError(len(numbers))
        moments = Counter(filter(None, map(_shape, optimiser["state"].values())))
        if not moments <= Counter(learned.values()):
            raise ValueError(moments)
        return len(optimiser["param_groups"])


def _shape(state: dict[str, Any]) -> tuple[int, ...] | None:
    """Of the moments of one weight; None where an optimiser keeps them in a form of its own. torch
    does not look whether both have it, and would write beyond the smaller one."""
    moments = [value for name, value in state.items() if name.startswith("exp_avg")]
    shapes = {tuple(moment.shape) for moment in moments}
    if len(shapes) > 1 or not all(bool(moment.isfinite().all()) for moment in moments):
        raise ValueError(shapes)
    return next(iter(shapes), None)


def _check_schedule(state: dict[str, Any], groups: int) -> None:
    from torch import zeros
    from torch.optim import SGD
    from torch.optim.lr_scheduler import LambdaLR

    with _reading(SCHEDULE):
        weights = [{"params": [zeros(1)]} for _group in range(groups)]
        plan = LambdaLR(SGD(weights, 1.0), lambda _step: 1.0)
        plan.load_state_dict(dict(state))
        if len([float(rate) for rate in plan.base_lrs]) != groups:
            raise ValueError(plan.base_lrs)
        int(plan.last_epoch)


def _check_random(name: str, state: dict[str, Any]) -> None:
    import numpy as np
    import torch

    with _reading(name):
        random.Random().setstate(state["python"])
        np.random.RandomState().set_state(state["numpy"])
        torch.Generator().set_state(state["cpu"])


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as problem:
        raise damaged(_("Its {file} cannot be read.").format(file=name)) from problem
