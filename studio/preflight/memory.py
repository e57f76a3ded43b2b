"""How much memory a training needs, reckoned from the model's config alone.

What lies in memory the whole time (weights, adapter, gradients, optimiser) is added to the
larger of two moments: the loss, where the logits are, and the way back through a block.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from studio.domain.shapes import Shape
from studio.preflight.activations import FLOAT32, kept, working
from studio.preflight.adapters import adapter_parameters, whole_parameters
from studio.preflight.setup import Setup

Component = Literal[
    "weights",
    "quantisation",
    "adapter",
    "gradients",
    "optimiser",
    "activations",
    "logits",
    "fragments",
    "runtime",
]
COMPONENTS: tuple[Component, ...] = Component.__args__  # type: ignore[attr-defined]

NF4_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)
"""A weight in four bits, a scale of one byte for 64 of them, and four bytes for 256 scales
(Dettmers et al. 2023, "QLoRA", section 3, double quantisation)."""
PLAIN_LOGIT = 18
"""Bytes of one logit under plain cross-entropy: as computed in bfloat16 (2), in float32 (4), its
log-softmax (4), and the gradients of both sides of that (4 + 4)."""
TILE = 4096 * 32768
"""Logits that trl's loss holds at once (trl 1.16, TOKEN_CHUNK_SIZE and chunk size)."""
MOMENTS, PACKED_MOMENTS = 2, 2 + 2 * 4 / 256
"""Optimiser states: two moments in the width of what is trained (Kingma & Ba 2015), or two bytes
with a float32 scale for 256 of each (Dettmers et al. 2022, "8-bit Optimizers")."""
RUNTIME = {"cpu": 670_000_000, "cuda": 1_400_000_000}
"""Interpreter and libraries, measured; on a GPU the CUDA context (about 0.5 GB), loaded kernels,
workspaces and what loading the model left behind, chosen once so that no point of the two
published curves is undercut by more than 5 %."""
FRAGMENTS = {"cpu": 1.0, "cuda": 0.04}
"""Share of what comes and goes in a step that the allocator adds in gaps: torch's own on a GPU;
the C library's on a processor, measured on the starter model at 64 to 8,192 tokens."""


class Estimate(BaseModel):
    """Bytes, by what they are for, at the moment of the highest need.

    ``activations`` and ``logits`` are those of that moment: where the way back through a block
    needs more than the loss, the logits are gone by then and count nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: int
    quantisation: int
    """The largest layer, unpacked for its turn."""
    adapter: int
    gradients: int
    optimiser: int
    activations: int
    logits: int
    fragments: int
    runtime: int

    @property
    def total(self) -> int:
        return sum(self.parts().values())

    @property
    def allocated(self) -> int:
        """What ``torch.cuda.max_memory_allocated`` would say: without runtime and gaps."""
        return self.total - self.runtime - self.fragments

    @property
    def dominant(self) -> Component:
        """The part that takes most; gaps belong to what comes and goes, and are not one."""
        parts = self.parts()
        named = (name for name in COMPONENTS if name != "fragments")
        return max(named, key=lambda name: parts[name])

    def parts(self) -> dict[Component, int]:
        return {name: getattr(self, name) for name in COMPONENTS}


def estimate(shape: Shape, setup: Setup) -> Estimate:
    """The peak of a training with ``setup``: on each graphics card, or of all processes together
    where they share one machine's memory."""
    trained = adapter_parameters(shape, setup.adapter)
    whole = whole_parameters(shape, setup.adapter)
    activations, logits = _peak(shape, setup, trained)
    unpacked = _unpacked(shape, setup)
    adapter = trained * setup.adapter_width + whole * setup.width
    each = Estimate(
        weights=_weights(shape, setup),
        quantisation=unpacked,
        adapter=adapter,
        # What is sent between processes is copied into one buffer more (torch's DDP buckets).
        gradients=adapter * (2 if setup.processes > 1 else 1),
        optimiser=_states(setup, adapter, trained + whole, activations + logits),
        activations=activations,
        logits=logits,
        fragments=round(FRAGMENTS[setup.kind] * (activations + logits + unpacked)),
        runtime=RUNTIME[setup.kind],
    )
    if setup.kind == "cuda" or setup.processes == 1:
        return each
    return Estimate(**{name: setup.processes * size for name, size in each.parts().items()})


def _states(setup: Setup, adapter: int, numbers: int, passing: int) -> int:
    """The optimiser's states on the device at its peak. Paged ones move to the machine's memory
    while the ``passing`` bytes of activations and logits need their room (a GPU's driver does
    that), and come back for the step, when those are gone."""
    states = MOMENTS * adapter if setup.optimiser == "adamw" else PACKED_MOMENTS * numbers
    found = round(states)
    paged = setup.optimiser == "paged-adamw-8bit" and setup.kind == "cuda"
    return max(0, found - passing) if paged else found


def _weights(shape: Shape, setup: Setup) -> int:
    linear = shape.linear_weights
    packed = {"none": float(setup.width), "int8": 1.0, "nf4": NF4_BYTES}[setup.quantisation]
    tables = FLOAT32 if setup.whole_tables else setup.width
    rest = shape.parameters - linear - shape.tables
    # Shared out are the layers alone (see training/sharding.py).
    return round(linear * packed / setup.shares + shape.tables * tables + rest * setup.width)


def _unpacked(shape: Shape, setup: Setup) -> int:
    largest = max(linear.weights for linear in shape.linears)
    packed = largest * setup.width if setup.quantisation != "none" else 0
    if setup.shares > 1:
        # A block is gathered for its turn, and the next one beside it.
        packed += 2 * setup.width * shape.linear_weights // shape.layers
    # DoRA makes the whole changed matrix to take its norms, beside the base's.
    return packed + (2 * largest * FLOAT32 if setup.adapter.dora else 0)


def _peak(shape: Shape, setup: Setup, trained: int) -> tuple[int, int]:
    """Activations and logits at the moment that needs most."""
    block = setup.rows * kept(shape, setup)
    casts = 2 * trained if setup.width < FLOAT32 and setup.whole_adapter else 0
    if setup.checkpointing:
        # The input of every block (Chen et al. 2016), and one block worked out again.
        stored = shape.layers * setup.rows * shape.hidden * setup.width
        block, casts = block + casts // shape.layers, 0
    else:
        stored, block = shape.layers * block + casts, 0
    back = stored + block + setup.rows * working(shape, setup)
    moments = [(stored, _loss(shape, setup)), (back, 0), (0, _measuring(setup))]
    return max(moments, key=sum)


def _loss(shape: Shape, setup: Setup) -> int:
    """Bytes of logits and what belongs to them, by the kernel of the loss.

    Chunked: one tile, and the gradient of the last hidden state in float32 and as computed.
    Liger (Hsu et al. 2024, section 3.2): so many tokens at once that their logits are about as
    many as the hidden numbers of all, in both widths.
    """
    numbers = setup.rows * shape.vocabulary
    hidden = setup.rows * shape.hidden
    if setup.loss == "plain":
        return numbers * (PLAIN_LOGIT - FLOAT32 + setup.width if setup.width > 2 else PLAIN_LOGIT)
    if setup.loss == "liger":
        pieces = -(-shape.vocabulary // shape.hidden)
        at_once = 1 << (-(-setup.rows // pieces) - 1).bit_length()
        logits = min(at_once, setup.rows) * shape.vocabulary
        return logits * (setup.width + FLOAT32) + hidden * setup.width
    tile = min(TILE, min(setup.rows, 4096) * shape.vocabulary)
    # Without Triton, on a processor, a tile is worked on by copies in float32.
    copies = setup.width if setup.kind == "cuda" else setup.width + 4 * FLOAT32
    return tile * copies + hidden * (FLOAT32 + setup.width)


def _measuring(setup: Setup) -> int:
    """Held-out logits as computed, in float32, and their log-softmax."""
    return setup.measured_logits * (setup.width + 2 * FLOAT32)
