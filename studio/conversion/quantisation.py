"""Smaller weights: which kinds there are, what they ask of a model, and making them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from studio.conversion.process import launch
from studio.domain.findings import Finding, Remedy
from studio.domain.workroom import Workroom
from studio.inference.runtime import physical_cores
from studio.language import _


@dataclass(frozen=True)
class Quantisation:
    """``ftype`` is llama.cpp's number of the kind, ``row`` what a row's length must divide by."""

    name: str
    ftype: int
    row: int = 1
    script: str = ""
    """What the converter script calls it; empty where llama.cpp's quantiser makes it."""


QUANTISATIONS = {
    q.name: q
    for q in (
        Quantisation("F32", 0, script="f32"),
        Quantisation("F16", 1, script="f16"),
        Quantisation("Q8_0", 7, row=32),
        Quantisation("Q5_K_M", 17, row=256),
        Quantisation("Q4_K_M", 15, row=256),
    )
}
BEFORE = "auto"
"""The script's name for the 16-bit kind nearest to the source, from which the rest is made."""


def tensor_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of all weights of a model folder, read from the heads of its safetensors files."""
    from safetensors import safe_open

    shapes: dict[str, tuple[int, ...]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="numpy") as file:
            shapes |= {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    return shapes


def check_rows(quantisation: Quantisation, shapes: dict[str, tuple[int, ...]]) -> Finding | None:
    """A finding where rows cannot be cut into this kind's blocks.

    llama.cpp would put another kind in for them without a word.
    """
    odd = {n: s for n, s in shapes.items() if len(s) == 2 and s[1] % quantisation.row}
    if not odd:
        return None
    name, shape = next(iter(odd.items()))
    better = "Q8_0" if all(s[1] % 32 == 0 for s in odd.values()) else "F16"
    return Finding(
        check="rows",
        level="blocks",
        sentence=_("This model cannot be made as small as {kind}.").format(kind=quantisation.name),
        reason=_(
            "{kind} needs rows of a multiple of {row} numbers, and {name} has rows of {length}."
        ).format(kind=quantisation.name, row=quantisation.row, name=name, length=shape[1]),
        remedies=(
            Remedy(label=_("Choose {kind}.").format(kind=better), changes={"quantisation": better}),
        ),
    )


def quantise(source: Path, target: Path, quantisation: Quantisation, room: Workroom) -> None:
    """Write ``target``, a smaller GGUF of the 16- or 32-bit GGUF ``source``.

    Raises:
        LaunchError: llama.cpp refused.
        Stopped: the writer asked to stop.
    """
    threads = str(physical_cores())
    launch(room, "quantise", str(source), str(target), str(quantisation.ftype), threads)
