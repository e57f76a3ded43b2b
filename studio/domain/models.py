"""What can be known of a base model from its folder without loading it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ModelFacts(BaseModel):
    """Sizes are counts, ``bytes`` is the weights on disk, ``context_length`` is in tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    name: str
    architecture: str
    model_type: str
    dtype: str
    parameters: int
    bytes: int
    layers: int
    hidden_size: int
    intermediate_size: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    context_length: int
    tied_embeddings: bool
    has_chat_template: bool
    attention_bias: bool = False
    mlp_bias: bool = False
    """Whether the config gives those linear layers biases, where the family lets it choose."""
    idle_tokens: tuple[str, ...] = ()
    """Tokens of its tokenizer that it has no row for and that nothing needs."""
    weights: tuple[str, ...]
    """Names of the weight files."""
