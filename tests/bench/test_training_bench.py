"""The measuring part of the training bench, on a processor and a tiny model."""

from __future__ import annotations

import pytest

from studio.bench import training_gpu
from studio.bench.training_gpu import Taken, ratios
from studio.preflight.setup import Setup
from tests.bench.test_memory_bench import TINY

SETUP = Setup(kind="cpu", tokens=64, loss="plain", checkpointing=False)
CONFIG = TINY | {"vocab_size": 8192, "max_position_embeddings": 512}


def test_the_ways_are_of_equal_loss_and_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_gpu, "PASSAGES", 12)
    plain = training_gpu.take(CONFIG, SETUP, "plain", longest=40)
    packed = training_gpu.take(CONFIG, SETUP, "packed", longest=40)
    assert packed.equals(plain)
    assert packed.loss == pytest.approx(plain.loss, rel=1e-3)
    assert plain.tokens_a_second > 0


def test_only_equal_losses_are_compared() -> None:
    plain = Taken(tokens_a_second=100, memory=10, loss=5.0, gradient=1.0)
    fast = Taken(tokens_a_second=200, memory=5, loss=5.0, gradient=1.01)
    wrong = Taken(tokens_a_second=900, memory=1, loss=4.0, gradient=1.0)
    found = ratios([{"plain": plain, "packed": fast, "packed-liger": wrong}])
    assert found == {"gpu_speed_ratio": 2.0, "gpu_memory_ratio": 0.5}
    assert not ratios([{"plain": plain, "packed": wrong}])
    assert not ratios([{"plain": "out of memory", "packed": fast}])
