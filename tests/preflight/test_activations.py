"""What a block keeps for the way back, against what autograd really keeps."""

from __future__ import annotations

import weakref
from typing import Any

import pytest

from studio.models.shape import shape_of
from studio.preflight.activations import kept
from studio.preflight.adapters import Adapter, adapter_parameters
from studio.preflight.setup import Setup

TOKENS = 128
CONFIG: dict[str, Any] = {
    "vocab_size": 128, "hidden_size": 256, "intermediate_size": 704, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 64, "max_position_embeddings": 512,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
FAMILIES = ("llama", "qwen2", "qwen3", "mistral", "gemma", "gemma2", "gemma3_text", "phi3", "phi",
            "glm", "glm4")  # fmt: skip


def model_of(config: dict[str, Any], layers: int, setup: Setup) -> Any:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    values = {**config, "num_hidden_layers": layers}
    attention = "sdpa" if setup.attention == "fused" else "eager"
    made = AutoConfig.for_model(values.pop("model_type"), attn_implementation=attention, **values)
    dtype = torch.bfloat16 if setup.width == 2 else torch.float32
    settings = LoraConfig(
        r=setup.adapter.rank,
        target_modules=setup.adapter.targets
        if setup.adapter.targets == "all-linear"
        else setup.adapter.targets.split(","),
        use_dora=setup.adapter.dora,
        lora_dropout=setup.adapter.dropout,
    )
    model = get_peft_model(AutoModelForCausalLM.from_config(made, dtype=dtype), settings)
    if not setup.whole_adapter:
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.to(torch.bfloat16)
    model.enable_input_require_grads()
    return model.train()


def really_kept(model: Any, setup: Setup) -> int:
    """Bytes of all storages that are alive for the way back, weights apart."""
    import torch

    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    seen: list[weakref.ref[Any]] = []

    def note(tensor: Any) -> Any:
        seen.append(weakref.ref(tensor))
        return tensor

    ids = torch.randint(3, 128, (1, TOKENS))
    with (
        torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=setup.width == 2),
    ):
        end = model.get_base_model().model(input_ids=ids, use_cache=False)[0]
    alive = [tensor for tensor in (reference() for reference in seen) if tensor is not None]
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in alive}
    assert end.requires_grad
    return sum(size for place, size in storages.items() if place not in own)


def of_one_block(family: str, setup: Setup) -> tuple[float, int]:
    """Bytes a token that one more block keeps, really and as reckoned."""
    config = {**CONFIG, "model_type": family}
    one, two = (really_kept(model_of(config, layers, setup), setup) for layers in (1, 2))
    shape = shape_of({**config, "num_hidden_layers": 1})
    casts = 2 * adapter_parameters(shape, setup.adapter)
    casts = casts if setup.width == 2 and setup.whole_adapter else 0
    return (two - one - casts) / TOKENS, kept(shape, setup)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["cuda", "cpu"])
def test_what_is_kept_is_what_was_reckoned(family: str, kind: Any) -> None:
    attention: Any = "eager" if family == "gemma2" else "fused"
    setup = Setup(kind=kind, tokens=TOKENS, attention=attention, adapter=Adapter(rank=8))
    really, reckoned = of_one_block(family, setup)
    assert reckoned == pytest.approx(really, rel=0.08)


VARIANTS = {
    "eager": Setup(tokens=TOKENS, attention="eager", adapter=Adapter(rank=8)),
    "bfloat16 adapter": Setup(tokens=TOKENS, whole_adapter=False, adapter=Adapter(rank=8)),
    "two modules": Setup(tokens=TOKENS, adapter=Adapter(rank=8, targets="q_proj,v_proj")),
    "dropout": Setup(kind="cpu", tokens=TOKENS, adapter=Adapter(rank=8, dropout=0.1)),
    "DoRA": Setup(tokens=TOKENS, adapter=Adapter(rank=8, dora=True)),
    "DoRA on a processor": Setup(kind="cpu", tokens=TOKENS, adapter=Adapter(rank=8, dora=True)),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_choice_counts(name: str) -> None:
    really, reckoned = of_one_block("llama", VARIANTS[name])
    assert reckoned == pytest.approx(really, rel=0.08)
