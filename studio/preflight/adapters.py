"""How many numbers an adapter trains, before it is made."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from studio.domain.shapes import Linear, Shape
from studio.models.patterns import of_module

ALL = "all-linear"


class Adapter(BaseModel):
    """LoRA as peft makes it. rsLoRA, LoRA+, PiSSA and alpha change no size, and are not here.

    ``targets`` names module ends, separated by commas, or is "all-linear"; ``rank_pattern``
    gives other ranks to modules whose path ends so (peft's own rule, a regular expression).
    ``layers`` are the blocks that get matrices, all where none is named. ``whole`` names modules
    of which a copy is trained and kept, every number of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: int = Field(16, ge=1)
    targets: str = ALL
    rank_pattern: dict[str, int] = {}
    layers: tuple[int, ...] = ()
    whole: tuple[str, ...] = ()
    dora: bool = False
    dropout: float = Field(0.0, ge=0, lt=1)


def targeted(shape: Shape, adapter: Adapter) -> tuple[Linear, ...]:
    """The linear layers of a block that get matrices of their own."""
    if adapter.targets == ALL:
        return shape.linears
    names = {name.strip() for name in adapter.targets.split(",")}
    return tuple(linear for linear in shape.linears if linear.name in names)


def ranks(shape: Shape, adapter: Adapter) -> Iterator[tuple[Linear, int]]:
    """Every targeted layer of every block with its rank."""
    for linear, path in _modules(shape, adapter):
        yield linear, of_module(adapter.rank_pattern, path, adapter.rank)


def module_paths(shape: Shape, adapter: Adapter) -> Iterator[str]:
    """Of every module that gets matrices, as peft names it."""
    return (path for _linear, path in _modules(shape, adapter))


def _modules(shape: Shape, adapter: Adapter) -> Iterator[tuple[Linear, str]]:
    for layer in range(shape.layers):
        if adapter.layers and layer not in adapter.layers:
            continue
        for linear in targeted(shape, adapter):
            yield linear, f"model.layers.{layer}.{_part(linear)}.{linear.name}"


def adapter_parameters(shape: Shape, adapter: Adapter) -> int:
    """Trained numbers: rank x (inputs + outputs) a layer (Hu et al. 2021, section 4.1), and one
    magnitude an output for DoRA (Liu et al. 2024, section 4.1)."""
    return sum(
        rank * (linear.inputs + linear.outputs) + (linear.outputs if adapter.dora else 0)
        for linear, rank in ranks(shape, adapter)
    )


def whole_parameters(shape: Shape, adapter: Adapter) -> int:
    """Numbers of the modules that are trained whole, in every block that has one."""
    blocks = {linear.name: shape.layers * _numbers(linear) for linear in shape.linears}
    table = shape.vocabulary * shape.hidden
    known = blocks | {"embed_tokens": table, "lm_head": table}
    return sum(known.get(name.rpartition(".")[2], 0) for name in adapter.whole)


def _numbers(linear: Linear) -> int:
    return linear.weights + (linear.outputs if linear.bias else 0)


def _part(linear: Linear) -> str:
    attention = linear.name in ("q_proj", "k_proj", "v_proj", "qkv_proj", "o_proj", "dense")
    return "self_attn" if attention else "mlp"
