"""Reads a model's shape from its config.json, without its weights and without a network."""

from __future__ import annotations

from typing import Any

from studio.domain.models import ModelFacts
from studio.domain.shapes import Shape
from studio.errors import StudioError
from studio.language import _

QKV_BIASED = {"attention_bias": True}
EVERYWHERE_BIASED = {**QKV_BIASED, "output_bias": True, "feed_forward_bias": True}
FOUR_NORMS = {"norms": 4}
FAMILIES: dict[str, dict[str, Any]] = {
    "llama": {},
    "mistral": {},
    "qwen2": QKV_BIASED,
    "qwen3": {"query_norm": True},
    "gemma": {},
    "gemma2": {**FOUR_NORMS, "softcap": True},
    "gemma3_text": {**FOUR_NORMS, "query_norm": True},
    "phi": {**EVERYWHERE_BIASED, "head_bias": True, "norms": 1, "norm_bias": True, "gated": False},
    "phi3": {"fused_attention": True, "fused_gate": True},
    "glm": {"fused_gate": True},
    "glm4": {**FOUR_NORMS, "fused_gate": True},
}
"""What is fixed in a family's code in transformers and no config says."""
OUTPUT_FOLLOWS = {"llama", "qwen3", "gemma", "gemma2", "gemma3_text"}
"""Families whose ``attention_bias`` is about the output projection as well."""
DEFAULTS: dict[str, dict[str, Any]] = {
    "gemma": {"head_dim": 256, "tie_word_embeddings": True},
    "gemma2": {"head_dim": 256, "tie_word_embeddings": True},
    "gemma3_text": {"head_dim": 256, "tie_word_embeddings": True},
    "qwen3": {"head_dim": 128},
    "glm": {"head_dim": 128},
    "glm4": {"head_dim": 128},
}
"""What a config.json of the family may leave out."""
EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")


def shape_of(config: dict[str, Any]) -> Shape:
    """The shape that a config.json describes; of a model with pictures, its language part.

    Raises:
        StudioError: a mixture of experts, a family that is not known, or a number missing.
    """
    config = {**config, **config.get("text_config", {})}
    family = str(config.get("model_type", ""))
    _refuse(config, family)
    values = DEFAULTS.get(family, {}) | {k: v for k, v in config.items() if v is not None}
    hidden, heads = _number(values, "hidden_size"), _number(values, "num_attention_heads")
    fixed = dict(FAMILIES[family])
    if values.get("attention_bias"):
        fixed |= {"attention_bias": True, "output_bias": family in OUTPUT_FOLLOWS}
    if family == "llama" and values.get("mlp_bias"):
        fixed |= {"feed_forward_bias": True}
    windowed = values.get("use_sliding_window", True)
    return Shape(
        family=family,
        vocabulary=_number(values, "vocab_size"),
        hidden=hidden,
        inner=int(values.get("intermediate_size") or 4 * hidden),
        layers=_number(values, "num_hidden_layers"),
        heads=heads,
        kv_heads=int(values.get("num_key_value_heads") or heads),
        head_dim=int(values.get("head_dim") or hidden // heads),
        tied=bool(values.get("tie_word_embeddings", False)),
        context=int(values.get("max_position_embeddings") or 2048),
        window=values.get("sliding_window") if windowed else None,
        **fixed,
    )


def shape_of_facts(facts: ModelFacts) -> Shape:
    """The shape of a model whose folder was read. Raises StudioError as ``shape_of`` does."""
    return shape_of(
        {
            "model_type": facts.model_type,
            "vocab_size": facts.vocabulary,
            "hidden_size": facts.hidden_size,
            "intermediate_size": facts.intermediate_size,
            "num_hidden_layers": facts.layers,
            "num_attention_heads": facts.heads,
            "num_key_value_heads": facts.kv_heads,
            "head_dim": facts.head_dim,
            "tie_word_embeddings": facts.tied_embeddings,
            "max_position_embeddings": facts.context_length,
            "attention_bias": facts.attention_bias,
            "mlp_bias": facts.mlp_bias,
        }
    )


def _refuse(config: dict[str, Any], family: str) -> None:
    if any(config.get(name) for name in EXPERTS):
        raise StudioError(
            _("This model is a mixture of experts."),
            _("Only a part of it works at a time, and teaching such models is not supported."),
            _("Choose a model of which every token uses the whole, as most are."),
        )
    if family not in FAMILIES:
        raise StudioError(
            _("How this model is built is not known."),
            _("Its config.json names the family {name}.").format(name=family or _("none at all")),
            _("Choose a model of the Llama, Qwen, Mistral, Gemma, Phi or GLM family."),
        )


def _number(values: dict[str, Any], key: str) -> int:
    value = values.get(key)
    if isinstance(value, int) and value > 0:
        return value
    raise StudioError(
        _("The model's config.json is incomplete."),
        _("It has no number for {key}.").format(key=key),
        _("Download or copy the model again."),
    )
