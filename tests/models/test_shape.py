"""Shapes read from configs against the models that transformers and peft build from them."""

from __future__ import annotations

from typing import Any

import pytest

from studio.errors import StudioError
from studio.models.shape import shape_of, shape_of_facts
from studio.models.source import validate
from studio.preflight.adapters import Adapter, adapter_parameters
from tests.models.folders import STARTER

LLAMA_3_8B = {
    "model_type": "llama", "vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336,
    "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
    "max_position_embeddings": 131072, "tie_word_embeddings": False,
}  # fmt: skip
QWEN_25_05B = {
    "model_type": "qwen2", "vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864,
    "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
    "max_position_embeddings": 32768, "tie_word_embeddings": True, "use_sliding_window": False,
    "sliding_window": 32768,
}  # fmt: skip
QWEN_3_4B = {
    "model_type": "qwen3", "vocab_size": 151936, "hidden_size": 2560, "intermediate_size": 9728,
    "num_hidden_layers": 36, "num_attention_heads": 32, "num_key_value_heads": 8,
    "head_dim": 128, "max_position_embeddings": 40960, "tie_word_embeddings": True,
}  # fmt: skip
MISTRAL_NEMO = {
    "model_type": "mistral", "vocab_size": 131072, "hidden_size": 5120,
    "intermediate_size": 14336, "num_hidden_layers": 40, "num_attention_heads": 32,
    "num_key_value_heads": 8, "head_dim": 128, "max_position_embeddings": 1024000,
    "sliding_window": None, "tie_word_embeddings": False,
}  # fmt: skip
GEMMA_2B = {
    "model_type": "gemma", "vocab_size": 256000, "hidden_size": 2048, "intermediate_size": 16384,
    "num_hidden_layers": 18, "num_attention_heads": 8, "num_key_value_heads": 1,
    "head_dim": 256, "max_position_embeddings": 8192,
}  # fmt: skip
GEMMA_2_9B = {
    "model_type": "gemma2", "vocab_size": 256000, "hidden_size": 3584,
    "intermediate_size": 14336, "num_hidden_layers": 42, "num_attention_heads": 16,
    "num_key_value_heads": 8, "head_dim": 256, "max_position_embeddings": 8192,
    "sliding_window": 4096,
}  # fmt: skip
GEMMA_3_1B = {
    "model_type": "gemma3_text", "vocab_size": 262144, "hidden_size": 1152,
    "intermediate_size": 6912, "num_hidden_layers": 26, "num_attention_heads": 4,
    "num_key_value_heads": 1, "head_dim": 256, "max_position_embeddings": 32768,
    "sliding_window": 512,
}  # fmt: skip
PHI_2 = {
    "model_type": "phi", "vocab_size": 51200, "hidden_size": 2560, "intermediate_size": 10240,
    "num_hidden_layers": 32, "num_attention_heads": 32, "max_position_embeddings": 2048,
}  # fmt: skip
PHI_4 = {
    "model_type": "phi3", "vocab_size": 100352, "hidden_size": 5120, "intermediate_size": 17920,
    "num_hidden_layers": 40, "num_attention_heads": 40, "num_key_value_heads": 10,
    "max_position_embeddings": 16384, "tie_word_embeddings": False, "pad_token_id": 0,
}  # fmt: skip
GLM_4_9B_HF = {
    "model_type": "glm", "vocab_size": 151552, "hidden_size": 4096, "intermediate_size": 13696,
    "num_hidden_layers": 40, "num_attention_heads": 32, "num_key_value_heads": 2,
    "head_dim": 128, "max_position_embeddings": 131072, "attention_bias": True,
    "tie_word_embeddings": False,
}  # fmt: skip
YI_15_9B = {
    "model_type": "llama", "vocab_size": 64000, "hidden_size": 4096, "intermediate_size": 11008,
    "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 4,
    "max_position_embeddings": 4096, "tie_word_embeddings": False,
}  # fmt: skip
DEEPSEEK_R1_7B = {
    "model_type": "qwen2", "vocab_size": 152064, "hidden_size": 3584,
    "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28,
    "num_key_value_heads": 4, "max_position_embeddings": 131072, "tie_word_embeddings": False,
}  # fmt: skip
CONFIGS = {
    "Llama 3 8B": LLAMA_3_8B,
    "Qwen2.5 0.5B": QWEN_25_05B,
    "Qwen3 4B": QWEN_3_4B,
    "Mistral Nemo": MISTRAL_NEMO,
    "Gemma 2B": GEMMA_2B,
    "Gemma 2 9B": GEMMA_2_9B,
    "Gemma 3 1B": GEMMA_3_1B,
    "Phi-2": PHI_2,
    "Phi-4": PHI_4,
    "GLM-4 9B": GLM_4_9B_HF,
    "GLM-4 9B 0414": GLM_4_9B_HF | {"model_type": "glm4"},
    "Yi-1.5 9B": YI_15_9B,
    "DeepSeek-R1 distilled": DEEPSEEK_R1_7B,
    "a Llama with every bias": LLAMA_3_8B | {"attention_bias": True, "mlp_bias": True},
    "a Qwen3 with biases": QWEN_3_4B | {"attention_bias": True},
}
PUBLISHED = {
    "Llama 3 8B": 8_030_261_248,
    "Qwen2.5 0.5B": 494_032_768,
    "Qwen3 4B": 4_022_468_096,
    "Mistral Nemo": 12_247_782_400,
    "Gemma 2 9B": 9_241_705_984,
    "Gemma 3 1B": 999_885_952,
    "Phi-4": 14_659_507_200,
    "Yi-1.5 9B": 8_829_407_232,
}


def empty(config: dict[str, Any]) -> Any:
    """The real model of a config with no memory behind its weights."""
    from accelerate import init_empty_weights
    from transformers import AutoConfig, AutoModelForCausalLM

    values = dict(config)
    made = AutoConfig.for_model(values.pop("model_type"), attn_implementation="eager", **values)
    with init_empty_weights():
        model = AutoModelForCausalLM.from_config(made)
    model.tie_weights()
    return model


@pytest.mark.parametrize("name", CONFIGS)
def test_parameters_are_those_of_transformers(name: str) -> None:
    from peft import LoraConfig, get_peft_model

    model, shape = empty(CONFIGS[name]), shape_of(CONFIGS[name])
    assert shape.parameters == sum(p.numel() for p in model.parameters())
    pattern = {"q_proj": 4, r"layers\.1\.mlp\.down_proj": 32}
    settings = LoraConfig(r=8, target_modules="all-linear", use_dora=True, rank_pattern=pattern)
    with_adapter = get_peft_model(model, settings)
    trained = sum(p.numel() for p in with_adapter.parameters() if p.requires_grad)
    adapter = Adapter(rank=8, dora=True, rank_pattern=pattern)
    assert adapter_parameters(shape, adapter) == trained


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_those_that_were_published(name: str) -> None:
    assert shape_of(CONFIGS[name]).parameters == PUBLISHED[name]


def test_the_starter_is_what_its_files_hold() -> None:
    facts = validate(STARTER)
    assert shape_of_facts(facts).parameters == facts.parameters


def test_the_language_part_of_a_model_with_pictures() -> None:
    config = {"model_type": "gemma3", "text_config": GEMMA_3_1B, "vision_config": {}}
    assert shape_of(config) == shape_of(GEMMA_3_1B)


def test_windows_count_only_where_they_are_used() -> None:
    assert shape_of(QWEN_25_05B).window is None
    assert shape_of(GEMMA_2_9B).window == 4096


@pytest.mark.parametrize("key", ["num_experts", "num_local_experts", "n_routed_experts"])
def test_a_mixture_of_experts_is_refused(key: str) -> None:
    with pytest.raises(StudioError, match="mixture of experts"):
        shape_of({"model_type": "qwen3_moe", key: 128})


def test_what_is_not_known_is_named() -> None:
    with pytest.raises(StudioError, match="not known") as unknown:
        shape_of({"model_type": "mamba"})
    assert "mamba" in unknown.value.why
    with pytest.raises(StudioError, match="incomplete") as incomplete:
        shape_of({"model_type": "llama", "hidden_size": 64})
    assert "num_attention_heads" in incomplete.value.why
