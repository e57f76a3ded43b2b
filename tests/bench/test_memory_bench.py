"""The measuring part of the memory bench, on a processor and models of a few thousand numbers."""

from __future__ import annotations

from typing import Any

import pytest

from studio.bench import memory, memory_gpu
from studio.models.shape import shape_of
from studio.preflight.adapters import adapter_parameters
from studio.preflight.setup import Setup

TINY: dict[str, Any] = {
    "model_type": "qwen2", "vocab_size": 96, "hidden_size": 64, "intermediate_size": 128,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "tie_word_embeddings": True, "max_position_embeddings": 128,
}  # fmt: skip


def test_true_shapes_have_true_sizes() -> None:
    sizes = {name: shape_of(config).parameters for name, config in memory_gpu.SHAPES.items()}
    assert sizes == {
        "0.5B": 494_032_768,
        "1.5B": 1_543_714_304,
        "7B": 7_615_616_512,
        "14B": 14_770_033_664,
    }


def test_the_matrix_covers_what_was_asked_for() -> None:
    setups = [setup for _config, setup in memory_gpu.matrix()]
    assert {s.quantisation for s in setups} == {"nf4", "none"}
    assert {1024, 4096, 16384} <= {s.tokens for s in setups}
    assert {s.loss for s in setups} == {"plain", "chunked", "liger"}
    assert {s.checkpointing for s in setups} == {s.paired for s in setups} == {True, False}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"quantisation": "nf4", "whole_adapter": False},
        {"loss": "plain", "checkpointing": False},
        {"loss": "plain", "paired": True},
    ],
)
def test_a_case_runs(change: dict[str, Any]) -> None:
    setup = Setup.model_validate({"kind": "cpu", "tokens": 32, **change})
    assert memory_gpu.take(TINY, setup) == {"allocated": 0.0, "taken": 0.0}


def test_what_is_built_is_what_was_reckoned() -> None:
    from bitsandbytes.nn import Linear4bit

    setup = Setup(kind="cpu", tokens=32, quantisation="nf4")
    model = memory_gpu.build(TINY, setup)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert trained == adapter_parameters(shape_of(TINY), setup.adapter)
    assert sum(isinstance(m, Linear4bit) for m in model.modules()) == 2 * 7


def test_the_truth_part_needs_no_gpu() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("This machine has a GPU; measuring takes minutes.")
    found = memory.run()
    assert found["results"]["cases"] == 12
    assert all(target["met"] for target in found["targets"].values())
    assert found["measured"].startswith("No GPU")
