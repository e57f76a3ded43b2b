"""Tokens a second and peak memory of trl's trainer alone and of the studio's ways, on this
machine's GPU, with random weights in true shapes. Only ways of equal loss are compared."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from studio.bench import memory_gpu
from studio.domain.learning import Compute, SftSpec
from studio.domain.specs import TrainSpec
from studio.models.source import load_tokenizer
from studio.plugins import discover
from studio.preflight.setup import Setup
from studio.settings import ROOT, settings
from studio.training import heads
from studio.training.arguments import common
from studio.training.computing import LOSSES, OPTIMISERS, Computing
from studio.training.examples import Row
from studio.training.packing import pack

SHAPES = ("1.5B", "7B")
PASSAGES, SHORTEST, LONGEST = 64, 120, 2000
"""Passages of a step and their lengths in tokens; most are short, as a manuscript's are."""
ROW = 2048
STEPS, WARM = 4, 2
EQUAL = 0.02
"""Share by which loss and length of the gradient may differ in bfloat16."""
WAYS: dict[str, dict[str, Any]] = {
    "plain": {"packing": False, "loss": "chunked"},
    "packed": {"packing": True, "loss": "chunked"},
    "packed-liger": {"packing": True, "loss": "liger"},
}
"""Plain is trl's own trainer as it comes (its loss works in pieces since 1.16), rows padded."""


class Taken(BaseModel):
    """``memory`` in bytes, 0 without a GPU; ``loss`` and ``gradient`` of the first step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens_a_second: float
    memory: float
    loss: float
    gradient: float

    def equals(self, other: Taken) -> bool:
        return math.isclose(self.loss, other.loss, rel_tol=EQUAL) and math.isclose(
            self.gradient, other.gradient, rel_tol=EQUAL
        )


def measure() -> dict[str, Any] | None:
    """For each shape and compression what each way took, or why it did not run; with
    ``gpu_speed_ratio`` and ``gpu_memory_ratio``, the worst over them of the studio's faster way
    to plain. None where there is no GPU."""
    if memory_gpu.gpu() is None:
        return None
    cases = {
        f"{shape} {quantisation}": {way: _alone(shape, quantisation, way) for way in WAYS}
        for shape in SHAPES
        for quantisation in ("none", "nf4")
    }
    shown = {
        case: {way: t if isinstance(t, str) else t.model_dump() for way, t in found.items()}
        for case, found in cases.items()
    }
    return {"cases": shown} | ratios(list(cases.values()))


def ratios(cases: list[dict[str, Taken | str]]) -> dict[str, float]:
    """Empty where in some case no way of equal loss ran beside plain."""
    speeds, memories = [], []
    for case in cases:
        plain = case["plain"]
        if isinstance(plain, str):
            return {}
        others = [t for way, t in case.items() if way != "plain" and isinstance(t, Taken)]
        equal = [taken for taken in others if taken.equals(plain)]
        if not equal:
            return {}
        best = max(equal, key=lambda taken: taken.tokens_a_second)
        speeds.append(best.tokens_a_second / plain.tokens_a_second)
        memories.append(best.memory / max(1.0, plain.memory))
    return {"gpu_speed_ratio": min(speeds), "gpu_memory_ratio": max(memories)}


def take(config: dict[str, Any], setup: Setup, way: str, longest: int = LONGEST) -> Taken:
    """A few steps here, each over the same passages."""
    import torch

    chosen = WAYS[way]
    rows = passages(config["vocab_size"], longest)
    tokens = sum(len(row.input_ids) for row in rows)
    batch = 8
    if chosen["packing"]:
        rows, _account = pack(rows, min(ROW, 4 * longest))
        batch = 2
    spec = TrainSpec(
        name="bench", dataset="a" * 64, objective=SftSpec(), packing=chosen["packing"],
        batch_size=batch, accumulation=math.ceil(len(rows) / batch), learning_rate=1e-6,
        compute=Compute(loss=chosen["loss"]),
    )  # fmt: skip
    torch.manual_seed(7)  # every way meets the same weights
    model = memory_gpu.build(config, setup)
    if setup.kind == "cuda":
        torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory() as folder:
        history, laps = _train(spec, model, rows, _computing(setup, chosen["loss"]), Path(folder))
    return Taken(
        tokens_a_second=tokens * len(laps) / sum(laps),
        memory=float(torch.cuda.max_memory_reserved()) if setup.kind == "cuda" else 0.0,
        loss=history[0]["loss"],
        gradient=history[0]["grad_norm"],
    )


def passages(vocabulary: int, longest: int) -> list[Row]:
    """Made up, of lengths that are spread evenly over their magnitudes."""
    dice = random.Random(7)
    found = []
    for _number in range(PASSAGES):
        low = min(SHORTEST, longest)
        length = round(low * (longest / low) ** dice.random())
        ids = tuple(dice.randrange(10, vocabulary) for _token in range(length))
        found.append(Row(ids, ids, length, ""))
    return found


def _computing(setup: Setup, loss: Any) -> Computing:
    return Computing(
        kind=setup.kind,
        precision="bf16" if setup.width == 2 else "fp32",
        attention=None,
        loss=loss,
        own_loss=LOSSES["sft"][0],
        optimiser=OPTIMISERS["adamw"],
        recompute=setup.checkpointing,
        compile=False,
    )


def _train(
    spec: TrainSpec, model: Any, rows: list[Row], way: Computing, folder: Path
) -> tuple[list[dict[str, float]], list[float]]:
    """The trainer's log, and the seconds of the steps after the first few."""
    from transformers import TrainerCallback

    times: list[float] = []

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_arguments: Any, **_rest: Any) -> None:
            times.append(time.perf_counter())

    tokenizer = load_tokenizer(settings().starter)
    arguments = common(spec, STEPS, folder, way)
    sft = discover("studio.training.objectives")["sft"]
    trainer = sft.run(spec.objective, model, tokenizer, rows, arguments, [Clock()])
    heads.prepare(trainer, way)
    trainer.train()
    laps = [after - before for before, after in pairwise(times)]
    return trainer.state.log_history, laps[WARM - 1 :]


def _alone(shape: str, quantisation: str, way: str) -> Taken | str:
    """One case in a fresh process; why not, where it does not fit or a kernel is missing."""
    done = subprocess.run(
        [sys.executable, "-m", "studio.bench.training_gpu", shape, quantisation, way],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    if done.returncode:
        return done.stderr.strip().splitlines()[-1][:200]
    return Taken.model_validate_json(done.stdout.splitlines()[-1])


def _main(shape: str, quantisation: str, way: str) -> None:
    setup = Setup.model_validate({
        "quantisation": quantisation, "tokens": ROW, "loss": "plain",
        "whole_adapter": quantisation == "none",
    })  # fmt: skip
    taken = take(memory_gpu.SHAPES[shape], setup, way)
    sys.stdout.write(json.dumps(taken.model_dump()) + "\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
