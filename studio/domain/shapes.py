"""How a model is built, as its config.json says, and the parts it follows from that."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict


class Shaped(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Linear(Shaped):
    """One linear layer of every block: ``name`` is the end of its module's path."""

    name: str
    inputs: int
    outputs: int
    bias: bool = False

    @property
    def weights(self) -> int:
        return self.inputs * self.outputs


class Shape(Shaped):
    """Sizes are counts; ``inner`` is the width within the feed-forward part."""

    family: str
    """``model_type`` of the config."""
    vocabulary: int
    hidden: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    tied: bool
    context: int
    window: int | None = None
    """Tokens that a layer with a sliding window looks back; None: all of them."""
    attention_bias: bool = False
    output_bias: bool = False
    feed_forward_bias: bool = False
    head_bias: bool = False
    norms: int = 2
    """Normalisations of the hidden state in a block."""
    norm_bias: bool = False
    query_norm: bool = False
    gated: bool = True
    fused_attention: bool = False
    fused_gate: bool = False
    softcap: bool = False
    """Attention scores are bounded, which only computing them whole can do."""

    @property
    def queries(self) -> int:
        return self.heads * self.head_dim

    @property
    def keys(self) -> int:
        return self.kv_heads * self.head_dim

    @property
    def linears(self) -> tuple[Linear, ...]:
        """The linear layers of one block, in the order in which they are used."""
        return (*self._attention(), *self._feed_forward())

    def _attention(self) -> Iterator[Linear]:
        hidden, bias = self.hidden, self.attention_bias
        if self.fused_attention:
            yield Linear(name="qkv_proj", inputs=hidden, outputs=self.queries + 2 * self.keys)
        else:
            yield Linear(name="q_proj", inputs=hidden, outputs=self.queries, bias=bias)
            yield Linear(name="k_proj", inputs=hidden, outputs=self.keys, bias=bias)
            yield Linear(name="v_proj", inputs=hidden, outputs=self.keys, bias=bias)
        name = "o_proj" if self.gated else "dense"
        yield Linear(name=name, inputs=self.queries, outputs=hidden, bias=self.output_bias)

    def _feed_forward(self) -> Iterator[Linear]:
        hidden, inner, bias = self.hidden, self.inner, self.feed_forward_bias
        if not self.gated:
            yield Linear(name="fc1", inputs=hidden, outputs=inner, bias=bias)
            yield Linear(name="fc2", inputs=inner, outputs=hidden, bias=bias)
            return
        if self.fused_gate:
            yield Linear(name="gate_up_proj", inputs=hidden, outputs=2 * inner)
        else:
            yield Linear(name="gate_proj", inputs=hidden, outputs=inner, bias=bias)
            yield Linear(name="up_proj", inputs=hidden, outputs=inner, bias=bias)
        yield Linear(name="down_proj", inputs=inner, outputs=hidden, bias=bias)

    @property
    def tables(self) -> int:
        """Numbers of the embedding and, where it is not the same, of the output layer."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    @property
    def linear_weights(self) -> int:
        """Numbers in the linear layers of all blocks: what a quantisation makes smaller."""
        return self.layers * sum(linear.weights for linear in self.linears)

    @property
    def parameters(self) -> int:
        """All there are, as ``sum(p.numel() for p in model.parameters())`` would count them."""
        norm = self.hidden * (2 if self.norm_bias else 1)
        small = self.norms * norm + (2 * self.head_dim if self.query_norm else 0)
        biases = sum(linear.outputs for linear in self.linears if linear.bias)
        head = self.vocabulary if self.head_bias else 0
        return self.tables + self.linear_weights + self.layers * (small + biases) + norm + head
