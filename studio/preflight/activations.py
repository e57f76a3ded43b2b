"""What a block keeps for its way back: bytes a token, tensor by tensor.

Counted from the code of transformers 5.23 and peft 0.21 (a norm keeps its input in float32, a
frozen linear layer keeps nothing, LoRA keeps what goes into it, fused attention keeps queries,
keys, values, result and one float32 a head), and held against what autograd really keeps in
tests/preflight/test_activations.py. The method is that of Korthikanti et al. 2022 ("Reducing
Activation Recomputation in Large Transformer Models", section 4), for frozen weights with LoRA.
"""

from __future__ import annotations

from studio.domain.shapes import Linear, Shape
from studio.preflight.adapters import targeted
from studio.preflight.setup import Setup

FLOAT32 = 4


def kept(shape: Shape, setup: Setup) -> int:
    """Bytes that one block keeps for each token."""
    return round(
        _norms(shape, setup)
        + _attention(shape, setup)
        + _feed_forward(shape, setup)
        + _adapter(shape, setup)
    )


def working(shape: Shape, setup: Setup) -> int:
    """Bytes a token of gradients in flight on the way back through one block: those of the
    widest three tensors of the feed-forward part, and of the hidden state twice, once of it in
    float32 for the norm; with eager attention also the scores' own, in float32 and as computed."""
    flight = 3 * shape.inner * setup.width + shape.hidden * (2 * setup.width + FLOAT32)
    if setup.attention == "eager":
        flight += shape.heads * setup.tokens * (FLOAT32 + setup.width)
    return flight


def _norms(shape: Shape, setup: Setup) -> int:
    each = setup.width * shape.hidden if shape.norm_bias else FLOAT32 * (shape.hidden + 1)
    heads = FLOAT32 * (shape.queries + shape.keys + shape.heads + shape.kv_heads)
    return shape.norms * each + (heads if shape.query_norm else 0)


def _attention(shape: Shape, setup: Setup) -> int:
    width, queries, keys = setup.width, shape.queries, shape.keys
    found = width * (2 * queries + 2 * keys)
    if shape.fused_attention:
        # The values are a view that keeps the whole of what queries and keys were cut from.
        found += width * (queries + keys)
    if setup.attention == "fused":
        return found + FLOAT32 * shape.heads
    scores = FLOAT32 + (width if width < FLOAT32 else 0) + (width if shape.softcap else 0)
    return found + shape.heads * setup.tokens * scores


def _feed_forward(shape: Shape, setup: Setup) -> int:
    """What goes into and comes out of the activation, and what it is multiplied with; Phi's
    activation is written out in four steps that each keep their own."""
    return setup.width * shape.inner * (3 if shape.gated else 4)


def _adapter(shape: Shape, setup: Setup) -> int:
    layers = targeted(shape, setup.adapter)
    rank = max((setup.adapter.rank, *setup.adapter.rank_pattern.values()))
    outs = setup.width * rank * len(layers)
    if setup.adapter.dora:
        # The base's and the adapter's share of an output, each scaled on its own.
        outs += sum(linear.outputs * 2 * setup.width for linear in layers)
    return outs + _inputs(shape, layers, setup)


def _inputs(shape: Shape, layers: tuple[Linear, ...], setup: Setup) -> int:
    """Layers that read one tensor share it, unless each casts or drops from it for itself."""
    each = setup.width * sum(linear.inputs for linear in layers)
    if setup.adapter.dropout:
        mask = 1 if setup.kind == "cuda" else FLOAT32
        return each + mask * sum(linear.inputs for linear in layers)
    if setup.width < FLOAT32 and setup.whole_adapter:
        return each
    names = {linear.name for linear in layers}
    shared = 0
    if names & {"q_proj", "k_proj", "v_proj", "qkv_proj"}:
        shared += shape.hidden
    if names & {"gate_proj", "up_proj", "gate_up_proj", "fc1"}:
        shared += shape.hidden
    if names & {"down_proj", "fc2"}:
        shared += shape.inner
    return setup.width * shared
